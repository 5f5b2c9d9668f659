//! The shipped binary, killed (SIGKILL) after its calls: the next run leaves the table of a run that was not killed.
//!
//! A first run over the default scenario makes about two thousand calls, mostly puts of chunks. By default it is killed only
//! after the first and the last call of each operation; smaller runs are killed after each call. After each call of the large
//! run:
//! `cargo test --profile quick -p cloudtrail-insights --test integration crash:: -- --ignored --nocapture`

use cloudtrail_insights::CloudtrailInsights;
use insights_tests::{Crash, Kills, selection};

const BINARY: &str = env!("CARGO_BIN_EXE_cloudtrail-insights");

/// Points an hour apart for twelve days: events in four pieces, of one, two, four and five days.
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

/// What [`STORY`] lacks in an earlier run: an insight that began before that run, and late points of stored chunks.
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_run_killed_after_the_first_and_last_call_of_each_operation_loses_and_duplicates_nothing() {
    // With points an hour apart there are half as many chunks.
    let variables = &[("CLOUDTRAIL_PERIOD", "3600")];
    let kills = Kills::new(Crash { variables, ..Crash::first_run(BINARY) });
    let calls = kills.calls::<CloudtrailInsights>().await;
    let killed = kills.check::<CloudtrailInsights>(selection(&calls, 0)).await;
    println!("{killed} kill points of {} calls", calls.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "two thousand kill points take minutes; the command is at the head of this file"]
async fn a_first_run_killed_after_any_call_loses_and_duplicates_nothing() {
    Crash::first_run(BINARY).check_every_call::<CloudtrailInsights>().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_run_in_pieces_killed_after_any_call_loses_and_duplicates_nothing() {
    check_in_pieces(STORY, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_in_pieces_after_many_days_killed_after_any_call_loses_and_duplicates_nothing() {
    // Eleven days ago only the first insight existed: every part follows the watermark, which moves after each piece.
    check_in_pieces(STORY, Some((11 * 86_400, None))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_run_with_late_events_and_points_killed_after_any_call_loses_and_duplicates_nothing() {
    check_in_pieces(&format!("{STORY}{NEWS}"), Some((3_600, Some(STORY)))).await;
}

async fn check_in_pieces(scenario: &str, before: Option<(i64, Option<&str>)>) {
    let crash = Crash { binary: BINARY, scenario: Some(scenario), variables: &PIECES, before };
    crash.check_every_call::<CloudtrailInsights>().await;
}
