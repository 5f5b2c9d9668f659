//! The watermark of the target, the watermark of a trail's row, and the end of a window: each moves only if every stage before it
//! is complete. Each case makes exactly one stage incomplete.

use crate::support::*;
use insights_shared::time::DAY_SECONDS;
use insights_tests::intercept::{Refusal, denied, refusing, substituting};
use serde_json::json;

/// A code that says that a trail will stay unavailable.
const LASTING: &str = "TrailNotFoundException";
/// The start of the lab.
const BEGIN: &str = "2026-03-01T12:00:00.000Z";
/// The end of the first of the two pieces of a first run, which looks back three days.
const FIRST_PIECE: &str = "2026-02-27T12:00:00.000Z";
/// The start of a first run.
const LOOKBACK: &str = "2026-02-26T12:00:00.000Z";
/// The row of the trail.
const TRAIL_ROW: &str = "trail#arn:aws:cloudtrail:eu-west-1:123456789012:trail/objects";

/// A function that looks back three days, makes one call at a time, and gets these errors. Everything is put and
/// nothing inserted, so that each write is a separate request.
fn refused(lab: &Lab, variables: &[(&str, &str)], refusals: &[Refusal]) -> Function<CloudtrailInsights> {
    lab.fault("BatchExecuteStatement=denied");
    let variables = [&[("LOOKBACK_DAYS", "3"), ("CONCURRENCY", "1")], variables].concat();
    lab.function_with(&refusing(&lab.sdk(), refusals), &variables).unwrap()
}

/// A run with these errors leaves the watermark at `expected`. The next run moves it.
async fn check(lab: Lab, variables: &[(&str, &str)], refusals: &[Refusal], expected: &str) {
    let response = refused(&lab, variables, refusals).invoke("{}").await.unwrap();
    assert_eq!(response["status"], "partial", "{refusals:?}: {response}");
    assert_eq!(watermark(&lab.table().await), expected, "{refusals:?}: {response}");
    let response = refused(&lab, variables, &[]).invoke("{}").await.unwrap();
    assert_eq!(response["status"], "ok", "{refusals:?}: {response}");
    let now = lab.now().to_string();
    assert_eq!(watermark(&lab.table().await), now, "{refusals:?}");
}

/// A lab with one run over the small scenario, `seconds` later.
async fn later(seconds: i64) -> Lab {
    let lab = Lab::new(STORY).await;
    run(&lab, &[]).await;
    lab.advance(seconds);
    lab
}

/// Changes a stored catalog row.
async fn change_row(lab: &Lab, sort_key: &str, change: impl FnOnce(&mut Map)) {
    let mut row = lab.table().await.get(CATALOG, sort_key).unwrap().clone();
    change(&mut row);
    lab.put(row).await;
}

#[tokio::test]
async fn a_first_run_that_is_incomplete_keeps_the_watermark() {
    let configured = [(
        "CLOUDTRAIL_SERIES",
        r#"[{"event_source":"kms.amazonaws.com","event_name":"Decrypt","insight_type":"ApiCallRateInsight"}]"#,
    )];
    for refusal in [
        denied("LookupEvents", "", 1),
        denied("PutItem", RUN, 0),
        // The row of a series is written when events name it, and again after its points.
        denied("PutItem", "series#ec2.amazonaws.com", 0),
        denied("PutItem", "series#ec2.amazonaws.com", 1),
        denied("PutItem", "series#kms.amazonaws.com", 0),
        denied("PutItem", "series#kms.amazonaws.com", 1),
        // The row of a trail is written when it is found, and again after its events.
        denied("PutItem", TRAIL_ROW, 0),
        denied("PutItem", TRAIL_ROW, 1),
    ] {
        check(Lab::new(STORY).await, &configured, &[refusal], FIRST_PIECE).await;
    }
}

#[tokio::test]
async fn a_rejected_event_that_cannot_be_stored_keeps_the_watermark() {
    for (refusals, expected) in [(&[denied("PutItem", "rejected#", 0)][..], "-"), (&[], BEGIN)] {
        let lab = Lab::new(&story("")).await;
        let page = json!({"Events": [{"EventId": "e", "EventTime": 1_772_362_800, "CloudTrailEvent": "{}"}]});
        let sdk = substituting(&lab.sdk(), move |operation, _| {
            (operation == "LookupEvents").then(|| (200, page.to_string()))
        });
        let function: Function<CloudtrailInsights> =
            lab.function_with(&refusing(&sdk, refusals), &[("LOOKBACK_DAYS", "3")]).unwrap();
        // If nothing is stored, the invocation fails.
        let _ = function.invoke("{}").await;
        assert_eq!(watermark(&lab.table().await), expected);
    }
}

#[tokio::test]
async fn a_later_run_that_is_incomplete_keeps_the_watermark() {
    let repaired_series = format!("series#{QUEUE_SERIES}");
    // No event of the last hours names it again.
    let dead_series = format!("series#{GET_SERIES}");
    let future = "2026-03-09T12:00:00.000Z";
    for (what, refusals) in [
        ("a series in the future", &[denied("PutItem", "series#sqs.amazonaws.com", 0)][..]),
        ("a trail in the future", &[denied("PutItem", TRAIL_ROW, 0)]),
        ("a series that is no longer live", &[denied("PutItem", "series#s3.amazonaws.com", 0)]),
        ("a trail that is no longer listed", &[denied("PutItem", TRAIL_ROW, 0)]),
        (
            "a trail whose selectors cannot be read",
            &[
                Refusal { operation: "GetInsightSelectors", part: "objects", index: 0, code: LASTING },
                denied("PutItem", TRAIL_ROW, 0),
            ],
        ),
    ] {
        let lab = later(3_600).await;
        match what {
            "a series in the future" => {
                change_row(&lab, &repaired_series, |row| {
                    row.insert("watermark".into(), future.into());
                })
                .await;
            }
            "a trail in the future" => {
                change_row(&lab, TRAIL_ROW, |row| {
                    row.insert("watermark".into(), future.into());
                })
                .await;
            }
            "a series that is no longer live" => {
                change_row(&lab, &dead_series, |row| {
                    row.insert("named_at".into(), "2025-11-01T00:00:00.000Z".into());
                })
                .await;
            }
            "a trail that is no longer listed" => replace_scenario(&lab, &story("")),
            _ => {}
        }
        check(lab, &[], refusals, BEGIN).await;
    }
}

#[tokio::test]
async fn a_series_whose_row_a_newer_version_wrote_keeps_the_watermark() {
    let lab = later(3_600).await;
    change_row(&lab, &format!("series#{GET_SERIES}"), |row| {
        row.insert("schema_version".into(), 2.into());
    })
    .await;
    assert_eq!(run(&lab, &[]).await["status"], "partial");
    assert_eq!(watermark(&lab.table().await), BEGIN);
}

#[tokio::test]
async fn the_watermark_does_not_move_after_a_piece_if_a_part_has_no_watermark_of_its_own() {
    // The second piece fails, so that only the move after the first one can be seen.
    let second_piece = denied("LookupEvents", "", 1);
    for (is_in_future, refusals) in [
        (false, &[denied("PutItem", "series#ec2.amazonaws.com", 0), second_piece][..]),
        (false, &[denied("PutItem", TRAIL_ROW, 0), second_piece]),
        (true, &[denied("PutItem", TRAIL_ROW, 0), second_piece]),
        // The state: the second piece is not started.
        (false, &[denied("UpdateItem", "", 0)]),
    ] {
        let lab = later(10 * DAY_SECONDS).await;
        if is_in_future {
            change_row(&lab, TRAIL_ROW, |row| {
                row.insert("watermark".into(), "2026-03-20T12:00:00.000Z".into());
            })
            .await;
        }
        check(lab, &[], refusals, BEGIN).await;
    }
    let lab = later(10 * DAY_SECONDS).await;
    refused(&lab, &[], &[second_piece]).invoke("{}").await.unwrap();
    assert_eq!(watermark(&lab.table().await), "2026-03-02T12:00:00.000Z", "otherwise it moves");
}

#[tokio::test]
async fn a_trail_that_is_incomplete_gets_a_watermark_of_its_own() {
    for refusal in [
        denied("ListInsightsData", "", 0),
        denied("PutItem", GET, 0),
        denied("PutItem", "series#s3.amazonaws.com", 0),
    ] {
        let lab = Lab::new(STORY).await;
        let response = refused(&lab, &[], &[refusal]).invoke("{}").await.unwrap();
        assert_eq!(response["status"], "partial", "{refusal:?}");
        let table = lab.table().await;
        assert_eq!(text(table.get(CATALOG, TRAIL_ROW).unwrap(), "watermark"), LOOKBACK, "{refusal:?}");
    }
}

#[tokio::test]
async fn trails_that_cannot_be_listed_do_not_expire() {
    for refusal in [denied("DescribeTrails", "", 0), denied("GetInsightSelectors", "objects", 0)] {
        let lab = later(3_600).await;
        refused(&lab, &[], &[refusal]).invoke("{}").await.unwrap();
        let table = lab.table().await;
        assert!(!table.get(CATALOG, TRAIL_ROW).unwrap().contains_key("expires_at"), "{refusal:?}");
    }
}

const WINDOW: &str = r#"{"window":{"start":"2026-02-27T00:00:00Z","end":"2026-03-01T12:00:00Z"}}"#;

/// An invocation with a window; returns its reported end.
async fn backfill(function: &Function<CloudtrailInsights>) -> String {
    let response = function.invoke(WINDOW).await.unwrap();
    response["targets"][0]["window"]["end"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_window_that_is_incomplete_ends_where_it_began() {
    let lasting = |operation| Refusal { operation, part: "objects", index: 0, code: LASTING };
    for refusals in [
        &[denied("DescribeTrails", "", 0)][..],
        &[denied("GetInsightSelectors", "objects", 0)],
        &[lasting("GetInsightSelectors"), denied("PutItem", TRAIL_ROW, 0)],
        &[denied("LookupEvents", "", 0)],
        &[denied("PutItem", RUN, 0)],
        &[denied("ListInsightsData", "", 0)],
        &[lasting("ListInsightsData"), denied("PutItem", TRAIL_ROW, 0)],
        &[denied("PutItem", GET, 0)],
        &[denied("PutItem", "series#s3.amazonaws.com", 0)],
        &[denied("PutItem", "series#s3.amazonaws.com", 1)],
        &[denied("ListInsightsMetricData", "GetObject", 0)],
        &[denied("PutItem", "cloudtrail.metric", 0)],
    ] {
        let lab = Lab::new(STORY).await;
        let reached = backfill(&refused(&lab, &[], refusals)).await;
        assert_eq!(reached, "2026-02-27T00:00:00.000Z", "{refusals:?}");
        let reached = backfill(&refused(&lab, &[], &[])).await;
        assert_eq!(reached, BEGIN, "{refusals:?}");
    }
}

#[tokio::test]
async fn a_window_ends_where_it_began_if_it_cannot_be_stored_that_a_trail_answers_again() {
    let lab = Lab::new(STORY).await;
    run(&lab, &[]).await;
    let lasting = Refusal { operation: "ListInsightsData", part: "objects", index: 0, code: LASTING };
    refused(&lab, &[], &[lasting]).invoke("{}").await.unwrap();
    assert!(lab.table().await.get(CATALOG, TRAIL_ROW).unwrap().contains_key("unavailable"));
    lab.advance(60);
    let reached = backfill(&refused(&lab, &[], &[denied("PutItem", TRAIL_ROW, 0)])).await;
    assert_eq!(reached, "2026-02-27T00:00:00.000Z");
}

/// The series that a pushed event appears to name.
const MISNAMED: &str = "series#s3.amazonaws.com#GetObject#ApiCallRateInsight#-#-\"";

/// A lab with a pushed event that does not say that it belongs to a trail, and the SDK with the trail's look-up that returns
/// the event.
async fn misnamed(refusals: &[Refusal]) -> (Lab, Function<CloudtrailInsights>) {
    let (trails, _) = STORY.split_once("[[cloudtrail.insights]]").unwrap();
    let lab = Lab::new(trails).await;
    let mut event = half("Start", "s", "2026-03-01T11:00:00Z", "e", 2.0);
    let details = event["insightDetails"].as_object_mut().unwrap();
    details.insert("eventSource".into(), "s3.amazonaws.com".into());
    details.insert("eventName".into(), "GetObject".into());
    details.remove("sourceEventCategory");
    invoke(&lab, &[], &push(&event)).await;
    let page = json!({"Events": [
        {"EventId": "e", "EventTime": 1_772_362_800, "CloudTrailEvent": event.to_string()},
    ]});
    let sdk = substituting(&lab.sdk(), move |operation, _| {
        (operation == "ListInsightsData").then(|| (200, page.to_string()))
    });
    let variables = [("LOOKBACK_DAYS", "3"), ("CONCURRENCY", "1")];
    let function = lab.function_with(&refusing(&sdk, refusals), &variables).unwrap();
    (lab, function)
}

#[tokio::test]
async fn a_series_that_an_event_only_appeared_to_name_keeps_its_trail_back_until_its_row_is_corrected() {
    for (refusals, watermark, reached) in
        [(&[denied("PutItem", MISNAMED, 0)][..], LOOKBACK, "2026-02-27T00:00:00.000Z"), (&[], "-", BEGIN)]
    {
        let (lab, function) = misnamed(refusals).await;
        function.invoke("{}").await.unwrap();
        let table = lab.table().await;
        assert_eq!(text(table.get(CATALOG, TRAIL_ROW).unwrap(), "watermark"), watermark);
        let (_lab, function) = misnamed(refusals).await;
        assert_eq!(backfill(&function).await, reached);
    }
}
