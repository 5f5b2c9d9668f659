//! The shipped binary, killed (SIGKILL) after each of its calls: the next run leaves the table of a run that was not killed.

use auditmanager_insights::AuditmanagerInsights;
use insights_tests::Crash;

const BINARY: &str = env!("CARGO_BIN_EXE_auditmanager-insights");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_run_killed_after_any_call_loses_and_duplicates_nothing() {
    Crash::first_run(BINARY).check_every_call::<AuditmanagerInsights>().await;
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
async fn a_later_run_with_changes_killed_after_any_call_loses_and_duplicates_nothing() {
    // The earlier run saw the previous day, or fewer findings under another name.
    let (earlier, later) = (story("PCI", 2), story("PCI DSS", 5));
    for before in [(93_600, None), (600, Some(earlier.as_str()))] {
        let crash = Crash { scenario: Some(&later), before: Some(before), ..Crash::first_run(BINARY) };
        crash.check_every_call::<AuditmanagerInsights>().await;
    }
}
