//! A wrong clock of the machine: the run uses the time of the services, reports the difference, and claims no future
//! data.

use super::{ONE_AT_A_TIME, issues, run, state, story, text, undisturbed};
use insights_shared::aws::SdkConfig;
use insights_shared::invocation::InvocationError;
use insights_shared::time::{Clock, DAY_SECONDS};
use insights_shared::value::Map;
use insights_tests::intercept::replacing;
use insights_tests::{Lab, NOW, OPEN, at};
use serde_json::{Value, json};
use xray_insights::XrayInsights;

const YEARS: i64 = 3_653 * DAY_SECONDS;

/// One run on a machine whose clock is `ahead` of the services' clock.
async fn run_ahead(lab: &Lab, ahead: i64, payload: &str) -> Result<Value, InvocationError> {
    run_on(lab, &lab.sdk(), ahead, payload).await
}

async fn run_on(lab: &Lab, sdk: &SdkConfig, ahead: i64, payload: &str) -> Result<Value, InvocationError> {
    let clock = Clock::Fixed(lab.now().plus_seconds(ahead));
    let function = lab.function_at::<XrayInsights>(clock, sdk, &[ONE_AT_A_TIME]).unwrap();
    function.invoke(payload).await
}

fn watermark(state: &Map) -> String {
    text(state, "watermark").unwrap_or("-").to_owned()
}

#[tokio::test]
async fn with_a_wrong_clock_all_data_is_stored_with_an_issue_and_the_watermark_is_before_both_clocks() {
    for (ahead, expected, is_skewed) in [
        (0, NOW, false),
        (59, NOW, false),
        (-59, "2026-03-01T11:59:01Z", false),
        (60, NOW, false),
        (61, NOW, true),
        (-61, "2026-03-01T11:58:59Z", true),
        (3_600, NOW, true),
        (DAY_SECONDS, NOW, true),
        (-DAY_SECONDS, "2026-02-28T12:00:00Z", true),
        (YEARS, NOW, true),
        (-YEARS, "2016-02-29T12:00:00Z", true),
    ] {
        let lab = story().await;
        let response = run_ahead(&lab, ahead, "{}").await.unwrap();
        assert_eq!(response["status"], "ok", "{ahead}: {response}");
        let counts = if is_skewed { json!({"Clock.Skewed": 1}) } else { json!({}) };
        assert_eq!(response["targets"][0]["issue_counts"], counts, "{ahead}");
        let state = state(&lab).await.unwrap();
        assert_eq!(watermark(&state), at(expected).to_string(), "{ahead}");
        assert_eq!(text(&state, "last_status"), Some("ok"));
        lab.table().await.assert_same_content(&undisturbed(&lab).await);
        if is_skewed {
            assert_eq!(issues(&response), [("BatchGetItem", "clock", "Clock.Skewed")], "{ahead}");
            let issue = &response["targets"][0]["issues"][0];
            let expected = format!("{} s {}", ahead.abs(), if ahead > 0 { "ahead of" } else { "behind" });
            assert!(issue["message"].as_str().unwrap().contains(&expected), "{issue}");
            assert_eq!(text(&state, "last_success_at"), Some(at(NOW).to_string().as_str()), "{ahead}");
        }
    }
}

#[tokio::test]
async fn data_after_a_run_with_a_wrong_clock_is_found_by_the_next_run() {
    for ahead in [DAY_SECONDS, -DAY_SECONDS, 59, 400 * DAY_SECONDS] {
        let lab = story().await;
        run_ahead(&lab, ahead, "{}").await.unwrap();
        lab.advance(30 * 60);
        let response = run(&lab).await;
        assert_eq!(
            (&response["status"], &response["targets"][0]["issue_counts"]),
            (&"ok".into(), &json!({}))
        );
        assert_eq!(watermark(&state(&lab).await.unwrap()), lab.now().to_string(), "{ahead}");
        lab.table().await.assert_same_content(&undisturbed(&lab).await);
    }
}

#[tokio::test]
async fn without_a_valid_date_the_clock_of_the_machine_is_used() {
    for (status, date) in [
        (200, None),
        (200, Some("")),
        (200, Some("yesterday")),
        (200, Some("2026-03-02T12:00:00Z")),
        (200, Some("Mon, 99 Mar 2026 12:00:00 GMT")),
    ] {
        let lab = story().await;
        let sdk = replacing(&lab.sdk(), move |_, mut before| {
            assert_eq!(before.status().as_u16(), status);
            before.headers_mut().remove("date");
            if let Some(date) = date {
                before.headers_mut().insert("date", date);
            }
            before
        });
        let response = run_on(&lab, &sdk, 0, "{}").await.unwrap();
        assert_eq!(
            (&response["status"], &response["targets"][0]["issue_counts"]),
            (&"ok".into(), &json!({})),
            "{date:?}"
        );
        assert_eq!(watermark(&state(&lab).await.unwrap()), at(NOW).to_string());
    }
}

#[tokio::test]
async fn obsolete_date_formats_are_parsed() {
    for date in ["Sunday, 01-Mar-26 12:00:00 GMT", "Sun Mar  1 12:00:00 2026"] {
        let lab = story().await;
        let sdk = replacing(&lab.sdk(), move |_, mut before| {
            before.headers_mut().insert("date", date);
            before
        });
        let response = run_on(&lab, &sdk, DAY_SECONDS, "{}").await.unwrap();
        assert_eq!(response["targets"][0]["issue_counts"], json!({"Clock.Skewed": 1}), "{date}");
        assert_eq!(watermark(&state(&lab).await.unwrap()), at(NOW).to_string(), "{date}");
    }
}

#[tokio::test]
async fn the_date_of_an_error_response_is_ignored() {
    let lab = story().await;
    lab.fault("BatchGetItem=error500:1");
    let sdk = replacing(&lab.sdk(), |_, mut before| {
        if !before.status().is_success() {
            before.headers_mut().insert("date", "Mon, 02 Mar 2026 12:00:00 GMT");
        }
        before
    });
    let response = run_on(&lab, &sdk, 0, "{}").await.unwrap();
    assert_eq!(response["targets"][0]["issue_counts"], json!({}), "{response}");
    assert_eq!(watermark(&state(&lab).await.unwrap()), at(NOW).to_string());
}

#[tokio::test]
async fn setting_the_clock_during_a_run_sets_no_watermark_in_the_future() {
    let lab = story().await;
    // The table sends no date, so X-Ray's date is the first one that shows the difference.
    let sdk = replacing(&lab.sdk(), |operation, mut before| {
        if !operation.starts_with("Get") {
            before.headers_mut().remove("date");
        }
        before
    });
    let response = run_on(&lab, &sdk, DAY_SECONDS, "{}").await.unwrap();
    assert_eq!(issues(&response), [("GetGroups", "clock", "Clock.Skewed")]);
    assert_eq!(response["status"], "ok");
    assert_eq!(watermark(&state(&lab).await.unwrap()), at(NOW).to_string());
    // Later responses differ from the first.
    let lab = story().await;
    let sdk = replacing(&lab.sdk(), |operation, mut before| {
        if operation == "GetInsight" {
            before.headers_mut().insert("date", "Sun, 01 Mar 2026 11:00:00 GMT");
        }
        before
    });
    let response = run_on(&lab, &sdk, 0, "{}").await.unwrap();
    assert_eq!(issues(&response), [("GetInsight", "clock", "Clock.Skewed")]);
    assert_eq!(watermark(&state(&lab).await.unwrap()), at("2026-03-01T11:00:00Z").to_string());
}

#[tokio::test]
async fn a_watermark_in_the_future_is_repaired_by_the_next_run() {
    for (seconds, is_future, fails_first) in [
        (59, false, true),
        (61, true, true),
        (61, true, false),
        (DAY_SECONDS, true, true),
        (DAY_SECONDS, true, false),
        (YEARS, true, false),
    ] {
        let lab = story().await;
        run(&lab).await;
        let mut item = state(&lab).await.unwrap();
        let future = lab.now().plus_seconds(seconds + 1_800).to_string();
        for name in ["watermark", "last_success_at", "last_begun_at"] {
            item.insert(name.into(), future.clone().into());
        }
        lab.put(item).await;
        lab.advance(1_800);
        if fails_first {
            // A run that stores nothing discards times in the future, because the clock may be wrong for long.
            lab.fault("xray:*=denied");
            super::run_with(&lab, &[], "{}").await.unwrap_err();
            let failed = state(&lab).await.unwrap();
            assert_eq!(failed.contains_key("watermark"), !is_future, "{seconds}");
            assert_eq!(failed.contains_key("last_success_at"), !is_future, "{seconds}");
            lab.simulator.clear_faults();
        }
        let response = run(&lab).await;
        assert_eq!(response["status"], "ok", "{seconds}: {response}");
        let expected = if is_future { lab.now().to_string() } else { future };
        assert_eq!(watermark(&state(&lab).await.unwrap()), expected, "{seconds}");
        lab.table().await.assert_same_content(&undisturbed(&lab).await);
    }
}

#[tokio::test]
async fn a_record_with_an_answer_time_in_the_future_is_replaced_by_the_next_answer() {
    let lab = story().await;
    run(&lab).await;
    let table = lab.table().await;
    for kind in ["xray.insight", "xray.insight_event", "xray.impact_graph"] {
        for stored in table.of_kind(kind) {
            let mut item = stored.clone();
            item.insert("answered_at".into(), lab.now().plus_seconds(YEARS).to_string().into());
            item.insert("content_hash".into(), "another".into());
            if let Some(detail) = item.get("detail").cloned() {
                let mut detail = detail.as_map().unwrap().clone();
                detail.remove("last_update_time");
                item.insert("detail".into(), detail.into());
            }
            lab.put(item).await;
        }
    }
    lab.advance(60);
    let response = run(&lab).await;
    assert_eq!((&response["status"], &response["stale"]), (&"ok".into(), &0.into()), "{response}");
    lab.table().await.assert_same_content(&undisturbed(&lab).await);
}

#[tokio::test]
async fn a_backfill_ends_at_the_time_of_the_service_and_never_in_the_future() {
    let window = |start: &str, end: &str| json!({"window": {"start": start, "end": end}}).to_string();
    for (ahead, start, end, expected) in [
        (DAY_SECONDS, "2026-02-27T12:00:00Z", "2026-02-28T12:00:00Z", Ok("2026-02-28T12:00:00.000Z")),
        // Until then the clock was a day ahead.
        (DAY_SECONDS, "2026-02-27T12:00:00Z", "2026-03-02T12:00:00Z", Ok("2026-03-01T12:00:00.000Z")),
        (DAY_SECONDS, "2026-02-27T12:00:00Z", "2026-03-02T12:00:01Z", Err("window.end")),
        (DAY_SECONDS, "2026-03-01T12:00:00Z", "2026-03-02T12:00:00Z", Err("window.start")),
        (-DAY_SECONDS, "2026-02-27T12:00:00Z", "2026-03-01T12:00:00Z", Ok("2026-03-01T12:00:00.000Z")),
        (-DAY_SECONDS, "2026-02-27T12:00:00Z", "2026-03-01T12:00:01Z", Err("window.end")),
        (0, "2026-02-27T12:00:00Z", "2026-03-01T12:00:01Z", Err("window.end")),
    ] {
        let lab = story().await;
        match (run_ahead(&lab, ahead, &window(start, end)).await, expected) {
            (Ok(response), Ok(expected)) => {
                assert_eq!(response["targets"][0]["window"]["end"], expected, "{ahead} {end}");
                assert_eq!(response["status"], "ok", "{response}");
                assert!(state(&lab).await.is_none());
            }
            (Err(error), Err(field)) => {
                assert_eq!(error.error_type, "Payload.Invalid", "{ahead} {end}: {error}");
                assert!(error.message.contains(field) && error.message.contains("future"), "{error}");
            }
            (result, _) => panic!("{ahead} {end}: {result:?}"),
        }
    }
}

#[tokio::test]
async fn a_pushed_insight_gets_the_time_of_the_service() {
    let lab = story().await;
    let push = json!({"version": "0", "id": "x", "detail-type": "AWS X-Ray Insight Update", "source": "aws.xray",
        "account": "123456789012", "region": "eu-west-1", "time": NOW, "resources": [],
        "detail": {"InsightId": OPEN}});
    let response = run_ahead(&lab, DAY_SECONDS, &push.to_string()).await.unwrap();
    assert_eq!((&response["status"], issues(&response).len()), (&"ok".into(), 1), "{response}");
    let table = lab.table().await;
    let insight = super::insight(&table, OPEN);
    for name in ["answered_at", "observed_at"] {
        assert_eq!(text(insight, name), Some(at(NOW).to_string().as_str()), "{name}");
    }
    let run = table.of_kind("run")[0];
    assert_eq!(text(run, "started_at"), Some(at(NOW).to_string().as_str()));
}
