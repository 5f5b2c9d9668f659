//! The arguments of `compliance`.

use super::shared::{FilterOptions, OutputOptions, PeriodOptions, TableOptions};
use clap::Args;

/// The end of the help of `compliance`.
pub(super) const EXAMPLES: &str = "\
Examples:
  insights compliance                  counts by day: account and assessments
  insights compliance --scope account  the account with its domains and controls
  insights compliance --scope 11111111-2222-3333-4444-555555555555 --since 90d
  insights compliance --scope 'SOC 2'     one assessment by its name
  insights compliance --output csv > compliance.csv

A day that was not collected, or for which Audit Manager had no counts, is empty, not zero.";

/// Arguments of `compliance`.
#[derive(Debug, Args)]
pub struct ComplianceArguments {
    /// Show `account` or one assessment (its id or unique name) with its domains.
    #[arg(long, value_name = "ENTITY")]
    pub scope: Option<String>,
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
