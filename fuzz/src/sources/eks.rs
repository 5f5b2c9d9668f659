//! Fuzzing of Amazon EKS.

use super::FuzzSource;
use crate::given::{Outcome, distinct, list};
use crate::keys::Item;
use insights_sources::eks;
use serde_json::{Value, json};

/// The registration.
pub const FUZZ_SOURCE: FuzzSource = FuzzSource { source: eks::SOURCE, parameters, counts, check_key };

fn parameters(operation: &str) -> Value {
    match operation {
        "ListInsights" => json!({"name": "shop"}),
        "DescribeInsight" => json!({"name": "shop", "id": "5c7f8a10-3b5d-4f0e-9a51-2a4d1b6c7e01"}),
        _ => json!({}),
    }
}

fn counts(outcome: &Outcome, answer: &Value) -> Option<(usize, usize)> {
    let kept = outcome.puts(eks::INSIGHT) + outcome.rejected() + outcome.issues();
    Some(match outcome.operation {
        // Each check is described or is in the cluster's row.
        "ListInsights" => {
            let listed: Vec<&Value> = list(answer, "insights").into_iter().filter(|one| fails(one)).collect();
            (distinct(&listed, &["id"]), kept)
        }
        "DescribeInsight" => (usize::from(fails(&answer["insight"])), kept),
        _ => return None,
    })
}

/// Whether an answer has a status other than passing.
fn fails(insight: &Value) -> bool {
    insight["insightStatus"]["status"].as_str().is_some_and(|status| status != eks::PASSING)
}

fn check_key(item: &Item) {
    let kind = insights_sources::kind(item.text("kind"));
    if kind == Some(eks::INSIGHT) {
        item.check_partition(&[item.text("entity"), item.detail("id"), item.text("started_at")]);
    } else if kind == Some(eks::INSIGHT_EVENT) {
        assert_eq!(item.text("sk"), format!("event#{}", item.detail("last_refresh_time")));
    } else {
        assert!(item.text("sk").starts_with("cluster#"), "an unknown catalog row: {}", item.text("sk"));
    }
}
