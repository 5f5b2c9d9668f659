//! Runs that run out of time or are cancelled anywhere: after later runs, the table equals an undisturbed one.

use crate::support::*;
use std::time::Duration;

/// Two requests per series and five pieces for events: a run can end between any two of them.
const WIDE: [(&str, &str); 2] = [("LOOKBACK_DAYS", "16"), ("CLOUDTRAIL_PERIOD", "60")];

/// The small scenario with only closed insights.
fn scenario() -> String {
    STORY.replace("start = \"-1h\"", "start = \"-1h\"\nend = \"-50m\"")
}

/// The table after a first run and one more after each of these times, and the number of calls of the last run.
async fn undisturbed(advances: &[i64]) -> (Table, u64) {
    let lab = Lab::new(&scenario()).await;
    run(&lab, &WIDE).await;
    for seconds in advances {
        lab.advance(*seconds);
        lab.simulator.clear_log();
        run(&lab, &WIDE).await;
    }
    let calls = total(&lab);
    (lab.table().await, calls)
}

/// All calls, including those to the table.
fn total(lab: &Lab) -> u64 {
    lab.simulator.counts().values().sum()
}

fn same(undisturbed: &Table, lab: &Table, about: &str) {
    let differences = undisturbed.differences(lab);
    assert!(differences.is_empty(), "{about}:\n{}", differences.join("\n"));
}

#[tokio::test]
async fn a_large_account_is_completed_by_several_invocations() {
    let (undisturbed, _) = undisturbed(&[]).await;
    let lab = Lab::new(&scenario()).await;
    lab.fault("LookupEvents=slow-0.08");
    lab.fault("ListInsightsMetricData=slow-0.08");
    let variables = [&WIDE[..], &[("CONCURRENCY", "1")]].concat();
    let function = function(&lab, &variables);
    let mut runs: Vec<String> = Vec::new();
    for longer in 0.. {
        // Half a second is reserved for writing, so at first 0.2 s remain for fetching. On a busy machine this may be
        // too little for any progress.
        let remaining = Duration::from_millis(700 + 30 * longer);
        let response = function.invoke_within("{}", remaining).await.unwrap();
        assert_adds_up(&response);
        assert_eq!(issues(&response), [""; 0], "what is not reached is no issue");
        let status = response["status"].as_str().unwrap().to_owned();
        assert_eq!(status == "partial", response["not_reached"].as_u64().unwrap() > 0, "{response}");
        runs.push(status);
        if runs.last().unwrap() == "ok" {
            break;
        }
        assert!(runs.len() < 100, "no end is in sight");
    }
    assert!(runs.len() > 2, "{runs:?}");
    same(&undisturbed, &lab.table().await, "after several invocations");
}

#[tokio::test]
async fn a_run_that_starts_without_time_is_only_not_reached() {
    let lab = Lab::new(&scenario()).await;
    let response = function(&lab, &[]).invoke_within("{}", Duration::ZERO).await.unwrap();
    assert_eq!(summary(&response), "partial not_reached=1");
    assert_eq!(response["api_calls"], serde_json::json!({}));
}

#[tokio::test]
async fn a_window_without_enough_time_reports_its_progress() {
    let lab = Lab::new(&scenario()).await;
    lab.fault("LookupEvents=slow-0.15");
    let ask = |start: &str| format!(r#"{{"window":{{"start":"{start}","end":"2026-03-01T12:00:00Z"}}}}"#);
    let function = function(&lab, &[]);
    let mut start = "2026-02-01T12:00:00.000Z".to_owned();
    let mut rounds = 0_u64;
    while start != "2026-03-01T12:00:00.000Z" {
        let response =
            function.invoke_within(&ask(&start), Duration::from_millis(900 + 30 * rounds)).await.unwrap();
        let end = response["targets"][0]["window"]["end"].as_str().unwrap().to_owned();
        assert!(end >= start);
        assert_eq!(response["status"] == "ok", end == "2026-03-01T12:00:00.000Z", "{response}");
        start = end;
        rounds += 1;
        assert!(rounds < 100);
    }
    assert!(rounds > 1);
    assert_eq!(lab.table().await.kinds()["cloudtrail.insight"], 3);
}

/// The table fails from its k-th call on, for every k, as after the end of a process: later calls change nothing.
async fn check_table_fails_from_every_call(outage: Option<i64>) {
    let (undisturbed, _) = undisturbed(outage.as_slice()).await;
    let mut tried = 0;
    for k in 0.. {
        let lab = Lab::new(&scenario()).await;
        if let Some(seconds) = outage {
            run(&lab, &WIDE).await;
            lab.advance(seconds);
        }
        lab.fault(&format!("dynamodb:*=denied@{k}"));
        let failed = function(&lab, &WIDE).invoke("{}").await;
        lab.simulator.clear_faults();
        if failed.is_ok_and(|response| response["status"] == "ok") {
            break;
        }
        tried += 1;
        assert_eq!(run(&lab, &WIDE).await["status"], "ok", "after {k} calls");
        same(&undisturbed, &lab.table().await, &format!("after {k} calls of the table"));
    }
    println!("{tried} points of failure tried");
    assert!(tried >= 20, "only {tried} points of failure");
}

#[tokio::test]
async fn a_first_run_can_end_after_any_table_call() {
    check_table_fails_from_every_call(None).await;
}

#[tokio::test]
async fn a_run_after_an_outage_can_end_after_any_table_call() {
    // Ten days: four pieces, so the watermark moves while the series keep their progress.
    check_table_fails_from_every_call(Some(10 * 86_400)).await;
}

#[tokio::test]
async fn a_run_can_be_cancelled_during_any_call() {
    let (undisturbed, calls) = undisturbed(&[]).await;
    let mut tried = 0;
    for k in (0..calls).step_by(2) {
        let lab = Lab::new(&scenario()).await;
        let function = function(&lab, &WIDE);
        let reached = async {
            while total(&lab) < k {
                tokio::task::yield_now().await;
            }
        };
        // All tasks are dropped after the k-th call, as when the process is killed.
        tokio::select! {
            biased;
            () = reached => tried += 1,
            _ = function.invoke("{}") => {}
        }
        assert_eq!(run(&lab, &WIDE).await["status"], "ok", "after {k} calls");
        same(&undisturbed, &lab.table().await, &format!("after {k} calls"));
    }
    println!("{tried} points of interruption tried");
    assert!(tried > 15);
}

#[tokio::test]
async fn two_concurrent_runs_of_which_one_is_cancelled_store_the_same_as_one() {
    let (undisturbed, calls) = undisturbed(&[]).await;
    for k in (5..calls).step_by(17) {
        let lab = Lab::new(&scenario()).await;
        let (one, other) = (function(&lab, &WIDE), function(&lab, &WIDE));
        let cut_off = async {
            let reached = async {
                while total(&lab) < k {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                biased;
                () = reached => {}
                _ = one.invoke("{}") => {}
            }
        };
        let (response, ()) = tokio::join!(other.invoke("{}"), cut_off);
        assert_eq!(response.unwrap()["status"], "ok");
        same(&undisturbed, &lab.table().await, &format!("cut off after {k} calls"));
    }
}
