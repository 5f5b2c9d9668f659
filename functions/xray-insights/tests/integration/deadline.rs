//! An invocation without enough time stores its data, and the next one continues.

use super::{ONE_AT_A_TIME, calls, check_response, issues, run, state, story, text, undisturbed};
use serde_json::json;
use std::time::Duration;
use xray_insights::XrayInsights;

#[tokio::test]
async fn a_run_stores_its_data_before_the_deadline_and_the_next_run_continues() {
    for (hanging, not_reached) in [
        // The call for the second insight never ends; its group has a further page, and there is a further group.
        ("GetInsight=hang@1", 2),
        ("GetInsightEvents=hang@2", 2),
        ("GetInsightImpactGraph=hang@2", 2),
        ("GetInsightSummaries=hang@1", 2),
    ] {
        let lab = story().await;
        lab.fault(hanging);
        let function = lab.function::<XrayInsights>(&[ONE_AT_A_TIME]);
        let response = function.invoke_within("{}", Duration::from_millis(1_500)).await.unwrap();
        check_response(&lab, &response);
        assert_eq!(response["status"], "partial", "{hanging}: {response}");
        assert_eq!(response["not_reached"], not_reached, "{hanging}");
        assert_eq!(issues(&response), [], "{hanging}: time is not a fault");
        assert!(response["written"].as_u64().unwrap() > 0, "{hanging}");
        let state_before = state(&lab).await.unwrap();
        assert_eq!(text(&state_before, "last_status"), Some("partial"));
        assert!(!state_before.contains_key("watermark"), "{hanging}");

        lab.simulator.clear_faults();
        lab.advance(60);
        let response = run(&lab).await;
        assert_eq!((&response["status"], &response["not_reached"]), (&json!("ok"), &json!(0)));
        assert!(calls(&lab)[2] < 3, "{hanging}: what was whole is not asked for again");
        lab.table().await.assert_same_content(&undisturbed(&lab).await);
    }
}

#[tokio::test]
async fn a_run_without_remaining_time_makes_no_calls_and_is_not_reached() {
    let lab = story().await;
    let function = lab.function::<XrayInsights>(&[]);
    let response = function.invoke_within("{}", Duration::ZERO).await.unwrap();
    assert_eq!((&response["status"], &response["not_reached"]), (&json!("partial"), &json!(1)));
    assert_eq!(calls(&lab), [0; 5]);
    assert!(
        lab.table().await.0.is_empty(),
        "a target that was not begun keeps its place, and nothing is written of it"
    );
}

#[tokio::test]
async fn with_enough_time_the_deadline_has_no_effect() {
    let lab = story().await;
    let function = lab.function::<XrayInsights>(&[]);
    let response = function.invoke_within("{}", Duration::from_mins(10)).await.unwrap();
    assert_eq!(response["status"], "ok");
    lab.table().await.assert_same_content(&undisturbed(&lab).await);
}

#[tokio::test]
async fn a_run_does_not_wait_for_a_slow_role_beyond_its_time() {
    let lab = story().await;
    lab.fault("AssumeRole=hang");
    let role = "arn:aws:iam::111122223333:role/insights-reader";
    let payload = json!({"targets": [{"account_id": "111122223333", "role_arn": role}]}).to_string();
    let function = lab.function::<XrayInsights>(&[]);
    let response = function.invoke_within(&payload, Duration::from_millis(700)).await.unwrap();
    assert_eq!((&response["status"], &response["not_reached"]), (&json!("partial"), &json!(1)));
    assert_eq!(calls(&lab), [0; 5]);
}
