//! The arguments of `timeline`.

use super::shared::{FilterOptions, OutputOptions, PeriodOptions, TableOptions};
use clap::Args;

/// The end of the help of `timeline`.
pub(super) const EXAMPLES: &str = "\
Examples:
  insights timeline                      the last 7 days
  insights timeline --since 24h --utc
  insights timeline --around 7c4ee9a1    the time around one insight
  insights timeline --since 2026-03-01 --until 2026-03-02    two days of UTC

docs/incidents.md explains how insights are related to each other.";

/// Arguments of `timeline`.
#[derive(Debug, Args)]
pub struct TimelineArguments {
    /// Show the time around this insight (key or id); --since and --until override it.
    #[arg(long, value_name = "PK")]
    pub around: Option<String>,
    /// The filters.
    #[command(flatten)]
    pub filters: FilterOptions,
    /// The period.
    #[command(flatten)]
    pub within: PeriodOptions,
    /// The table.
    #[command(flatten)]
    pub location: TableOptions,
    /// The output format.
    #[command(flatten)]
    pub look: OutputOptions,
}
