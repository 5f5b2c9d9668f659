//! Fuzzing of AWS Security Hub.

use super::FuzzSource;
use crate::given::{Outcome, distinct, list};
use crate::keys::Item;
use insights_sources::securityhub;
use serde_json::{Value, json};

/// The registration.
pub const FUZZ_SOURCE: FuzzSource = FuzzSource { source: securityhub::SOURCE, parameters, counts, check_key };

fn parameters(operation: &str) -> Value {
    match operation {
        "GetInsightResults" => json!({
            "InsightArn": "arn:aws:securityhub:eu-west-1:123456789012:insight/123456789012/custom/\
                           3b6f1d2c-3f5b-4d2e-9a68-7c4ee9a13e4f",
        }),
        _ => json!({}),
    }
}

fn counts(outcome: &Outcome, answer: &Value) -> Option<(usize, usize)> {
    let kept = outcome.puts(securityhub::INSIGHT) + outcome.rejected() + outcome.issues();
    Some(match outcome.operation {
        "GetInsights" => (distinct(&list(answer, "Insights"), &["InsightArn"]), kept),
        "GetInsightResults" => (usize::from(answer["InsightResults"].is_object()), kept),
        _ => return None,
    })
}

fn check_key(item: &Item) {
    assert_eq!(
        insights_sources::kind(item.text("kind")),
        Some(securityhub::INSIGHT),
        "Security Hub has no catalog rows"
    );
    item.check_partition(&[item.text("id")]);
    assert_eq!(item.text("sk"), &item.text("started_at")[..10]);
}
