//! The arguments of `readiness`.

use super::shared::{FilterOptions, OutputOptions, TableOptions};
use clap::Args;

/// The end of the help of `readiness`.
pub(super) const EXAMPLES: &str = "\
Examples:
  insights readiness                   all clusters by their next version
  insights readiness --region eu-west-1
  insights readiness --output csv | grep ',blocked,'

A cluster is blocked if a check of its next version has the status ERROR.";

/// Arguments of `readiness`.
#[derive(Debug, Args)]
pub struct ReadinessArguments {
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
