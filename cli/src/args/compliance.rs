//! The arguments of `compliance`.

use super::shared::{Look, Where, Within};
use clap::Args;

/// What the help of `compliance` ends with.
pub(super) const EXAMPLES: &str = "\
Examples:
  insights compliance                  the account and each assessment, by day
  insights compliance --scope account  the account, its domains and controls
  insights compliance --scope 11111111-2222-3333-4444-555555555555 --since 90d
  insights compliance --scope 'SOC 2'     an assessment by its name
  insights compliance --output csv > compliance.csv

A day that was not collected is not zero, nor is one on which Audit Manager had no counts.";

/// Arguments of `compliance`.
#[derive(Debug, Args)]
pub struct ComplianceArguments {
    /// Only `account`, or one assessment: its id, or its name where that is unique. It is shown with its domains.
    #[arg(long, value_name = "ENTITY")]
    pub scope: Option<String>,
    /// From when until when.
    #[command(flatten)]
    pub within: Within,
    /// Where the table is.
    #[command(flatten)]
    pub location: Where,
    /// How the answer looks.
    #[command(flatten)]
    pub look: Look,
}
