//! Reads the findings of the demo from the table and sorts them. `page` renders them.

use crate::exit::Failure;
use insights_query::counts::ScopeDays;
use insights_query::importance::Importance;
use insights_query::{Reader, Span};
use insights_shared::record::{Kind, Stored};
use insights_shared::time::{DAY_SECONDS, Timestamp};
use insights_shared::value::Value;
use insights_sources::insight_kinds;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Insights that ended in this number of days are recent.
pub const RECENT_DAYS: i64 = 14;

/// The findings.
#[derive(Clone, Debug)]
pub struct Findings {
    /// The time in the scenario at which the findings are valid.
    pub now: Timestamp,
    /// Open insights, the worst first.
    pub open: Vec<Stored>,
    /// Insights that ended recently, the newest first.
    pub ended: Vec<Stored>,
    /// The counts that are about compliance.
    pub compliance: Vec<ScopeDays>,
    /// The number of metric series.
    pub series: usize,
    /// The stored chunks by period in seconds.
    pub metrics: BTreeMap<i64, Metrics>,
}

/// The stored data of one period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Items.
    pub chunks: usize,
    /// Points in them.
    pub points: usize,
}

impl Findings {
    /// Reads everything.
    pub async fn gather(reader: &Reader, now: Timestamp) -> Result<Self, Failure> {
        let mut open = Vec::new();
        for source in insights_sources::all() {
            open.extend(reader.open_insights(source).await?);
        }
        open.sort_by_key(Importance::of);

        let span = Span::last(RECENT_DAYS * DAY_SECONDS, now);
        let insights: Vec<Kind> = insight_kinds().collect();
        let mut ended = reader.overlapping(&insights, span).await?;
        ended.retain(|insight| insight.timestamp("ended_at").is_some());
        ended.sort_by_key(|insight| Reverse(insight.timestamp("ended_at")));

        let mut scopes = reader.scopes().await?;
        scopes.retain(|scope| scope.kind.compliance.is_some());
        let compliance = reader.scope_days(scopes, span, false).await?;

        let mut findings = Self { now, open, ended, compliance, series: 0, metrics: BTreeMap::new() };
        let ever = Span { since: Timestamp::MIN, until: now };
        for (_, place) in reader.series_states().await?.into_keys() {
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
