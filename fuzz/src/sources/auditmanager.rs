//! Fuzzing of AWS Audit Manager.

use super::FuzzSource;
use crate::given::{Outcome, distinct, list};
use crate::keys::Item;
use insights_sources::{Kind, auditmanager};
use serde_json::{Value, json};

/// The registration.
pub const FUZZ_SOURCE: FuzzSource =
    FuzzSource { source: auditmanager::SOURCE, parameters, counts, check_key };

fn parameters(operation: &str) -> Value {
    let assessment = "0b6f1d2c-3f5b-4d2e-9a68-7c4ee9a13e4f";
    let domain = "b0b6f1d2-3f5b-4d2e-9a68-7c4ee9a13e4f";
    match operation {
        "GetInsightsByAssessment" | "ListControlDomainInsightsByAssessment" => {
            json!({"assessmentId": assessment})
        }
        "ListControlInsightsByControlDomain" => json!({"controlDomainId": domain}),
        "ListAssessmentControlInsightsByControlDomain" => {
            json!({"assessmentId": assessment, "controlDomainId": domain})
        }
        _ => json!({}),
    }
}

fn counts(outcome: &Outcome, answer: &Value) -> Option<(usize, usize)> {
    let rejected = outcome.rejected();
    let snapshots = |kind: Kind| {
        // The counts of one assessment, or those of all assessments.
        let by_assessment = outcome.operation.contains("Assessment");
        let items = outcome.items(kind);
        items.filter(|item| (item["entity"]["S"] != *"account") == by_assessment).count()
    };
    let given = |member: &str, names: &[&str]| distinct(&with_time(list(answer, member)), names);
    Some(match outcome.operation {
        "GetInsights" => (has_time(answer.get("insights")), outcome.puts(auditmanager::ACCOUNT) + rejected),
        "GetInsightsByAssessment" => {
            (has_time(answer.get("insights")), outcome.puts(auditmanager::ASSESSMENT) + rejected)
        }
        "ListAssessments" => (
            distinct(&list(answer, "assessmentMetadata"), &["id"]),
            outcome.puts(auditmanager::ASSESSMENT) + rejected + outcome.issues(),
        ),
        "ListControlDomainInsights" | "ListControlDomainInsightsByAssessment" => {
            (given("controlDomainInsights", &["id"]), snapshots(auditmanager::DOMAIN) + rejected)
        }
        "ListControlInsightsByControlDomain" => {
            (given("controlInsightsMetadata", &["id"]), snapshots(auditmanager::CONTROL) + rejected)
        }
        "ListAssessmentControlInsightsByControlDomain" => (
            given("controlInsightsByAssessment", &["id", "controlSetName"]),
            snapshots(auditmanager::CONTROL) + rejected,
        ),
        _ => return None,
    })
}

/// 1 if the counts exist and have a time.
fn has_time(counts: Option<&Value>) -> usize {
    usize::from(counts.is_some_and(|counts| counts["lastUpdated"].is_number()))
}

/// The elements with their own time. Those without one, and without a parent's time, have no data yet.
fn with_time(elements: Vec<&Value>) -> Vec<&Value> {
    elements.into_iter().filter(|element| has_time(Some(element)) == 1).collect()
}

fn check_key(item: &Item) {
    // The entity distinguishes the counts of an assessment from those of the account.
    let scope: Vec<&str> = match item.text("entity") {
        "account" => Vec::new(),
        assessment => vec!["assessment", assessment],
    };
    let kind = insights_sources::kind(item.text("kind"));
    if kind == Some(auditmanager::ACCOUNT) {
        item.check_partition(&["account"]);
    } else if kind == Some(auditmanager::ASSESSMENT) {
        item.check_partition(&scope);
    } else if kind == Some(auditmanager::DOMAIN) {
        item.check_partition(&[&scope[..], &["domain", item.detail("id")]].concat());
    } else if kind == Some(auditmanager::CONTROL) {
        let domain = item.detail("control_domain_id");
        let mut own = [&scope[..], &["domain", domain, "control", item.detail("id")]].concat();
        if !scope.is_empty() {
            own.push(item.detail("control_set_name"));
        }
        item.check_partition(&own);
    } else {
        assert!(item.text("sk").starts_with("scope#"), "an unknown catalog row: {}", item.text("sk"));
    }
}
