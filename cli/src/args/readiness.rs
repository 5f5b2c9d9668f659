//! The arguments of `readiness`.

use super::shared::{OutputOptions, TableOptions};
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
    /// Only this account; can be repeated.
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Vec<String>,
    /// Only this region; can be repeated.
    #[arg(long, value_name = "REGION")]
    pub region: Vec<String>,
    /// The table.
    #[command(flatten)]
    pub location: TableOptions,
    /// The output format.
    #[command(flatten)]
    pub look: OutputOptions,
}
