//! The shipped binary, killed (SIGKILL) after its calls: what a clean run makes of what is left is the table of a run that
//! nobody killed.
//!
//! A first run over the default scenario makes some two thousand calls, mostly one put for each chunk. `cargo test` kills it
//! after the first and the last call of each kind, and kills smaller runs after every call. After every call of the large one:
//! `cargo test --profile quick -p cloudtrail-insights --test integration crash:: -- --ignored --nocapture`

use cloudtrail_insights::CloudtrailInsights;
use insights_tests::{Crash, Kills, selection};

const BINARY: &str = env!("CARGO_BIN_EXE_cloudtrail-insights");

/// The default scenario with the default configuration.
const FIRST: Crash<'_> = Crash { binary: BINARY, scenario: None, variables: &[], before: None };
/// Points an hour apart, twelve days back: events in four pieces, of one, two, four and five days.
const PIECES: [(&str, &str); 2] = [("CLOUDTRAIL_PERIOD", "3600"), ("LOOKBACK_DAYS", "12")];

/// Insights in the first, second and last piece, one of them on a trail's data events, one open.
const STORY: &str = r#"
[cloudtrail]
[[cloudtrail.trails]]
name = "management"
insight_selectors = [{ type = "ApiCallRateInsight" }]

[[cloudtrail.trails]]
name = "objects"
insight_selectors = [{ type = "ApiErrorRateInsight", categories = ["Data"] }]

[[cloudtrail.insights]]
event_source = "ec2.amazonaws.com"
event_name = "RunInstances"
insight_type = "ApiCallRateInsight"
start = "-11d 12h"
end = "-10d 12h"
average = 2

[[cloudtrail.insights]]
event_source = "s3.amazonaws.com"
event_name = "GetObject"
insight_type = "ApiErrorRateInsight"
error_code = "AccessDenied"
trail = "objects"
start = "-10d"
end = "-9d"
average = 4

[[cloudtrail.insights]]
event_source = "sqs.amazonaws.com"
event_name = "DeleteQueue"
insight_type = "ApiCallRateInsight"
start = "-5h"
average = 3
"#;

/// What is told later beside [`STORY`]: an insight of which the earlier run should have heard, and points that come late,
/// within chunks that are stored.
const NEWS: &str = r#"
[[cloudtrail.insights]]
event_source = "kms.amazonaws.com"
event_name = "Decrypt"
insight_type = "ApiCallRateInsight"
start = "-4h"
end = "-3h"
average = 5

[[cloudtrail.series]]
event_source = "ec2.amazonaws.com"
event_name = "RunInstances"
insight_type = "ApiCallRateInsight"
noise = 0
bursts = [{ from = "-4h", to = "-3h", rate = 2 }]
"#;

async fn every_point(crash: Crash<'_>) -> usize {
    let kills = Kills::new(crash);
    let calls = kills.calls::<CloudtrailInsights>().await.len();
    let killed = kills.check::<CloudtrailInsights>(0..calls).await;
    // With several calls under way at once, one more or less may be needed.
    assert!(killed + 3 >= calls, "{killed} kill points of {calls} calls");
    killed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_run_killed_after_the_first_and_last_call_of_each_kind_loses_nothing_and_doubles_nothing() {
    // An hour apart, points make half as many chunks.
    let kills = Kills::new(Crash { variables: &[("CLOUDTRAIL_PERIOD", "3600")], ..FIRST });
    let calls = kills.calls::<CloudtrailInsights>().await;
    let killed = kills.check::<CloudtrailInsights>(selection(&calls, 0)).await;
    println!("{killed} kill points of {} calls in a first run over the default scenario", calls.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "two thousand kill points take minutes; the command is at the head of this file"]
async fn a_first_run_killed_after_any_call_loses_nothing_and_doubles_nothing() {
    let killed = every_point(FIRST).await;
    println!("{killed} kill points in a first run over the default scenario");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_run_in_pieces_killed_after_any_call_loses_nothing_and_doubles_nothing() {
    let crash = Crash { binary: BINARY, scenario: Some(STORY), variables: &PIECES, before: None };
    println!("{} kill points in a first run in pieces", every_point(crash).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_in_pieces_after_many_days_killed_after_any_call_loses_nothing_and_doubles_nothing() {
    // Eleven days ago nothing but the first insight was known: every part follows the watermark that moves on.
    let before = Some((11 * 86_400, None));
    let crash = Crash { binary: BINARY, scenario: Some(STORY), variables: &PIECES, before };
    println!("{} kill points in a run in pieces after eleven days", every_point(crash).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_run_with_changes_killed_after_any_call_loses_nothing_and_doubles_nothing() {
    let later = format!("{STORY}{NEWS}");
    let before = Some((3_600, Some(STORY)));
    let crash = Crash { binary: BINARY, scenario: Some(&later), variables: &PIECES, before };
    println!("{} kill points in a second run with late events and late points", every_point(crash).await);
}
