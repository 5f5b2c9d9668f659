//! The shipped binary, killed (SIGKILL) after every one of its calls: what a clean run makes of what is left is the table
//! of a run that nobody killed.

use auditmanager_insights::AuditmanagerInsights;
use insights_tests::{Crash, Kills};

const BINARY: &str = env!("CARGO_BIN_EXE_auditmanager-insights");

async fn every_point(crash: Crash<'_>) -> usize {
    let kills = Kills::new(crash);
    let calls = kills.calls::<AuditmanagerInsights>().await.len();
    let killed = kills.check::<AuditmanagerInsights>(0..calls).await;
    // With several calls under way at once, one more or less may be needed.
    assert!(killed + 3 >= calls, "{killed} kill points of {calls} calls");
    killed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_run_killed_after_any_call_loses_nothing_and_doubles_nothing() {
    let killed = every_point(Crash { binary: BINARY, scenario: None, variables: &[], before: None }).await;
    println!("{killed} kill points in a first run over the default scenario");
}

/// An assessment with one domain and two controls, called `name`, with `noncompliant` findings.
fn story(name: &str, noncompliant: u32) -> String {
    format!(
        r#"
[auditmanager]
jitter = 0

[[auditmanager.assessments]]
name = "{name}"
id = "11111111-2222-3333-4444-555555555555"
created = "-10d"
[[auditmanager.assessments.domains]]
name = "Access"
id = "arn:aws:controlcatalog:::domain/3u3p5cwdl6agjbrvpaxc0m93n"
controls = [
    {{ name = "Keys", control_set = "A #1", compliant = 8, noncompliant = {noncompliant} }},
    {{ name = "Users", control_set = "A #1", compliant = 3, inconclusive = 1 }},
]
"#
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_run_with_changes_killed_after_any_call_loses_nothing_and_doubles_nothing() {
    // The earlier run saw the day before, or fewer findings under another name.
    let (earlier, later) = (story("PCI", 2), story("PCI DSS", 5));
    for (seconds, earlier) in [(93_600, None), (600, Some(earlier.as_str()))] {
        let before = Some((seconds, earlier));
        let killed =
            every_point(Crash { binary: BINARY, scenario: Some(&later), variables: &[], before }).await;
        println!("{killed} kill points in a second run {seconds} seconds after the first");
    }
}
