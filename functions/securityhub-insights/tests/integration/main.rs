//! The collector in process against the simulated Security Hub, and the function's binary as a process of its own.

#![cfg(test)]

mod answers;
mod crash;
mod deadline;
mod faults;
mod managed;
mod support;
mod tls;

use insights_shared::value::Value as Stored;
use insights_tests::response::counts;
use insights_tests::{Lab, Table};
use securityhub_insights::SecurityhubInsights;
use support::{
    ALL, BUCKETS, KEYS, MANAGED, ONE_AT_A_TIME, SCENARIO, WITH_MANAGED, calls, issues, measures, run,
    run_with, snapshot, stored,
};

const FIRST_DAY: &str = "2026-03-01";
const SECOND_DAY: &str = "2026-03-02";
const DAY_SECONDS: i64 = 86_400;

#[tokio::test]
async fn a_run_stores_the_counts_of_every_custom_and_configured_insight() {
    let lab = Lab::new(SCENARIO).await;
    let response = run(&lab).await;
    assert_eq!((&response["status"], counts(&response)), (&"ok".into(), [3, 3, 0, 0, 0, 0, 0]));
    // Two pages of custom insights and one of the managed insight.
    assert_eq!(calls(&lab), [3, 3]);
    let table = lab.table().await;
    assert_eq!(stored(&table), ALL.map(|arn| (arn.to_owned(), FIRST_DAY.to_owned())));
    let found = |arn: &str| {
        let snapshot = snapshot(&table, arn, FIRST_DAY);
        let text = |name: &str| snapshot[name].as_str().unwrap();
        (text("title"), text("severity"), measures(snapshot))
    };
    assert_eq!(found(BUCKETS), ("Public buckets: 4 findings in 2 resources", "high", [4, 2]));
    assert_eq!(found(KEYS), ("Old keys: 5 findings in 1 account", "low", [5, 1]));
    assert_eq!(found(MANAGED), ("Finding types: 7 findings in 1 finding type", "low", [7, 1]));
    let buckets = snapshot(&table, BUCKETS, FIRST_DAY);
    assert_eq!(buckets["started_at"], "2026-03-01T00:00:00.000Z".into());
    assert_eq!(buckets["updated_at"], "2026-03-01T12:00:00.000Z".into());
    assert_eq!(buckets["entity"], BUCKETS.into());
    let state = table.of_kind("state")[0];
    assert_eq!(state["watermark"], "2026-03-01T12:00:00.000Z".into());
    assert!(response["targets"][0].get("window").is_none_or(serde_json::Value::is_null));
}

#[tokio::test]
async fn a_second_run_over_the_same_answers_writes_only_run_and_state() {
    let lab = Lab::new(SCENARIO).await;
    // Before the additional bucket.
    run(&lab).await;
    let before = lab.table().await;
    lab.advance(60);
    let response = run(&lab).await;
    assert_eq!(counts(&response), [3, 0, 3, 0, 0, 0, 0]);
    assert_eq!(lab.writes(), 2);
    let after = lab.table().await;
    after.assert_same_content(&before);
    assert_eq!(snapshot(&after, KEYS, FIRST_DAY), snapshot(&before, KEYS, FIRST_DAY));
}

#[tokio::test]
async fn a_later_answer_of_a_day_replaces_the_earlier_one_and_the_next_day_is_added() {
    let lab = Lab::new(SCENARIO).await;
    run(&lab).await;
    lab.advance(2 * 3_600);
    let response = run(&lab).await;
    assert_eq!(counts(&response), [3, 1, 2, 0, 0, 0, 0]);
    let table = lab.table().await;
    let buckets = snapshot(&table, BUCKETS, FIRST_DAY);
    assert_eq!(measures(buckets), [5, 2]);
    assert_eq!(buckets["updated_at"], "2026-03-01T14:00:00.000Z".into());
    assert_eq!(stored(&table).len(), 3);

    lab.advance(DAY_SECONDS);
    let response = run(&lab).await;
    assert_eq!(counts(&response), [3, 3, 0, 0, 0, 0, 0]);
    let both = lab.table().await;
    assert_eq!(stored(&both).len(), 6);
    for arn in ALL {
        assert_eq!(snapshot(&both, arn, FIRST_DAY), snapshot(&table, arn, FIRST_DAY), "{arn}");
        assert_eq!(snapshot(&both, arn, SECOND_DAY)["started_at"], "2026-03-02T00:00:00.000Z".into());
    }
}

#[tokio::test]
async fn an_answer_that_is_older_than_the_stored_one_is_stale() {
    let lab = Lab::new(SCENARIO).await;
    run(&lab).await;
    // Another run asked later, and stored other counts.
    let mut item = snapshot(&lab.table().await, BUCKETS, FIRST_DAY).clone();
    for (name, value) in [
        ("updated_at", "2026-03-01T12:00:30.000Z"),
        ("answered_at", "2026-03-01T12:00:30.000Z"),
        ("content_hash", "another"),
    ] {
        item.insert(name.into(), value.into());
    }
    lab.put(item.clone()).await;
    lab.advance(10);
    let response = run(&lab).await;
    assert_eq!(counts(&response), [3, 0, 2, 1, 0, 0, 0]);
    assert_eq!(snapshot(&lab.table().await, BUCKETS, FIRST_DAY), &item);
}

#[tokio::test]
async fn snapshots_of_a_new_day_are_inserted_without_reading() {
    let lab = Lab::new(SCENARIO).await;
    // The first run; another of the same day; the first of the next, and another of it. The state is read in any case.
    for (seconds, reads) in [(0, 1), (60, 2), (DAY_SECONDS, 1), (60, 2)] {
        lab.advance(seconds);
        let response = run(&lab).await;
        assert_eq!(response["status"], "ok", "{seconds}");
        assert_eq!(lab.calls("BatchGetItem"), reads, "{seconds}");
    }
}

#[tokio::test]
async fn a_deleted_insight_keeps_its_history_and_nothing_is_closed() {
    let scenario = SCENARIO.replacen("name = \"Old keys\"", "name = \"Old keys\"\ndeleted = \"+1h\"", 1);
    let lab = Lab::new(&scenario).await;
    run(&lab).await;
    let before = lab.table().await;
    lab.advance(DAY_SECONDS);
    let response = run(&lab).await;
    assert_eq!((&response["status"], counts(&response)), (&"ok".into(), [2, 2, 0, 0, 0, 0, 0]));
    let after = lab.table().await;
    assert_eq!(snapshot(&after, KEYS, FIRST_DAY), snapshot(&before, KEYS, FIRST_DAY));
    assert_eq!(stored(&after).len(), 5);
}

#[tokio::test]
async fn a_dry_run_counts_writes_and_writes_nothing() {
    let lab = Lab::new(SCENARIO).await;
    let response = run_with(&lab, r#"{"dry_run":true}"#).await.unwrap();
    assert_eq!((&response["status"], counts(&response)), (&"ok".into(), [3, 3, 0, 0, 0, 0, 0]));
    assert_eq!(lab.writes(), 0);
    assert!(lab.table().await.0.is_empty());
}

#[tokio::test]
async fn an_account_that_is_not_subscribed_is_not_enabled() {
    for scenario in ["", "[securityhub]\nsubscribed = false"] {
        let lab = Lab::new(scenario).await;
        let response = run(&lab).await;
        assert_eq!((&response["status"], issues(&response)), (&"not_enabled".into(), vec![]), "{scenario}");
        // The managed insight is not requested.
        assert_eq!(calls(&lab), [1, 0], "{scenario}");
        assert_eq!(lab.table().await.of_kind("state")[0]["last_status"], "not_enabled".into());
    }
}

#[tokio::test]
async fn an_account_without_insights_is_ok_and_has_no_data() {
    let lab = Lab::new("[securityhub]").await;
    let response = lab.function::<SecurityhubInsights>(&[]).invoke("{}").await.unwrap();
    assert_eq!((&response["status"], counts(&response)), (&"ok".into(), [0; 7]));
}

#[tokio::test]
async fn an_insight_without_findings_is_stored() {
    let scenario =
        "[securityhub]\n[[securityhub.insights]]\nname = \"None\"\ngroup_by = \"Type\"\nvalues = []\n";
    let lab = Lab::new(scenario).await;
    let response = lab.function::<SecurityhubInsights>(&[]).invoke("{}").await.unwrap();
    assert_eq!((&response["status"], counts(&response)), (&"ok".into(), [1, 1, 0, 0, 0, 0, 0]));
    let table = lab.table().await;
    let item = table.of_kind("securityhub.insight")[0];
    assert_eq!((measures(item), &item["severity"]), ([0, 0], &"info".into()));
    assert_eq!(item["detail"].at(&["results", "result_values"]), Some(&Stored::List(Vec::new())));
}

#[tokio::test]
async fn a_window_is_rejected_because_there_is_no_past() {
    let lab = Lab::new(SCENARIO).await;
    let payload = r#"{"window":{"start":"2026-02-01T00:00:00Z","end":"2026-02-02T00:00:00Z"}}"#;
    let error = run_with(&lab, payload).await.unwrap_err();
    assert_eq!(error.error_type, "Payload.Invalid");
    assert!(error.message.contains("Security Hub only answers for the present"), "{}", error.message);
    assert_eq!(calls(&lab), [0, 0]);
}

#[tokio::test]
async fn two_concurrent_runs_store_the_same_as_one() {
    let undisturbed = Lab::new(SCENARIO).await;
    run(&undisturbed).await;
    let lab = Lab::new(SCENARIO).await;
    let function = lab.function::<SecurityhubInsights>(&[WITH_MANAGED]);
    let (one, other) = tokio::join!(function.invoke("{}"), function.invoke("{}"));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!((&one["status"], &other["status"]), (&"ok".into(), &"ok".into()));
    let table: Table = lab.table().await;
    table.assert_same_content(&undisturbed.table().await);
    assert_eq!(stored(&table).len(), 3);
}

#[tokio::test]
async fn an_invalid_variable_is_a_configuration_error_with_all_faults() {
    let lab = Lab::new(SCENARIO).await;
    let variables = [("SECURITYHUB_INSIGHTS", "x,y"), ONE_AT_A_TIME];
    let error = lab.try_function::<SecurityhubInsights>(&variables).unwrap_err();
    assert_eq!(error.error_type, "Config.Invalid");
    assert_eq!(error.message.matches("SECURITYHUB_INSIGHTS is").count(), 2, "{}", error.message);
}
