//! Answers about another series than the requested one, and duplicate items.

use crate::support::*;
use insights_tests::{Sent, edited};

/// Changes an answer; returns `true` if it did.
type Change = fn(&Sent, &mut Json) -> bool;

async fn run_edited(lab: &Lab, change: Change) -> Json {
    let sdk = edited(&lab.sdk(), change);
    lab.simulator.clear_log();
    let variables = [("LOOKBACK_DAYS", "3"), ("CONCURRENCY", "1")];
    let response =
        lab.function_with::<CloudtrailInsights>(&sdk, &variables).unwrap().invoke("{}").await.unwrap();
    assert_adds_up(&response);
    response
}

/// Sets a member of the answer about the series of data events.
fn set(sent: &Sent, answer: &mut Json, name: &str, value: Json) -> bool {
    let is_meant = sent.operation == "ListInsightsMetricData" && sent.input["EventName"] == "GetObject";
    if is_meant {
        answer[name] = value;
    }
    is_meant
}

const SERIES_CASES: [(&str, Change, bool); 12] = [
    ("another source", |sent, answer| set(sent, answer, "EventSource", "ec2.amazonaws.com".into()), false),
    ("another name", |sent, answer| set(sent, answer, "EventName", "PutObject".into()), false),
    ("another type", |sent, answer| set(sent, answer, "InsightType", "ApiCallRateInsight".into()), false),
    ("an unknown type", |sent, answer| set(sent, answer, "InsightType", "NewInsight".into()), false),
    ("another code", |sent, answer| set(sent, answer, "ErrorCode", "NoSuchKey".into()), false),
    (
        "another trail",
        |sent, answer| set(sent, answer, "TrailARN", OBJECTS.replace("objects", "other").into()),
        false,
    ),
    (
        "another account's trail",
        |sent, answer| set(sent, answer, "TrailARN", OBJECTS.replace("123456789012", "111122223333").into()),
        false,
    ),
    ("no trail", |sent, answer| set(sent, answer, "TrailARN", Json::Null), true),
    ("an empty code", |sent, answer| set(sent, answer, "ErrorCode", "".into()), true),
    ("no name", |sent, answer| set(sent, answer, "EventName", Json::Null), true),
    ("other letters", |sent, answer| set(sent, answer, "EventSource", "S3.amazonaws.com".into()), true),
    ("the same", |sent, answer| set(sent, answer, "TrailARN", OBJECTS.into()), true),
];

#[tokio::test]
async fn an_answer_about_another_series_is_malformed_and_does_not_affect_others() {
    let undisturbed = Lab::new(STORY).await;
    run(&undisturbed, &[]).await;
    let expected = undisturbed.table().await;
    for (what, change, is_stored) in SERIES_CASES {
        let lab = Lab::new(STORY).await;
        let response = run_edited(&lab, change).await;
        let table = lab.table().await;
        if is_stored {
            assert_eq!(response["status"], "ok", "{what}: {response}");
            expected.assert_same_content(&table);
            continue;
        }
        assert_eq!(response["status"], "partial", "{what}");
        let issue = format!("fetch ListInsightsMetricData {GET_SERIES} Response.Malformed");
        assert_eq!(issues(&response), [issue], "{what}");
        assert_eq!((chunks(&table, GET_SERIES).len(), covered(&table, GET_SERIES).len()), (0, 0), "{what}");
        assert_eq!(chunks(&table, RUN_SERIES), chunks(&expected, RUN_SERIES), "{what}");
        // The next run completes the data.
        lab.advance(60);
        assert_eq!(run(&lab, &[]).await["status"], "ok", "{what}");
        assert_eq!(chunks(&lab.table().await, GET_SERIES), chunks(&expected, GET_SERIES), "{what}");
    }
}

#[tokio::test]
async fn an_answer_that_names_a_trail_or_a_code_that_was_not_requested_is_malformed() {
    let cases: [(&str, Change); 2] = [
        ("a trail", |sent, answer| {
            answer["TrailARN"] = OBJECTS.into();
            sent.operation == "ListInsightsMetricData" && sent.input["EventName"] == "RunInstances"
        }),
        ("a code", |sent, answer| {
            answer["ErrorCode"] = "AccessDenied".into();
            sent.operation == "ListInsightsMetricData" && sent.input["EventName"] == "RunInstances"
        }),
    ];
    for (what, change) in cases {
        let lab = Lab::new(STORY).await;
        let response = run_edited(&lab, change).await;
        let issue = format!("fetch ListInsightsMetricData {RUN_SERIES} Response.Malformed");
        assert_eq!(issues(&response), [issue], "{what}");
    }
}

fn twice(sent: &Sent, answer: &mut Json, operation: &str, list: &str) -> bool {
    let Some(elements) = answer[list].as_array_mut().filter(|_| sent.operation == operation) else {
        return false;
    };
    elements.extend(elements.clone());
    true
}

/// Gives the copy of each event another text of the same event, before or after it.
fn with_other_texts(sent: &Sent, answer: &mut Json, at_front: bool) -> bool {
    let Some(events) = answer["Events"].as_array_mut().filter(|_| sent.operation == "LookupEvents") else {
        return false;
    };
    let mut copies = events.clone();
    for event in &mut copies {
        let text = event["CloudTrailEvent"].as_str().unwrap();
        event["CloudTrailEvent"] = text.replacen('{', "{\"zzz\":\"another text\",", 1).into();
    }
    if at_front {
        std::mem::swap(events, &mut copies);
    }
    events.extend(copies);
    true
}

const EQUAL: [(&str, Change); 5] = [
    ("events", |sent, answer| twice(sent, answer, "LookupEvents", "Events")),
    ("events of a trail", |sent, answer| twice(sent, answer, "ListInsightsData", "Events")),
    ("trails", |sent, answer| twice(sent, answer, "DescribeTrails", "trailList")),
    ("selectors", |sent, answer| twice(sent, answer, "GetInsightSelectors", "InsightSelectors")),
    ("points", |sent, answer| {
        let is_meant = sent.operation == "ListInsightsMetricData";
        is_meant
            && twice(sent, answer, &sent.operation, "Timestamps")
            && twice(sent, answer, &sent.operation, "Values")
    }),
];

#[tokio::test]
async fn duplicates_count_once_and_a_second_run_writes_nothing() {
    let undisturbed = Lab::new(STORY).await;
    let calls = |lab: &Lab| {
        ["GetInsightSelectors", "ListInsightsData", "ListInsightsMetricData"].map(|name| lab.calls(name))
    };
    let first = summary(&run(&undisturbed, &[]).await);
    let (expected_calls, expected) = (calls(&undisturbed), undisturbed.table().await);
    for (what, change) in EQUAL {
        let lab = Lab::new(STORY).await;
        assert_eq!(summary(&run_edited(&lab, change).await), first, "{what}");
        assert_eq!(calls(&lab), expected_calls, "{what}: no call twice");
        expected.assert_same_content(&lab.table().await);
        lab.advance(60);
        let response = run_edited(&lab, change).await;
        assert_eq!(response["written"], 0, "{what}: {response}");
        assert_eq!(writes(&lab), (1, 1), "{what}");
        expected.assert_same_content(&lab.table().await);
    }
}

#[tokio::test]
async fn of_two_texts_of_one_event_the_same_one_wins_in_any_order() {
    let mut tables: Vec<Table> = Vec::new();
    let cases: [Change; 2] = [
        |sent, answer| with_other_texts(sent, answer, true),
        |sent, answer| with_other_texts(sent, answer, false),
    ];
    for change in cases {
        let lab = Lab::new(STORY).await;
        run_edited(&lab, change).await;
        lab.advance(60);
        let response = run_edited(&lab, change).await;
        assert_eq!((&response["written"], writes(&lab)), (&0.into(), (1, 1)), "{response}");
        tables.push(lab.table().await);
    }
    tables[0].assert_same_content(&tables[1]);
}

#[tokio::test]
async fn an_event_rejected_twice_is_one_rejected_record() {
    let lab = Lab::new(STORY).await;
    let change: Change = |sent, answer| {
        if sent.operation != "LookupEvents" {
            return false;
        }
        let unusable = serde_json::json!({"EventId": "x", "CloudTrailEvent": "{}"});
        answer["Events"].as_array_mut().unwrap().extend([unusable.clone(), unusable]);
        true
    };
    let response = run_edited(&lab, change).await;
    assert_eq!(
        (&response["rejected"], lab.table().await.of_kind("rejected").len()),
        (&1.into(), 1),
        "{response}"
    );
    lab.advance(60);
    let response = run_edited(&lab, change).await;
    assert_eq!((&response["rejected"], writes(&lab)), (&1.into(), (1, 1)), "{response}");
}
