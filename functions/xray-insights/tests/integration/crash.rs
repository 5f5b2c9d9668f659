//! The function binary, killed (SIGKILL) after each of its calls: after the next run, the table equals that of a run
//! that was not killed.

use insights_tests::{Crash, STORY};
use xray_insights::XrayInsights;

const BINARY: &str = env!("CARGO_BIN_EXE_xray-insights");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_run_killed_after_any_call_loses_and_duplicates_nothing() {
    Crash::first_run(BINARY).check_every_call::<XrayInsights>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_run_with_changes_killed_after_any_call_loses_and_duplicates_nothing() {
    // The first run was before the newest insight started and between the events of another one.
    let before = Some((5_400, None));
    let crash = Crash { scenario: Some(STORY), before, ..Crash::first_run(BINARY) };
    crash.check_every_call::<XrayInsights>().await;
}
