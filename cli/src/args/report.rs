//! The arguments of `report`.

use super::shared::{FilterOptions, PeriodOptions, TableOptions};
use clap::Args;
use std::path::PathBuf;

/// The end of the help of `report`.
pub(super) const EXAMPLES: &str = "\
Examples:
  insights report                              the last 7 days, in report.html
  insights report --since 24h --out today.html --utc
  insights report --since 2026-01-01 --until 2026-03-31    a quarter
  insights report --account 111122223333 --since 30d
  insights report --scope 'SOC 2' --since 90d  the counts of one assessment
  insights report --local insights-demo/table.db
  insights report --out - | gzip > report.html.gz

The file needs no network and no other file. Without JavaScript it shows tables instead of charts.";

/// Arguments of `report`.
#[derive(Debug, Args)]
pub struct ReportArguments {
    /// Show only `account` or one assessment (its id or unique name), and only its source.
    #[arg(long, value_name = "ENTITY")]
    pub scope: Option<String>,
    /// Write to this file; - is standard output.
    #[arg(long, value_name = "FILE", default_value = "report.html")]
    pub out: PathBuf,
    /// Show times in UTC instead of local time.
    #[arg(long)]
    pub utc: bool,
    /// The filters.
    #[command(flatten)]
    pub filters: FilterOptions,
    /// The period.
    #[command(flatten)]
    pub within: PeriodOptions,
    /// The table.
    #[command(flatten)]
    pub location: TableOptions,
}
