//! The lane of many insights: how many began in each part of the period, by severity. Single bars could not be distinguished.

use super::Medium;
use super::chart::clock;
use super::insight::Context;
use super::model::{Insight, Model};
use super::text::class;
use insights_query::format::{instant, so_many};
use insights_shared::record::Severity;
use insights_shared::time::Timestamp;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// A lane with more insights is a histogram.
pub const MOST_BARS: usize = 60;
/// The maximum number of parts of the period.
const MOST_PARTS: i64 = 96;
/// The possible lengths of a part in seconds.
const LENGTHS: [i64; 10] = [60, 300, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400, 604_800];

/// The parts of the period with insights. One that began before the period counts in the first part.
pub fn parts(insights: &[&Insight], model: &Model, context: Context<'_>) -> Vec<Json> {
    let span = model.span;
    let seconds = (span.millis() / 1_000).max(1);
    let length = LENGTHS.into_iter().find(|length| seconds / length <= MOST_PARTS).unwrap_or(604_800);
    let mut parts: BTreeMap<Timestamp, Vec<&Insight>> = BTreeMap::new();
    for insight in insights {
        let Some(began) = insight.record.timestamp("started_at") else { continue };
        parts.entry(began.max(span.since).floor(length)).or_default().push(insight);
    }
    let part = |(from, insights): (Timestamp, Vec<&Insight>)| {
        let until = from.plus_seconds(length).min(span.until);
        let from = from.max(span.since);
        let of_severity =
            |severity: Severity| insights.iter().filter(|insight| insight.severity() == severity).count();
        let severities =
            Severity::ALL.into_iter().rev().map(|severity| (severity.as_str(), of_severity(severity)));
        let severities: Vec<(&str, usize)> = severities.filter(|(_, number)| *number > 0).collect();
        let named: Vec<String> = severities.iter().map(|(name, number)| format!("{number} {name}")).collect();
        let times = [from, until].map(|at| instant(at, context.zone));
        let [began, ended] = &times;
        let at = |instant| clock(instant, context.zone);
        let href = match context.medium {
            Medium::Live(filter) => filter.address(&[("since", began), ("until", ended)]),
            Medium::File => format!("#zoom={},{}", at(from), at(until)),
        };
        let source = insights.first().and_then(|insight| insight.record.text("source")).unwrap_or_default();
        json!({
            "from": at(from), "until": at(until), "href": href, "source": class(source),
            "severity": severities.first().map_or("info", |(name, _)| name),
            "counts": severities,
            "label": format!("{began} to {ended}: {} began, {}", so_many(insights.len(), "insight", "insights"), named.join(", ")),
        })
    };
    parts.into_iter().map(part).collect()
}
