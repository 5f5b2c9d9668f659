//! Issues name the operation that failed or returned the answer, the stage, and the subject.

use super::{ONE_AT_A_TIME, issues, run, state, story};
use insights_tests::intercept::{replacing, response};
use insights_tests::{OPEN, Table};
use serde_json::json;
use xray_insights::XrayInsights;

#[tokio::test]
async fn a_rejected_answer_names_the_operation_that_gave_it() {
    // More than the maximum size of an item.
    let services: Vec<_> = (0..2_500).map(|id| json!({"ReferenceId": id, "Name": "s".repeat(200)})).collect();
    let large = json!({"InsightId": OPEN, "Services": services}).to_string();
    let summary = json!({"InsightSummaries": [{"InsightId": "no id"}]}).to_string();
    let event = json!({"InsightEvents": [{"Summary": "without a time"}]}).to_string();
    let insight = json!({"Insight": {"InsightId": OPEN, "State": "ACTIVE"}}).to_string();
    for (operation, body) in [
        ("GetInsightSummaries", summary),
        ("GetInsight", insight),
        ("GetInsightEvents", event),
        ("GetInsightImpactGraph", large),
    ] {
        let lab = story().await;
        let sdk = replacing(&lab.sdk(), move |name, before| {
            if name == operation { response(&before, 200, None, &body) } else { before }
        });
        let function = lab.function_with::<XrayInsights>(&sdk, &[ONE_AT_A_TIME]).unwrap();
        let response = function.invoke("{}").await.unwrap();
        let mut rejected = issues(&response);
        rejected.retain(|(.., code)| *code == "Record.Invalid");
        assert!(!rejected.is_empty(), "{operation}: {response}");
        for issue in rejected {
            assert_eq!(issue.0, operation, "{issue:?}");
        }
        let validate = response["targets"][0]["issues"].as_array().unwrap();
        let validate = validate.iter().filter(|issue| issue["code"] == "Record.Invalid");
        assert!(validate.into_iter().all(|issue| issue["stage"] == "validate"), "{response}");
    }
}

#[tokio::test]
async fn a_state_of_a_newer_version_stays_and_is_an_issue() {
    let lab = story().await;
    run(&lab).await;
    let mut newer = state(&lab).await.unwrap();
    newer.insert("schema_version".into(), 2.into());
    lab.put(newer.clone()).await;
    lab.advance(60);
    let response = run(&lab).await;
    assert_eq!(response["status"], "partial", "{response}");
    assert_eq!(issues(&response), [("UpdateItem", "state", "ConditionalCheckFailedException")]);
    let issue = &response["targets"][0]["issues"][0];
    assert_eq!((&issue["stage"], &issue["retryable"]), (&"write".into(), &false.into()));
    assert_eq!(state(&lab).await, Some(newer));
    let table: Table = lab.table().await;
    assert_eq!(table.of_kind("run").len(), 2);
}
