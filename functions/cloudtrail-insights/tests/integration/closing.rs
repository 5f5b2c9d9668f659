//! A Start without an End.

use crate::support::*;

const DAY: i64 = 86_400;

/// A lab with one Start at 09:00 that was looked up.
async fn lab_with_a_start() -> Lab {
    let scenario = story(&insight(
        "RunInstances",
        "ec2.amazonaws.com",
        "id = \"s\"\nstart = \"-3h\"\nend = \"-2h\"\nonly = \"start\"\n",
    ));
    let lab = Lab::new(&scenario).await;
    run(&lab, &[]).await;
    lab
}

#[tokio::test]
async fn a_start_without_an_end_is_closed_after_90_days_and_an_end_after_that_replaces_it() {
    let lab = lab_with_a_start().await;
    // CloudTrail returns events of the last hour of the 90 days up to an hour later.
    lab.advance(90 * DAY - 2 * 3_600);
    run(&lab, &[]).await;
    assert_eq!(
        text(insight_of(&lab.table().await, "s"), "status"),
        "open",
        "it is just an hour more than 90 days"
    );
    lab.advance(1);
    lab.simulator.clear_log();
    let response = run(&lab, &[]).await;
    assert_eq!(summary(&response), "ok fetched=1 written=1");
    let table = lab.table().await;
    let closed = insight_of(&table, "s");
    assert_eq!((text(closed, "status"), text(closed, "status_reason")), ("closed", "no_end_seen"));
    assert_eq!(text(closed, "ended_at"), "2026-05-30T09:00:00.000Z", "the Start plus 90 days");
    assert_eq!(text(closed, "updated_at"), "2026-03-01T09:00:00.000Z");
    assert_eq!(text(closed, "answered_at"), "2026-05-30T10:00:01.000Z");
    assert_eq!((closed.get("open_pk"), text(closed, "ended_pk")), (None, "cloudtrail.insight#2026-05"));
    // 2026-05-30T09:00:00Z and 400 days.
    assert_eq!(closed["expires_at"], (1_780_131_600_i64 + 400 * DAY).into());
    assert_eq!(closed["detail"].at(&["start", "shared_event_id"]), Some(&"s".into()));
    // The insight has ended: another run writes nothing.
    lab.advance(60);
    lab.simulator.clear_log();
    run(&lab, &[]).await;
    assert_eq!(writes(&lab), (1, 1));

    let response = invoke(&lab, &[], &push(&half("End", "s", "2026-03-02T00:00:00Z", "z", 6.0))).await;
    assert_eq!(summary(&response), "ok fetched=1 written=1");
    let table = lab.table().await;
    let ended = insight_of(&table, "s");
    assert_eq!((text(ended, "status"), ended.get("status_reason")), ("closed", None));
    assert_eq!(text(ended, "ended_at"), "2026-03-02T00:00:00.000Z");
    assert!(ended["detail"].at(&["start"]).is_some() && ended["detail"].at(&["end"]).is_some());
    lab.advance(60);
    run(&lab, &[]).await;
    assert_eq!(insight_of(&lab.table().await, "s"), ended, "nothing closes it a second time");
}

#[tokio::test]
async fn a_pending_end_is_looked_up_before_insights_are_closed() {
    // The function was disabled for 89 days, and the End came an hour after the Start.
    let lab = lab_with_a_start().await;
    replace_scenario(
        &lab,
        &story(&insight("RunInstances", "ec2.amazonaws.com", "id = \"s\"\nstart = \"-3h\"\nend = \"+1h\"\n")),
    );
    lab.advance(90 * DAY - 3 * 3_600 + 3_601);
    run(&lab, &[]).await;
    let table = lab.table().await;
    let ended = insight_of(&table, "s");
    assert_eq!((ended.get("status_reason"), text(ended, "ended_at")), (None, "2026-03-01T13:00:00.000Z"));
}

#[tokio::test]
async fn an_insight_that_would_have_expired_does_not_stay_open() {
    let lab = lab_with_a_start().await;
    lab.advance(200 * DAY);
    let response = run(&lab, &[("RETENTION_DAYS", "30")]).await;
    assert_eq!(summary(&response), "ok");
    let table = lab.table().await;
    let closed = insight_of(&table, "s");
    assert_eq!((text(closed, "status"), closed.get("open_pk")), ("closed", None));
    let expires_at = closed["expires_at"].as_number().unwrap().as_i64().unwrap();
    assert!(expires_at < lab.now().seconds(), "the table takes it away soon");
}

#[tokio::test]
async fn an_insight_of_a_newer_version_is_not_closed() {
    let lab = lab_with_a_start().await;
    let mut newer = insight_of(&lab.table().await, "s").clone();
    newer.insert("schema_version".into(), 2.into());
    lab.put(newer.clone()).await;
    lab.advance(100 * DAY);
    assert_eq!(run(&lab, &[]).await["status"], "ok");
    assert_eq!(insight_of(&lab.table().await, "s"), &newer);
}

#[tokio::test]
async fn a_dry_run_closes_nothing() {
    let lab = lab_with_a_start().await;
    let before = lab.table().await;
    lab.advance(100 * DAY);
    let response = invoke(&lab, &[], r#"{"dry_run":true}"#).await;
    assert_eq!(summary(&response), "ok fetched=1 written=1");
    assert_eq!(lab.table().await, before);
}
