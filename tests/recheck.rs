//! Targets in which the source is not enabled are requested once a day, by every function in the same way.

use insights_collectors::{Collector, XrayInsights, with_collector};
use insights_shared::record::Source;
use insights_shared::value::Map;
use insights_tests::response::counts;
use insights_tests::{ACCOUNT, Lab, REGION, at, test_source};
use serde_json::{Value, json};

/// Invokes a new function at the current time.
async fn invoke<C: Collector>(lab: &Lab, further: &[(&str, &str)], payload: &str) -> Value {
    lab.simulator.clear_log();
    let variables = [test_source(C::SOURCE).short_run, further].concat();
    lab.function::<C>(&variables).invoke(payload).await.unwrap()
}

async fn state(lab: &Lab, source: Source) -> Map {
    let table = lab.table().await;
    table.get(&format!("run#{source}#{ACCOUNT}#{REGION}"), "state").unwrap().clone()
}

/// The requests since the log was cleared: to other services than DynamoDB, and to DynamoDB other than reads.
fn requests_and_writes(lab: &Lab) -> (usize, usize) {
    let log = lab.simulator.log();
    let to_table = |service: &str| service == "dynamodb";
    let writes = log.iter().filter(|call| to_table(&call.service) && call.operation != "BatchGetItem");
    (log.iter().filter(|call| !to_table(&call.service)).count(), writes.count())
}

/// A lab in which the source was requested and is not enabled.
async fn not_enabled<C: Collector>(further: &[(&str, &str)]) -> Lab {
    let lab = Lab::new("").await;
    let response = invoke::<C>(&lab, further, "{}").await;
    assert_eq!(response["status"], "not_enabled", "{response}");
    assert!(requests_and_writes(&lab).0 > 0, "the first run requests it");
    assert_eq!(state(&lab, C::SOURCE).await["last_status"], "not_enabled".into());
    lab
}

/// Enables every source, with the built-in scenario as of `time`.
fn enable(lab: &Lab, time: &str) {
    lab.replace_scenario(None, at(time));
}

#[expect(clippy::cognitive_complexity, reason = "the steps of a day")]
async fn check<C: Collector>() {
    let source = C::SOURCE;
    let lab = not_enabled::<C>(&[]).await;
    let first = state(&lab, source).await;
    assert_eq!(first["ask_again_at"], "2026-03-02T11:00:00.000Z".into(), "{source}");
    enable(&lab, "2026-03-02T11:00:00Z");
    let before = lab.table().await;
    let own = json!({"targets": [{"account_id": ACCOUNT}]}).to_string();
    for (seconds, payload) in [(60, "{}"), (3_600, "null"), (23 * 3_600 - 3_661, &own)] {
        lab.advance(seconds);
        let response = invoke::<C>(&lab, &[], payload).await;
        assert_eq!(
            (&response["status"], &response["api_calls"]),
            (&json!("not_enabled"), &json!({})),
            "{source}"
        );
        let [target] = &response["targets"].as_array().unwrap()[..] else { panic!("{response}") };
        assert_eq!(
            (&target["status"], &target["ask_again_at"], &target["issues"]),
            (&json!("not_enabled"), &json!("2026-03-02T11:00:00.000Z"), &json!([])),
            "{source}"
        );
        assert_eq!((counts(target), target.get("window")), ([0; 7], None), "{source}");
        assert_eq!(requests_and_writes(&lab), (0, 0), "{source}: a skipped target");
    }
    assert_eq!(lab.table().await, before, "{source}: a skipped target writes nothing");
    // A second before the day is over, a dry run and a backfill request it.
    let response = invoke::<C>(&lab, &[], r#"{"dry_run":true}"#).await;
    assert_eq!(response["status"], "ok", "{source}: a dry run: {response}");
    assert_eq!(response["targets"][0].get("ask_again_at"), None);
    if source.history.is_some() {
        let window = r#"{"window":{"start":"2026-03-01T00:00:00Z","end":"2026-03-01T12:00:00Z"}}"#;
        let response = invoke::<C>(&lab, &[], window).await;
        assert_eq!(response["status"], "ok", "{source}: a backfill: {response}");
        assert_eq!(state(&lab, source).await, first, "{source}");
    }
    // Another region, which was not requested before, is not skipped.
    let two = json!({"targets": [{"account_id": ACCOUNT, "regions": [REGION, "us-east-1"]}]}).to_string();
    let response = invoke::<C>(&lab, &[], &two).await;
    assert_eq!(response["status"], "ok", "{source}: {response}");
    let skipped =
        response["targets"].as_array().unwrap().iter().filter(|target| target.get("ask_again_at").is_some());
    let skipped: Vec<_> = skipped.map(|target| &target["region"]).collect();
    assert_eq!(skipped, [REGION], "{source}");
    // After the day, the next run finds that it is enabled.
    lab.advance(1);
    let response = invoke::<C>(&lab, &[], "{}").await;
    assert_eq!(response["status"], "ok", "{source}: {response}");
    assert!(response["fetched"].as_u64() > Some(0), "{source}: {response}");
    let last = state(&lab, source).await;
    assert_eq!((&last["last_status"], last.get("ask_again_at")), (&"ok".into(), None), "{source}");
}

/// With 0 every run requests it, and nothing announces another time.
async fn check_without_recheck<C: Collector>() {
    let every_run = [("NOT_ENABLED_RECHECK_HOURS", "0")];
    let lab = not_enabled::<C>(&every_run).await;
    assert_eq!(state(&lab, C::SOURCE).await.get("ask_again_at"), None, "{}", C::SOURCE);
    enable(&lab, insights_tests::NOW);
    lab.advance(60);
    let response = invoke::<C>(&lab, &every_run, "{}").await;
    assert_eq!(response["status"], "ok", "{}: {response}", C::SOURCE);
}

#[test]
fn a_target_in_which_the_source_is_not_enabled_is_requested_once_a_day() {
    crate::for_every_source(|source| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        with_collector!(source, C => runtime.block_on(async {
            check::<C>().await;
            check_without_recheck::<C>().await;
        }))
        .unwrap();
    });
}

#[tokio::test]
async fn a_failed_request_is_repeated_in_the_next_run() {
    let lab = not_enabled::<XrayInsights>(&[]).await;
    lab.advance(23 * 3_600);
    lab.fault("GetGroups=denied:1");
    let function = lab.function::<XrayInsights>(&[]);
    assert_eq!(function.invoke("{}").await.unwrap_err().error_type, "Source.Denied");
    lab.advance(60);
    let response = invoke::<XrayInsights>(&lab, &[], "{}").await;
    assert_eq!(response["status"], "not_enabled");
    assert!(lab.calls("GetGroups") > 0, "the failure said nothing about whether the source is enabled");
}

#[tokio::test]
async fn a_state_has_the_interval_of_the_scheduled_runs() {
    let every_run = [("NOT_ENABLED_RECHECK_HOURS", "0")];
    let lab = not_enabled::<XrayInsights>(&every_run).await;
    let source = XrayInsights::SOURCE;
    assert_eq!(state(&lab, source).await.get("run_interval_seconds"), None, "after one run it is unknown");
    // A run every hour, a retry after a minute, the next scheduled run, and one after a day without runs.
    for (seconds, expected) in
        [(3_600, 3_600), (3_600, 3_600), (60, 1_800), (3_540, 3_540), (86_400, 86_400), (3_600, 43_200)]
    {
        lab.advance(seconds);
        // A dry run and a backfill are no scheduled runs.
        invoke::<XrayInsights>(&lab, &every_run, r#"{"dry_run":true}"#).await;
        let window = r#"{"window":{"start":"2026-03-01T00:00:00Z","end":"2026-03-01T12:00:00Z"}}"#;
        invoke::<XrayInsights>(&lab, &every_run, window).await;
        invoke::<XrayInsights>(&lab, &every_run, "{}").await;
        assert_eq!(state(&lab, source).await["run_interval_seconds"], i64::from(expected).into());
    }
    // The time between two requests of a target that is skipped is no interval.
    invoke::<XrayInsights>(&lab, &[], "{}").await;
    let before = state(&lab, source).await["run_interval_seconds"].clone();
    lab.advance(24 * 3_600);
    invoke::<XrayInsights>(&lab, &[], "{}").await;
    assert_eq!(state(&lab, source).await["run_interval_seconds"], before);
}
