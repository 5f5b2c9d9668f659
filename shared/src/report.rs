//! What a run did: counters and issues of one target. It decides statuses, nothing else; `response.rs` makes the whole.

use crate::aws::Skew;
use crate::fields::cut;
use crate::issue::{CLOCK_SKEWED, CallError, Class, RECORD_INVALID, Stage};
use crate::payload::Window;
use crate::response::MOST_ISSUES;
pub use crate::response::{Response, TargetResponse, Targets, Usage};
use crate::target::Target;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The longest message of an issue, in bytes, and the longest subject.
const LONGEST_MESSAGE: usize = 1_024;
/// The longest code of an issue, in bytes.
const LONGEST_CODE: usize = 128;
/// The most codes that are counted by themselves. Services have a few; an answer can make up any.
const MOST_CODES: usize = 50;
/// What further codes are counted under.
pub const OTHER_CODES: &str = "Other";
/// The most issues of a target that are logged.
const MOST_LOGGED: u64 = 1_000;

/// How a target, or the whole run, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Everything was fetched and stored.
    Ok,
    /// Something was not fetched, stored or reached; the rest is stored.
    Partial,
    /// The source is not in use there.
    NotEnabled,
    /// Nothing could be fetched, or nothing stored.
    Failed,
}

impl RunStatus {
    /// The value in responses and in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Partial => "partial",
            Self::NotEnabled => "not_enabled",
            Self::Failed => "failed",
        }
    }

    /// The whole of several.
    pub fn of_all(statuses: impl IntoIterator<Item = Self>) -> Self {
        let statuses: Vec<Self> = statuses.into_iter().collect();
        let all = |status: Self| !statuses.is_empty() && statuses.iter().all(|other| *other == status);
        if all(Self::NotEnabled) {
            Self::NotEnabled
        } else if all(Self::Failed) {
            Self::Failed
        } else if statuses.iter().all(|status| matches!(status, Self::Ok | Self::NotEnabled)) {
            Self::Ok
        } else {
            Self::Partial
        }
    }
}

/// One thing that went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Issue {
    /// Where in the run.
    pub stage: Stage,
    /// The operation that failed, or that gave the answer.
    pub operation: &'static str,
    /// What it was about: a group, an insight, a series, a record's key.
    pub subject: String,
    /// The service's own code, or one of ours.
    pub code: String,
    /// Whether a later run may succeed.
    pub retryable: bool,
    /// Whether no later run can resolve it: the request is refused as such, or what it is about exists no longer or is
    /// another account's.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub lasting: bool,
    /// What to read at three in the morning.
    pub message: String,
}

impl Issue {
    /// Whether the table has it beside the run's own record: under `rejected`, or in the catalog.
    pub(crate) fn is_kept_elsewhere(&self) -> bool {
        self.lasting || self.code == RECORD_INVALID
    }
}

/// What became of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is stored now.
    Written,
    /// It was stored already.
    Unchanged,
    /// Something newer is stored.
    Stale,
    /// It broke a rule.
    Rejected,
    /// It could not be stored.
    Failed,
}

/// The counters of a run. `fetched = written + unchanged + stale + rejected + failed`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Records that the service gave.
    pub fetched: u64,
    /// Of those, now stored.
    pub written: u64,
    /// Stored already.
    pub unchanged: u64,
    /// Older than what is stored.
    pub stale: u64,
    /// Broke a rule.
    pub rejected: u64,
    /// Could not be stored.
    pub failed: u64,
    /// Known subjects that time did not allow.
    pub not_reached: u64,
}

impl Counts {
    fn add(&mut self, outcome: Outcome) {
        self.fetched += 1;
        match outcome {
            Outcome::Written => self.written += 1,
            Outcome::Unchanged => self.unchanged += 1,
            Outcome::Stale => self.stale += 1,
            Outcome::Rejected => self.rejected += 1,
            Outcome::Failed => self.failed += 1,
        }
    }

    fn remove(&mut self, outcome: Outcome) {
        let counter = match outcome {
            Outcome::Written => &mut self.written,
            Outcome::Unchanged => &mut self.unchanged,
            Outcome::Stale => &mut self.stale,
            Outcome::Rejected => &mut self.rejected,
            Outcome::Failed => &mut self.failed,
        };
        *counter = counter.saturating_sub(1);
        self.fetched = self.fetched.saturating_sub(1);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.fetched += other.fetched;
        self.written += other.written;
        self.unchanged += other.unchanged;
        self.stale += other.stale;
        self.rejected += other.rejected;
        self.failed += other.failed;
        self.not_reached += other.not_reached;
    }
}

#[derive(Debug, Default)]
struct Inner {
    counts: Counts,
    /// Those that are listed.
    issues: Vec<Issue>,
    /// How many were handed to the log.
    logged: u64,
    issue_counts: BTreeMap<String, u64>,
    /// The lasting ones among these.
    lasting_counts: BTreeMap<String, u64>,
    /// Issues other than rejected records and lasting ones: something was not fetched or not stored.
    gaps: u64,
    /// Of those, the ones that no later run can fill.
    unfillable: u64,
    first_failure: Option<Class>,
    /// The first failure was the table's, so that nothing could be done.
    table_failed_first: bool,
    answered: bool,
    not_enabled: bool,
    window: Option<Window>,
}

/// Counts an issue by its code, or among the others where there are many codes.
fn count_code(counts: &mut BTreeMap<String, u64>, code: &str) {
    let has_room = counts.len() < MOST_CODES;
    let code = if has_room || counts.contains_key(code) { code } else { OTHER_CODES };
    *counts.entry(code.to_owned()).or_default() += 1;
}

/// What one target's run has done so far. Shared by its concurrent calls.
#[derive(Debug, Default)]
pub struct TargetReport(Mutex<Inner>);

impl Inner {
    /// Counts an issue, and lists it if there is room.
    fn list(&mut self, issue: Issue) {
        count_code(&mut self.issue_counts, &issue.code);
        // Answers that break rules come by the hundred, and are kept under `rejected`; what lasts is in the catalog. What
        // failed is listed here alone.
        if self.issues.len() == MOST_ISSUES
            && !issue.is_kept_elsewhere()
            && let Some(last) = self.issues.iter().rposition(Issue::is_kept_elsewhere)
        {
            self.issues.remove(last);
        }
        if self.issues.len() < MOST_ISSUES {
            self.issues.push(issue);
        }
    }
}

impl TargetReport {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        // A panic elsewhere must not cost the report.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a record that the service gave and what became of it.
    pub fn count(&self, outcome: Outcome) {
        self.inner().counts.add(outcome);
    }

    /// Changes what became of a record that was counted before, when a further part of it has come.
    pub fn recount(&self, before: Outcome, after: Outcome) {
        let mut inner = self.inner();
        inner.counts.remove(before);
        inner.counts.add(after);
    }

    /// Takes back a record that was counted before, since it will be counted again when it is fetched.
    pub fn uncount(&self, outcome: Outcome) {
        self.inner().counts.remove(outcome);
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        self.inner().counts
    }

    /// Notes that all records since `before` are newer versions of records that were counted before: each counts once, as
    /// failed if its newer version could not be stored.
    pub fn counted_again(&self, before: Counts) {
        let mut inner = self.inner();
        let failed = inner.counts.failed.saturating_sub(before.failed).min(before.written);
        let not_reached = inner.counts.not_reached;
        inner.counts = Counts {
            written: before.written - failed,
            failed: before.failed + failed,
            not_reached,
            ..before
        };
    }

    /// Counts subjects that are known but that time did not allow.
    pub fn not_reached(&self, subjects: u64) {
        self.inner().counts.not_reached += subjects;
    }

    /// Notes that the service answered one of the calls that give records.
    pub fn answered(&self) {
        self.inner().answered = true;
    }

    /// Notes that the source is not in use in this target.
    pub fn not_enabled(&self) {
        self.inner().not_enabled = true;
    }

    /// Notes the span that was worked.
    pub fn window(&self, window: Window) {
        self.inner().window = Some(window);
    }

    /// Notes a call about `subject` that gave no answer: an issue, or a subject not reached.
    pub fn call_failed(&self, stage: Stage, subject: &str, error: &CallError) {
        if error.class == Class::NotReached {
            self.not_reached(1);
            return;
        }
        {
            let mut inner = self.inner();
            inner.table_failed_first |= inner.first_failure.is_none() && stage == Stage::Write;
            inner.first_failure.get_or_insert(error.class);
        }
        self.issue(stage, error.operation, subject, &error.code, error.retryable, &error.message);
    }

    /// Notes an issue.
    pub fn issue(
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
        let mut inner = self.inner();
        if code != RECORD_INVALID {
            inner.gaps += 1;
        }
        let (subject, code, message) = (subject.into_owned(), code.into_owned(), message.into_owned());
        inner.list(Issue { stage, operation, subject, code, retryable, lasting: false, message });
    }

    /// Logs an issue, unless many have been logged.
    fn log(&self, issue: impl FnOnce()) {
        let logged = {
            let mut inner = self.inner();
            inner.logged += 1;
            inner.logged
        };
        match logged.cmp(&(MOST_LOGGED + 1)) {
            std::cmp::Ordering::Less => issue(),
            std::cmp::Ordering::Equal => crate::log::issues_not_logged(MOST_LOGGED),
            std::cmp::Ordering::Greater => {}
        }
    }

    /// Notes that the machine's clock is wrong. The run uses the services' time, so that nothing is missing because of it.
    pub fn clock_skewed(&self, skew: Skew) {
        let seconds = skew.millis.abs().div_euclid(1_000);
        let direction = if skew.millis < 0 { "ahead of" } else { "behind" };
        let message = format!(
            "this machine's clock is {seconds} s {direction} the services' (Date header); the run uses the services' time"
        );
        self.issue(Stage::Fetch, skew.operation, "clock", CLOCK_SKEWED, false, &message);
        let mut inner = self.inner();
        inner.gaps = inner.gaps.saturating_sub(1);
    }

    /// Notes an issue about a part of an answer that is the same however often one asks: the target is `partial`, but
    /// there is nothing to come back to.
    pub fn unfillable_issue(
        &self,
        stage: Stage,
        operation: &'static str,
        subject: &str,
        code: &str,
        message: &str,
    ) {
        self.issue(stage, operation, subject, code, false, message);
        self.inner().unfillable += 1;
    }

    /// Notes a lasting issue: no later run can resolve it, so that the target is as well as without it.
    pub fn lasting_issue(&self, operation: &'static str, subject: &str, code: &str, message: &str) {
        let (shown, cause) = (cut(subject, LONGEST_MESSAGE), cut(message, LONGEST_MESSAGE));
        self.log(|| crate::log::lasting_issue(operation, &shown, &cut(code, LONGEST_CODE), &cause));
        self.known_lasting_issue(operation, subject, code, message);
    }

    /// Notes a lasting issue that an earlier run found, and that this one did not ask about again. The log has it already.
    pub fn known_lasting_issue(&self, operation: &'static str, subject: &str, code: &str, message: &str) {
        let mut inner = self.inner();
        let code = cut(code, LONGEST_CODE).into_owned();
        count_code(&mut inner.lasting_counts, &code);
        let (subject, message) = (cut(subject, LONGEST_MESSAGE), cut(message, LONGEST_MESSAGE));
        let (subject, message) = (subject.into_owned(), message.into_owned());
        let stage = Stage::Fetch;
        inner.list(Issue { stage, operation, subject, code, retryable: false, lasting: true, message });
    }

    /// Whether nothing has gone wrong and nothing was left out so far (rejected records and lasting issues aside).
    pub fn is_clean(&self) -> bool {
        let inner = self.inner();
        inner.gaps == 0 && inner.counts.failed == 0 && inner.counts.not_reached == 0
    }

    /// How many gaps to come back to there have been so far: issues that do not last, records not stored, subjects not
    /// reached.
    pub fn gaps(&self) -> u64 {
        let inner = self.inner();
        inner.gaps.saturating_sub(inner.unfillable) + inner.counts.failed + inner.counts.not_reached
    }

    /// How the target stands.
    pub fn status(&self) -> RunStatus {
        let inner = self.inner();
        let counts = &inner.counts;
        let stored = counts.written + counts.unchanged + counts.stale + counts.rejected;
        if inner.gaps == 0 && counts.failed == 0 && counts.not_reached == 0 {
            if inner.not_enabled { RunStatus::NotEnabled } else { RunStatus::Ok }
        } else if (counts.failed > 0 && stored == 0) || (inner.gaps > 0 && !inner.answered && stored == 0) {
            RunStatus::Failed
        } else {
            RunStatus::Partial
        }
    }

    /// The class of the first failure, for the invocation's own error.
    pub fn first_failure(&self) -> Option<Class> {
        self.inner().first_failure
    }

    /// Whether nothing is stored because of the table: it could not be read to begin with, or took none of the records.
    pub fn nothing_stored(&self) -> bool {
        let inner = self.inner();
        let counts = &inner.counts;
        let stored = counts.written + counts.unchanged + counts.stale + counts.rejected;
        stored == 0 && (counts.failed > 0 || inner.table_failed_first)
    }

    /// The part of the response that is this target's.
    pub fn finish(&self, target: &Target) -> TargetResponse {
        let status = self.status();
        let inner = self.inner();
        let issues: u64 = inner.issue_counts.values().sum();
        TargetResponse {
            account_id: target.account_id.clone(),
            region: target.region.clone(),
            status,
            window: inner.window,
            counts: inner.counts,
            issue_counts: inner.issue_counts.clone(),
            lasting_counts: inner.lasting_counts.clone(),
            issues: inner.issues.clone(),
            issues_left_out: issues - inner.issues.len() as u64,
        }
    }
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
