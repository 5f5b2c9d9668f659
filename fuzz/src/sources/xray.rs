//! Fuzzing of AWS X-Ray.

use super::FuzzSource;
use crate::given::{Outcome, distinct, list};
use crate::keys::Item;
use crate::now;
use insights_sources::xray;
use serde_json::{Value, json};

/// The registration.
pub const FUZZ_SOURCE: FuzzSource = FuzzSource { source: xray::SOURCE, parameters, counts, check_key };

fn parameters(operation: &str) -> Value {
    let (start, end) = (now().plus_seconds(-3_600).seconds(), now().seconds());
    match operation {
        "GetGroups" => json!({}),
        "GetInsightSummaries" => json!({"GroupName": "shop", "StartTime": start, "EndTime": end}),
        _ => {
            json!({"InsightId": "7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f", "StartTime": start, "EndTime": end})
        }
    }
}

fn counts(outcome: &Outcome, answer: &Value) -> Option<(usize, usize)> {
    let (insights, rejected) = (outcome.puts(xray::INSIGHT), outcome.rejected());
    Some(match outcome.operation {
        // Each listed insight is requested by its id. Ids from the fuzzer are reported as unknown.
        "GetInsightSummaries" => (
            distinct(&list(answer, "InsightSummaries"), &["InsightId"]),
            insights + rejected + outcome.issues(),
        ),
        "GetInsight" => {
            (usize::from(answer.get("Insight").is_some_and(Value::is_object)), insights + rejected)
        }
        // Equal events are one event that was returned twice. Events with different summaries are not equal.
        "GetInsightEvents" => (
            distinct(&list(answer, "InsightEvents"), &["Summary"]),
            outcome.puts(xray::INSIGHT_EVENT) + rejected,
        ),
        "GetInsightImpactGraph" => (
            list(answer, "Services").len(),
            largest_graph(outcome) + if rejected > 0 { usize::MAX / 2 } else { 0 },
        ),
        _ => return None,
    })
}

/// The number of services in the largest stored graph.
fn largest_graph(outcome: &Outcome) -> usize {
    let graphs = outcome.items(xray::IMPACT_GRAPH);
    let services = graphs.map(|item| item["detail"]["M"]["services"]["L"].as_array().map_or(0, Vec::len));
    services.max().unwrap_or_default()
}

fn check_key(item: &Item) {
    let kind = item.text("kind");
    if kind == xray::INSIGHT.name {
        item.check_partition(&[item.text("id")]);
    } else {
        assert!(insights_sources::kind(kind).is_some(), "X-Ray has no {kind}");
        assert_eq!(item.text("pk").split('#').count(), 4, "the parts of the {kind} {}", item.text("pk"));
    }
}
