//! The function's binary, killed (SIGKILL) after each of its calls: the next run leaves the table of a run that was not killed.

use crate::support::{SCENARIO, WITH_MANAGED};
use insights_tests::Crash;
use securityhub_insights::SecurityhubInsights;

const CRASH: Crash<'static> = Crash {
    scenario: Some(SCENARIO),
    variables: &[WITH_MANAGED],
    ..Crash::first_run(env!("CARGO_BIN_EXE_securityhub-insights"))
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_run_killed_after_any_call_loses_and_duplicates_nothing() {
    CRASH.check_every_call::<SecurityhubInsights>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_run_with_changes_killed_after_any_call_loses_and_duplicates_nothing() {
    // The earlier run was on the day before, or found fewer buckets under another name.
    let earlier = SCENARIO.replace("Public buckets", "Buckets").replace("count = 3", "count = 1");
    for before in [(93_600, None), (600, Some(earlier.as_str()))] {
        Crash { before: Some(before), ..CRASH }.check_every_call::<SecurityhubInsights>().await;
    }
}
