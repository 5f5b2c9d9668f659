//! The arguments of `report`.

use super::shared::TableOptions;
use clap::Args;
use insights_query::input::{When, when};
use std::path::PathBuf;

/// The end of the help of `report`.
pub(super) const EXAMPLES: &str = "\
Examples:
  insights report                              the last 7 days, in report.html
  insights report --since 24h --out today.html --utc
  insights report --local insights-demo/table.db
  insights report --out - | gzip > report.html.gz

The file needs no network and no other file. Without JavaScript it shows tables instead of charts.";

/// Arguments of `report`.
#[derive(Debug, Args)]
pub struct ReportArguments {
    /// Start of the period: 24h, 7d, a time such as 2026-03-01T12:00:00Z, or a UTC day such as 2026-03-01 [default: 7d]
    #[arg(long, value_name = "TIME", value_parser = when)]
    pub since: Option<When>,
    /// Write to this file; - is standard output.
    #[arg(long, value_name = "FILE", default_value = "report.html")]
    pub out: PathBuf,
    /// Show times in UTC instead of local time.
    #[arg(long)]
    pub utc: bool,
    /// The table.
    #[command(flatten)]
    pub location: TableOptions,
}
