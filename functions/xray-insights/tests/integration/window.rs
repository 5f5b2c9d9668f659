//! Backfills: a past window, without changes to `state`.

use super::{ONE_AT_A_TIME, counts, issues, run, run_with, state, story, text, undisturbed};
use insights_shared::time::Timestamp;
use insights_simulator::xray::Data;
use insights_tests::{CLOSED, Lab};
use serde_json::{Value, json};
use std::time::Duration;
use xray_insights::XrayInsights;

fn window(start: Timestamp, end: Timestamp) -> String {
    json!({"window": {"start": start.to_string(), "end": end.to_string()}}).to_string()
}

fn hours(lab: &Lab, from: i64, until: i64) -> String {
    window(lab.now().plus_seconds(from * 3_600), lab.now().plus_seconds(until * 3_600))
}

fn came_to(response: &Value) -> &str {
    response["targets"][0]["window"]["end"].as_str().unwrap()
}

#[tokio::test]
async fn a_backfill_stores_the_insights_of_its_window_and_does_not_change_the_state() {
    let lab = story().await;
    let response = run_with(&lab, &[], &hours(&lab, -27, -24)).await.unwrap();
    assert_eq!(response["status"], "ok", "{response}");
    assert_eq!(counts(&response), [3, 3, 0, 0, 0, 0, 0]);
    assert_eq!(came_to(&response), "2026-02-28T12:00:00.000Z");
    assert_eq!(response["targets"][0]["window"]["start"], "2026-02-28T09:00:00.000Z");
    let table = lab.table().await;
    assert_eq!(text(table.of_kind("xray.insight")[0], "id"), Some(CLOSED));
    assert_eq!(text(table.of_kind("run")[0], "trigger"), Some("window"));
    assert_eq!(state(&lab).await, None);

    // A second backfill of the same window finds the stored data, even before the first scheduled run.
    let response = run_with(&lab, &[], &hours(&lab, -27, -24)).await.unwrap();
    assert_eq!(counts(&response), [1, 0, 1, 0, 0, 0, 0]);
    assert_eq!((lab.calls("BatchExecuteStatement"), lab.calls("PutItem")), (0, 1));
    run(&lab).await;
    let before = state(&lab).await;
    lab.advance(60);
    run_with(&lab, &[], &hours(&lab, -27, -24)).await.unwrap();
    assert_eq!(state(&lab).await, before);
    lab.table().await.assert_same_content(&undisturbed(&lab).await);
}

#[tokio::test]
async fn a_window_completely_before_the_retention_is_an_issue_without_calls() {
    let lab = story().await;
    let payload = r#"{"window":{"start":"2020-01-01T00:00:00Z","end":"2020-01-02T00:00:00Z"}}"#;
    let response = run_with(&lab, &[], payload).await.unwrap();
    assert_eq!(response["status"], "partial", "{response}");
    let subject = "2020-01-01T00:00:00.000Z to 2020-01-02T00:00:00.000Z";
    assert_eq!(issues(&response), [("GetInsightSummaries", subject, "Window.Unavailable")]);
    assert_eq!(came_to(&response), "2020-01-02T00:00:00.000Z", "there is nothing to come back for");
    assert!(lab.simulator.log().iter().all(|call| call.service != "xray"));
}

#[tokio::test]
async fn a_window_partly_before_the_retention_is_processed_from_there_on() {
    let lab = story().await;
    let response = run_with(&lab, &[], &hours(&lab, -31 * 24, 0)).await.unwrap();
    assert_eq!(response["status"], "partial");
    let subject = "2026-01-29T12:00:00.000Z to 2026-01-30T12:30:00.000Z";
    assert_eq!(issues(&response), [("GetInsightSummaries", subject, "Window.Unavailable")]);
    assert_eq!(counts(&response), [12, 12, 0, 0, 0, 0, 0]);
    assert_eq!(came_to(&response), "2026-03-01T12:00:00.000Z");
}

#[tokio::test]
async fn a_failed_window_continues_at_its_start() {
    for fault in ["GetInsight=denied:1", "GetInsightSummaries=denied:1@1", "GetInsightEvents=denied:1"] {
        let lab = story().await;
        lab.fault(fault);
        let payload = hours(&lab, -48, 0);
        let response = run_with(&lab, &[ONE_AT_A_TIME], &payload).await.unwrap();
        assert_eq!(response["status"], "partial", "{fault}");
        assert_eq!(came_to(&response), "2026-02-27T12:00:00.000Z", "{fault}");
        lab.advance(60);
        let response = run_with(&lab, &[ONE_AT_A_TIME], &payload).await.unwrap();
        assert_eq!(came_to(&response), "2026-03-01T12:00:00.000Z", "{fault}");
        lab.table().await.assert_same_content(&undisturbed(&lab).await);
    }
}

#[tokio::test]
async fn a_window_that_was_not_started_continues_at_its_start() {
    let lab = story().await;
    let payload = hours(&lab, -27, -24);
    let function = lab.function::<XrayInsights>(&[]);
    let response = function.invoke_within(&payload, Duration::ZERO).await.unwrap();
    assert_eq!((&response["status"], &response["not_reached"]), (&json!("partial"), &json!(1)));
    assert_eq!(came_to(&response), "2026-02-28T09:00:00.000Z");
}

#[tokio::test]
async fn a_backfill_requests_no_open_insights_outside_its_window() {
    let lab = story().await;
    run(&lab).await;
    lab.simulator.change(|scenario| scenario.everywhere_mut().part_mut::<Data>().insights.clear());
    let before = lab.table().await;
    run_with(&lab, &[], &hours(&lab, -27, -24)).await.unwrap();
    assert_eq!(lab.calls("GetInsight"), 0);
    lab.table().await.assert_same_content(&before);
}

#[tokio::test]
async fn invalid_windows_are_errors_with_all_faults() {
    let lab = story().await;
    let payload =
        r#"{"window":{"start":"2026-03-02T00:00:00Z","end":"2026-03-01T23:00:00Z","x":1},"dryrun":1}"#;
    let error = run_with(&lab, &[], payload).await.unwrap_err();
    assert_eq!(error.error_type, "Payload.Invalid");
    for expected in [
        "window.start is 2026-03-02",
        "window.end is 2026-03-01",
        "window.x is 1: unknown key",
        "dryrun is 1: unknown key",
    ] {
        assert!(error.message.contains(expected), "{expected} not in {error}");
    }
    assert!(lab.table().await.0.is_empty());
}

#[tokio::test]
async fn a_dry_run_fetches_everything_and_writes_nothing() {
    let lab = story().await;
    let response = run_with(&lab, &[], r#"{"dry_run":true}"#).await.unwrap();
    assert_eq!((&response["status"], &response["dry_run"]), (&json!("ok"), &json!(true)));
    assert_eq!(counts(&response), [12, 12, 0, 0, 0, 0, 0]);
    assert_eq!((lab.calls("PutItem"), lab.calls("UpdateItem")), (0, 0));
    assert_eq!(response["write_units"], 0.0);
    assert!(lab.table().await.0.is_empty());

    run(&lab).await;
    let before = lab.table().await;
    lab.advance(30 * 60);
    let response = run_with(&lab, &[], r#"{"dry_run":true}"#).await.unwrap();
    assert_eq!(counts(&response), [8, 3, 5, 0, 0, 0, 0], "what a run would have done");
    assert_eq!(lab.table().await, before);
}
