//! The arguments of `compliance`.

use super::shared::{FilterOptions, OutputOptions, PeriodOptions, TableOptions};
use clap::{Args, Subcommand};
use insights_query::input::{When, when};

/// The end of the help of `compliance`.
pub(super) const EXAMPLES: &str = "\
Examples:
  insights compliance                  counts by day: account and assessments
  insights compliance --scope account  the account with its domains and controls
  insights compliance --scope 11111111-2222-3333-4444-555555555555 --since 90d
  insights compliance --scope 'SOC 2'     one assessment by its name
  insights compliance diff 2026-02-01 2026-03-01    what got worse, by control
  insights compliance --output csv > compliance.csv

A day that was not collected, or for which Audit Manager had no counts, is empty, not zero.";

/// The end of the help of `compliance diff`.
const DIFF_EXAMPLES: &str = "\
Examples:
  insights compliance diff 2026-02-01 2026-03-01
  insights compliance diff 7d 2026-03-01 --scope 'SOC 2'
  insights compliance diff 2026-02-01 2026-03-01 --output csv > worse.csv";

/// The commands of `compliance`.
#[derive(Debug, Subcommand)]
pub enum ComplianceCommand {
    /// Show the controls that got worse between two UTC days.
    #[command(after_help = DIFF_EXAMPLES)]
    Diff(ComplianceDiffArguments),
}

/// Arguments of `compliance diff`.
#[derive(Debug, Args)]
pub struct ComplianceDiffArguments {
    /// The earlier day, for example 2026-03-01, or 7d for the day a week ago.
    #[arg(value_name = "DAY", value_parser = when)]
    pub from: When,
    /// The later day.
    #[arg(value_name = "DAY", value_parser = when)]
    pub until: When,
    /// Compare only `account` or one assessment (its id or unique name).
    #[arg(long, value_name = "ENTITY")]
    pub scope: Option<String>,
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

/// Arguments of `compliance`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ComplianceArguments {
    /// Another command.
    #[command(subcommand)]
    pub command: Option<ComplianceCommand>,
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
