//! The shipped binary, killed (SIGKILL) after each of its calls: the next run leaves the table of a run that was not killed.

use super::STORY;
use eks_insights::EksInsights;
use insights_tests::Crash;

const BINARY: &str = env!("CARGO_BIN_EXE_eks-insights");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_run_killed_after_any_call_loses_and_duplicates_nothing() {
    let crash = Crash { scenario: Some(STORY), ..Crash::first_run(BINARY) };
    crash.check_every_call::<EksInsights>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_run_with_changes_killed_after_any_call_loses_and_duplicates_nothing() {
    // A day before, one check had another status.
    let before = Some((86_400, None));
    let crash = Crash { scenario: Some(STORY), before, ..Crash::first_run(BINARY) };
    crash.check_every_call::<EksInsights>().await;
}
