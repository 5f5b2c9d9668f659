//! What runs write: everything once, and nothing without a change.

use super::{
    ADDONS, ADDONS_SINCE, APIS, ERROR_SINCE, ONE_AT_A_TIME, REFRESHED, calls, counts, expected, insight,
    partition, periods, row, run, run_with, state, story, text, writes,
};
use eks_insights::EksInsights;
use insights_shared::time::DAY_SECONDS;
use insights_shared::value::Value;
use insights_tests::{Lab, at};
use serde_json::json;

#[tokio::test]
async fn a_first_run_stores_every_check_that_does_not_pass_with_its_event_and_a_row_for_each_cluster() {
    let lab = story().await;
    let response = run(&lab).await;
    assert_eq!(response["status"], "ok", "{response}");
    // Two insights, each with one event.
    assert_eq!(counts(&response), [4, 4, 0, 0, 0, 0, 0]);
    // Two clusters and three checks, one on a page.
    assert_eq!(calls(&lab), [2, 3, 2]);
    let table = lab.table().await;
    assert_eq!(
        periods(&table),
        expected(&[("1111", "open", ERROR_SINCE, "-"), ("3333", "open", ADDONS_SINCE, "-")])
    );
    for (cluster, id, since) in [("prod", APIS, ERROR_SINCE), ("test", ADDONS, ADDONS_SINCE)] {
        let event = table.get(&partition(cluster, id, since), &format!("event#{REFRESHED}")).unwrap();
        assert_eq!(event["detail"], insight(&table, cluster, id, since)["detail"]);
        assert_eq!(text(event, "started_at"), Some(REFRESHED));
    }
    let addons = insight(&table, "test", ADDONS, ADDONS_SINCE);
    let expected = r#"{
        "id": "33333333-3333-4333-8333-333333333333",
        "name": "EKS add-on version compatibility",
        "category": "UPGRADE_READINESS",
        "kubernetes_version": "1.32",
        "last_refresh_time": "2026-03-01T06:00:00.000Z",
        "last_transition_time": "2026-02-26T12:00:00.000Z",
        "insight_status": {"status": "WARNING"},
        "resources": [{
            "insight_status": {"status": "WARNING"},
            "arn": "arn:aws:eks:eu-west-1:123456789012:addon/test/vpc-cni/1"
        }],
        "category_specific_summary": {
            "addon_compatibility_details": [{"name": "vpc-cni", "compatible_versions": ["v1.19.0-eksbuild.1"]}]
        }
    }"#;
    assert_eq!(addons["detail"], Value::from_json(expected).unwrap());
    assert_eq!(text(addons, "title"), Some("test: EKS add-on version compatibility: WARNING"));
    assert_eq!(text(addons, "severity"), Some("medium"));
    assert!(row(&table, "prod").is_some() && row(&table, "test").is_some());
    let state = state(&lab).await.unwrap();
    assert_eq!(text(&state, "watermark"), Some("2026-03-01T12:00:00.000Z"));
}

#[tokio::test]
async fn a_second_run_describes_every_check_that_does_not_pass_and_writes_only_run_and_state() {
    let lab = story().await;
    run(&lab).await;
    let before = lab.table().await;
    lab.advance(60);
    let response = run(&lab).await;
    assert_eq!((&response["status"], counts(&response)), (&json!("ok"), [2, 0, 2, 0, 0, 0, 0]));
    assert_eq!(calls(&lab), [2, 3, 2]);
    assert_eq!(writes(&lab), (1, 1), "the run, and the state");
    lab.table().await.assert_same_content(&before);
}

#[tokio::test]
async fn a_refresh_without_a_change_writes_neither_insight_nor_event_nor_row() {
    // The second cluster alone, of which nothing ever changes.
    let lab =
        Lab::new(&super::STORY.replace("+12h", "+90d").replace("+36h", "+90d").replace("+3d", "+90d")).await;
    run(&lab).await;
    let before = lab.table().await;
    lab.advance(DAY_SECONDS);
    let response = run(&lab).await;
    assert_eq!(counts(&response), [2, 0, 2, 0, 0, 0, 0], "{response}");
    assert_eq!(writes(&lab), (1, 1), "the run, and the state");
    let table = lab.table().await;
    table.assert_same_content(&before);
    // The stored answer is the first one.
    assert_eq!(text(insight(&table, "test", ADDONS, ADDONS_SINCE), "updated_at"), Some(REFRESHED));
}

#[tokio::test]
async fn a_dry_run_counts_what_it_would_write_and_writes_nothing() {
    let lab = story().await;
    let response = run_with(&lab, &[ONE_AT_A_TIME], r#"{"dry_run":true}"#).await.unwrap();
    assert_eq!(counts(&response), [4, 4, 0, 0, 0, 0, 0], "{response}");
    assert!(lab.table().await.0.is_empty());
    // With something to close: the transition of the third day.
    run(&lab).await;
    let before = lab.table().await;
    lab.advance(4 * DAY_SECONDS);
    let response = run_with(&lab, &[ONE_AT_A_TIME], r#"{"dry_run":true}"#).await.unwrap();
    assert_eq!(counts(&response), [2, 1, 1, 0, 0, 0, 0], "one is closed: {response}");
    assert_eq!(lab.table().await, before);
}

#[tokio::test]
async fn a_window_is_rejected_because_eks_has_no_past() {
    let lab = story().await;
    let payload = r#"{"window":{"start":"2026-02-01T00:00:00Z","end":"2026-02-02T00:00:00Z"}}"#;
    let error = lab.function::<EksInsights>(&[]).invoke(payload).await.unwrap_err();
    assert_eq!(error.error_type, "Payload.Invalid");
    assert!(lab.table().await.0.is_empty());
}

#[tokio::test]
async fn an_account_without_a_cluster_does_not_use_the_service() {
    let lab = Lab::new("").await;
    let response = run(&lab).await;
    assert_eq!((&response["status"], calls(&lab)), (&json!("not_enabled"), [1, 0, 0]));
    let state = state(&lab).await.unwrap();
    assert_eq!(text(&state, "last_status"), Some("not_enabled"));
    assert_eq!(state["last_success_at"].as_timestamp(), Some(at(insights_tests::NOW)));
}

#[tokio::test]
async fn a_cluster_whose_checks_all_pass_has_a_row_and_no_insight() {
    let lab = Lab::new(
        "[[eks.clusters]]\nname = \"prod\"\n[[eks.clusters.insights]]\nid = \"a\"\nname = \"Kubelet version skew\"\n\
         category = \"UPGRADE_READINESS\"\nstatus = \"PASSING\"\nsince = \"-20d\"\n\
         [[eks.clusters]]\nname = \"empty\"\n",
    )
    .await;
    let response = run(&lab).await;
    assert_eq!((&response["status"], counts(&response)), (&json!("ok"), [0; 7]));
    let table = lab.table().await;
    let checks =
        |cluster| row(&table, cluster).unwrap()["detail"].at(&["checks"]).unwrap().as_list().unwrap().len();
    assert_eq!((checks("prod"), checks("empty")), (1, 0));
}
