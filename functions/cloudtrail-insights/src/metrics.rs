//! Fetches one series over its requests, oldest first, and says how far it came.

use crate::fetch::Fetch;
use crate::lasting::{is_lasting, may_be_about_range};
use crate::normalize;
use crate::window::{Request, sure_span};
use insights_shared::catalog::Rejection;
use insights_shared::fields::Faults;
use insights_shared::issue::{CallError, REQUEST_INVALID, RESPONSE_MALFORMED, Stage};
use insights_shared::series::SeriesKey;
use insights_shared::target_run::TargetRun;
use insights_shared::time::Timestamp;

/// The operation of every request here.
pub const OPERATION: &str = "ListInsightsMetricData";

/// What became of a series.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The requests whose answers are stored.
    pub stored: Vec<Request>,
    /// Where the first request begins that has no stored answer; `None` if every one has.
    pub stopped_at: Option<Timestamp>,
    /// Whether all of the series could be asked for and stored.
    pub is_complete: bool,
    /// When the last request was sent that was answered.
    pub answered_at: Option<Timestamp>,
    /// The request that was rejected for good, or would be: there is nothing to come back to soon.
    pub rejection: Option<Rejection>,
}

/// Fetches and stores what `requests` ask for. It stops at the first that fails, so that nothing behind it counts as
/// known.
pub async fn collect(
    fetch: &Fetch<'_>,
    run: &TargetRun,
    series: &SeriesKey,
    requests: &[Request],
) -> Progress {
    let subject = series.to_string();
    let mut progress = Progress::default();
    let mut faults = Faults::default();
    series.check("", &mut faults);
    if !faults.is_empty() {
        let message = format!("the request would be refused and was not sent: {faults}");
        run.report.lasting_issue(OPERATION, &subject, REQUEST_INVALID, &message);
        progress.rejection = Some(Rejection { code: REQUEST_INVALID.to_owned(), asked_at: run.clock_now() });
        return progress;
    }
    for request in requests {
        progress.stopped_at = Some(request.start);
        let asked_at = run.clock_now();
        let (points, answered_at) = match fetch.points(series, *request).await {
            Ok(answer) => answer,
            Err(error) => {
                let is_rejection =
                    |error: &CallError| is_lasting(error, series.trail.as_deref(), &run.target.account_id);
                let mut lasts = is_rejection(&error);
                if lasts && may_be_about_range(&error) {
                    let (start, end) = sure_span(run.limit());
                    let second = fetch.points(series, Request { period: 3_600, start, end }).await;
                    // Its points are left: what is stored begins where the series stands.
                    progress.answered_at = second.as_ref().ok().map(|(_, answered_at)| *answered_at);
                    lasts = second.is_err_and(|error| is_rejection(&error));
                }
                if lasts {
                    run.report.lasting_issue(OPERATION, &subject, &error.code, &error.message);
                    progress.rejection = Some(Rejection { code: error.code, asked_at });
                } else {
                    run.report.call_failed(Stage::Fetch, &subject, &error);
                }
                return progress;
            }
        };
        run.report.answered();
        progress.answered_at = Some(answered_at);
        let chunks = normalize::chunks(series, *request, points, &run.target, answered_at);
        for message in &chunks.left_out {
            run.report.unfillable_issue(Stage::Normalize, OPERATION, &subject, RESPONSE_MALFORMED, message);
        }
        if !run.store(OPERATION, chunks).await {
            return progress;
        }
        progress.stored.push(*request);
    }
    progress.stopped_at = None;
    progress.is_complete = true;
    progress
}
