//! The arguments of `purge`.

use super::shared::{Where, source};
use clap::Args;
use insights_query::input::{account, region};
use insights_shared::record::Source;

/// What the help of `purge` ends with.
pub(super) const EXAMPLES: &str = "\
Examples:
  insights purge --account 111122223333 --dry-run       how much there is
  insights purge --account 111122223333                 asks before it deletes
  insights purge --account 111122223333 --source xray --region eu-west-1 --yes

Take the account out of TARGETS first: the next run collects it anew otherwise.
It reads the whole table once (dynamodb:Scan) and deletes by key
(dynamodb:BatchWriteItem). What the table's backups and exports hold it leaves.
A table in a file is rewritten, so that no trace of the account stays in it.";

/// Arguments of `purge`.
#[derive(Debug, Args)]
pub struct PurgeArguments {
    /// The account whose items are deleted: 12 digits.
    #[arg(long, value_parser = account)]
    pub account: String,
    /// Only items of this source.
    #[arg(long, value_parser = source())]
    pub source: Option<Source>,
    /// Only items of this region.
    #[arg(long, value_parser = region)]
    pub region: Option<String>,
    /// Count what would be deleted, and delete nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Delete without asking.
    #[arg(long, conflicts_with = "dry_run")]
    pub yes: bool,
    /// Where the table is.
    #[command(flatten)]
    pub location: Where,
}
