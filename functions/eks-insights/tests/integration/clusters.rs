//! Which clusters are collected, and what it means that one is missing or not ready.

use super::{
    ADDONS, ADDONS_SINCE, APIS, ERROR_SINCE, ONE_AT_A_TIME, calls, change, change_cluster, counts, expected,
    insight, issues, periods, row, run, run_with, state, story, text, undisturbed,
};
use insights_shared::time::DAY_SECONDS;
use insights_shared::value::Value;
use insights_simulator::eks::{Cluster, Unavailable};
use insights_tests::{Lab, Table, at};
use serde_json::json;

/// Both insights, open.
fn assert_both_open(table: &Table, case: &str) {
    let open = expected(&[("1111", "open", ERROR_SINCE, "-"), ("3333", "open", ADDONS_SINCE, "-")]);
    assert_eq!(periods(table), open, "{case}");
}

#[tokio::test]
async fn a_cluster_that_is_created_or_deleted_does_not_affect_the_others_and_closes_nothing() {
    for (unavailable, code) in [
        (Unavailable::NotFound, "ResourceNotFoundException"),
        (Unavailable::InvalidRequest, "InvalidRequestException"),
    ] {
        let lab = story().await;
        // A cluster that is being created, before the others in the listing.
        change(&lab, |data| {
            let active_from = Some(at("2026-03-01T13:00:00Z"));
            let new = Cluster { name: "a".to_owned(), active_from, unavailable, ..Cluster::default() };
            data.clusters.insert(0, new);
        });
        let response = run(&lab).await;
        assert_eq!(response["status"], "partial", "{response}");
        assert_eq!(issues(&response), [("ListInsights", "a", code)]);
        assert_eq!(counts(&response), [4, 4, 0, 0, 0, 0, 0]);
        assert!(row(&lab.table().await, "a").is_none());
        assert!(!state(&lab).await.unwrap().contains_key("watermark"));
        // Once it is ready, and another one is being deleted.
        change_cluster(&lab, "test", |cluster| {
            cluster.deleting_from = Some(at("2026-03-01T13:00:00Z"));
            cluster.unavailable = unavailable;
        });
        let before = row(&lab.table().await, "test").cloned();
        lab.advance(2 * 3_600);
        let response = run(&lab).await;
        assert_eq!(issues(&response), [("ListInsights", "test", code)]);
        let table = lab.table().await;
        assert_both_open(&table, code);
        assert_eq!(row(&table, "test").cloned(), before);
        assert!(row(&table, "a").is_some());
    }
}

#[tokio::test]
async fn an_account_whose_only_cluster_is_being_created_has_not_failed() {
    let lab = Lab::new("[[eks.clusters]]\nname = \"a\"\nactive_from = \"+1h\"\n").await;
    let response = run(&lab).await;
    assert_eq!(response["status"], "partial", "{response}");
    assert_eq!(issues(&response), [("ListInsights", "a", "ResourceNotFoundException")]);
}

#[tokio::test]
async fn a_cluster_that_is_missing_from_the_whole_listing_closes_its_insights_and_its_row_expires() {
    let lab = story().await;
    run(&lab).await;
    change(&lab, |data| data.clusters.retain(|cluster| cluster.name != "test"));
    lab.advance(3_600);
    let response = run(&lab).await;
    assert_eq!((&response["status"], counts(&response)), (&json!("ok"), [2, 1, 1, 0, 0, 0, 0]));
    let table = lab.table().await;
    let closed = insight(&table, "test", ADDONS, ADDONS_SINCE);
    assert_eq!(text(closed, "status_reason"), Some("no_longer_known"));
    assert_eq!(text(closed, "ended_at"), Some("2026-03-01T13:00:00.000Z"));
    assert_eq!(text(insight(&table, "prod", APIS, ERROR_SINCE), "status"), Some("open"));
    let gone = row(&table, "test").unwrap();
    assert_eq!(text(gone, "gone_at"), Some("2026-03-01T13:00:00.000Z"));
    // 400 days after 2026-03-01T13:00:00Z (1772370000).
    assert_eq!(gone["expires_at"], 1_806_930_000_i64.into());
    assert_eq!(gone["detail"].at(&["checks"]).unwrap().as_list().map(<[_]>::len), Some(1));
    // Later runs leave it as it is.
    lab.advance(3_600);
    assert_eq!(counts(&run(&lab).await), [1, 0, 1, 0, 0, 0, 0]);
    lab.table().await.assert_same_content(&table);
}

#[tokio::test]
async fn a_cluster_that_appears_again_has_its_row_and_insights_again() {
    let lab = story().await;
    run(&lab).await;
    let first = lab.table().await;
    let mut clusters = Vec::new();
    change(&lab, |data| clusters = std::mem::take(&mut data.clusters));
    lab.advance(3_600);
    let response = run(&lab).await;
    assert_eq!((&response["status"], counts(&response)), (&json!("not_enabled"), [2, 2, 0, 0, 0, 0, 0]));
    change(&lab, |data| data.clusters = clusters);
    lab.advance(60);
    run(&lab).await;
    lab.table().await.assert_same_content(&first);
}

#[tokio::test]
async fn only_configured_clusters_are_collected_and_others_are_unchanged() {
    let lab = story().await;
    run(&lab).await;
    let before = lab.table().await;
    lab.advance(DAY_SECONDS);
    let response = run_with(&lab, &[ONE_AT_A_TIME, ("EKS_CLUSTERS", "prod")], "{}").await.unwrap();
    assert_eq!((&response["status"], calls(&lab)), (&json!("ok"), [2, 2, 1]));
    let table = lab.table().await;
    assert_both_open(&table, "the removal from EKS_CLUSTERS closes nothing");
    assert_eq!(row(&table, "test"), row(&before, "test"));
}

#[tokio::test]
async fn a_configured_cluster_that_does_not_exist_is_an_issue() {
    let lab = story().await;
    let response = run_with(&lab, &[("EKS_CLUSTERS", "test,stage")], "{}").await.unwrap();
    assert_eq!(response["status"], "partial", "{response}");
    assert_eq!(issues(&response), [("ListClusters", "stage", "Request.Invalid")]);
    assert_eq!(counts(&response), [2, 2, 0, 0, 0, 0, 0]);
    let lab = Lab::new("").await;
    let error = run_with(&lab, &[("EKS_CLUSTERS", "stage")], "{}").await.unwrap_err();
    assert_eq!(error.error_type, "Config.Invalid");
    assert!(error.message.contains("EKS_CLUSTERS names it, but there is no such cluster"), "{error}");
}

#[tokio::test]
async fn after_an_incomplete_listing_nothing_counts_as_missing() {
    // Of two clusters and of two checks, one is on each page; the second page fails.
    for fault in [
        "ListClusters=error500@1",
        "ListClusters=denied@1",
        "ListClusters=repeat-token@1",
        "ListClusters=truncate@1",
        "ListInsights=error500@1",
        "ListInsights=repeat-token@1",
        "ListInsights=error500",
        "ListClusters=error500",
    ] {
        let lab = story().await;
        run(&lab).await;
        // What would otherwise close both insights.
        change_cluster(&lab, "prod", |cluster| {
            cluster.insights.retain(|insight| insight.id != APIS);
            cluster.insights.push(insights_simulator::eks::Insight {
                id: "zzz".to_owned(),
                name: "zzz".to_owned(),
                statuses: cluster.insights[0].statuses.clone(),
                ..insights_simulator::eks::Insight::default()
            });
        });
        change(&lab, |data| {
            data.clusters.retain(|cluster| cluster.name != "test");
            data.clusters.push(Cluster { name: "zzz".to_owned(), ..Cluster::default() });
        });
        lab.fault(fault);
        lab.advance(60);
        let is_listing_of_clusters = fault.starts_with("ListClusters");
        let result = run_with(&lab, &[ONE_AT_A_TIME], "{}").await;
        if let Ok(response) = &result {
            assert_eq!(response["status"], "partial", "{fault}: {response}");
        }
        let table = lab.table().await;
        let is_open =
            |cluster, id, since| text(insight(&table, cluster, id, since), "status") == Some("open");
        assert_eq!(is_open("test", ADDONS, ADDONS_SINCE), is_listing_of_clusters, "{fault}");
        let is_whole_cluster = fault.ends_with("@1") && is_listing_of_clusters;
        assert_eq!(is_open("prod", APIS, ERROR_SINCE), !is_whole_cluster, "{fault}");
    }
}

#[tokio::test]
async fn a_summary_without_an_id_may_be_about_any_check_so_that_none_is_missing() {
    let lab = story().await;
    run(&lab).await;
    let before = lab.table().await;
    change_cluster(&lab, "test", |cluster| cluster.insights[0].omit = vec!["id".to_owned()]);
    lab.advance(60);
    let response = run(&lab).await;
    assert_eq!((&response["status"], counts(&response)), (&json!("ok"), [2, 0, 1, 0, 1, 0, 0]));
    assert_eq!(response["targets"][0]["issues"][0]["operation"], "ListInsights");
    let table = lab.table().await;
    assert_both_open(&table, "no id");
    assert_eq!(row(&table, "test"), row(&before, "test"));
    let rejected = text(table.of_kind("rejected")[0], "raw").unwrap().to_owned();
    let raw = Value::from_json(&rejected).unwrap();
    assert_eq!(raw.at(&["requested"]).and_then(Value::as_str), Some("eks#123456789012#eu-west-1#test#-#-"));
    assert_eq!(raw.at(&["answer", "name"]).and_then(Value::as_str), Some("EKS add-on version compatibility"));
}

#[tokio::test]
async fn a_check_that_cannot_be_described_is_an_issue_and_its_record_stays() {
    let lab = story().await;
    run(&lab).await;
    change_cluster(&lab, "test", |cluster| cluster.insights[0].undescribed = true);
    lab.advance(DAY_SECONDS);
    let response = run(&lab).await;
    let subject = format!("test {ADDONS}");
    assert_eq!(issues(&response), [("DescribeInsight", subject.as_str(), "ResourceNotFoundException")]);
    assert_eq!(response["status"], "partial");
    assert_both_open(&lab.table().await, "404 of a listed check");
}

#[tokio::test]
async fn a_check_whose_new_insight_is_not_stored_keeps_its_open_record() {
    let lab = story().await;
    // A day before, the check warned; now it fails, and cannot be described.
    lab.advance(-DAY_SECONDS);
    run(&lab).await;
    lab.advance(DAY_SECONDS);
    change_cluster(&lab, "prod", |cluster| cluster.insights[0].undescribed = true);
    run(&lab).await;
    let since = "2026-02-27T10:00:00.000Z";
    let open = expected(&[("1111", "open", since, "-"), ("3333", "open", ADDONS_SINCE, "-")]);
    assert_eq!(periods(&lab.table().await), open);
    // Described again, it is closed by its transition.
    change_cluster(&lab, "prod", |cluster| cluster.insights[0].undescribed = false);
    lab.advance(60);
    run(&lab).await;
    let table = lab.table().await;
    assert_eq!(text(insight(&table, "prod", APIS, since), "ended_at"), Some(ERROR_SINCE));
    let pk = super::partition("prod", APIS, ERROR_SINCE);
    let first = undisturbed(&lab).await;
    assert_eq!(table.content().get(&pk, "insight"), first.content().get(&pk, "insight"));
}

#[tokio::test]
async fn a_closing_or_a_row_that_cannot_be_written_is_written_by_the_next_run() {
    // Of a cluster that is gone: its insight, and its row.
    for skip in 0..2 {
        let lab = story().await;
        run(&lab).await;
        change(&lab, |data| data.clusters.retain(|cluster| cluster.name != "test"));
        lab.advance(60);
        lab.fault(&format!("PutItem=denied:1@{skip}"));
        let response = run(&lab).await;
        assert_eq!(response["status"], "partial", "{skip}: {response}");
        assert_eq!(text(&state(&lab).await.unwrap(), "last_status"), Some("partial"));
        lab.simulator.clear_faults();
        lab.advance(60);
        assert_eq!(run(&lab).await["status"], "ok");
        let table = lab.table().await;
        let closed = insight(&table, "test", ADDONS, ADDONS_SINCE);
        assert_eq!(text(closed, "status_reason"), Some("no_longer_known"), "{skip}");
        assert!(row(&table, "test").unwrap().contains_key("gone_at"), "{skip}");
    }
}
