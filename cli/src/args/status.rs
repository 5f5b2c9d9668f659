//! The arguments of `status`.

use super::shared::{FilterOptions, OutputOptions, TableOptions};
use clap::Args;
use insights_query::input::length;

/// The end of the help of `status`.
pub(super) const EXAMPLES: &str = "\
Examples:
  insights status                     all targets, and what to do
  insights status --stale-after 2h    targets older than 2 hours are stale
  insights status --exit-code         exit with 3 if anything is broken or stale
  insights status --output csv | awk -F, '$4 !~ /fresh|not_enabled|condition/'
  insights status --output json | jq '.[].last_success_at'

Without --exit-code the exit code is 0 for every condition; scripts can also read the column `condition` of the CSV. A target is stale if its last run is \
older than four intervals of its runs, or four of the template's schedules if that is longer: X-Ray 1h, CloudTrail 4h, the other \
sources 24h.";

/// Arguments of `status`.
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// Maximum age of a last run, such as 2h [default: by source and interval, see below]
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    pub stale_after: Option<i64>,
    /// Exit with 3 if anything is broken or stale, for scripts and alarms.
    #[arg(long)]
    pub exit_code: bool,
    /// The filters.
    #[command(flatten)]
    pub filters: FilterOptions,
    /// The table.
    #[command(flatten)]
    pub location: TableOptions,
    /// The output format.
    #[command(flatten)]
    pub look: OutputOptions,
}
