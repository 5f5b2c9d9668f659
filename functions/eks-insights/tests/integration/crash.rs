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
    // A day before, one check had another status. An earlier story has a cluster and a check that are gone in the later one.
    let gone = "[[eks.clusters]]\nname = \"old\"\n[[eks.clusters.insights]]\nid = \"a\"\nname = \"a\"\n\
                category = \"MISCONFIGURATION\"\nstatus = \"ERROR\"\nsince = \"-9d\"\n";
    let earlier = format!(
        "{STORY}[[eks.clusters.insights]]\nid = \"b\"\nname = \"b\"\ncategory = \"MISCONFIGURATION\"\n\
         status = \"UNKNOWN\"\nsince = \"-9d\"\n{gone}"
    );
    for before in [(86_400, None), (600, Some(earlier.as_str()))] {
        let crash = Crash { scenario: Some(STORY), before: Some(before), ..Crash::first_run(BINARY) };
        crash.check_every_call::<EksInsights>().await;
    }
}
