//! Invalid responses, responses about another trail, and rows of a newer version.

use crate::support::*;
use insights_tests::intercept::{replacing, response};

/// One run in which every response to `operation` has this body.
async fn run_with(lab: &Lab, operation: &'static str, body: &'static str) -> Json {
    let sdk =
        replacing(
            &lab.sdk(),
            move |name, before| {
                if name == operation { response(&before, 200, None, body) } else { before }
            },
        );
    let function: Function<CloudtrailInsights> =
        lab.function_with(&sdk, &[("LOOKBACK_DAYS", "3"), ("CONCURRENCY", "1")]).unwrap();
    function.invoke("{}").await.unwrap()
}

#[tokio::test]
async fn an_invalid_response_is_malformed_for_every_operation() {
    let lab = Lab::new(STORY).await;
    run(&lab, &[]).await;
    lab.advance(3_600);
    for (operation, keeps) in [
        ("DescribeTrails", false),
        ("GetInsightSelectors", false),
        ("LookupEvents", true),
        ("ListInsightsData", false),
        ("ListInsightsMetricData", false),
    ] {
        for body in ["", "<html>", "{\"__type\":\"InternalFailure\"}"] {
            let response = run_with(&lab, operation, body).await;
            assert_eq!(response["status"], "partial", "{operation} {body}: {response}");
            let codes: Vec<&String> =
                response["targets"][0]["issue_counts"].as_object().unwrap().keys().collect();
            assert_eq!(codes, ["Response.Malformed"], "{operation} {body}");
            assert!(issues(&response).iter().all(|issue| issue.contains(operation)), "{operation} {body}");
            // A failed part has a watermark in its own row, so the target's watermark may move on. The account's events
            // have no row.
            if keeps {
                assert_eq!(watermark(&lab.table().await), "2026-03-01T12:00:00.000Z", "{body}");
            }
        }
        if keeps {
            lab.advance(60);
        }
        // The missing data is fetched later.
        assert_eq!(run(&lab, &[]).await["status"], "ok", "after {operation}");
        lab.delete(&insights_shared::key::Key::new(RUNS, "state")).await;
        run(&lab, &[]).await;
        let mut state = lab.table().await.get(RUNS, "state").unwrap().clone();
        state.insert("watermark".into(), at("2026-03-01T12:00:00Z").into());
        lab.put(state).await;
    }
}

#[tokio::test]
async fn selectors_of_another_trail_are_malformed() {
    let body =
        r#"{"TrailARN":"arn:aws:cloudtrail:eu-west-1:123456789012:trail/other","InsightSelectors":[]}"#;
    let response = run_with(&Lab::new(STORY).await, "GetInsightSelectors", body).await;
    assert_eq!(response["status"], "partial", "{response}");
    let all = issues(&response);
    let is_it =
        |issue: &String| issue.contains("GetInsightSelectors") && issue.ends_with("Response.Malformed");
    assert!(!all.is_empty() && all.iter().all(is_it), "{all:?}");
}

#[tokio::test]
async fn a_series_row_of_a_newer_version_is_an_issue_and_keeps_the_watermark() {
    let lab = Lab::new(STORY).await;
    run(&lab, &[]).await;
    let mut row = series_row(&lab.table().await, QUEUE_SERIES).clone();
    row.insert("schema_version".into(), 2.into());
    lab.put(row.clone()).await;
    lab.advance(3_600);
    let response = run(&lab, &[]).await;
    assert_eq!(response["status"], "partial", "{response}");
    let expected = format!("write PutItem {QUEUE_SERIES} ConditionalCheckFailedException");
    assert!(issues(&response).contains(&expected), "{:?}", issues(&response));
    let table = lab.table().await;
    assert_eq!(watermark(&table), "2026-03-01T12:00:00.000Z");
    assert_eq!(*series_row(&table, QUEUE_SERIES), row);
}

#[tokio::test]
async fn rejected_events_name_the_operation_that_returned_them() {
    for (operation, body) in [
        ("LookupEvents", r#"{"Events":[{"EventId":"a","CloudTrailEvent":"{}"}]}"#),
        ("ListInsightsData", r#"{"Events":[{"EventId":"b","CloudTrailEvent":"{}"}]}"#),
    ] {
        let lab = Lab::new(STORY).await;
        let response = run_with(&lab, operation, body).await;
        let rejected: Vec<String> =
            issues(&response).into_iter().filter(|issue| issue.starts_with("validate ")).collect();
        assert!(!rejected.is_empty());
        assert!(
            rejected.iter().all(|issue| issue.starts_with(&format!("validate {operation} "))),
            "{rejected:?}"
        );
    }
}
