//! Fuzzing of AWS CloudTrail.

mod event;

pub use event::check as check_event;

use super::FuzzSource;
use crate::given::{MOST_ISSUES, Outcome, list};
use crate::keys::{Item, check_parts};
use crate::{ACCOUNT, REGION, now};
use cloudtrail_insights::merge;
use cloudtrail_insights::pair::EventPair;
use insights_shared::record::{Record, Stored};
use insights_sources::cloudtrail;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The registration.
pub const FUZZ_SOURCE: FuzzSource = FuzzSource { source: cloudtrail::SOURCE, parameters, counts, check_key };

fn parameters(operation: &str) -> Value {
    let end = now().seconds();
    match operation {
        "LookupEvents" => json!({"EventCategory": "insight"}),
        "GetInsightSelectors" => json!({"TrailName": "objects"}),
        "ListInsightsData" => json!({
            "InsightSource": format!("arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/objects"),
            "DataType": "InsightsEvents",
        }),
        "ListInsightsMetricData" => json!({
            "EventSource": "ec2.amazonaws.com", "EventName": "RunInstances", "InsightType": "ApiCallRateInsight",
            "Period": 300, "DataType": "NonZeroData", "StartTime": end - 7_200, "EndTime": end,
        }),
        _ => json!({}),
    }
}

fn counts(outcome: &Outcome, answer: &Value) -> Option<(usize, usize)> {
    match outcome.operation {
        "LookupEvents" | "ListInsightsData" => Some(events(outcome, answer)),
        "ListInsightsMetricData" => Some(points(outcome, answer)),
        _ => None,
    }
}

/// The number of events without a stored insight, and of rejected answers.
fn events(outcome: &Outcome, answer: &Value) -> (usize, usize) {
    let has_insight = |id: &Value| outcome.items(cloudtrail::INSIGHT).any(|item| item["id"]["S"] == *id);
    let is_stored = |event: &&Value| {
        let text = event["CloudTrailEvent"].as_str().unwrap_or_default();
        let read: Value = serde_json::from_str(text).unwrap_or_default();
        let is_id = |name: &str| name.to_lowercase().replace('_', "") == "sharedeventid";
        let mut ids = read.as_object().into_iter().flatten().filter(|(name, _)| is_id(name));
        ids.any(|(_, id)| id.is_string() && has_insight(id))
    };
    let unstored = list(answer, "Events").into_iter().filter(|event| !is_stored(event));
    (unstored.count(), outcome.rejected())
}

/// The number of points in an answer, and of those that a chunk contains or an issue reports. For the second number, the
/// series with the fewest points counts.
fn points(outcome: &Outcome, answer: &Value) -> (usize, usize) {
    let seconds = |value: &Value| value.as_f64().map(|number| number.floor().to_string());
    let timestamps = answer.get("Timestamps").and_then(Value::as_array).into_iter().flatten();
    let given: BTreeSet<String> = timestamps.filter_map(seconds).collect();
    if outcome.issues() > MOST_ISSUES {
        // The response does not list all of them.
        return (given.len(), outcome.issues());
    }
    let rows = outcome.puts.iter().filter_map(|item| item["sk"]["S"].as_str()?.strip_prefix("series#"));
    let kept = rows.collect::<BTreeSet<&str>>().into_iter().map(|series| points_of(outcome, series));
    (given.len(), kept.min().unwrap_or_default())
}

fn points_of(outcome: &Outcome, series: &str) -> usize {
    let chunks = outcome
        .items(cloudtrail::METRIC)
        .filter(|item| item["pk"]["S"].as_str().is_some_and(|pk| pk.ends_with(&format!("#{series}"))));
    let stored: BTreeSet<&str> = chunks
        .flat_map(|item| item["timestamps"]["L"].as_array().into_iter().flatten())
        .filter_map(|second| second["N"].as_str())
        .collect();
    let issues = outcome.response.targets.iter().flat_map(|target| &target.issues);
    stored.len() + issues.filter(|issue| issue.subject == series).count() + outcome.rejected()
}

/// Reads a stored item as an insight, and returns the record that closes it.
pub fn close(stored: &Stored) -> Option<Record> {
    let _ = (EventPair::from_stored(stored), merge::is_overdue(stored, now()));
    merge::no_end_seen(stored, now())
}

fn check_key(item: &Item) {
    let kind = insights_sources::kind(item.text("kind"));
    let series = ["event_source", "event_name", "insight_type", "error_code", "trail_arn"]
        .map(|name| item.detail(name));
    let sk = item.text("sk");
    if kind == Some(cloudtrail::INSIGHT) {
        item.check_partition(&[item.text("id")]);
    } else if kind == Some(cloudtrail::METRIC) {
        item.check_partition(&series);
    } else if sk.starts_with("series#") {
        check_parts(sk, &[&["series"], &series[..]].concat());
    } else {
        assert!(sk.starts_with("trail#"), "an unknown catalog row: {sk}");
        check_parts(sk, &["trail", item.detail("trail_arn")]);
    }
}
