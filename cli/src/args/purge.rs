//! The arguments of `purge`.

use super::shared::{TableOptions, source};
use clap::Args;
use insights_query::input::{account, region};
use insights_shared::record::Source;

/// The end of the help of `purge`.
pub(super) const EXAMPLES: &str = "\
Examples:
  insights purge --account 111122223333 --dry-run       count the items
  insights purge --account 111122223333                 ask, then delete
  insights purge --account 111122223333 --source xray --region eu-west-1 --yes

Remove the account from TARGETS first; otherwise the next run collects it again.
The command reads the whole table once (dynamodb:Scan) and deletes by key
(dynamodb:BatchWriteItem). Backups and exports of the table stay unchanged.
A table in a file is rewritten, so that the file contains no deleted data.";

/// Arguments of `purge`.
#[derive(Debug, Args)]
pub struct PurgeArguments {
    /// Delete the items of this account (12 digits).
    #[arg(long, value_parser = account)]
    pub account: String,
    /// Delete only items of this source.
    #[arg(long, value_parser = source())]
    pub source: Option<Source>,
    /// Delete only items of this region.
    #[arg(long, value_parser = region)]
    pub region: Option<String>,
    /// Count the items, but delete nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Delete without confirmation.
    #[arg(long, conflicts_with = "dry_run")]
    pub yes: bool,
    /// The table.
    #[command(flatten)]
    pub location: TableOptions,
}
