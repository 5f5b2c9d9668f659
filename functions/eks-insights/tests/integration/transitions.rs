//! How an insight ends: by the next transition, or by passing; and by nothing else.

use super::{
    ADDONS, ADDONS_SINCE, APIS, ERROR_SINCE, change_cluster, change_insight, counts, expected, insight,
    issues, partition, periods, row, run, story, text, undisturbed,
};
use eks_insights::EksInsights;
use insights_shared::time::{DAY_SECONDS, Timestamp};
use insights_shared::value::Value;
use insights_simulator::eks::Status;
use insights_tests::{Sent, at, edited};

/// The start of the period of [`APIS`] before the one that is open at first.
const WARNING_SINCE: &str = "2026-02-27T10:00:00.000Z";

fn status(from: Option<Timestamp>, status: &str) -> Status {
    Status { from, status: Some(status.to_owned()), reason: None }
}

#[tokio::test]
async fn a_warning_that_becomes_an_error_closes_one_record_and_opens_another() {
    let lab = story().await;
    // A day before, the check warned.
    lab.advance(-DAY_SECONDS);
    run(&lab).await;
    assert_eq!(
        periods(&lab.table().await),
        expected(&[("1111", "open", WARNING_SINCE, "-"), ("3333", "open", ADDONS_SINCE, "-")])
    );
    lab.advance(DAY_SECONDS);
    let response = run(&lab).await;
    // The new insight, its event, and the closed insight; the other cluster's is unchanged.
    assert_eq!(counts(&response), [4, 3, 1, 0, 0, 0, 0], "{response}");
    let table = lab.table().await;
    assert_eq!(
        periods(&table),
        expected(&[
            ("1111", "closed", WARNING_SINCE, ERROR_SINCE),
            ("1111", "open", ERROR_SINCE, "-"),
            ("3333", "open", ADDONS_SINCE, "-"),
        ])
    );
    let closed = insight(&table, "prod", APIS, WARNING_SINCE);
    assert_eq!(text(closed, "title"), Some("prod: Deprecated APIs removed in Kubernetes v1.32: WARNING"));
    assert_eq!(text(closed, "ended_pk"), Some("eks.insight#2026-02"));
    assert!(!closed.contains_key("open_pk"));
    lab.advance(60);
    assert_eq!(counts(&run(&lab).await), [2, 0, 2, 0, 0, 0, 0], "a closed record is not touched again");
}

#[tokio::test]
async fn a_check_that_passes_again_ends_at_its_transition() {
    let lab = story().await;
    run(&lab).await;
    lab.advance(3 * DAY_SECONDS + 60);
    let response = run(&lab).await;
    assert_eq!(counts(&response), [2, 1, 1, 0, 0, 0, 0], "{response}");
    let table = lab.table().await;
    assert_eq!(
        periods(&table),
        expected(&[
            ("1111", "closed", ERROR_SINCE, "2026-03-04T12:00:00.000Z"),
            ("3333", "open", ADDONS_SINCE, "-")
        ])
    );
    // The table of a first run at this time has no trace of it, but the same row.
    let first = undisturbed(&lab).await;
    assert_eq!(first.content().of_kind("catalog"), table.content().of_kind("catalog"));
}

#[tokio::test]
async fn transitions_between_two_runs_are_unknown_and_the_next_one_that_is_seen_ends_the_record() {
    let lab = story().await;
    lab.advance(-DAY_SECONDS);
    run(&lab).await;
    // No run saw the error.
    lab.advance(5 * DAY_SECONDS);
    run(&lab).await;
    assert_eq!(
        periods(&lab.table().await),
        expected(&[
            ("1111", "closed", WARNING_SINCE, "2026-03-04T12:00:00.000Z"),
            ("3333", "open", ADDONS_SINCE, "-")
        ])
    );
}

#[tokio::test]
async fn a_check_that_passes_without_a_later_transition_ends_at_its_refresh() {
    // Without any transition time, and with one that does not change.
    for from in [None, Some(at(ADDONS_SINCE))] {
        let lab = story().await;
        run(&lab).await;
        change_insight(&lab, "test", ADDONS, |insight| insight.statuses = vec![status(from, "PASSING")]);
        lab.advance(DAY_SECONDS);
        run(&lab).await;
        let table = lab.table().await;
        let closed = insight(&table, "test", ADDONS, ADDONS_SINCE);
        assert_eq!(text(closed, "ended_at"), Some("2026-03-02T06:00:00.000Z"), "{from:?}");
        assert_eq!((text(closed, "status"), text(closed, "status_reason")), (Some("closed"), None));
        assert_eq!(text(closed, "updated_at"), Some("2026-03-02T06:00:00.000Z"));
    }
}

#[tokio::test]
async fn a_check_that_fails_again_without_a_transition_is_open_again() {
    let lab = story().await;
    run(&lab).await;
    let since = Some(at(ADDONS_SINCE));
    change_insight(&lab, "test", ADDONS, |insight| insight.statuses = vec![status(since, "PASSING")]);
    lab.advance(DAY_SECONDS);
    run(&lab).await;
    change_insight(&lab, "test", ADDONS, |insight| insight.statuses = vec![status(since, "WARNING")]);
    lab.advance(DAY_SECONDS);
    run(&lab).await;
    let table = lab.table().await;
    let open = insight(&table, "test", ADDONS, ADDONS_SINCE);
    assert_eq!((text(open, "status"), text(open, "ended_at")), (Some("open"), None));
    assert!(open.contains_key("open_pk") && !open.contains_key("ended_pk"));
}

#[tokio::test]
async fn a_check_that_does_not_pass_and_has_no_transition_is_rejected_and_the_open_record_stays() {
    let lab = story().await;
    run(&lab).await;
    let before = insight(&lab.table().await, "test", ADDONS, ADDONS_SINCE).clone();
    for later in ["WARNING", "ERROR"] {
        change_insight(&lab, "test", ADDONS, |insight| insight.statuses = vec![status(None, later)]);
        lab.advance(DAY_SECONDS);
        let response = run(&lab).await;
        assert_eq!(response["status"], "ok", "rejected records alone leave a target ok: {response}");
        assert_eq!(response["rejected"], 1, "{later}");
        let requested = format!("{} insight", partition("test", ADDONS, "-"));
        assert_eq!(issues(&response), [("DescribeInsight", requested.as_str(), "Record.Invalid")]);
        let table = lab.table().await;
        assert_eq!(insight(&table, "test", ADDONS, ADDONS_SINCE), &before, "{later}");
        assert!(table.get(&partition("test", ADDONS, "-"), "insight").is_none());
    }
    let table = lab.table().await;
    let rejected = table.of_kind("rejected");
    assert_eq!(rejected.len(), 2);
    assert!(rejected.iter().all(|item| text(item, "raw").unwrap().contains("\"requested\":\"eks#")));
    // The row says what the service says.
    let checks = row(&table, "test").unwrap()["detail"].at(&["checks"]).unwrap().as_list().unwrap();
    assert_eq!(checks[0].at(&["status"]).and_then(Value::as_str), Some("ERROR"));
    assert_eq!(checks[0].at(&["last_transition_time"]), None);
}

#[tokio::test]
async fn a_check_that_changed_after_the_listing_has_the_state_of_its_own_answer() {
    let described = |status: &'static str| {
        move |sent: &Sent, answer: &mut serde_json::Value| {
            let is_it = sent.path.ends_with(APIS);
            if is_it {
                answer["insight"]["insightStatus"]["status"] = status.into();
                // 2026-03-01T11:00:00Z.
                answer["insight"]["lastTransitionTime"] = 1_772_362_800.into();
            }
            is_it
        }
    };
    for status in ["PASSING", "WARNING"] {
        let lab = story().await;
        run(&lab).await;
        lab.advance(60);
        let sdk = edited(&lab.sdk(), described(status));
        let function = lab.function_with::<EksInsights>(&sdk, &[super::ONE_AT_A_TIME]).unwrap();
        assert_eq!(function.invoke("{}").await.unwrap()["status"], "ok");
        let table = lab.table().await;
        let mut all = vec![("1111", "closed", ERROR_SINCE, "2026-03-01T11:00:00.000Z")];
        if status == "WARNING" {
            all.push(("1111", "open", "2026-03-01T11:00:00.000Z", "-"));
        }
        all.push(("3333", "open", ADDONS_SINCE, "-"));
        assert_eq!(periods(&table), expected(&all), "{status}");
        let checks = row(&table, "prod").unwrap()["detail"].at(&["checks"]).unwrap().as_list().unwrap();
        assert_eq!(checks[0].at(&["status"]).and_then(Value::as_str), Some(status));
    }
}

#[tokio::test]
async fn a_deleted_check_ends_at_the_time_of_the_listing_and_may_appear_again() {
    let lab = story().await;
    run(&lab).await;
    let mut known = Vec::new();
    change_cluster(&lab, "test", |cluster| known = std::mem::take(&mut cluster.insights));
    lab.advance(3_600);
    let response = run(&lab).await;
    assert_eq!(counts(&response), [2, 1, 1, 0, 0, 0, 0], "{response}");
    let table = lab.table().await;
    let closed = insight(&table, "test", ADDONS, ADDONS_SINCE);
    assert_eq!(text(closed, "status_reason"), Some("no_longer_known"));
    assert_eq!(text(closed, "ended_at"), Some("2026-03-01T13:00:00.000Z"));
    change_cluster(&lab, "test", |cluster| cluster.insights = known);
    lab.advance(60);
    run(&lab).await;
    let table = lab.table().await;
    let open = insight(&table, "test", ADDONS, ADDONS_SINCE);
    assert_eq!((text(open, "status"), text(open, "status_reason")), (Some("open"), None));
}
