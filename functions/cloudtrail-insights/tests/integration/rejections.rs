//! Rejected requests that may succeed in a later run, and how often they are repeated.

use crate::support::*;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const TRAIL_ROW: &str = "trail#arn:aws:cloudtrail:eu-west-1:123456789012:trail/objects";

/// The codes with which a time range may be rejected.
const CODES: [&str; 3] =
    ["InvalidParameterException", "ValidationException", "InvalidParameterCombinationException"];

/// A function of `lab` that counts requests of `operation`, and rejects those selected by `is_rejected` with `code`.
fn rejecting(
    lab: &Lab,
    operation: &'static str,
    code: &'static str,
    is_rejected: impl Fn(&Json) -> bool + Send + Sync + 'static,
) -> (Function<CloudtrailInsights>, Arc<AtomicUsize>) {
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&requests);
    let function = answering(lab, move |asked, input| {
        if asked != operation {
            return None;
        }
        counted.fetch_add(1, Ordering::SeqCst);
        is_rejected(input).then(|| refusal(400, code))
    });
    (function, requests)
}

/// Whether a request starts more than two hours before the lab.
fn is_old(input: &Json) -> bool {
    input["StartTime"].as_f64().unwrap() < 1_772_366_400.0 - 2.0 * 3_600.0
}

/// `code retryable lasting` of each issue of the first target.
fn codes(response: &Json) -> Vec<String> {
    let issues = response["targets"][0]["issues"].as_array().unwrap();
    let line = |issue: &Json| {
        format!("{} {} {}", issue["code"].as_str().unwrap(), issue["retryable"], issue["lasting"] == true)
    };
    issues.iter().map(line).collect()
}

async fn with_one_series() -> Lab {
    let lab = Lab::new(&story("")).await;
    invoke(&lab, &[], &push(&half("Start", "s", "2026-03-01T11:00:00Z", "e", 1.0))).await;
    lab
}

#[tokio::test]
async fn a_range_rejected_for_a_series_is_not_a_lasting_issue_and_is_fetched_by_the_next_run() {
    for code in CODES {
        let lab = with_one_series().await;
        let (function, requests) = rejecting(&lab, "ListInsightsMetricData", code, is_old);
        let response = function.invoke("{}").await.unwrap();
        assert_eq!(response["status"], "partial", "{code}: {response}");
        assert_eq!(codes(&response), [format!("{code} false false")]);
        assert_eq!(requests.load(Ordering::SeqCst), 2, "one more, for the last hour");
        let table = lab.table().await;
        assert_eq!(series_row(&table, RUN_SERIES).get("unavailable"), None, "{code}");
        assert!(covered(&table, RUN_SERIES).is_empty() && chunks(&table, RUN_SERIES).is_empty(), "{code}");
        lab.advance(60);
        assert_eq!(run(&lab, &[]).await["status"], "ok", "{code}");
        assert_eq!(covered(&lab.table().await, RUN_SERIES), ["300 2026-02-26T12:00/"], "{code}");
    }
}

#[tokio::test]
async fn a_series_rejected_for_every_range_is_lasting_and_needs_two_requests_per_day() {
    for code in CODES {
        let lab = with_one_series().await;
        for (seconds, expected) in [(0, 2), (60, 0), (86_339, 0), (1, 2)] {
            lab.advance(seconds);
            let (function, requests) = rejecting(&lab, "ListInsightsMetricData", code, |_| true);
            let response = function.invoke("{}").await.unwrap();
            assert_eq!(
                (response["status"].as_str(), codes(&response)),
                (Some("ok"), vec![format!("{code} false true")])
            );
            assert_eq!(requests.load(Ordering::SeqCst), expected, "{code} after {seconds} s");
        }
    }
    // If only the trail can be the cause, one request is enough.
    let lab = with_one_series().await;
    let (function, requests) =
        rejecting(&lab, "ListInsightsMetricData", "InvalidTrailNameException", |_| true);
    assert_eq!(codes(&function.invoke("{}").await.unwrap()), ["InvalidTrailNameException false true"]);
    assert_eq!(requests.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_unconfirmed_rejection_is_not_lasting() {
    let lab = with_one_series().await;
    let function = answering(&lab, |operation, input| {
        let is_meant = operation == "ListInsightsMetricData";
        is_meant.then(|| {
            refusal(400, if is_old(input) { "InvalidParameterException" } else { "AccessDeniedException" })
        })
    });
    let response = function.invoke("{}").await.unwrap();
    assert_eq!(
        (&response["status"], codes(&response)),
        (&"partial".into(), vec!["InvalidParameterException false false".to_owned()])
    );
}

#[tokio::test]
async fn an_unavailable_series_that_rejects_only_a_range_is_available_again() {
    let lab = with_one_series().await;
    let code = "InvalidParameterException";
    rejecting(&lab, "ListInsightsMetricData", code, |_| true).0.invoke("{}").await.unwrap();
    assert!(series_row(&lab.table().await, RUN_SERIES).contains_key("unavailable"));
    lab.advance(86_400);
    let (function, _) = rejecting(&lab, "ListInsightsMetricData", code, |input| {
        // Two hours before the second run.
        input["StartTime"].as_f64().unwrap() < 1_772_366_400.0 + 22.0 * 3_600.0
    });
    assert_eq!(function.invoke("{}").await.unwrap()["status"], "partial");
    assert_eq!(series_row(&lab.table().await, RUN_SERIES).get("unavailable"), None);
}

#[tokio::test]
async fn a_range_rejected_for_a_trail_is_not_a_lasting_issue_and_is_fetched_by_the_next_run() {
    for code in CODES {
        for payload in ["{}", r#"{"window":{"start":"2026-02-27T00:00:00Z","end":"2026-03-01T00:00:00Z"}}"#] {
            let lab = Lab::new(STORY).await;
            let (function, _) = rejecting(&lab, "ListInsightsData", code, is_old);
            let response = function.invoke(payload).await.unwrap();
            assert_eq!(response["status"], "partial", "{code}: {response}");
            assert!(
                codes(&response).iter().all(|issue| *issue == format!("{code} false false")),
                "{response}"
            );
            let table = lab.table().await;
            let row = table.get(CATALOG, TRAIL_ROW);
            assert!(row.is_none_or(|row| !row.contains_key("unavailable")), "{code}");
            lab.advance(60);
            assert_eq!(run(&lab, &[]).await["status"], "ok", "{code}");
            insight_of(&lab.table().await, GET);
        }
    }
}

#[tokio::test]
async fn a_rejection_in_a_backfill_is_one_request_and_one_issue() {
    // Five pieces: 1, 2, 4, 8 and 5 days.
    let window = r#"{"window":{"start":"2026-02-01T00:00:00Z","end":"2026-02-21T00:00:00Z"}}"#;
    for (operation, code, expected) in [
        ("ListInsightsMetricData", "InvalidTrailNameException", 1),
        ("ListInsightsMetricData", "InvalidParameterException", 2),
        ("ListInsightsData", "OperationNotPermittedException", 1),
        ("ListInsightsData", "InvalidParameterException", 2),
    ] {
        let lab = Lab::new(&story("")).await;
        let about = [json!(OBJECTS), json!("RunInstances")];
        let data = json!({"TrailARN": OBJECTS, "InsightSelectors": [{"InsightType": "ApiCallRateInsight", "EventCategories": ["Data"]}]});
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        let has_trail = operation == "ListInsightsData";
        let function = answering(&lab, move |asked, input| match asked {
            "DescribeTrails" if has_trail => Some((
                200,
                json!({"trailList": [{"TrailARN": OBJECTS, "HasInsightSelectors": true}]}).to_string(),
            )),
            "GetInsightSelectors" if has_trail => Some((200, data.to_string())),
            _ if asked == operation => {
                assert!(about.contains(&input[if has_trail { "InsightSource" } else { "EventName" }]));
                counted.fetch_add(1, Ordering::SeqCst);
                Some(refusal(400, code))
            }
            _ => None,
        });
        if !has_trail {
            invoke(&lab, &[], &push(&half("Start", "s", "2026-03-01T11:00:00Z", "e", 1.0))).await;
        }
        lab.simulator.clear_log();
        let response = function.invoke(window).await.unwrap();
        assert_eq!(
            (response["status"].as_str(), codes(&response)),
            (Some("ok"), vec![format!("{code} false true")])
        );
        assert_eq!(response["targets"][0]["issue_counts"], json!({ code: 1 }), "{operation}");
        assert_eq!(response["targets"][0]["window"]["end"], "2026-02-21T00:00:00.000Z");
        assert_eq!(requests.load(Ordering::SeqCst), expected, "{operation} {code}");
        assert_eq!(writes(&lab), (2, 0), "{operation}: the row and the run");
        // Another backfill requests it again.
        function.invoke(window).await.unwrap();
        assert_eq!(requests.load(Ordering::SeqCst), 2 * expected, "{operation} {code}");
    }
}

#[tokio::test]
async fn a_rejection_on_a_later_page_is_not_lasting_but_a_denial_is() {
    for (code, expected) in [
        ("InvalidParameterException", "InvalidParameterException true false"),
        ("AccessDeniedException", "AccessDeniedException false false"),
        ("UnrecognizedClientException", "UnrecognizedClientException false false"),
    ] {
        for operation in ["ListInsightsMetricData", "ListInsightsData"] {
            let lab = Lab::new(STORY).await;
            let paging = answering(&lab, move |asked, input| {
                if asked != operation
                    || (asked == "ListInsightsMetricData" && input["EventName"] != "GetObject")
                {
                    return None;
                }
                let page = json!({"Timestamps": [], "Values": [], "Events": [], "NextToken": "more"});
                Some(if input["NextToken"].is_string() {
                    refusal(400, code)
                } else {
                    (200, page.to_string())
                })
            });
            let response = paging.invoke("{}").await.unwrap();
            assert_eq!(
                (response["status"].as_str(), codes(&response)),
                (Some("partial"), vec![expected.to_owned()]),
                "{operation}"
            );
        }
    }
}
