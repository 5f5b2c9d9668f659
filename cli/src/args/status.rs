//! The arguments of `status`.

use super::shared::{Look, Where};
use clap::Args;
use insights_query::input::length;

/// What the help of `status` ends with.
pub(super) const EXAMPLES: &str = "\
Examples:
  insights status                     the whole grid, and what to do
  insights status --stale-after 2h    nothing should be older than two hours
  insights status --output csv | awk -F, '$4 !~ /fresh|not_enabled|condition/'
  insights status --output json | jq '.[].last_success_at'

It exits with 0 whatever it finds: a script reads `condition` of the CSV. A target is stale when its last run is \
older than four of the template's schedules: X-Ray 1h, CloudTrail 4h, Audit Manager 24h.";

/// Arguments of `status`.
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// How old a last run may be, such as 2h [default: by source, see below]
    #[arg(long, value_name = "LENGTH", value_parser = length)]
    pub stale_after: Option<i64>,
    /// Where the table is.
    #[command(flatten)]
    pub location: Where,
    /// How the answer looks.
    #[command(flatten)]
    pub look: Look,
}
