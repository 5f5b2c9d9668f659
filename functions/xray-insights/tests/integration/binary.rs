//! The function binary in its own process under a Lambda Runtime API, with the machine's clock.

use insights_simulator::Invocation;
use insights_simulator::runtime_api::Outcome;
use insights_tests::{Finished, Lab, Running, STORY};
use serde_json::Value;
use std::process::Stdio;
use std::time::Duration;

const SCHEDULED: &str = include_str!("../../../../events/xray-insights--scheduled-by-rule.json");

async fn start(lab: &Lab, variables: &[(&str, &str)]) -> Running {
    Running::start(env!("CARGO_BIN_EXE_xray-insights"), "xray-insights", lab, variables).await
}

async fn story() -> Lab {
    Lab::in_real_time(STORY).await
}

/// The lines of standard output as JSON: metrics and log records.
fn lines(finished: &Finished) -> (Vec<Value>, Vec<Value>) {
    let read =
        |line: &str| serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    finished.stdout.lines().map(read).partition(|line| line.get("_aws").is_some())
}

#[tokio::test]
async fn the_second_invocation_of_a_process_finds_nothing_new() {
    let lab = story().await;
    let function = start(&lab, &[]).await;
    let first = function.response(SCHEDULED).await;
    assert_eq!((&first["source"], &first["status"]), (&"xray".into(), &"ok".into()), "{first}");
    assert_eq!(first["written"], 12);
    let before = lab.table().await;
    let second = function.response("null").await;
    assert_eq!((&second["written"], &second["unchanged"]), (&0.into(), &3.into()), "{second}");
    assert_eq!(second["api_calls"], serde_json::json!({"GetGroups": 3, "GetInsightSummaries": 3}));
    let table = lab.table().await;
    table.assert_same_content(&before);
    let collected_by = table.of_kind("xray.insight")[0]["collected_by"].as_str().unwrap();
    assert!(collected_by.starts_with("xray-insights:$LATEST#"), "{collected_by}");

    let finished = function.kill().await;
    let (metrics, records) = lines(&finished);
    assert_eq!(metrics.len(), 2, "one line of metrics for each invocation, on standard output");
    assert_eq!(metrics[0]["RecordsWritten"], 12);
    assert_eq!(metrics[0]["_aws"]["CloudWatchMetrics"][0]["Namespace"], "InsightsAggregator");
    assert_eq!(metrics[1]["RecordsUnchanged"], 3);
    assert_eq!(metrics[0]["trigger"], "scheduled");
    // Lambda's log level filter treats lines without a level as INFO.
    for line in metrics.iter().chain(&records) {
        let time = line["timestamp"].as_str().unwrap_or_else(|| panic!("{line}"));
        assert!(time.parse::<insights_shared::time::Timestamp>().is_ok(), "{time}");
        assert!(line["level"].is_string(), "{line}");
    }
    let ended = records.iter().filter(|record| record.to_string().contains("target_finished")).count();
    assert_eq!(ended, 2, "{}", finished.stdout);
    assert_eq!(finished.stderr, "");
}

#[tokio::test]
async fn logs_are_plain_text_if_lambda_requests_it() {
    let lab = story().await;
    let function = start(&lab, &[("AWS_LAMBDA_LOG_FORMAT", "Text")]).await;
    function.response("{}").await;
    let finished = function.kill().await;
    let record = finished.stdout.lines().find(|line| line.contains("target_finished")).unwrap();
    assert!(serde_json::from_str::<Value>(record).is_err(), "{record}");
}

#[tokio::test]
async fn lambda_sets_the_log_level() {
    let lab = story().await;
    for (level, expected) in [("ERROR", false), ("INFO", true)] {
        let function = start(&lab, &[("AWS_LAMBDA_LOG_LEVEL", level)]).await;
        function.response("{}").await;
        let finished = function.kill().await;
        assert_eq!(finished.stdout.contains("target_finished"), expected, "{level}: {}", finished.stdout);
    }
}

#[tokio::test]
async fn an_invalid_payload_is_an_error_with_all_faults_and_the_process_continues() {
    let lab = story().await;
    let function = start(&lab, &[]).await;
    let payload = r#"{"window":{"start":"soon","end":"2026-01-01T00:00:00Z"},"dryrun":true,"targets":[]}"#;
    let Outcome::Error { error_type, message } = function.invoke(payload).await else { panic!("no error") };
    assert_eq!(error_type, "Payload.Invalid");
    for expected in ["window.start is \"soon\"", "dryrun is true: unknown key", "targets is []"] {
        assert!(message.contains(expected), "{expected} not in {message}");
    }
    assert!(lab.table().await.0.is_empty());
    assert_eq!(function.response("{}").await["status"], "ok");
    let (_, records) = lines(&function.kill().await);
    let failed = records.iter().find(|record| record.to_string().contains("invocation_failed")).unwrap();
    assert!(failed.to_string().contains("Payload.Invalid"), "{failed}");
}

#[tokio::test]
async fn an_invalid_configuration_fails_the_initialization_with_all_faults() {
    let lab = story().await;
    let variables = [
        ("TABLE_NAME", ""),
        ("RETENTION_DAYS", "-1"),
        ("LOOKBACK_DAYS", "31"),
        ("CONCURRENCY", "many"),
        ("RATE_LIMITS", "[]"),
        ("TARGETS", "[{}]"),
        ("XRAY_GROUPS", "a,a"),
    ];
    let function = start(&lab, &variables).await;
    let Outcome::InitError { error_type, message } = function.invoke("{}").await else { panic!("no error") };
    assert_eq!(error_type, "Config.Invalid");
    for (name, value) in variables {
        assert!(message.contains(name), "{name} {value} not in {message}");
    }
    let finished = function.wait().await;
    assert_eq!(finished.status.code(), Some(1));
    assert!(lab.simulator.log().is_empty(), "it asked for nothing");
}

#[tokio::test]
async fn a_table_that_does_not_exist_is_named_as_such() {
    let lab = story().await;
    let function = start(&lab, &[("TABLE_NAME", "nowhere")]).await;
    let Outcome::Error { error_type, message } = function.invoke("{}").await else { panic!("no error") };
    assert_eq!(error_type, "Table.Unavailable", "{message}");
}

#[tokio::test]
async fn outside_of_lambda_the_missing_variable_is_reported() {
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_xray-insights"))
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(said.contains("not under a Lambda runtime: AWS_LAMBDA_RUNTIME_API"), "{said}");
}

#[tokio::test]
async fn without_a_real_account_in_the_arn_sts_is_called_once() {
    for (arn, variables) in [
        ("arn:aws:lambda:us-east-1:111122223333:function:XrayInsights", vec![("AWS_SAM_LOCAL", "true")]),
        ("function-arn", vec![]),
    ] {
        let lab = story().await;
        let function = start(&lab, &variables).await;
        for _ in 0..2 {
            let invocation = Invocation { function_arn: arn.to_owned(), ..Invocation::default() };
            let outcome = function.invoke_as("{}", invocation).await;
            assert!(matches!(&outcome, Outcome::Response(text) if text.contains("\"ok\"")), "{outcome:?}");
        }
        assert_eq!(lab.calls("GetCallerIdentity"), 1, "{arn}");
        for item in lab.table().await.0.values() {
            assert_eq!(item["account_id"], "123456789012".into(), "{arn}");
        }
    }
}

#[tokio::test]
async fn with_an_account_in_the_arn_sts_is_not_called() {
    let lab = story().await;
    let function = start(&lab, &[]).await;
    function.response("{}").await;
    assert_eq!(lab.calls("GetCallerIdentity"), 0);
}

#[tokio::test]
async fn a_deadline_before_the_start_of_the_process_is_ignored_and_later_ones_are_kept() {
    let lab = story().await;
    let function = start(&lab, &[("CONCURRENCY", "1")]).await;
    let past = Invocation { deadline: 600_000, ..Invocation::default() };
    let Outcome::Response(text) = function.invoke_as(r#"{"dry_run":true}"#, past).await else { panic!() };
    assert!(text.contains("\"status\":\"ok\""), "{text}");

    lab.fault("GetInsight=hang@1");
    let deadline = lab.now().plus_seconds(2).millis();
    let soon = Invocation { deadline, ..Invocation::default() };
    let Outcome::Response(text) = function.invoke_as("{}", soon).await else { panic!() };
    assert!(lab.now().millis() < deadline, "it answers in time");
    let response: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&response["status"], &response["not_reached"]), (&"partial".into(), &2.into()), "{text}");
}

#[tokio::test]
async fn calls_keep_to_the_configured_rate() {
    let lab = story().await;
    let function = start(&lab, &[("RATE_LIMITS", r#"{"default":0,"GetInsightEvents":10}"#)]).await;
    let response = function.response("{}").await;
    assert_eq!(response["api_calls"]["GetInsightEvents"], 6);
    let log = lab.simulator.log();
    let times: Vec<i64> = log
        .iter()
        .filter(|call| call.operation == "GetInsightEvents")
        .map(|call| call.time.millis())
        .collect();
    let whole = times.last().unwrap() - times.first().unwrap();
    assert!(whole >= 450, "six calls at ten a second take half a second: {times:?}");
}

#[tokio::test]
async fn a_killed_process_loses_no_data() {
    let lab = story().await;
    lab.fault("GetInsightImpactGraph=hang:1");
    let function = start(&lab, &[("CONCURRENCY", "1")]).await;
    let invocation = function.invoke("{}");
    let reached = async {
        while lab.calls("GetInsightImpactGraph") == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        outcome = invocation => panic!("{outcome:?}"),
        () = reached => {}
    }
    function.kill().await;
    assert!(lab.table().await.of_kind("state").is_empty());
    let again = start(&lab, &[]).await;
    assert_eq!(again.response("{}").await["status"], "ok");
    let expected =
        [("run", 1), ("state", 1), ("xray.impact_graph", 3), ("xray.insight", 3), ("xray.insight_event", 6)];
    let expected = expected.map(|(kind, count)| (kind.to_owned(), count)).into();
    assert_eq!(lab.table().await.kinds(), expected);
}
