//! Every fault of every operation: what is stored, what is reported, and with which code.

use super::{
    ALL, ONE_AT_A_TIME, check_response, counts, insight, last_update_time, run, run_with, state, story,
    table_faults, text, undisturbed,
};
use insights_tests::faults::{self, Expected, FaultChecks};
use insights_tests::{OPEN, STORY, Table, fault_tests};
use serde_json::json;
use std::marker::PhantomData;
use std::time::Duration;
use xray_insights::XrayInsights;

/// The scenario of these tests, and the contents of its table: insights with and without the version of their summary, events,
/// graphs, the watermark, `run` and the status in `state`.
pub const CHECKS: FaultChecks<XrayInsights> = FaultChecks {
    scenario: STORY,
    variables: &[],
    left,
    throttled: "ThrottledException",
    internal: "InternalFailure",
    operations: &OPERATIONS,
    exceptions: &[],
    without_lists: &[],
    repeated_tokens: &[
        OPERATIONS[0],
        // Each page of a listing is stored before its token is checked.
        Expected {
            status: "partial",
            left: "insights 3+0 events 6 graphs 3 watermark - run 1 state partial",
            ..OPERATIONS[1]
        },
        OPERATIONS[3],
        OPERATIONS[4],
    ],
    paged: &["GetGroups", "GetInsightSummaries", "GetInsightEvents", "GetInsightImpactGraph"],
    table_operations: &table_faults::OPERATIONS,
    table_exceptions: &table_faults::EXCEPTIONS,
    collector: PhantomData,
};

fault_tests!(CHECKS);

fn left(table: &Table) -> String {
    let insights = table.of_kind("xray.insight");
    let whole = insights.iter().filter(|item| item["detail"].at(&["last_update_time"]).is_some()).count();
    let state = table.of_kind("state").first().copied();
    format!(
        "insights {whole}+{} events {} graphs {} watermark {} run {} state {}",
        insights.len() - whole,
        table.of_kind("xray.insight_event").len(),
        table.of_kind("xray.impact_graph").len(),
        faults::text(state, "watermark"),
        table.of_kind("run").len(),
        faults::text(state, "last_status"),
    )
}

/// The effect of each operation that always fails. Two groups have insights; there are three insights and six events.
const OPERATIONS: [Expected; 5] = [
    Expected {
        operation: "GetGroups",
        status: "failed",
        issues: 1,
        left: "insights 0+0 events 0 graphs 0 watermark - run 1 state failed",
    },
    Expected {
        operation: "GetInsightSummaries",
        status: "failed",
        issues: 2,
        left: "insights 0+0 events 0 graphs 0 watermark - run 1 state failed",
    },
    Expected {
        operation: "GetInsight",
        status: "failed",
        issues: 3,
        left: "insights 0+0 events 0 graphs 0 watermark - run 1 state failed",
    },
    // An insight with failed parts is put without its version, so that the next run requests it again.
    Expected {
        operation: "GetInsightEvents",
        status: "partial",
        issues: 3,
        left: "insights 0+3 events 0 graphs 3 watermark - run 1 state partial",
    },
    Expected {
        operation: "GetInsightImpactGraph",
        status: "partial",
        issues: 3,
        left: "insights 0+3 events 6 graphs 0 watermark - run 1 state partial",
    },
];

/// The same over real connections for one operation, to check the errors of the HTTP client.
#[tokio::test]
async fn faults_over_a_real_connection_have_the_same_codes() {
    for (kind, code) in [
        ("html503", "Response.Malformed"),
        ("reset", "Connection"),
        ("lost-answer", "Connection"),
        ("truncate", "Response.Malformed"),
        ("hang", "Timeout"),
    ] {
        let lab = story().await;
        lab.fault(&format!("GetInsightEvents={kind}"));
        let sdk = lab.sdk_with_timeouts(Duration::from_millis(100), Duration::from_secs(2));
        let function = lab.function_with::<XrayInsights>(&sdk, &[ONE_AT_A_TIME]).unwrap();
        lab.simulator.clear_log();
        let response = function.invoke("{}").await.unwrap();
        check_response(&lab, &response);
        assert_eq!(response["targets"][0]["issue_counts"], json!({code: 3}), "{kind}: {response}");
    }
}

#[tokio::test]
async fn a_refused_connection_is_reported() {
    let lab = story().await;
    // A port that was just released. Nobody else gets it while this test holds it without listening.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let nowhere = format!("http://{}", socket.local_addr().unwrap());
    let sdk = lab.sdk().to_builder().endpoint_url(nowhere).build();
    let function = lab.function_with::<XrayInsights>(&sdk, &[ONE_AT_A_TIME]).unwrap();
    // The table is called first.
    let error = function.invoke("{}").await.unwrap_err();
    assert_eq!(error.error_type, "Table.Unavailable");
    assert!(
        error.message.contains("BatchGetItem: Connection: ") && error.message.contains("refused"),
        "{error}"
    );
}

#[tokio::test]
async fn unknown_values_are_stored_unchanged() {
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
async fn insights_of_summaries_with_unknown_values_are_requested() {
    let lab = story().await;
    lab.fault("GetInsightSummaries=unknown-enum");
    run(&lab).await;
    lab.table().await.assert_same_content(&undisturbed(&lab).await);
}

#[tokio::test]
async fn answers_without_optional_members_are_stored() {
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
    // Events keep only their time here. Those without a time are rejected, not lost.
    let events = table.of_kind("xray.insight_event").len();
    let rejected = response["rejected"].as_u64().unwrap();
    assert_eq!(events as u64 + rejected, 6);
    assert_eq!(rejected == 0, table.of_kind("rejected").is_empty());
}

#[tokio::test]
async fn an_invocation_with_only_denials_is_denied_and_with_only_throttling_is_throttled() {
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
async fn a_run_with_unchanged_insights_is_partial_if_the_only_new_one_fails() {
    let lab = story().await;
    run(&lab).await;
    lab.advance(30 * 60);
    lab.fault("GetInsight=denied");
    let response = run(&lab).await;
    assert_eq!(response["status"], "partial");
    assert_eq!(counts(&response), [2, 0, 2, 0, 0, 0, 0]);
}
