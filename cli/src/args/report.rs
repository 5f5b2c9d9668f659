//! The arguments of `report`.

use super::shared::Where;
use clap::Args;
use insights_query::input::{When, when};
use std::path::PathBuf;

/// What the help of `report` ends with.
pub(super) const EXAMPLES: &str = "\
Examples:
  insights report                              the last seven days, report.html
  insights report --since 24h --out today.html --utc
  insights report --local insights-demo/table.db
  insights report --out - | gzip > report.html.gz

The file needs no network and no other file, and without its script has its tables instead of charts: mail it, print it, keep it with the incident.";

/// Arguments of `report`.
#[derive(Debug, Args)]
pub struct ReportArguments {
    /// From when on: 24h, 7d, a time as in 2026-03-01T12:00:00Z, or a day of UTC as in 2026-03-01 [default: 7d]
    #[arg(long, value_name = "TIME", value_parser = when)]
    pub since: Option<When>,
    /// The file to write; - is standard output.
    #[arg(long, value_name = "FILE", default_value = "report.html")]
    pub out: PathBuf,
    /// Show times in UTC rather than in local time.
    #[arg(long)]
    pub utc: bool,
    /// Where the table is.
    #[command(flatten)]
    pub location: Where,
}
