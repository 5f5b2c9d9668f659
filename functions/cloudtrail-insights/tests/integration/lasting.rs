//! Data that can never be fetched: the issue is lasting, and the target is not affected.

use crate::support::*;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const TRAIL_ROW: &str = "trail#arn:aws:cloudtrail:eu-west-1:123456789012:trail/objects";

/// The scenario with only closed insights.
fn scenario() -> String {
    STORY.replace("start = \"-1h\"", "start = \"-1h\"\nend = \"-50m\"")
}

/// The same with the trail `objects` deleted half an hour after the start of the lab.
fn deleted() -> String {
    scenario().replace("name = \"objects\"\n", "name = \"objects\"\ndeleted = \"+30m\"\n")
}

/// The lasting issues of the first target as `operation subject code`, and the number of issues.
fn lasting(response: &Json) -> (Vec<String>, usize) {
    let issues = response["targets"][0]["issues"].as_array().unwrap();
    let text = |issue: &Json, name: &str| issue[name].as_str().unwrap().to_owned();
    let lasting = issues.iter().filter(|issue| issue["lasting"] == true && issue["retryable"] == false);
    let mut lines: Vec<String> = lasting
        .map(|issue| ["operation", "subject", "code"].map(|name| text(issue, name)).join(" "))
        .collect();
    lines.sort();
    (lines, issues.len())
}

/// `code since asked_at` of a row, with times without date; `-` for an available series.
fn unavailable(row: &Map) -> String {
    let Some(unavailable) = row.get("unavailable") else { return "-".to_owned() };
    assert_eq!(unavailable.as_map().unwrap().len(), 3, "{unavailable:?}");
    let member = |name: &str| unavailable.at(&[name]).unwrap().as_str().unwrap().to_owned();
    format!("{} {} {}", member("code"), &member("since")[8..16], &member("asked_at")[8..16])
}

fn succeeded_at(table: &Table) -> String {
    text(table.get(RUNS, "state").unwrap(), "last_success_at")[8..16].to_owned()
}

#[tokio::test]
async fn a_series_of_a_deleted_trail_is_unavailable_until_the_trail_exists_again_and_then_complete() {
    let lab = Lab::new(&scenario()).await;
    run(&lab, &[]).await;
    replace_scenario(&lab, &deleted());
    lab.advance(3_600);
    let response = run(&lab, &[]).await;
    let gone = format!("ListInsightsMetricData {GET_SERIES} InvalidTrailNameException");
    assert_eq!((response["status"].as_str(), lasting(&response)), (Some("ok"), (vec![gone.clone()], 1)));
    let table = lab.table().await;
    assert_eq!(
        (watermark(&table).as_str(), succeeded_at(&table).as_str()),
        ("2026-03-01T13:00:00.000Z", "01T13:00")
    );
    let row = series_row(&table, GET_SERIES);
    assert_eq!(unavailable(row), "InvalidTrailNameException 01T13:00 01T13:00");
    assert_eq!(text(row, "watermark"), "2026-03-01T12:00:00.000Z", "from here on it is fetched some day");
    assert_eq!(covered(&table, GET_SERIES), ["300 2026-02-26T12:00/2026-03-01T12:00"]);
    assert_eq!(covered(&table, RUN_SERIES), ["300 2026-02-26T12:00/"]);

    // Within 24 hours it is not requested and still reported; nothing else is written.
    for seconds in [3_600, 22 * 3_600 + 3_599] {
        lab.advance(seconds);
        lab.simulator.clear_log();
        let response = run(&lab, &[]).await;
        assert_eq!((response["status"].as_str(), lasting(&response)), (Some("ok"), (vec![gone.clone()], 1)));
        let message = response["targets"][0]["issues"][0]["message"].as_str().unwrap();
        assert!(
            message.starts_with("unavailable since 2026-03-01T13:00:00.000Z; last requested at"),
            "{message}"
        );
        assert_eq!(asked(&lab, "ListInsightsMetricData", &["EventName"]).len(), 2);
        assert_eq!(writes(&lab), (1, 1));
    }
    let table = lab.table().await;
    assert_eq!(succeeded_at(&table), "02T12:59");
    assert_eq!(
        table.get(RUNS, "state").unwrap()["lasting_counts"].at(&["InvalidTrailNameException"]),
        Some(&1.into())
    );

    // After 24 hours it is requested again, and only its row is written.
    lab.advance(1);
    lab.simulator.clear_log();
    assert_eq!(lasting(&run(&lab, &[]).await), (vec![gone], 1));
    assert_eq!(writes(&lab), (2, 1));
    let row = series_row(&lab.table().await, GET_SERIES).clone();
    assert_eq!(unavailable(&row), "InvalidTrailNameException 01T13:00 02T13:00");

    // It is available again, but is not requested for the rest of the 24 hours.
    replace_scenario(&lab, &scenario());
    lab.advance(86_399);
    lab.simulator.clear_log();
    run(&lab, &[]).await;
    assert_eq!(asked(&lab, "ListInsightsMetricData", &["EventName"]).len(), 2);
    lab.advance(1);
    lab.simulator.clear_log();
    let response = run(&lab, &[]).await;
    assert_eq!((response["status"].as_str(), lasting(&response)), (Some("ok"), (vec![], 0)));
    assert!(spans(&lab).contains(&"GetObject 300 03-01T06:00 03-03T13:00".to_owned()), "{:?}", spans(&lab));
    let table = lab.table().await;
    assert_eq!(table.get(RUNS, "state").unwrap().get("lasting_counts"), None);

    let undisturbed = Lab::new(&scenario()).await;
    run(&undisturbed, &[]).await;
    undisturbed.advance(49 * 3_600);
    run(&undisturbed, &[]).await;
    undisturbed.table().await.assert_same_content(&table);
}

#[tokio::test]
async fn only_some_errors_are_lasting() {
    let organization = "arn:aws:cloudtrail:us-east-1:111122223333:trail/organization";
    for (code, status, trail, expected) in [
        ("InvalidTrailNameException", 400, Some(OBJECTS), "ok"),
        ("TrailNotFoundException", 400, Some(OBJECTS), "ok"),
        ("CloudTrailARNInvalidException", 400, Some(OBJECTS), "ok"),
        ("InvalidParameterException", 400, Some(OBJECTS), "ok"),
        ("InvalidParameterException", 400, None, "ok"),
        ("ValidationException", 400, None, "ok"),
        ("UnsupportedOperationException", 400, None, "ok"),
        ("OperationNotPermittedException", 400, Some(organization), "ok"),
        ("AccessDeniedException", 400, Some(organization), "ok"),
        ("AccessDenied", 403, Some(organization), "ok"),
        ("AccessDeniedException", 400, Some(OBJECTS), "partial"),
        ("AccessDeniedException", 400, None, "partial"),
        ("ExpiredTokenException", 400, Some(organization), "partial"),
        ("UnrecognizedClientException", 403, Some(organization), "partial"),
        ("SubscriptionRequiredException", 403, Some(organization), "partial"),
        // An error page of a proxy.
        ("", 403, Some(organization), "partial"),
        ("ThrottlingException", 400, Some(organization), "partial"),
        ("InternalFailure", 500, Some(OBJECTS), "partial"),
        ("ServiceUnavailable", 503, Some(organization), "partial"),
    ] {
        let lab = Lab::new(&story("")).await;
        let mut event = half("Start", "s", "2026-03-01T11:00:00Z", "e", 1.0);
        if let Some(trail) = trail {
            event["insightDetails"]["sourceEventCategory"] = "Data".into();
            event["insightDetails"]["insightSource"] = trail.into();
        }
        invoke(&lab, &[], &push(&event)).await;
        let refusing = answering(&lab, move |operation, _| {
            let page = || (status, "<html>Forbidden</html>".to_owned());
            (operation == "ListInsightsMetricData")
                .then(|| if code.is_empty() { page() } else { refusal(status, code) })
        });
        let response = refusing.invoke("{}").await.unwrap();
        assert_eq!(response["status"], expected, "{code} {trail:?}: {response}");
        let series = format!("ec2.amazonaws.com#RunInstances#ApiCallRateInsight#-#{}", trail.unwrap_or("-"));
        let table = lab.table().await;
        let row = series_row(&table, &series);
        assert_eq!(text(row, "watermark"), "2026-02-26T12:00:00.000Z");
        assert_eq!(watermark(&table), "2026-03-01T12:00:00.000Z", "the others go on");
        if expected == "ok" {
            assert_eq!(lasting(&response), (vec![format!("ListInsightsMetricData {series} {code}")], 1));
            assert_eq!(unavailable(row), format!("{code} 01T12:00 01T12:00"));
        } else {
            assert_eq!(lasting(&response), (vec![], 1));
            assert_eq!(unavailable(row), "-");
        }
    }
}

#[tokio::test]
async fn a_series_that_cannot_be_requested_is_a_lasting_issue() {
    let of = |source: &str, name: &str, kind: &str, code: Option<&str>| {
        let mut event = half("Start", "s", "2026-03-01T11:00:00Z", "e", 1.0);
        let details = &mut event["insightDetails"];
        for (member, value) in [("eventSource", source), ("eventName", name), ("insightType", kind)] {
            details[member] = value.into();
        }
        if let Some(code) = code {
            details["errorCode"] = code.into();
        }
        event
    };
    let mut nameless = of("x", "y", "ApiCallRateInsight", None);
    for member in ["eventSource", "eventName"] {
        nameless["insightDetails"].as_object_mut().unwrap().remove(member);
    }
    let (calls, errors) = ("ApiCallRateInsight", "ApiErrorRateInsight");
    let long = "R".repeat(2_000);
    for event in [
        nameless,
        of("ec2.amazonaws.com.cn", "RunInstances", calls, None),
        of("runtime.sagemaker.amazonaws.com", "InvokeEndpoint", calls, None),
        of("kms.amazonaws.com", "Decrypt", errors, Some("com.amazonaws.kms#DisabledException")),
        of("s3.amazonaws.com", "GetObject", errors, Some("NoSuchKey/404")),
        of("s3.amazonaws.com", "GetObject", errors, None),
        of("ec2.amazonaws.com", "Run:Instances", calls, None),
        of("EC2.amazonaws.com", "RunInstances", calls, None),
        of("ec2.amazonaws.com", "RunInstances", "ApiLatencyInsight", None),
        of("ec2.amazonaws.com", &long, calls, None),
        of("", "", calls, None),
        of("ec2.amazonaws.com", "Run Instances\u{fffd}", calls, None),
    ] {
        let lab = Lab::new(&story("")).await;
        let response = invoke(&lab, &[], &push(&event)).await;
        assert_eq!((summary(&response), lasting(&response)), ("ok fetched=1 written=1".into(), (vec![], 0)));
        for _ in 0..2 {
            lab.simulator.clear_log();
            let response = run(&lab, &[]).await;
            assert_eq!(
                (response["status"].as_str(), lab.calls("ListInsightsMetricData")),
                (Some("ok"), 0),
                "{event}"
            );
            let (issues, number) = lasting(&response);
            assert_eq!((issues.len(), number), (1, 1), "{event}: {response}");
            assert!(issues[0].ends_with(" Request.Invalid"), "{issues:?}");
            lab.advance(60);
        }
        assert_eq!(writes(&lab), (1, 1), "{event}");
        let table = lab.table().await;
        assert_eq!(succeeded_at(&table), "01T12:01");
        let rows: Vec<&Map> = table
            .of_kind("catalog")
            .into_iter()
            .filter(|row| text(row, "sk").starts_with("series#"))
            .collect();
        assert_eq!(rows.len(), 1);
        assert_eq!(unavailable(rows[0]), "Request.Invalid 01T12:00 01T12:00");
        assert_eq!(rows[0].get("covered"), None);
    }
}

#[tokio::test]
async fn a_rejected_token_is_not_a_lasting_issue() {
    let lab = Lab::new(&scenario()).await;
    let paging = answering(&lab, |operation, input| {
        let page = |token: &str| {
            json!({"Timestamps": [1_772_366_400], "Values": [1.0], "NextToken": token}).to_string()
        };
        match (operation, input["NextToken"].is_string()) {
            ("ListInsightsMetricData", false) => Some((200, page("more"))),
            ("ListInsightsMetricData", true) => Some(refusal(400, "InvalidParameterException")),
            _ => None,
        }
    });
    let response = paging.invoke("{}").await.unwrap();
    assert_eq!((response["status"].as_str(), lasting(&response)), (Some("partial"), (vec![], 3)));
    assert_eq!(unavailable(series_row(&lab.table().await, RUN_SERIES)), "-");
}

#[tokio::test]
async fn an_unavailable_trail_keeps_its_watermark_and_catches_up_later() {
    for (operation, code) in [
        ("ListInsightsData", "InvalidParameterException"),
        ("ListInsightsData", "OperationNotPermittedException"),
        ("ListInsightsData", "UnsupportedOperationException"),
        ("GetInsightSelectors", "TrailNotFoundException"),
        ("GetInsightSelectors", "OperationNotPermittedException"),
        ("GetInsightSelectors", "CloudTrailARNInvalidException"),
    ] {
        let lab = Lab::new(&scenario()).await;
        run(&lab, &[]).await;
        let is_refused = Arc::new(AtomicBool::new(true));
        let refusing = || {
            let is_refused = Arc::clone(&is_refused);
            answering(&lab, move |asked, input| {
                let about = [&input["InsightSource"], &input["TrailName"]].contains(&&json!(OBJECTS));
                let is_it = asked == operation && about && is_refused.load(Ordering::SeqCst);
                is_it.then(|| refusal(400, code))
            })
        };
        lab.advance(3_600);
        lab.simulator.clear_log();
        let response = refusing().invoke("{}").await.unwrap();
        let issue = format!("{operation} {OBJECTS} {code}");
        assert_eq!(
            (response["status"].as_str(), lasting(&response)),
            (Some("ok"), (vec![issue], 1)),
            "{code}"
        );
        let table = lab.table().await;
        let row = table.get(CATALOG, TRAIL_ROW).unwrap();
        assert_eq!(unavailable(row), format!("{code} 01T13:00 01T13:00"));
        assert_eq!((text(row, "watermark"), row.get("expires_at")), ("2026-03-01T12:00:00.000Z", None));
        assert_eq!(watermark(&table), "2026-03-01T13:00:00.000Z");
        assert_eq!(succeeded_at(&table), "01T13:00");
        // Neither its selectors nor its insights are requested again.
        lab.advance(86_399);
        lab.simulator.clear_log();
        let response = refusing().invoke("{}").await.unwrap();
        assert_eq!((lasting(&response).0.len(), writes(&lab)), (1, (1, 1)), "{operation} {code}");
        assert_eq!(lab.calls("ListInsightsData"), 0);
        assert_eq!(asked(&lab, "GetInsightSelectors", &["TrailName"]).len(), 1, "the other trail");
        // A day later it is requested again and answers.
        is_refused.store(false, Ordering::SeqCst);
        lab.advance(1);
        lab.simulator.clear_log();
        let response = refusing().invoke("{}").await.unwrap();
        assert_eq!((response["status"].as_str(), lasting(&response)), (Some("ok"), (vec![], 0)));
        let starts = asked(&lab, "ListInsightsData", &["StartTime"]);
        assert_eq!(starts[0], "03-01T06:00", "from where it stood, less the overlap");
        let row = lab.table().await.get(CATALOG, TRAIL_ROW).unwrap().clone();
        assert_eq!((unavailable(&row), row.get("watermark")), ("-".to_owned(), None));
    }
}

#[tokio::test]
async fn an_unlisted_trail_is_no_issue_and_continues_at_its_watermark() {
    let lab = Lab::new(&scenario()).await;
    run(&lab, &[]).await;
    replace_scenario(&lab, &deleted());
    lab.advance(3_600);
    run(&lab, &[]).await;
    let row = lab.table().await.get(CATALOG, TRAIL_ROW).unwrap().clone();
    assert_eq!((unavailable(&row), text(&row, "watermark")), ("-".to_owned(), "2026-03-01T12:00:00.000Z"));
    assert!(row.contains_key("expires_at"));
    replace_scenario(&lab, &scenario());
    lab.advance(3_600);
    lab.simulator.clear_log();
    run(&lab, &[]).await;
    assert_eq!(asked(&lab, "ListInsightsData", &["StartTime", "EndTime"]), ["03-01T06:00 03-01T14:00"]);
}

#[tokio::test]
async fn a_backfill_always_requests_unavailable_trails_and_updates_their_rows() {
    let window = r#"{"window":{"start":"2026-02-27T00:00:00Z","end":"2026-03-01T00:00:00Z"}}"#;
    let lab = Lab::new(&scenario()).await;
    run(&lab, &[]).await;
    replace_scenario(&lab, &deleted());
    lab.advance(3_600);
    let response = invoke(&lab, &[], window).await;
    assert_eq!(response["status"], "ok", "{response}");
    assert_eq!(response["targets"][0]["window"]["end"], "2026-03-01T00:00:00.000Z");
    let gone = format!("ListInsightsMetricData {GET_SERIES} InvalidTrailNameException");
    assert_eq!(lasting(&response), (vec![gone], 1), "once, not in each of two pieces");
    let table = lab.table().await;
    let row = series_row(&table, GET_SERIES);
    assert_eq!(unavailable(row), "InvalidTrailNameException 01T13:00 01T13:00");
    assert_eq!(text(row, "watermark"), "2026-03-01T12:00:00.000Z");
    assert_eq!(covered(&table, GET_SERIES), ["300 2026-02-26T12:00/2026-03-01T12:00"]);
    assert_eq!(watermark(&table), "2026-03-01T12:00:00.000Z", "which is the schedule's alone");
    // Available again within the day: scheduled runs do not request it, a backfill does.
    replace_scenario(&lab, &scenario());
    lab.advance(3_600);
    lab.simulator.clear_log();
    run(&lab, &[]).await;
    assert_eq!(asked(&lab, "ListInsightsMetricData", &["EventName"]).len(), 2);
    let response = invoke(&lab, &[], window).await;
    assert_eq!((response["status"].as_str(), lasting(&response)), (Some("ok"), (vec![], 0)));
    assert_eq!(unavailable(series_row(&lab.table().await, GET_SERIES)), "-");
    lab.advance(60);
    lab.simulator.clear_log();
    run(&lab, &[]).await;
    assert!(spans(&lab).contains(&"GetObject 300 03-01T06:00 03-01T14:00".to_owned()), "{:?}", spans(&lab));
    let table = lab.table().await;
    assert_eq!(covered(&table, GET_SERIES), ["300 2026-02-26T12:00/"]);
    assert_eq!(series_row(&table, GET_SERIES).get("watermark"), None);
}

#[tokio::test]
async fn a_run_with_a_deleted_trail_can_end_after_any_table_call() {
    // The undisturbed result: a run before, one while the trail is deleted, and one when it exists again.
    let all = async |k: Option<usize>| {
        let lab = Lab::new(&scenario()).await;
        run(&lab, &[]).await;
        replace_scenario(&lab, &deleted());
        lab.advance(3_600);
        if let Some(k) = k {
            lab.fault(&format!("dynamodb:*=denied@{k}"));
        }
        let first = function(&lab, &[]).invoke("{}").await;
        lab.simulator.clear_faults();
        let is_undisturbed = first.is_ok_and(|response| response["status"] == "ok");
        assert_eq!(run(&lab, &[]).await["status"], "ok");
        assert_eq!(
            covered(&lab.table().await, GET_SERIES),
            ["300 2026-02-26T12:00/2026-03-01T12:00"],
            "{k:?}"
        );
        replace_scenario(&lab, &scenario());
        lab.advance(86_400);
        assert_eq!(run(&lab, &[]).await["status"], "ok");
        (lab.table().await, is_undisturbed)
    };
    let (undisturbed, _) = all(None).await;
    let mut tried = 0;
    for k in 0.. {
        let (table, is_undisturbed) = all(Some(k)).await;
        let differences = undisturbed.differences(&table);
        assert!(differences.is_empty(), "after {k} calls:\n{}", differences.join("\n"));
        if is_undisturbed {
            break;
        }
        tried += 1;
    }
    assert!(tried >= 10, "only {tried} points of failure");
}
