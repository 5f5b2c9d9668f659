//! The arguments of `list`.

use super::shared::{Look, Where, Within, source};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use insights_query::input::{account, region};
use insights_shared::record::{Kind, Severity, Source};
use std::num::NonZeroUsize;

/// What the help of `list` ends with.
pub(super) const EXAMPLES: &str = "\
Examples:
  insights list --open                          what is wrong now, worst first
  insights list --since 24h --severity high     what was bad since yesterday
  insights list --entity payments               everything about one service
  insights list --entity account --kind auditmanager.domain
  insights list --open --output json | jq '.[].pk'
  insights list --since 30d --output csv > insights.csv
  insights list --local insights-demo/table.db  in the table of a demo

An ID of a listing is what `insights show` takes.";

/// Arguments of `list`.
#[derive(Debug, Args)]
pub struct ListArguments {
    /// Only this source.
    #[arg(long, value_parser = source())]
    pub source: Option<Source>,
    /// Only this kind. Domains and controls need --entity.
    #[arg(long, value_parser = kind())]
    pub kind: Option<Kind>,
    /// Only insights that are open now, the worst first.
    #[arg(long)]
    pub open: bool,
    /// Only what is at least so severe.
    #[arg(long, value_name = "LEAST", value_parser = severity())]
    pub severity: Option<Severity>,
    /// Only what is about this service, event source or assessment; `account` for an account's own counts.
    #[arg(long)]
    pub entity: Option<String>,
    /// Only this account: 12 digits.
    #[arg(long, value_parser = account)]
    pub account: Option<String>,
    /// Only this region.
    #[arg(long, value_parser = region)]
    pub region: Option<String>,
    /// At most so many, the first ones.
    #[arg(long, value_name = "NUMBER", value_parser = limit)]
    pub limit: Option<NonZeroUsize>,
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

/// The kinds that are listed: the others are parts of an insight or of a series.
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
    let rule = "must be a whole number of 1 or more; without --limit everything is listed";
    text.parse().map_err(|_| format!("{rule}\nhint: insights list --limit 20"))
}
