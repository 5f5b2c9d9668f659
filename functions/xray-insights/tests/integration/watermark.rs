//! The watermark: it moves only if every stage of a run is complete.

use super::{ONE_AT_A_TIME, run, state, story, text, vanished};
use insights_tests::intercept::{denied, refusing};
use insights_tests::{CLOSED, Lab, OPEN, edited};
use serde_json::json;
use xray_insights::XrayInsights;

async fn watermark(lab: &Lab) -> Option<String> {
    state(lab).await.and_then(|state| text(&state, "watermark").map(str::to_owned))
}

/// Runs with `faults`: data is missing, so the watermark stays. The next run moves it.
async fn check(lab: Lab, faults: &[&str]) {
    let before = watermark(&lab).await;
    for fault in faults {
        lab.fault(fault);
    }
    let response = run(&lab).await;
    assert_eq!(response["status"], "partial", "{faults:?}");
    assert_eq!(watermark(&lab).await, before, "{faults:?}");
    lab.simulator.clear_faults();
    lab.advance(60);
    assert_eq!(run(&lab).await["status"], "ok", "{faults:?}");
    assert!(watermark(&lab).await > before, "{faults:?}");
}

#[tokio::test]
async fn a_part_that_cannot_be_fetched_keeps_the_watermark() {
    for fault in [
        "GetInsightSummaries=denied:1@1",
        "GetInsight=denied:1@1",
        "GetInsightEvents=denied:1@1",
        "GetInsightImpactGraph=denied:1@1",
    ] {
        check(story().await, &[fault]).await;
    }
}

#[tokio::test]
async fn a_record_that_cannot_be_put_keeps_the_watermark() {
    for skip in 0..12 {
        let put = format!("PutItem=denied:1@{skip}");
        check(story().await, &[&put, "BatchExecuteStatement=denied"]).await;
    }
}

#[tokio::test]
async fn a_page_or_an_unlisted_insight_that_cannot_be_compared_with_the_table_keeps_the_watermark() {
    // The state is read first, then the keys of each page, then the unlisted insight.
    for skip in 1..4 {
        let lab = story().await;
        run(&lab).await;
        vanished::unlist(&lab, OPEN);
        lab.advance(60);
        check(lab, &[&format!("BatchGetItem=denied:1@{skip}")]).await;
    }
}

#[tokio::test]
async fn an_unlisted_insight_that_cannot_be_found_or_fetched_keeps_the_watermark() {
    for fault in ["Query=denied", "GetInsight=denied"] {
        let lab = story().await;
        run(&lab).await;
        vanished::unlist(&lab, OPEN);
        lab.advance(60);
        check(lab, &[fault]).await;
    }
}

#[tokio::test]
async fn a_changed_insight_that_cannot_be_fetched_keeps_the_watermark() {
    let lab = story().await;
    run(&lab).await;
    // By then one insight has one more event.
    lab.advance(1_800);
    check(lab, &["GetInsight=denied"]).await;
}

#[tokio::test]
async fn a_newer_version_that_cannot_be_fetched_keeps_the_watermark() {
    let lab = story().await;
    // A later page has a newer version of the insight than the page from which it was fetched.
    let sdk = edited(&lab.sdk(), |_, answer| {
        let Some(list) = answer["InsightSummaries"].as_array_mut() else { return false };
        let is_later_page = list.iter().any(|summary| summary["InsightId"] == CLOSED);
        if is_later_page {
            list.push(json!({"InsightId": OPEN, "State": "ACTIVE", "LastUpdateTime": 1_772_366_000}));
        }
        is_later_page
    });
    let sdk = refusing(&sdk, &[denied("GetInsight", OPEN, 1)]);
    let function = lab.function_with::<XrayInsights>(&sdk, &[ONE_AT_A_TIME]).unwrap();
    assert_eq!(function.invoke("{}").await.unwrap()["status"], "partial");
    assert_eq!(watermark(&lab).await, None);
    assert_eq!(lab.calls("GetInsight"), 3, "each insight once; the second call for one was refused");
}
