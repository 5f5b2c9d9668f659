//! The arguments of `list`.

use super::shared::{FilterOptions, OutputOptions, PeriodOptions, TableOptions};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use insights_shared::record::{Kind, Severity};
use std::num::NonZeroUsize;

/// The end of the help of `list`.
pub(super) const EXAMPLES: &str = "\
Examples:
  insights list --open                          open insights, worst first
  insights list --since 24h --severity high     critical and high, last 24 hours
  insights list --open --watch                  the same, every 30 seconds
  insights list --entity payments               insights of one service
  insights list --caller ci-deployer --error AccessDenied --since 30d
  insights list --entity account --kind auditmanager.domain
  insights list --open --output json | jq '.[].pk'
  insights list --since 30d --output csv > insights.csv
  insights list --local insights-demo/table.db  read the table of the demo

`insights show` accepts the values of the column ID.";

/// Arguments of `list`.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// Show only this kind; domains and controls need --entity.
    #[arg(long, value_parser = kind())]
    pub kind: Option<Kind>,
    /// Show only open insights, worst first.
    #[arg(short, long)]
    pub open: bool,
    /// Show only this severity and worse.
    #[arg(long, value_name = "MIN", ignore_case = true, value_parser = severity())]
    pub severity: Option<Severity>,
    /// Show only insights in which this called: an ARN, or a part of it or of a client's name.
    #[arg(long, value_name = "ARN")]
    pub caller: Option<String>,
    /// Show only insights about this operation, for example RunInstances.
    #[arg(long, value_name = "NAME")]
    pub event: Option<String>,
    /// Show only insights with this error code.
    #[arg(long, value_name = "CODE")]
    pub error: Option<String>,
    /// Show only records with this text in their title, entity or id, in lower or upper case.
    #[arg(short, long = "match", value_name = "TEXT")]
    pub text: Option<String>,
    /// Show at most this number.
    #[arg(short = 'n', long, value_name = "NUMBER", value_parser = limit)]
    pub limit: Option<NonZeroUsize>,
    /// Show the list again every 30 seconds until Ctrl-C; new records are marked.
    #[arg(short, long)]
    pub watch: bool,
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

/// The kinds that `list` can show: the others are parts of an insight or of a series.
fn kind() -> impl TypedValueParser<Value = Kind> {
    let listed = insights_sources::kinds().filter(|kind| kind.is_insight() || kind.is_snapshot());
    PossibleValuesParser::new(listed.map(Kind::as_str).collect::<Vec<_>>())
        .try_map(|text| insights_sources::kind(&text).ok_or("unknown kind"))
}

fn severity() -> impl TypedValueParser<Value = Severity> {
    let known = Severity::ALL.map(Severity::as_str);
    PossibleValuesParser::new(known)
        .try_map(|text| Severity::parse(&text.to_lowercase()).ok_or("unknown severity"))
}

fn limit(text: &str) -> Result<NonZeroUsize, String> {
    let rule = "must be an integer of at least 1; without --limit everything is listed";
    text.parse().map_err(|_| format!("{rule}\nhint: insights list --limit 20"))
}
