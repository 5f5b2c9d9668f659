//! Every fault of every operation: what is stored, what is reported, and with which code.

use super::{
    ALL, ONE_AT_A_TIME, check_response, counts, insight, last_update_time, run, run_with, state, story, text,
    undisturbed,
};
use insights_shared::invocation::InvocationError;
use insights_tests::{Lab, OPEN, Table};
use serde_json::Value;
use std::time::Duration;
use xray_insights::XrayInsights;

/// The kinds of failure that leave a call without an answer: how the code, and the invocation's error, name them.
const FAILURES: [(&str, &str, &str); 10] = [
    ("throttle", "ThrottledException", "Source.Throttled"),
    ("error500", "InternalFailure", "Source.Unavailable"),
    ("html503", "Response.Malformed", "Source.Unavailable"),
    ("reset", "Connection", "Source.Unavailable"),
    ("hang", "Timeout", "Source.Unavailable"),
    ("truncate", "Response.Malformed", "Source.Unavailable"),
    ("wrong-type", "Response.Malformed", "Source.Unavailable"),
    ("null-in-list", "Response.Malformed", "Source.Unavailable"),
    ("denied", "AccessDeniedException", "Source.Denied"),
    ("expired", "ExpiredTokenException", "Source.Denied"),
];

async fn impatient(lab: &Lab) -> Result<Value, InvocationError> {
    lab.simulator.clear_log();
    let sdk = lab.sdk_with_timeouts(Duration::from_millis(100), Duration::from_secs(2));
    let function = lab.function_with::<XrayInsights>(sdk, &[ONE_AT_A_TIME]).unwrap();
    let response = function.invoke("{}").await?;
    check_response(lab, &response);
    Ok(response)
}

/// What a failing operation leaves in the table, as counts of insights with and without version, events and graphs.
fn left(table: &Table) -> [usize; 4] {
    let insights = table.of_kind("xray.insight");
    let whole = insights.iter().filter(|item| item["detail"].at(&["last_update_time"]).is_some()).count();
    let events = table.of_kind("xray.insight_event").len();
    [whole, insights.len() - whole, events, table.of_kind("xray.impact_graph").len()]
}

/// Lets `operation` fail in each way for a whole run, and, since each way leaves the same, once not any more.
async fn check(operation: &str, stored: [usize; 4]) {
    let mut first: Option<Table> = None;
    for (kind, code, error_type) in FAILURES {
        let fault = format!("{operation}={kind}");
        let lab = story().await;
        lab.fault(&fault);
        let result = impatient(&lab).await;
        let table = lab.table().await;
        assert_eq!(left(&table), stored, "{fault}");
        let run = table.of_kind("run")[0];
        let issues = run["issues"].as_list().unwrap();
        assert!(!issues.is_empty(), "{fault}");
        for issue in issues {
            assert_eq!(issue.at(&["operation"]).unwrap().as_str(), Some(operation), "{fault}");
            assert_eq!(issue.at(&["code"]).unwrap().as_str(), Some(code), "{fault}: {issue:?}");
        }
        let status = if stored == [0; 4] { "failed" } else { "partial" };
        assert_eq!(text(run, "status"), Some(status), "{fault}");
        match result {
            Err(error) => assert_eq!((error.error_type, status), (error_type, "failed"), "{fault}: {error}"),
            Ok(response) => assert_eq!(response["status"], status, "{fault}"),
        }
        assert!(!state(&lab).await.unwrap().contains_key("watermark"), "{fault}");
        if let Some(first) = &first {
            table.assert_same_content(first);
            continue;
        }
        first = Some(table);
        lab.simulator.clear_faults();
        lab.advance(60);
        super::run(&lab).await;
        lab.table().await.assert_same_content(&undisturbed(&lab).await);
    }
}

#[tokio::test]
async fn where_get_groups_fails_nothing_is_stored_and_the_target_failed() {
    check("GetGroups", [0; 4]).await;
}

#[tokio::test]
async fn where_get_insight_summaries_fails_nothing_is_stored_and_the_target_failed() {
    check("GetInsightSummaries", [0; 4]).await;
}

#[tokio::test]
async fn where_get_insight_fails_nothing_is_stored_and_the_target_failed() {
    check("GetInsight", [0; 4]).await;
}

#[tokio::test]
async fn where_get_insight_events_fails_insights_and_graphs_are_stored_to_be_completed() {
    check("GetInsightEvents", [0, 3, 0, 3]).await;
}

#[tokio::test]
async fn where_get_insight_impact_graph_fails_insights_and_events_are_stored_to_be_completed() {
    check("GetInsightImpactGraph", [0, 3, 6, 0]).await;
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_set_right_or_reported_as_denied() {
    for operation in super::OPERATIONS {
        let lab = story().await;
        lab.fault(&format!("{operation}=clock-skew"));
        let result = run_with(&lab, &[ONE_AT_A_TIME], "{}").await;
        let table = lab.table().await;
        let run = table.of_kind("run")[0];
        let issues = run["issues"].as_list().unwrap();
        assert_eq!(
            issues[0].at(&["code"]).unwrap().as_str(),
            Some("InvalidSignatureException"),
            "{operation}"
        );
        if let Err(error) = result {
            assert_eq!(error.error_type, "Source.Denied");
        }
    }
}

#[tokio::test]
async fn a_fault_that_passes_is_tried_again_and_leaves_no_trace() {
    for operation in super::OPERATIONS {
        for kind in ["throttle", "error500", "html503", "reset", "hang", "lost-answer", "clock-skew"] {
            let fault = format!("{operation}={kind}:1");
            let lab = story().await;
            lab.fault(&fault);
            let response = impatient(&lab).await.unwrap();
            assert_eq!(response["status"], "ok", "{fault}: {response}");
            assert_eq!(response["throttled"], u64::from(kind == "throttle"), "{fault}");
            lab.table().await.assert_same_content(&undisturbed(&lab).await);
        }
    }
}

#[tokio::test]
async fn a_token_that_comes_twice_is_an_issue_and_what_came_before_it_is_stored() {
    for operation in ["GetGroups", "GetInsightSummaries", "GetInsightEvents", "GetInsightImpactGraph"] {
        let lab = story().await;
        lab.fault(&format!("{operation}=repeat-token"));
        let result = run_with(&lab, &[ONE_AT_A_TIME], "{}").await;
        let table = lab.table().await;
        let run = table.of_kind("run")[0];
        let issues = run["issues"].as_list().unwrap();
        assert!(!issues.is_empty(), "{operation}");
        for issue in issues {
            assert_eq!(issue.at(&["code"]).unwrap().as_str(), Some("Token.Repeated"), "{operation}");
        }
        if operation == "GetInsightSummaries" {
            assert_eq!(table.of_kind("xray.insight").len(), 3, "the page that it came with is stored");
            assert_eq!(result.unwrap()["status"], "partial");
        }
        lab.simulator.clear_faults();
        lab.advance(60);
        super::run(&lab).await;
        lab.table().await.assert_same_content(&undisturbed(&lab).await);
    }
}

#[tokio::test]
async fn an_empty_page_with_a_token_is_not_the_end() {
    for operation in ["GetGroups", "GetInsightSummaries", "GetInsightEvents", "GetInsightImpactGraph"] {
        let lab = story().await;
        lab.fault(&format!("{operation}=empty-page:2"));
        let response = run(&lab).await;
        assert_eq!(response["status"], "ok", "{operation}: {response}");
        lab.table().await.assert_same_content(&undisturbed(&lab).await);
    }
}

#[tokio::test]
async fn values_that_no_model_knows_are_stored_as_they_are() {
    let lab = story().await;
    lab.fault("GetInsight=unknown-enum");
    let response = run(&lab).await;
    assert_eq!(response["status"], "ok", "{response}");
    let table = lab.table().await;
    for id in ALL {
        let stored = insight(&table, id);
        assert_eq!(stored["detail"].at(&["state"]).unwrap().as_str(), Some("SOMETHING_NEW"));
        assert_eq!(text(stored, "status"), Some("open"), "any state but CLOSED is open");
    }
    let categories = insight(&table, OPEN)["detail"].at(&["categories"]).cloned();
    assert_eq!(categories, Some(vec!["SOMETHING_NEW"].into()));
}

#[tokio::test]
async fn summaries_with_values_that_no_model_knows_are_followed_up() {
    let lab = story().await;
    lab.fault("GetInsightSummaries=unknown-enum");
    run(&lab).await;
    lab.table().await.assert_same_content(&undisturbed(&lab).await);
}

#[tokio::test]
async fn answers_without_their_optional_members_are_stored_as_far_as_they_go() {
    let lab = story().await;
    lab.fault("xray:*=missing-members");
    let response = run(&lab).await;
    assert_eq!(response["status"], "ok", "{response}");
    let table = lab.table().await;
    let stored = insight(&table, OPEN);
    assert_eq!(text(stored, "title"), Some("ACTIVE insight, root cause not named"));
    assert_eq!(text(stored, "severity"), Some("info"));
    assert!(!stored.contains_key("entity") && !stored.contains_key("entity_pk"));
    assert_eq!(last_update_time(&table, OPEN), None, "the summary had none");
    // Events keep their time and nothing else here, but those without one are rejected, not lost.
    let events = table.of_kind("xray.insight_event").len();
    let rejected = response["rejected"].as_u64().unwrap();
    assert_eq!(events as u64 + rejected, 6);
    assert_eq!(rejected == 0, table.of_kind("rejected").is_empty());
}

#[tokio::test]
async fn all_denied_is_denied_and_all_throttled_is_throttled() {
    for (kind, error_type) in [("denied", "Source.Denied"), ("throttle", "Source.Throttled")] {
        let lab = story().await;
        lab.fault(&format!("xray:*={kind}"));
        let error = run_with(&lab, &[], "{}").await.unwrap_err();
        assert_eq!(error.error_type, error_type);
        assert!(error.message.contains("123456789012/eu-west-1: GetGroups groups:"), "{error}");
        let state = state(&lab).await.unwrap();
        assert_eq!(text(&state, "last_status"), Some("failed"));
    }
}

#[tokio::test]
async fn a_run_whose_insights_are_all_unchanged_has_not_failed_where_the_only_new_one_has() {
    let lab = story().await;
    run(&lab).await;
    lab.advance(30 * 60);
    lab.fault("GetInsight=denied");
    let response = run(&lab).await;
    assert_eq!(response["status"], "partial");
    assert_eq!(counts(&response), [2, 0, 2, 0, 0, 0, 0]);
}
