//! What the demo shows, read back from the table and put in order. How it looks is `page`'s.

use crate::exit::Failure;
use insights_query::counts::{ACCOUNT, DOMAIN};
use insights_query::importance::Importance;
use insights_query::{Reader, Span, format, series};
use insights_shared::record::{Kind, Severity, Stored};
use insights_shared::time::{DAY_SECONDS, Timestamp};
use insights_shared::value::Value;
use insights_sources::{insight_kinds, kind_of, kinds};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// How many days count as lately.
pub const LATELY_DAYS: i64 = 14;
/// How many control domains are shown.
const WORST_DOMAINS: usize = 5;

/// What was found.
#[derive(Clone, Debug)]
pub struct Findings {
    /// The instant of the story that all this is as of.
    pub now: Timestamp,
    /// What is wrong now, worst first.
    pub open: Vec<Stored>,
    /// What ended lately, newest first.
    pub ended: Vec<Stored>,
    /// The newest counts of the account, then of each assessment, worst first.
    pub compliance: Vec<Stored>,
    /// The account's control domains, worst first.
    pub domains: Vec<Stored>,
    /// How many metric series there are.
    pub series: usize,
    /// What is stored of them, by period in seconds.
    pub metrics: BTreeMap<i64, Metrics>,
}

/// How much is stored of one period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Items.
    pub chunks: usize,
    /// Points in them.
    pub points: usize,
}

impl Findings {
    /// Asks for all of it.
    pub async fn gather(reader: &Reader, now: Timestamp) -> Result<Self, Failure> {
        let mut open = Vec::new();
        for source in insights_sources::all() {
            open.extend(reader.open_insights(source).await?);
        }
        open.sort_by_key(Importance::of);

        let span = Span::last(LATELY_DAYS * DAY_SECONDS, now);
        let insights: Vec<Kind> = insight_kinds().collect();
        let mut ended = reader.overlapping(&insights, span).await?;
        ended.retain(|insight| insight.timestamp("ended_at").is_some());
        ended.sort_by_key(|insight| Reverse(insight.timestamp("ended_at")));

        let is_listed = |kind: &Kind| kind.is_snapshot() && kind.is_in_ended;
        let snapshots: Vec<Kind> = kinds().filter(is_listed).collect();
        let mut compliance = newest(reader.overlapping(&snapshots, span).await?);
        let is_account = |snapshot: &Stored| snapshot.text("entity") == Some(ACCOUNT);
        compliance.sort_by_key(|snapshot| (!is_account(snapshot), Reverse(badness(snapshot))));

        let mut domains = Vec::new();
        let account_day = compliance.iter().filter(|snapshot| is_account(snapshot));
        if let Some(day) = account_day.filter_map(|snapshot| snapshot.timestamp("started_at")).max() {
            domains = reader.about(ACCOUNT, Span { since: day.floor(DAY_SECONDS), until: now }).await?;
            domains.retain(|snapshot| kind_of(snapshot) == Some(DOMAIN));
            domains = newest(domains);
            domains.sort_by_key(|domain| Reverse(badness(domain)));
            domains.truncate(WORST_DOMAINS);
        }

        let mut findings =
            Self { now, open, ended, compliance, domains, series: 0, metrics: BTreeMap::new() };
        let ever = Span { since: Timestamp::MIN, until: now };
        for place in reader.places(series::SOURCE).await? {
            for series in reader.series(&place).await? {
                findings.series += 1;
                for chunk in reader.chunks(&series, ever, None).await? {
                    let metrics =
                        findings.metrics.entry(chunk.integer("period").unwrap_or_default()).or_default();
                    metrics.chunks += 1;
                    metrics.points +=
                        chunk.0.get("timestamps").and_then(Value::as_list).map_or(0, <[Value]>::len);
                }
            }
        }
        Ok(findings)
    }
}

/// The last of the days of each thing that there are counts of.
fn newest(snapshots: Vec<Stored>) -> Vec<Stored> {
    let mut newest: BTreeMap<String, Stored> = BTreeMap::new();
    for snapshot in snapshots {
        let Some(pk) = snapshot.text("pk").map(str::to_owned) else { continue };
        let is_newer = newest
            .get(&pk)
            .is_none_or(|other| other.timestamp("started_at") <= snapshot.timestamp("started_at"));
        if is_newer {
            newest.insert(pk, snapshot);
        }
    }
    newest.into_values().collect()
}

fn severity(record: &Stored) -> Option<Severity> {
    Severity::ALL.into_iter().find(|severity| record.text("severity") == Some(severity.as_str()))
}

/// What puts counts in order: severity, then the share of what is not compliant, in thousandths.
fn badness(snapshot: &Stored) -> (Option<Severity>, i64) {
    let noncompliant = format::counted(snapshot, "noncompliant").unwrap_or_default();
    let judged = noncompliant.saturating_add(format::counted(snapshot, "compliant").unwrap_or_default());
    (severity(snapshot), noncompliant.saturating_mul(1_000).checked_div(judged).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(pk: &str, day: &str, severity: &str, noncompliant: i64) -> Stored {
        let json = format!(
            r#"{{"pk":"{pk}","started_at":"{day}T00:00:00.000Z","severity":"{severity}",
                "measures":{{"compliant":90,"noncompliant":{noncompliant}}}}}"#
        );
        let Value::Map(map) = Value::from_json(&json).unwrap() else { panic!("not an object") };
        Stored(map)
    }

    #[test]
    fn of_each_thing_the_newest_day_is_shown() {
        let days = vec![
            snapshot("a", "2026-11-20", "low", 1),
            snapshot("a", "2026-11-21", "low", 2),
            snapshot("a", "2026-11-19", "low", 3),
            snapshot("b", "2026-11-18", "low", 4),
        ];
        let shown: Vec<Option<i64>> =
            newest(days).iter().map(|day| format::counted(day, "noncompliant")).collect();
        assert_eq!(shown, [Some(2), Some(4)]);
    }

    #[test]
    fn the_worst_is_what_is_severest_and_then_what_has_the_greater_share() {
        let mild = snapshot("a", "2026-11-20", "low", 9);
        let bad = snapshot("b", "2026-11-20", "high", 30);
        let worse = snapshot("c", "2026-11-20", "high", 40);
        assert!(badness(&mild) < badness(&bad) && badness(&bad) < badness(&worse));
    }
}
