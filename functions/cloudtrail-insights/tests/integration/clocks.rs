//! A wrong clock of the machine: fetched data, coverage, and the repair of rows.

use crate::support::*;
use insights_shared::time::{Clock, DAY_SECONDS};
use serde_json::json;

/// One run on a machine whose clock is `ahead` of the services' clock.
async fn run_ahead(lab: &Lab, ahead: i64) -> Json {
    let clock = Clock::Fixed(lab.now().plus_seconds(ahead));
    let function: Function<CloudtrailInsights> =
        lab.function_at(clock, &lab.sdk(), &[("LOOKBACK_DAYS", "3")]).unwrap();
    let response = function.invoke("{}").await.unwrap();
    assert_adds_up(&response);
    response
}

/// The table after a run at each of these times with a correct clock.
async fn undisturbed(advances: &[i64]) -> Table {
    let lab = Lab::new(STORY).await;
    for seconds in advances {
        lab.advance(*seconds);
        run(&lab, &[]).await;
    }
    lab.table().await
}

#[tokio::test]
async fn only_buckets_that_have_ended_by_both_clocks_count_as_fetched() {
    // The clock of the services shows 12:04:30; a bucket ends at 12:05.
    for (ahead, expected) in [
        (0, "12:00"),
        (29, "12:00"),
        (59, "12:00"),
        (61, "12:00"),
        (DAY_SECONDS, "12:00"),
        (-59, "12:00"),
        // The clock of the machine shows 11:59:30.
        (-300, "11:55"),
    ] {
        let lab = Lab::new(STORY).await;
        lab.advance(270);
        let response = run_ahead(&lab, ahead).await;
        assert_eq!(response["status"], "ok", "{ahead}: {response}");
        let counts = if ahead.abs() > 60 { json!({"Clock.Skewed": 1}) } else { json!({}) };
        assert_eq!(response["targets"][0]["issue_counts"], counts, "{ahead}");
        let table = lab.table().await;
        assert_eq!(watermark(&table), format!("2026-03-01T{expected}:00.000Z"), "{ahead}");
        for series in [RUN_SERIES, QUEUE_SERIES, GET_SERIES] {
            let spans = covered(&table, series);
            assert!(spans.len() == 1 && spans[0].ends_with('/'), "{ahead} {series}: {spans:?}");
        }
        let newest = chunks(&table, QUEUE_SERIES).pop().unwrap();
        assert!(newest.contains(&format!("/03-01T{expected}:")), "{ahead}: {newest}");
    }
}

#[tokio::test]
async fn data_missed_by_a_run_with_a_wrong_clock_is_fetched_later() {
    for ahead in [DAY_SECONDS, 59, 400 * DAY_SECONDS, -DAY_SECONDS] {
        let lab = Lab::new(STORY).await;
        run_ahead(&lab, ahead).await;
        lab.advance(3_600);
        assert_eq!(run(&lab, &[]).await["status"], "ok", "{ahead}");
        let (table, expected) = (lab.table().await, undisturbed(&[0, 3_600]).await);
        assert_eq!(watermark(&table), "2026-03-01T13:00:00.000Z", "{ahead}");
        for series in [RUN_SERIES, QUEUE_SERIES, GET_SERIES] {
            assert_eq!(chunks(&table, series), chunks(&expected, series), "{ahead}");
        }
        for id in [RUN, QUEUE, GET] {
            assert_eq!(
                insight_of(&table, id).get("content_hash"),
                insight_of(&expected, id).get("content_hash")
            );
        }
    }
}

/// The items of a run whose clock was a day ahead: a watermark, spans and an answer time in the future, and a chunk
/// without later points.
async fn damaged() -> Lab {
    let lab = Lab::new(STORY).await;
    run(&lab, &[]).await;
    let future = lab.now().plus_seconds(DAY_SECONDS).to_string();
    let mut table = lab.table().await;
    let key = |pk: &str, sk: String| insights_shared::key::Key::new(pk, sk);
    let mut state = table.0.remove(&key(RUNS, "state".to_owned())).unwrap();
    for name in ["watermark", "last_success_at", "last_run_at"] {
        state.insert(name.into(), future.clone().into());
    }
    lab.put(state).await;
    // One row follows the watermark, the other has its own ends.
    let mut row = table.0.remove(&key(CATALOG, format!("series#{QUEUE_SERIES}"))).unwrap();
    let span = format!(r#"{{"300": [{{"from": "2026-02-26T12:00:00.000Z", "until": "{future}"}}]}}"#);
    row.insert("covered".into(), Value::from_json(&span).unwrap());
    row.insert("watermark".into(), future.clone().into());
    lab.put(row).await;
    let pk = format!("{PREFIX}#{QUEUE_SERIES}");
    let (_, newest) = table.0.iter().rfind(|(key, _)| key.pk == pk).unwrap();
    let mut chunk = newest.clone();
    for name in ["timestamps", "values"] {
        let shorter: Vec<Value> = chunk[name].as_list().unwrap()[..1].to_vec();
        chunk.insert(name.into(), shorter.into());
    }
    for name in ["covered_until", "updated_at", "answered_at"] {
        chunk.insert(name.into(), future.clone().into());
    }
    chunk.insert("content_hash".into(), "another".into());
    lab.put(chunk).await;
    lab.advance(3_600);
    lab
}

#[tokio::test]
async fn a_target_with_a_watermark_in_the_future_restarts_and_becomes_complete() {
    let lab = damaged().await;
    let response = run(&lab, &[]).await;
    assert_eq!(response["status"], "ok", "{response}");
    let (table, expected) = (lab.table().await, undisturbed(&[0, 3_600]).await);
    assert_eq!(watermark(&table), "2026-03-01T13:00:00.000Z");
    for series in [RUN_SERIES, QUEUE_SERIES, GET_SERIES] {
        let spans = covered(&table, series);
        assert!(spans.len() == 1 && spans[0].ends_with('/'), "{series}: {spans:?}");
        assert_eq!(series_row(&table, series).get("watermark"), None);
        assert_eq!(chunks(&table, series), chunks(&expected, series));
    }
}

#[tokio::test]
async fn an_unfinished_repair_claims_no_coverage_that_may_be_wrong() {
    let lab = damaged().await;
    lab.fault("ListInsightsMetricData=denied");
    assert_eq!(run(&lab, &[]).await["status"], "partial");
    let table = lab.table().await;
    assert_eq!(watermark(&table), "2026-03-01T13:00:00.000Z");
    for series in [RUN_SERIES, QUEUE_SERIES, GET_SERIES] {
        // The look-back starts at 13:00.
        assert_eq!(covered(&table, series), ["300 2026-02-26T12:00/2026-02-26T13:00"], "{series}");
        assert_eq!(text(series_row(&table, series), "watermark"), "2026-02-26T13:00:00.000Z", "{series}");
    }
    lab.simulator.clear_faults();
    assert_eq!(run(&lab, &[]).await["status"], "ok");
    for series in [RUN_SERIES, QUEUE_SERIES, GET_SERIES] {
        let spans = covered(&lab.table().await, series);
        assert!(spans.len() == 1 && spans[0].ends_with('/'), "{series}: {spans:?}");
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_repaired_keeps_the_watermark_and_does_not_affect_others() {
    let lab = damaged().await;
    let table = lab.table().await;
    let mut row = series_row(&table, RUN_SERIES).clone();
    row.insert("schema_version".into(), 2.into());
    lab.put(row.clone()).await;
    let response = run(&lab, &[]).await;
    assert_eq!(response["status"], "partial", "{response}");
    let expected = format!("write PutItem {RUN_SERIES} ConditionalCheckFailedException");
    assert!(issues(&response).contains(&expected), "{:?}", issues(&response));
    let table = lab.table().await;
    assert_eq!(watermark(&table), "-", "what was in the future is gone");
    assert_eq!(*series_row(&table, RUN_SERIES), row);
    assert_eq!(chunks(&table, QUEUE_SERIES), chunks(&undisturbed(&[0, 3_600]).await, QUEUE_SERIES));
}
