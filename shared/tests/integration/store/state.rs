//! `state` and `run`: the watermark only moves forward, even with concurrent runs.

use super::lab;
use insights_shared::collector::Cursor;
use insights_shared::issue::{CONDITION_FAILED, CallError, Stage};
use insights_shared::record::Stored;
use insights_shared::report::{Outcome, TargetReport, TargetResponse};
use insights_shared::store::Store;
use insights_shared::store::recurrence::Recurrence;
use insights_shared::store::state::{InFuture, RunStamp, state_key};
use insights_shared::target::Target;
use insights_shared::time::{DAY_SECONDS, Timestamp};
use insights_shared::value::Value;
use insights_sources::xray;
use insights_tests::{ACCOUNT, Lab, REGION, TABLE, at};

fn target() -> Target {
    Target { account_id: ACCOUNT.to_owned(), region: REGION.to_owned(), role: None }
}

fn time(hour: i64) -> Timestamp {
    at("2026-03-01T00:00:00Z").plus_seconds(hour * 3_600)
}

/// A response of one record written; with an issue it is partial.
fn response(partial: bool) -> TargetResponse {
    let report = TargetReport::default();
    report.sink().answered();
    report.sink().count(Outcome::Written);
    if partial {
        let _ = report.sink().issue(Stage::Fetch, "GetInsight", "x", "Timeout", true, "no answer");
    }
    report.finish(&target())
}

async fn put(store: &Store, partial: bool, ended: i64, watermark: Option<i64>) {
    try_put(store, partial, ended, watermark).await.unwrap();
}

async fn try_put(store: &Store, partial: bool, ended: i64, watermark: Option<i64>) -> Result<(), CallError> {
    let response = response(partial);
    let stamp = RunStamp {
        started_at: time(ended - 1),
        begun_at: time(ended - 1),
        ended_at: time(ended),
        request_id: "a",
        trigger: "scheduled",
        scheduled_time: None,
        in_future: InFuture::default(),
        recurrence: Recurrence::default(),
    };
    store.put_state(xray::SOURCE, &target(), &response, &stamp, watermark.map(time), &Cursor::Keep).await
}

async fn state(lab: &Lab) -> Stored {
    lab.store(|_| ()).get(&state_key(xray::SOURCE, &target())).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_state_has_the_result_of_the_last_run_and_the_watermark() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    put(&store, false, 3, Some(2)).await;
    let expected = Value::from_json(
        r#"{"pk":"run#xray#123456789012#eu-west-1","sk":"state","kind":"state","source":"xray",
            "account_id":"123456789012","region":"eu-west-1","schema_version":1,
            "entity_pk":"run#xray","entity_sk":"123456789012#eu-west-1",
            "watermark":"2026-03-01T02:00:00.000Z","last_run_at":"2026-03-01T03:00:00.000Z",
            "last_begun_at":"2026-03-01T02:00:00.000Z",
            "last_success_at":"2026-03-01T03:00:00.000Z","last_status":"ok","retention_days":400,
            "fetched":1,"written":1,"unchanged":0,"stale":0,"rejected":0,"failed":0,"not_reached":0,
            "issue_counts":{}}"#,
    );
    assert_eq!(Value::Map(state(&lab).await.0), expected.unwrap());

    put(&store, true, 4, None).await;
    let state = state(&lab).await;
    assert_eq!(state.text("last_status"), Some("partial"));
    assert_eq!(state.timestamp("last_run_at"), Some(time(4)));
    assert_eq!(state.timestamp("last_begun_at"), Some(time(3)));
    assert_eq!(state.timestamp("last_success_at"), Some(time(3)), "the last success is not forgotten");
    assert_eq!(state.timestamp("watermark"), Some(time(2)), "nor is the watermark");
    assert_eq!(state.0["issue_counts"], Value::from_json(r#"{"Timeout":1}"#).unwrap());
}

#[tokio::test]
async fn the_watermark_only_moves_forward_with_concurrent_runs() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    put(&store, false, 3, Some(2)).await;
    // Another run that started earlier and ends later.
    put(&store, false, 5, Some(1)).await;
    assert_eq!(state(&lab).await.timestamp("watermark"), Some(time(2)));
    assert_eq!(state(&lab).await.timestamp("last_run_at"), Some(time(5)), "the rest is the later run's");
    put(&store, false, 6, Some(2)).await;
    assert_eq!(state(&lab).await.timestamp("last_run_at"), Some(time(6)), "also where it moves nothing");
    for (watermark, expected) in [(1, 2), (2, 2), (4, 4), (3, 4)] {
        store.move_watermark(xray::SOURCE, &target(), time(watermark), InFuture::default()).await.unwrap();
        assert_eq!(state(&lab).await.timestamp("watermark"), Some(time(expected)), "{watermark}");
    }
}

#[tokio::test]
async fn only_a_watermark_in_the_future_moves_back() {
    for (read, expected) in [(None, 99), (Some(99), 2), (Some(98), 99)] {
        let lab = lab().await;
        let store = lab.store(|_| ());
        put(&store, false, 3, Some(99)).await;
        let future = InFuture { watermark: read.map(time), last_success: false };
        store.move_watermark(xray::SOURCE, &target(), time(2), future).await.unwrap();
        assert_eq!(state(&lab).await.timestamp("watermark"), Some(time(expected)), "{read:?}");
    }
}

#[tokio::test]
async fn a_run_of_a_newer_schema_is_never_overwritten() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    let stamp = RunStamp {
        started_at: time(3),
        begun_at: time(3),
        ended_at: time(4),
        request_id: "a",
        trigger: "push",
        scheduled_time: None,
        in_future: InFuture::default(),
        recurrence: Recurrence::default(),
    };
    let put = async || store.put_run(xray::SOURCE, &target(), &response(false), &stamp).await;
    put().await.unwrap();
    // A retry of the same invocation.
    put().await.unwrap();
    let mut newer = lab.table().await.of_kind("run")[0].clone();
    newer.insert("schema_version".into(), 2.into());
    lab.put(newer.clone()).await;
    let error = put().await.unwrap_err();
    assert_eq!((error.operation, error.code.as_str()), ("PutItem", CONDITION_FAILED));
    assert_eq!(*lab.table().await.of_kind("run")[0], newer);
}

#[tokio::test]
async fn a_watermark_can_be_the_first_write_of_a_state() {
    let lab = lab().await;
    lab.store(|_| ()).move_watermark(xray::SOURCE, &target(), time(1), InFuture::default()).await.unwrap();
    let state = state(&lab).await;
    assert_eq!(state.timestamp("watermark"), Some(time(1)));
    assert_eq!((state.text("kind"), state.text("entity_pk")), (Some("state"), Some("run#xray")));
}

#[tokio::test]
async fn a_state_of_a_newer_schema_is_never_overwritten() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    put(&store, false, 3, Some(2)).await;
    let mut newer = state(&lab).await.0;
    newer.insert("schema_version".into(), 2.into());
    lab.put(newer.clone()).await;
    for watermark in [Some(8), None] {
        let error = try_put(&store, true, 9, watermark).await.unwrap_err();
        assert_eq!((error.operation, error.code.as_str()), ("UpdateItem", CONDITION_FAILED));
        assert!(!error.retryable && error.message.contains("newer version"), "{error:?}");
    }
    store.move_watermark(xray::SOURCE, &target(), time(8), InFuture::default()).await.unwrap();
    assert_eq!(state(&lab).await.0, newer);
}

#[tokio::test]
async fn the_targets_of_a_source_are_found_in_by_entity() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    put(&store, false, 3, None).await;
    let answer = lab
        .dynamodb()
        .query()
        .table_name(TABLE)
        .index_name("by_entity")
        .key_condition_expression("entity_pk = :pk")
        .expression_attribute_values(":pk", aws_sdk_dynamodb::types::AttributeValue::S("run#xray".to_owned()))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.items().len(), 1);
    assert_eq!(answer.items()[0]["sk"].as_s().unwrap(), "state");
}

#[tokio::test]
async fn a_run_is_kept_for_thirty_days_and_is_in_no_index() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    let stamp = RunStamp {
        started_at: time(3),
        begun_at: time(3),
        ended_at: time(4),
        request_id: "a#request",
        trigger: "scheduled",
        scheduled_time: Some(time(2)),
        in_future: InFuture::default(),
        recurrence: Recurrence::default(),
    };
    store.put_run(xray::SOURCE, &target(), &response(true), &stamp).await.unwrap();
    let table = lab.table().await;
    let run = table.get("run#xray#123456789012#eu-west-1", "2026-03-01T03:00:00.000Z#a%23request").unwrap();
    for (name, expected) in [
        ("kind", Value::from("run")),
        ("status", "partial".into()),
        ("trigger", "scheduled".into()),
        ("started_at", time(3).into()),
        ("ended_at", time(4).into()),
        ("answered_at", time(3).into()),
        ("observed_at", lab.now().into()),
        ("collected_by", "test:$LATEST#request".into()),
        ("scheduled_time", time(2).into()),
        ("expires_at", time(4).plus_seconds(30 * DAY_SECONDS).seconds().into()),
        ("fetched", 1.into()),
        ("issue_counts", Value::from_json(r#"{"Timeout":1}"#).unwrap()),
        (
            "issues",
            Value::from_json(
                r#"[{"stage":"fetch","operation":"GetInsight","subject":"x","code":"Timeout",
                     "retryable":true,"message":"no answer"}]"#,
            )
            .unwrap(),
        ),
    ] {
        assert_eq!(run.get(name), Some(&expected), "{name}");
    }
    for name in ["open_pk", "ended_pk", "entity_pk"] {
        assert!(!run.contains_key(name), "{name}");
    }
}

/// The largest possible report: fifty issues of maximum length, with characters that need the most bytes.
#[tokio::test]
async fn the_largest_run_and_state_fit_into_an_item() {
    let lab = lab().await;
    let store = lab.store(|_| ());
    let report = TargetReport::default();
    for number in 0..500 {
        let code = format!("{number}{}", "\u{1}".repeat(5_000));
        let text = "😀".repeat(5_000);
        let _ = report.sink().issue(
            Stage::Fetch,
            "ListAssessmentControlInsightsByControlDomain",
            &text,
            &code,
            true,
            &text,
        );
    }
    let response = report.finish(&target());
    let stamp = RunStamp {
        started_at: time(3),
        begun_at: time(3),
        ended_at: time(4),
        request_id: &"r".repeat(5_000),
        trigger: "scheduled",
        scheduled_time: Some(time(2)),
        in_future: InFuture::default(),
        recurrence: Recurrence::default(),
    };
    store.put_run(xray::SOURCE, &target(), &response, &stamp).await.unwrap();
    store.put_state(xray::SOURCE, &target(), &response, &stamp, None, &Cursor::Keep).await.unwrap();
    let table = lab.table().await;
    for kind in ["run", "state"] {
        let [item] = table.of_kind(kind)[..] else { panic!("one {kind}") };
        let size = insights_shared::validate::item_size(item);
        assert!(size < 200 * 1_024, "{kind}: {size} bytes");
        assert_eq!(item["issue_counts"].as_map().unwrap().iter().count(), 51, "{kind}");
    }
    assert_eq!(table.of_kind("run")[0]["issues_left_out"], 450.into());
}
