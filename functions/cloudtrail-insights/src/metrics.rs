//! Fetches one series, one request after the other, oldest data first.

use crate::fetch::Fetch;
use crate::lasting::{is_lasting, may_be_about_range};
use crate::normalize;
use crate::window::{Request, valid_span};
use insights_shared::catalog::Rejection;
use insights_shared::completeness::Completeness;
use insights_shared::fields::Faults;
use insights_shared::issue::{CallError, REQUEST_INVALID, RESPONSE_MALFORMED, Stage};
use insights_shared::series::SeriesKey;
use insights_shared::target_run::{ExistenceHint, TargetRun};
use insights_shared::time::Timestamp;

/// The operation of every request here.
pub const OPERATION: &str = "ListInsightsMetricData";

/// How far a series was fetched.
#[must_use = "a watermark must not move past missing data"]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The requests whose points are stored.
    pub stored: Vec<Request>,
    /// The start of the first request whose points are not stored; `None` if all are stored.
    pub stopped_at: Option<Timestamp>,
    /// Whether the whole series was fetched and stored.
    pub completeness: Completeness,
    /// Whether a write found an existing item although none was expected.
    pub found_existing: bool,
    /// When the last answered request was sent.
    pub answered_at: Option<Timestamp>,
    /// The request that was rejected, and would be rejected again. It is not repeated soon.
    pub rejection: Option<Rejection>,
}

/// Sends `requests` and stores their points. It stops at the first failure, so that nothing after it counts as covered.
pub async fn collect(
    fetch: &Fetch<'_>,
    run: &TargetRun,
    series: &SeriesKey,
    requests: &[Request],
    hint: ExistenceHint,
) -> Progress {
    let subject = series.to_string();
    let mut progress = Progress { completeness: Completeness::Incomplete, ..Progress::default() };
    let mut faults = Faults::default();
    series.check("", &mut faults);
    if !faults.is_empty() {
        let message = format!("the API would reject the request, so it was not sent: {faults}");
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
                    let (start, end) = valid_span(run.limit());
                    let second = fetch.points(series, Request { period: 3_600, start, end }).await;
                    // Its points are not used, because stored points begin at the position of the series.
                    progress.answered_at = second.as_ref().ok().map(|(_, answered_at)| *answered_at);
                    lasts = second.is_err_and(|error| is_rejection(&error));
                }
                if lasts {
                    run.report.lasting_issue(OPERATION, &subject, &error.code, &error.message);
                    progress.rejection = Some(Rejection { code: error.code, asked_at });
                } else {
                    progress.completeness &= run.report.call_failed(Stage::Fetch, &subject, &error);
                }
                return progress;
            }
        };
        run.report.answered();
        progress.answered_at = Some(answered_at);
        let chunks = normalize::chunks(series, *request, points, &run.target, answered_at);
        for message in &chunks.left_out {
            run.report.permanent_issue(Stage::Normalize, OPERATION, &subject, RESPONSE_MALFORMED, message);
        }
        let hint = if progress.found_existing { ExistenceHint::Unknown } else { hint };
        let written = run.store(OPERATION, chunks, hint).await;
        progress.found_existing |= written.found_existing;
        if !written.completeness.is_complete() {
            return progress;
        }
        progress.stored.push(*request);
    }
    progress.stopped_at = None;
    progress.completeness = Completeness::Complete;
    progress
}
