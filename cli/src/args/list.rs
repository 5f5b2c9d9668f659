//! The arguments of `list`.

use super::shared::{OutputOptions, PeriodOptions, TableOptions, source};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use insights_query::input::{account, region};
use insights_shared::record::{Kind, Severity, Source};
use std::num::NonZeroUsize;

/// The end of the help of `list`.
pub(super) const EXAMPLES: &str = "\
Examples:
  insights list --open                          open insights, worst first
  insights list --since 24h --severity high     critical and high, last 24 hours
  insights list --entity payments               insights of one service
  insights list --entity account --kind auditmanager.domain
  insights list --open --output json | jq '.[].pk'
  insights list --since 30d --output csv > insights.csv
  insights list --local insights-demo/table.db  read the table of the demo

`insights show` accepts the values of the column ID.";

/// Arguments of `list`.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// Show only this source.
    #[arg(long, value_parser = source())]
    pub source: Option<Source>,
    /// Show only this kind; domains and controls need --entity.
    #[arg(long, value_parser = kind())]
    pub kind: Option<Kind>,
    /// Show only open insights, worst first.
    #[arg(long)]
    pub open: bool,
    /// Show only this severity and worse.
    #[arg(long, value_name = "LEAST", value_parser = severity())]
    pub severity: Option<Severity>,
    /// Show only this service, event source or assessment; `account` selects the counts of the account.
    #[arg(long)]
    pub entity: Option<String>,
    /// Show only this account (12 digits).
    #[arg(long, value_parser = account)]
    pub account: Option<String>,
    /// Show only this region.
    #[arg(long, value_parser = region)]
    pub region: Option<String>,
    /// Show at most this number.
    #[arg(long, value_name = "NUMBER", value_parser = limit)]
    pub limit: Option<NonZeroUsize>,
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
    PossibleValuesParser::new(known).try_map(|text| Severity::parse(&text).ok_or("unknown severity"))
}

fn limit(text: &str) -> Result<NonZeroUsize, String> {
    let rule = "must be an integer of at least 1; without --limit everything is listed";
    text.parse().map_err(|_| format!("{rule}\nhint: insights list --limit 20"))
}
