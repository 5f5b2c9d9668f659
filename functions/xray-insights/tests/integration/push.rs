//! Insights that X-Ray pushes: fetched by id, at any time before, during or after a scheduled run.

use super::{
    ONE_AT_A_TIME, calls, counts, insight, last_update_time, partition, run, run_with, state, story, text,
    undisturbed,
};
use insights_simulator::xray::Data;
use insights_tests::{GROWING, OPEN};
use serde_json::json;
use xray_insights::XrayInsights;

fn pushed(id: &str) -> String {
    json!({
        "version": "0", "id": "6f1d3c8e-0b72-4a95-8d4c-e2f7a1b09c36", "detail-type": "AWS X-Ray Insight Update",
        "source": "aws.xray", "account": "123456789012", "time": "2026-03-01T12:00:00Z", "region": "eu-west-1",
        "resources": [], "detail": { "InsightId": id, "State": "ACTIVE" },
    })
    .to_string()
}

#[tokio::test]
async fn a_push_stores_the_insight_with_events_graph_and_run_but_no_state() {
    let lab = story().await;
    let response = run_with(&lab, &[], &pushed(OPEN)).await.unwrap();
    assert_eq!(response["status"], "ok", "{response}");
    assert_eq!(counts(&response), [4, 4, 0, 0, 0, 0, 0]);
    assert_eq!(calls(&lab), [0, 0, 1, 2, 2]);
    let table = lab.table().await;
    let stored = insight(&table, OPEN);
    assert_eq!(text(stored, "updated_at"), Some("2026-03-01T11:00:00.000Z"), "the newest event's time");
    assert_eq!(last_update_time(&table, OPEN), None, "X-Ray gives none by id");
    assert_eq!(state(&lab).await, None);
    let runs = table.of_kind("run");
    assert_eq!((runs.len(), text(runs[0], "trigger")), (1, Some("push")));
    assert_eq!(text(runs[0], "scheduled_time"), Some("2026-03-01T12:00:00.000Z"));
    assert!(response["targets"][0].get("window").is_none());
}

#[tokio::test]
async fn a_push_before_a_run_gives_the_same_table_as_the_run_alone() {
    let lab = story().await;
    run_with(&lab, &[], &pushed(OPEN)).await.unwrap();
    lab.advance(1);
    run(&lab).await;
    lab.table().await.assert_same_content(&undisturbed(&lab).await);
}

#[tokio::test]
async fn a_push_of_a_stored_insight_changes_nothing() {
    let lab = story().await;
    run(&lab).await;
    let before = lab.table().await;
    lab.advance(60);
    let response = run_with(&lab, &[], &pushed(OPEN)).await.unwrap();
    assert_eq!(counts(&response), [4, 0, 4, 0, 0, 0, 0]);
    assert_eq!(lab.calls("PutItem"), 1, "the run's own record");
    lab.table().await.assert_same_content(&before);
    lab.advance(60);
    run(&lab).await;
    assert_eq!(calls(&lab)[2], 0, "and the next run need not ask again");
}

#[tokio::test]
async fn a_push_of_a_change_is_stored_immediately_and_completed_by_the_next_run() {
    let lab = story().await;
    run(&lab).await;
    lab.advance(30 * 60);
    let response = run_with(&lab, &[], &pushed(GROWING)).await.unwrap();
    assert_eq!(counts(&response), [6, 3, 3, 0, 0, 0, 0]);
    let table = lab.table().await;
    assert_eq!(text(insight(&table, GROWING), "severity"), Some("critical"));
    assert_eq!(last_update_time(&table, GROWING), None);
    lab.advance(60);
    run(&lab).await;
    assert_eq!(calls(&lab)[2], 1);
    lab.table().await.assert_same_content(&undisturbed(&lab).await);
}

#[tokio::test]
async fn after_a_push_during_a_run_the_next_run_at_the_latest_gives_the_same_table() {
    // The push arrives while the run waits for the response to its n-th call.
    for operation in super::OPERATIONS {
        let lab = story().await;
        lab.fault(&format!("{operation}=slow-0.1:1"));
        let function = lab.function::<XrayInsights>(&[ONE_AT_A_TIME]);
        let run_it = function.invoke("{}");
        let push = async {
            while lab.calls("BatchGetItem") == 0 {
                tokio::task::yield_now().await;
            }
            lab.function::<XrayInsights>(&[]).invoke(&pushed(OPEN)).await
        };
        let (run_it, push) = tokio::join!(run_it, push);
        assert_eq!((&run_it.unwrap()["status"], &push.unwrap()["status"]), (&"ok".into(), &"ok".into()));
        lab.advance(60);
        run(&lab).await;
        lab.table().await.assert_same_content(&undisturbed(&lab).await);
    }
}

#[tokio::test]
async fn a_late_push_never_replaces_newer_data() {
    let lab = story().await;
    // The push calls first. Its older answer is delayed until the run has stored the newer one.
    lab.fault("PutItem=slow-0.4:1");
    let early = lab.function::<XrayInsights>(&[ONE_AT_A_TIME]);
    let event = pushed(GROWING);
    let push = early.invoke(&event);
    let growth = async {
        while lab.calls("GetInsightImpactGraph") == 0 {
            tokio::task::yield_now().await;
        }
        lab.advance(30 * 60);
        lab.function::<XrayInsights>(&[]).invoke("{}").await
    };
    let (push, growth) = tokio::join!(push, growth);
    assert_eq!((&push.unwrap()["failed"], &growth.unwrap()["status"]), (&0.into(), &"ok".into()));
    lab.table().await.assert_same_content(&undisturbed(&lab).await);
}

#[tokio::test]
async fn a_push_reopens_an_insight_that_we_closed() {
    let lab = story().await;
    run(&lab).await;
    let id = OPEN.to_owned();
    lab.simulator.change(|scenario| {
        scenario.everywhere_mut().part_mut::<Data>().insights.retain(|insight| insight.id != id);
    });
    lab.advance(60);
    run(&lab).await;
    lab.simulator.change(|scenario| {
        *scenario = insights_simulator::Scenario::parse(
            insights_tests::STORY,
            insights_tests::at(insights_tests::NOW),
        )
        .unwrap();
    });
    lab.advance(60);
    run_with(&lab, &[], &pushed(OPEN)).await.unwrap();
    let table = lab.table().await;
    assert_eq!(text(insight(&table, OPEN), "status"), Some("open"));
    assert!(!insight(&table, OPEN).contains_key("status_reason"));
}

#[tokio::test]
async fn a_push_of_an_unknown_insight_fails_and_stores_nothing() {
    let lab = story().await;
    let unknown = "44444444-4444-4444-8444-444444444444";
    let error = run_with(&lab, &[], &pushed(unknown)).await.unwrap_err();
    assert_eq!(error.error_type, "Source.Unavailable");
    assert!(error.message.contains("InvalidRequestException: The insight was not found."), "{error}");
    assert!(lab.table().await.get(&partition(unknown), "insight").is_none());
}

#[tokio::test]
async fn a_push_without_insight_or_for_another_target_is_an_error() {
    let lab = story().await;
    for (payload, expected) in [
        (pushed("not a UUID"), "detail.InsightId is not a UUID: must be the UUID of an insight"),
        (pushed(OPEN).replace("InsightId", "Insight"), "must be the UUID of an insight"),
        (
            pushed(OPEN).replace("eu-west-1", "us-east-1"),
            "123456789012/us-east-1: must be one of the function's targets",
        ),
        (pushed(OPEN).replace("123456789012", "111122223333"), "must be one of the function's targets"),
        (pushed(OPEN).replace("aws.xray", "mine"), "source is mine: must be aws.xray"),
        (
            pushed(OPEN).replace("AWS X-Ray Insight Update", "AWS Insight via CloudTrail"),
            "must be Scheduled Event or AWS X-Ray",
        ),
    ] {
        let error = run_with(&lab, &[], &payload).await.unwrap_err();
        assert_eq!(error.error_type, "Payload.Invalid", "{payload}");
        assert!(error.message.contains(expected), "{error}");
    }
    assert!(lab.table().await.0.is_empty());
    assert!(lab.simulator.log().iter().all(|call| call.service != "xray"));
}
