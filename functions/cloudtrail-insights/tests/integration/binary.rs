//! The function binary in its own process under a Lambda Runtime API, with the machine's clock.

use insights_simulator::runtime_api::Outcome;
use insights_tests::{EXTERNAL_ID, Lab, REDACT_KEY, Running, Table};
use serde_json::Value;

const RULE: &str = include_str!("../../../../events/cloudtrail-insights--scheduled-by-rule.json");
const SCHEDULER: &str = include_str!("../../../../events/cloudtrail-insights--scheduled-by-scheduler.json");
const START: &str = include_str!("../../../../events/cloudtrail-insights--insight-start.json");
const END: &str = include_str!("../../../../events/cloudtrail-insights--insight-end.json");
const WINDOW: &str = include_str!("../../../../events/cloudtrail-insights--window-before-reach.json");
const DRY_RUN: &str = include_str!("../../../../events/cloudtrail-insights--dry-run.json");
/// The insight of the pushed phases.
const PUSHED: &str = "cloudtrail#123456789012#eu-west-1#b5a7c1d2-60e3-4f84-9a15-c7d8e9f0a1b2";

/// One closed insight with twenty calls in one chunk or in two adjacent ones.
const STORY: &str = r#"
[cloudtrail]
[[cloudtrail.trails]]
name = "management"
insight_selectors = [{ type = "ApiCallRateInsight" }]

[[cloudtrail.insights]]
event_source = "ec2.amazonaws.com"
event_name = "StartInstances"
insight_type = "ApiCallRateInsight"
start = "-3h"
end = "-2h 50m"
average = 2

[[cloudtrail.series]]
event_source = "ec2.amazonaws.com"
event_name = "StartInstances"
insight_type = "ApiCallRateInsight"
noise = 0
"#;

async fn start(lab: &Lab, variables: &[(&str, &str)]) -> Running {
    let variables = [&[("LOOKBACK_DAYS", "3")], variables].concat();
    Running::start(env!("CARGO_BIN_EXE_cloudtrail-insights"), "cloudtrail-insights", lab, &variables).await
}

#[tokio::test]
async fn the_second_scheduled_event_finds_nothing_new() {
    let lab = Lab::in_real_time(STORY).await;
    let function = start(&lab, &[]).await;
    let first = function.response(RULE).await;
    assert_eq!((&first["source"], &first["status"]), (&"cloudtrail".into(), &"ok".into()), "{first}");
    let before = lab.table().await;
    assert_eq!(before.kinds()["cloudtrail.insight"], 1);
    assert_eq!(first["written"], 1 + before.kinds()["cloudtrail.metric"]);
    let calls: f64 = before
        .of_kind("cloudtrail.metric")
        .iter()
        .flat_map(|chunk| chunk["values"].as_list().unwrap())
        .map(|value| value.as_number().unwrap().as_f64())
        .sum();
    assert!((calls - 20.0).abs() < f64::EPSILON, "{calls}");
    for payload in [SCHEDULER, "{}", "null"] {
        let again = function.response(payload).await;
        assert_eq!((&again["status"], &again["written"]), (&"ok".into(), &0.into()), "{payload}: {again}");
        before.assert_same_content(&lab.table().await);
    }
    let collected_by = before.of_kind("cloudtrail.insight")[0]["collected_by"].as_str().unwrap().to_owned();
    assert!(collected_by.starts_with("cloudtrail-insights:$LATEST#"), "{collected_by}");
    let finished = function.kill().await;
    assert_eq!(finished.stderr, "");
    let metrics = finished.stdout.lines().filter(|line| line.contains("\"_aws\"")).count();
    assert_eq!(metrics, 4, "one line of metrics for each invocation");
}

#[tokio::test]
async fn pushed_phases_of_the_events_folder_are_joined_in_any_order() {
    let mut tables: Vec<Table> = Vec::new();
    for order in [[START, END], [END, START]] {
        let lab = Lab::in_real_time(STORY).await;
        let function = start(&lab, &[]).await;
        for payload in order {
            let response = function.response(payload).await;
            assert_eq!((&response["status"], &response["written"]), (&"ok".into(), &1.into()), "{response}");
        }
        let table = lab.table().await;
        let insight = table.get(PUSHED, "insight").unwrap();
        assert_eq!(
            (insight["status"].as_str(), insight["severity"].as_str()),
            (Some("closed"), Some("critical"))
        );
        assert_eq!(insight["started_at"].as_str(), Some("2099-01-01T09:00:00.000Z"));
        assert_eq!(table.kinds().get("state"), None);
        tables.push(table);
    }
    let insight = |table: &Table| table.content().get(PUSHED, "insight").cloned();
    assert_eq!(insight(&tables[0]), insight(&tables[1]));
}

#[tokio::test]
async fn windows_dry_runs_and_invalid_payloads_have_the_documented_effect() {
    let lab = Lab::in_real_time(STORY).await;
    let function = start(&lab, &[]).await;
    let dry = function.response(DRY_RUN).await;
    assert_eq!((&dry["status"], &dry["dry_run"]), (&"ok".into(), &true.into()), "{dry}");
    assert_eq!(lab.table().await, Table::default());
    let window = function.response(WINDOW).await;
    assert_eq!(window["targets"][0]["issues"][0]["code"], "Window.Unavailable", "{window}");
    assert_eq!(window["targets"][0]["window"]["end"], "2020-01-02T00:00:00.000Z");
    for (payload, part) in [
        (r#"{"dryrun":true}"#, "dryrun is true: unknown key"),
        (
            r#"{"detail-type":"AWS X-Ray Insight Update","source":"aws.xray","detail":{}}"#,
            "AWS Insight via CloudTrail",
        ),
        ("[]", "must be an object"),
    ] {
        let Outcome::Error { error_type, message } = function.invoke(payload).await else {
            panic!("{payload}")
        };
        assert_eq!(error_type, "Payload.Invalid", "{payload}");
        assert!(message.contains(part), "{payload}: {message}");
    }
    let foreign: Value = serde_json::from_str::<Value>(START).unwrap();
    let foreign = foreign.to_string().replace("123456789012", "111122223333");
    let Outcome::Error { error_type, .. } = function.invoke(&foreign).await else { panic!() };
    assert_eq!(error_type, "Payload.Invalid");
    assert_eq!(lab.table().await.kinds(), [("run".to_owned(), 1)].into(), "that of the window");
    assert_eq!(function.response("{}").await["status"], "ok", "it goes on after errors");
}

#[tokio::test]
async fn an_invalid_configuration_ends_the_process_with_all_faults() {
    let lab = Lab::in_real_time(STORY).await;
    let function =
        start(&lab, &[("CLOUDTRAIL_PERIOD", "5"), ("CLOUDTRAIL_SERIES", "{"), ("TABLE_NAME", "")]).await;
    let Outcome::InitError { error_type, message } = function.invoke("{}").await else {
        panic!("it started")
    };
    assert_eq!(error_type, "Config.Invalid");
    for part in ["CLOUDTRAIL_PERIOD is 5", "CLOUDTRAIL_SERIES", "TABLE_NAME"] {
        assert!(message.contains(part), "{part} not in {message}");
    }
    assert!(!function.wait().await.status.success());
}

#[tokio::test]
async fn a_run_in_which_everything_fails_is_an_error_of_the_function() {
    let lab = Lab::in_real_time(STORY).await;
    let function = start(&lab, &[]).await;
    lab.fault("cloudtrail:*=denied");
    let Outcome::Error { error_type, message } = function.invoke("{}").await else { panic!() };
    assert_eq!(error_type, "Source.Denied");
    assert!(message.contains("AccessDeniedException"), "{message}");
}

/// Logs contain no secrets: the log of every process is checked when it ends (`insights_tests::Running`).
#[tokio::test]
async fn no_secret_is_logged_at_the_most_detailed_level_for_any_failure() {
    const ROLE: &str = "arn:aws:iam::111122223333:role/insights-reader";
    let lab = Lab::in_real_time(STORY).await;
    let targets = format!(
        r#"[{{"account_id":"123456789012"}},
            {{"account_id":"111122223333","role_arn":"{ROLE}","external_id":"{EXTERNAL_ID}"}}]"#
    );
    let variables = [
        ("AWS_LAMBDA_LOG_LEVEL", "TRACE"),
        ("TARGETS", targets.as_str()),
        ("REDACT", "userIdentityArn"),
        ("REDACT_KEY", REDACT_KEY),
    ];
    let function = start(&lab, &variables).await;
    assert_eq!(function.response("{}").await["status"], "ok");
    for fault in ["AssumeRole=truncate", "AssumeRole=denied", "LookupEvents=error500", "PutItem=denied"] {
        lab.fault(fault);
        function.invoke("{}").await;
        lab.simulator.clear_faults();
    }
    let finished = function.kill().await;
    assert!(finished.stdout.contains("target_finished"), "{}", finished.stdout);
    // Log events of the SDK, which exist for every request, are excluded.
    let details = finished.stdout.lines().filter(|line| line.contains(r#""level":"TRACE""#));
    assert_eq!(details.collect::<Vec<_>>(), <[&str; 0]>::default());
    // Neither do error messages about an invalid configuration.
    let id = format!("\"{EXTERNAL_ID}\"");
    for (wrong, reason) in [
        (targets.replace("111122223333\",", "11\","), "TARGETS[1].account_id"),
        (targets.replace("}]", "},]"), "TARGETS is (not shown): must be JSON"),
        (targets.replace("role_arn", "role"), "TARGETS[1].external_id is (not shown)"),
        (targets.replace("external_id", "externalId"), "TARGETS[1].externalId is (not shown): unknown key"),
        (targets.replace(&id, &format!("[{id}]")), "TARGETS[1].external_id is (not shown): must be a string"),
    ] {
        let variables = [("TARGETS", wrong.as_str()), ("REDACT", "nothing"), ("REDACT_KEY", REDACT_KEY)];
        let refused = start(&lab, &variables).await.wait().await;
        assert!(refused.stdout.contains(reason), "{reason}: {}", refused.stdout);
    }
}

#[tokio::test]
async fn every_log_line_has_its_request_id_at_every_level() {
    let lab = Lab::in_real_time(STORY).await;
    lab.fault("LookupEvents=denied");
    let function = start(&lab, &[("AWS_LAMBDA_LOG_LEVEL", "ERROR")]).await;
    function.invoke("{}").await;
    let finished = function.kill().await;
    let line =
        finished.stdout.lines().find(|line| line.contains("AccessDenied")).expect("an error is logged");
    let line: Value = serde_json::from_str(line).unwrap();
    assert!(line["span"]["requestId"].as_str().is_some_and(|id| !id.is_empty()), "{line}");
}
