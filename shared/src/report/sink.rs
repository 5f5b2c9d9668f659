//! The write-only part of a report, which collectors get. A stage therefore cannot base decisions on what another stage
//! reported.

use super::{Counts, Inner, Issue, Outcome, lock};
use crate::aws::Skew;
use crate::completeness::Completeness;
use crate::fields::cut;
use crate::issue::{CLOCK_SKEWED, CallError, Class, RECORD_INVALID, Stage};
use crate::payload::Window;
use std::sync::{Arc, Mutex};

/// The maximum length of an issue's message and of its subject, in bytes.
pub(super) const LONGEST_MESSAGE: usize = 1_024;
/// The maximum length of an issue's code, in bytes.
pub(super) const LONGEST_CODE: usize = 128;
/// The maximum number of issues of a target that are logged.
const MOST_LOGGED: u64 = 1_000;

/// Adds to a target's report. Methods that report missing data return [`Completeness::Incomplete`].
///
/// Reading is not possible:
///
/// ```compile_fail,E0599
/// fn written(run: &insights_shared::target_run::TargetRun) -> u64 {
///     run.report.counts().written
/// }
/// ```
#[derive(Clone, Debug)]
pub struct ReportSink(Arc<Mutex<Inner>>);

impl ReportSink {
    pub(super) fn new(report: Arc<Mutex<Inner>>) -> Self {
        Self(report)
    }

    /// Counts a record that the service returned, with its result.
    pub fn count(&self, outcome: Outcome) {
        lock(&self.0).counts.add(outcome);
    }

    /// Changes the result of a record that was counted before, because a further part of it was processed.
    pub fn recount(&self, before: Outcome, after: Outcome) {
        let mut inner = lock(&self.0);
        inner.counts.remove(before);
        inner.counts.add(after);
    }

    /// Removes a record that was counted before. It will be counted again when it is fetched.
    pub fn uncount(&self, outcome: Outcome) {
        lock(&self.0).counts.remove(outcome);
    }

    /// While the returned value exists, records are counted as newer versions of records that were counted before. Each of
    /// these counts once, and as failed if its newer version could not be stored.
    pub fn newer_versions(&self) -> NewerVersions {
        NewerVersions { report: self.clone(), before: lock(&self.0).counts }
    }

    /// Counts known subjects for which there was no time.
    pub fn not_reached(&self, subjects: u64) -> Completeness {
        lock(&self.0).counts.not_reached += subjects;
        Completeness::Incomplete
    }

    /// Records that a call whose answer contains records succeeded.
    pub fn answered(&self) {
        lock(&self.0).answered = true;
    }

    /// Records that the source is not in use in this target.
    pub fn not_enabled(&self) {
        lock(&self.0).not_enabled = true;
    }

    /// Records the time span that was processed.
    pub fn window(&self, window: Window) {
        lock(&self.0).window = Some(window);
    }

    /// Reports a failed call about `subject`: an issue, or a subject that was not reached.
    pub fn call_failed(&self, stage: Stage, subject: &str, error: &CallError) -> Completeness {
        if error.class == Class::NotReached {
            return self.not_reached(1);
        }
        {
            let mut inner = lock(&self.0);
            inner.table_failed_first |= inner.first_failure.is_none() && stage == Stage::Write;
            inner.first_failure.get_or_insert(error.class);
        }
        self.issue(stage, error.operation, subject, &error.code, error.retryable, &error.message)
    }

    /// Reports an issue that a later run has to resolve.
    pub fn issue(
        &self,
        stage: Stage,
        operation: &'static str,
        subject: &str,
        code: &str,
        retryable: bool,
        message: &str,
    ) -> Completeness {
        self.add(stage, operation, subject, code, retryable, message);
        lock(&self.0).gaps += 1;
        Completeness::Incomplete
    }

    /// Reports missing data that no later run can fetch, such as a part of an answer that is always malformed. The target
    /// becomes `partial`, but the stage is complete.
    pub fn permanent_issue(
        &self,
        stage: Stage,
        operation: &'static str,
        subject: &str,
        code: &str,
        message: &str,
    ) {
        self.add(stage, operation, subject, code, false, message);
        lock(&self.0).gaps += 1;
    }

    /// Reports an answer that breaks rules and is stored under `rejected`. No data is missing.
    pub(crate) fn rejected(&self, operation: &'static str, subject: &str, message: &str) {
        self.add(Stage::Validate, operation, subject, RECORD_INVALID, false, message);
    }

    /// Reports that the machine's clock is wrong. The run uses the services' time, so no data is missing.
    pub(crate) fn clock_skewed(&self, skew: Skew) {
        let seconds = skew.millis.abs().div_euclid(1_000);
        let direction = if skew.millis < 0 { "ahead of" } else { "behind" };
        let message = format!(
            "this machine's clock is {seconds} s {direction} the services' (Date header); the run uses the services' time"
        );
        self.add(Stage::Fetch, skew.operation, "clock", CLOCK_SKEWED, false, &message);
    }

    /// Logs an issue and adds it to the list.
    fn add(
        &self,
        stage: Stage,
        operation: &'static str,
        subject: &str,
        code: &str,
        retryable: bool,
        message: &str,
    ) {
        let (subject, message) = (cut(subject, LONGEST_MESSAGE), cut(message, LONGEST_MESSAGE));
        let code = cut(code, LONGEST_CODE);
        self.log(|| crate::log::issue(stage, operation, &subject, &code, retryable, &message));
        let (subject, code, message) = (subject.into_owned(), code.into_owned(), message.into_owned());
        lock(&self.0).list(Issue { stage, operation, subject, code, retryable, lasting: false, message });
    }

    /// Logs an issue, unless the limit of logged issues is reached.
    fn log(&self, issue: impl FnOnce()) {
        let logged = {
            let mut inner = lock(&self.0);
            inner.logged += 1;
            inner.logged
        };
        match logged.cmp(&(MOST_LOGGED + 1)) {
            std::cmp::Ordering::Less => issue(),
            std::cmp::Ordering::Equal => crate::log::issues_not_logged(MOST_LOGGED),
            std::cmp::Ordering::Greater => {}
        }
    }

    /// Reports a lasting issue: no later run can resolve it. It does not change the status of the target.
    pub fn lasting_issue(&self, operation: &'static str, subject: &str, code: &str, message: &str) {
        let (shown, cause) = (cut(subject, LONGEST_MESSAGE), cut(message, LONGEST_MESSAGE));
        self.log(|| crate::log::lasting_issue(operation, &shown, &cut(code, LONGEST_CODE), &cause));
        self.known_lasting_issue(operation, subject, code, message);
    }

    /// Reports a lasting issue that an earlier run found and logged, and that this run did not check again.
    pub fn known_lasting_issue(&self, operation: &'static str, subject: &str, code: &str, message: &str) {
        let mut inner = lock(&self.0);
        let code = cut(code, LONGEST_CODE).into_owned();
        super::count_code(&mut inner.lasting_counts, &code);
        let (subject, message) = (cut(subject, LONGEST_MESSAGE), cut(message, LONGEST_MESSAGE));
        let (subject, message) = (subject.into_owned(), message.into_owned());
        let stage = Stage::Fetch;
        inner.list(Issue { stage, operation, subject, code, retryable: false, lasting: true, message });
    }
}

/// While this value exists, records count as newer versions: see [`ReportSink::newer_versions`].
#[derive(Debug)]
#[must_use = "records count as newer versions for as long as it lives"]
pub struct NewerVersions {
    report: ReportSink,
    before: Counts,
}

impl Drop for NewerVersions {
    fn drop(&mut self) {
        let Self { report, before } = self;
        let counts = &mut lock(&report.0).counts;
        let failed = counts.failed.saturating_sub(before.failed).min(before.written);
        let (written, not_reached) = (before.written - failed, counts.not_reached);
        *counts = Counts { written, failed: before.failed + failed, not_reached, ..*before };
    }
}
