//! The conditions not enabled, denied, throttled, failed and no data are distinguished.

use crate::support::*;

const ORGANIZATION: &str = r#"[cloudtrail]
[[cloudtrail.trails]]
name = "organization"
arn = "arn:aws:cloudtrail:us-east-1:111122223333:trail/organization"
home_region = "us-east-1"
organization = true
multi_region = true
insight_selectors = [{ type = "ApiCallRateInsight" }]
"#;
const OFF: &str = "[cloudtrail]\n[[cloudtrail.trails]]\nname = \"off\"\n";
const WINDOW: &str = r#"{"window":{"start":"2026-02-28T00:00:00Z","end":"2026-03-01T00:00:00Z"}}"#;

#[tokio::test]
async fn without_insights_on_trails_and_without_insight_events_the_source_is_not_enabled() {
    let untrailed = insight("RunInstances", "ec2.amazonaws.com", "start = \"-1h\"");
    let unreadable =
        insight("RunInstances", "ec2.amazonaws.com", "start = \"-1h\"\nomit = [\"sharedEventID\"]");
    let configured =
        r#"[{"event_source":"ec2.amazonaws.com","event_name":"X","insight_type":"ApiCallRateInsight"}]"#;
    for (scenario, series, payload, expected) in [
        ("", None, "{}", "not_enabled"),
        ("[cloudtrail]\n", None, "{}", "not_enabled"),
        (OFF, None, "{}", "not_enabled"),
        (OFF, None, WINDOW, "not_enabled"),
        (story("").as_str(), None, "{}", "ok"),
        (story("").as_str(), None, WINDOW, "ok"),
        (ORGANIZATION, None, "{}", "ok"),
        // Insights were enabled at the time of these events.
        (&format!("[cloudtrail]\n{untrailed}"), None, "{}", "ok fetched=2 written=2"),
        (&format!("[cloudtrail]\n{unreadable}"), None, "{}", "ok fetched=1 rejected=1"),
        (OFF, Some(configured), "{}", "ok"),
    ] {
        let lab = Lab::new(scenario).await;
        let variables: Vec<(&str, &str)> =
            series.map(|series| ("CLOUDTRAIL_SERIES", series)).into_iter().collect();
        let response = invoke(&lab, &variables, payload).await;
        assert_eq!(summary(&response), expected, "{scenario} {payload}");
        assert_eq!(response["targets"][0]["status"], response["status"]);
        if payload == "{}" {
            let table = lab.table().await;
            let state = table.get(RUNS, "state").unwrap();
            assert_eq!(text(state, "last_success_at"), "2026-03-01T12:00:00.000Z", "both are a success");
            assert_eq!(text(state, "last_status"), response["status"].as_str().unwrap());
        }
    }
}

#[tokio::test]
async fn a_source_used_before_is_ok_without_new_events() {
    let lab = Lab::new(&format!(
        "[cloudtrail]\n{}",
        insight("RunInstances", "ec2.amazonaws.com", "start = \"-1h\"")
    ))
    .await;
    run(&lab, &[]).await;
    lab.advance(20 * 86_400);
    assert_eq!(run(&lab, &[]).await["status"], "ok", "its series is live");
    lab.advance(80 * 86_400);
    assert_eq!(summary(&run(&lab, &[]).await), "not_enabled fetched=1 written=1", "what was open is closed");
}

#[tokio::test]
async fn an_invocation_that_fetched_nothing_fails_with_the_cause() {
    for (fault, error_type, code) in [
        ("denied", "Source.Denied", "AccessDeniedException"),
        ("expired", "Source.Denied", "ExpiredTokenException"),
        ("clock-skew", "Source.Unavailable", "Clock.Skewed"),
        ("throttle", "Source.Throttled", "ThrottlingException"),
        ("error500", "Source.Unavailable", "InternalFailure"),
        ("html503", "Source.Unavailable", "Response.Malformed"),
        ("reset", "Source.Unavailable", "Connection"),
        ("truncate", "Source.Unavailable", "Response.Malformed"),
    ] {
        let lab = Lab::new(STORY).await;
        lab.fault(&format!("cloudtrail:*={fault}"));
        let (actual, message) = fails(&lab, &[], "{}").await;
        assert_eq!(actual, error_type, "{fault}: {message}");
        assert!(message.starts_with("123456789012/eu-west-1: ") && message.contains(code), "{message}");
        let table = lab.table().await;
        assert_eq!(table.kinds(), [("run".into(), 1), ("state".into(), 1)].into(), "{fault}");
        let state = table.get(RUNS, "state").unwrap();
        assert_eq!((text(state, "last_status"), state.get("last_success_at")), ("failed", None));
        assert_eq!(watermark(&table), "-");
        // It is fetched completely when the fault ends.
        lab.simulator.clear_faults();
        assert_eq!(summary(&run(&lab, &[]).await), "ok fetched=6 written=6", "{fault}");
    }
}

#[tokio::test]
async fn denied_is_not_mistaken_for_not_enabled() {
    for (operation, expected) in [("LookupEvents", Err("Source.Denied")), ("DescribeTrails", Ok("partial"))] {
        let lab = Lab::new(OFF).await;
        lab.fault(&format!("{operation}=denied"));
        let result = function(&lab, &[]).invoke("{}").await;
        let outcome = result
            .as_ref()
            .map(|response| response["status"].as_str().unwrap())
            .map_err(|error| error.error_type);
        assert_eq!(outcome, expected, "{operation}");
    }
}

#[tokio::test]
async fn an_unusable_table_fails_the_invocation_with_its_own_error() {
    for operation in ["BatchGetItem", "Query", "PutItem"] {
        for fault in ["denied", "throttle", "error500", "reset"] {
            let lab = Lab::new(STORY).await;
            lab.fault(&format!("{operation}={fault}"));
            if operation == "PutItem" {
                // Inserted records need no put.
                lab.fault("BatchExecuteStatement=denied");
            }
            let (error_type, message) = fails(&lab, &[], "{}").await;
            assert_eq!(error_type, "Table.Unavailable", "{operation}={fault}: {message}");
            lab.simulator.clear_faults();
            let table = lab.table().await;
            assert_eq!(table.of_kind("cloudtrail.insight").len(), 0);
            // The first piece of one day has nothing to store.
            let moved = ["-", "2026-02-27T12:00:00.000Z"].contains(&watermark(&table).as_str());
            assert!(moved, "{operation}={fault}: {}", watermark(&table));
            run(&lab, &[]).await;
            assert_eq!(lab.table().await.kinds()["cloudtrail.insight"], 3);
        }
    }
}

#[tokio::test]
async fn a_failed_write_of_the_state_is_an_issue_and_the_next_run_writes_it() {
    let lab = Lab::new(STORY).await;
    lab.fault("UpdateItem=denied");
    let response = run(&lab, &[]).await;
    assert_eq!(response["status"], "partial");
    assert!(
        issues(&response).iter().all(|issue| issue == "write UpdateItem state AccessDeniedException"),
        "{response}"
    );
    assert_eq!(watermark(&lab.table().await), "-");
    lab.simulator.clear_faults();
    assert_eq!(run(&lab, &[]).await["status"], "ok");
    let undisturbed = Lab::new(STORY).await;
    run(&undisturbed, &[]).await;
    undisturbed.table().await.assert_same_content(&lab.table().await);
}
