//! The catalog rows of clusters.

use super::{STORY, change_insight, issues, row, run, story, text, writes};
use insights_shared::catalog::{ClusterCheck, ClusterRow};
use insights_shared::record::Stored;
use insights_shared::time::DAY_SECONDS;
use insights_shared::value::Value;
use insights_tests::{Lab, at};
use serde_json::json;

#[tokio::test]
async fn a_row_lists_every_check_with_status_version_and_transition() {
    let lab = story().await;
    run(&lab).await;
    let table = lab.table().await;
    let stored = row(&table, "prod").unwrap();
    assert_eq!((text(stored, "kind"), text(stored, "source")), (Some("catalog"), Some("eks")));
    assert_eq!(text(stored, "answered_at"), Some("2026-03-01T12:00:00.000Z"));
    let check = |id: &str, name: &str, status: &str, since: &str| ClusterCheck {
        id: id.to_owned(),
        name: Some(name.to_owned()),
        category: Some("UPGRADE_READINESS".to_owned()),
        kubernetes_version: Some("1.32".to_owned()),
        status: status.to_owned(),
        last_transition_time: Some(at(since)),
    };
    let expected = ClusterRow {
        name: "prod".to_owned(),
        checks: vec![
            check(super::APIS, "Deprecated APIs removed in Kubernetes v1.32", "ERROR", super::ERROR_SINCE),
            check(super::NODES, "Kubelet version skew", "PASSING", "2026-02-09T12:00:00Z"),
        ],
        gone_at: None,
    };
    assert_eq!(ClusterRow::from_stored(&Stored(stored.clone())), Some(expected));
}

#[tokio::test]
async fn a_row_is_written_only_if_its_content_changes() {
    let lab = story().await;
    run(&lab).await;
    let before = row(&lab.table().await, "prod").cloned();
    // The refresh of the next day changes the insight and not the row.
    lab.advance(DAY_SECONDS);
    run(&lab).await;
    assert_eq!(row(&lab.table().await, "prod").cloned(), before);
    change_insight(&lab, "prod", super::NODES, |insight| {
        insight.kubernetes_version = Some("1.33".to_owned());
    });
    lab.advance(60);
    run(&lab).await;
    assert_eq!(writes(&lab), (2, 1), "the row, the run, and the state");
    assert_ne!(row(&lab.table().await, "prod").cloned(), before);
}

#[tokio::test]
async fn a_row_of_a_later_answer_or_a_newer_schema_is_not_overwritten() {
    let lab = story().await;
    run(&lab).await;
    let stored = row(&lab.table().await, "prod").unwrap().clone();
    let changed = |name: &str, value: Value| {
        let mut other = stored.clone();
        other.insert("detail".into(), Value::from_json(r#"{"cluster_name":"prod","checks":[]}"#).unwrap());
        other.insert("revision".into(), "of another run".into());
        other.insert(name.into(), value);
        other
    };
    // Another run has asked a second later.
    let later = changed("answered_at", at("2026-03-01T12:01:01Z").into());
    lab.put(later.clone()).await;
    lab.advance(60);
    assert_eq!(run(&lab).await["status"], "ok");
    assert_eq!(row(&lab.table().await, "prod"), Some(&later));
    // An hour later it is this run's answer that is the later one.
    lab.advance(3_600);
    run(&lab).await;
    let table = lab.table().await;
    assert_eq!(row(&table, "prod").unwrap()["detail"], stored["detail"]);
    let newer = changed("schema_version", 2.into());
    lab.put(newer.clone()).await;
    lab.advance(60);
    let response = run(&lab).await;
    assert_eq!(response["status"], "partial");
    assert_eq!(issues(&response), [("PutItem", "cluster#prod", "ConditionalCheckFailedException")]);
    assert_eq!(row(&lab.table().await, "prod"), Some(&newer));
}

#[tokio::test]
async fn a_row_of_a_run_with_a_clock_ahead_is_overwritten() {
    let lab = story().await;
    run(&lab).await;
    let mut ahead = row(&lab.table().await, "prod").unwrap().clone();
    ahead.insert("detail".into(), Value::from_json(r#"{"cluster_name":"prod","checks":[]}"#).unwrap());
    ahead.insert("answered_at".into(), at("2027-01-01T00:00:00Z").into());
    ahead.insert("revision".into(), "of that run".into());
    lab.put(ahead).await;
    lab.advance(60);
    run(&lab).await;
    let table = lab.table().await;
    assert_eq!(text(row(&table, "prod").unwrap(), "answered_at"), Some("2026-03-01T12:01:00.000Z"));
}

#[tokio::test]
async fn the_row_is_written_after_the_records_of_its_cluster() {
    let lab = Lab::new(STORY).await;
    // Nothing but single items is written, one after the other: an event, its insight and the row of each cluster, and the run.
    lab.fault("BatchExecuteStatement=denied");
    for skip in 0..7 {
        let lab = Lab::new(STORY).await;
        lab.fault("BatchExecuteStatement=denied");
        lab.fault(&format!("PutItem=denied@{skip}"));
        let _ = super::run_with(&lab, &[super::ONE_AT_A_TIME], "{}").await;
        let table = lab.table().await;
        let is_stored = |kind: &str| table.of_kind(kind).len();
        let stored = json!([is_stored("eks.insight_event"), is_stored("eks.insight"), is_stored("catalog")]);
        let expected = [
            json!([0, 0, 0]),
            json!([1, 0, 0]),
            json!([1, 1, 0]),
            json!([1, 1, 1]),
            json!([2, 1, 1]),
            json!([2, 2, 1]),
            json!([2, 2, 2]),
        ];
        assert_eq!(stored, expected[skip], "{skip}");
    }
}
