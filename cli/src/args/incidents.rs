//! The arguments of `incidents`.

use super::shared::{FilterOptions, OutputOptions, PeriodOptions, TableOptions};
use clap::Args;

/// The end of the help of `incidents`.
pub(super) const EXAMPLES: &str = "\
Examples:
  insights incidents                     related insights of the last 7 days
  insights incidents --open              only those with an open insight
  insights incidents --entity payments   those with an insight of one service
  insights show i-3f2a9c01               one incident with all of its insights

An incident is shown as a whole, also if a filter selects only some of its insights. Its id stays the same when insights \
are added. docs/incidents.md explains how insights are related to each other.";

/// Arguments of `incidents`.
#[derive(Debug, Args)]
pub struct IncidentsArguments {
    /// Show only incidents with an open insight.
    #[arg(short, long)]
    pub open: bool,
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
