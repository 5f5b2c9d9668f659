//! The shipped binary, killed (SIGKILL) after every one of its calls: what a clean run makes of what is left is the table
//! of a run that nobody killed.

use insights_tests::{Crash, Kills, STORY};
use xray_insights::XrayInsights;

const BINARY: &str = env!("CARGO_BIN_EXE_xray-insights");

async fn every_point(crash: Crash<'_>) -> usize {
    let kills = Kills::new(crash);
    let calls = kills.calls::<XrayInsights>().await.len();
    let killed = kills.check::<XrayInsights>(0..calls).await;
    // With several calls under way at once, one more or less may be needed.
    assert!(killed + 3 >= calls, "{killed} kill points of {calls} calls");
    killed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_run_killed_after_any_call_loses_nothing_and_doubles_nothing() {
    let killed = every_point(Crash { binary: BINARY, scenario: None, variables: &[], before: None }).await;
    println!("{killed} kill points in a first run over the default scenario");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_run_with_changes_killed_after_any_call_loses_nothing_and_doubles_nothing() {
    // The first run was before the newest insight began and between the events of another.
    let before = Some((5_400, None));
    let crash = Crash { binary: BINARY, scenario: Some(STORY), variables: &[], before };
    let killed = every_point(crash).await;
    println!("{killed} kill points in a second run over a story that went on");
}
