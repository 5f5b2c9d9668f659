//! What a run did: counters and issues of one target. It decides statuses, nothing else; `response.rs` makes the whole.

use crate::fields::cut;
use crate::issue::{CallError, Class, RECORD_INVALID, Stage};
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
    /// What to read at three in the morning.
    pub message: String,
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
    /// Issues other than rejected records: something was not fetched or not stored.
    gaps: u64,
    /// Of those, the ones that no later run can fill.
    lasting: u64,
    first_failure: Option<Class>,
    /// The first failure was the table's, so that nothing could be done.
    table_failed_first: bool,
    answered: bool,
    not_enabled: bool,
    window: Option<Window>,
}

impl Inner {
    fn count_issue(&mut self, code: &str) {
        let has_room = self.issue_counts.len() < MOST_CODES;
        let code = if has_room || self.issue_counts.contains_key(code) { code } else { OTHER_CODES };
        *self.issue_counts.entry(code.to_owned()).or_default() += 1;
    }
}

/// What one target's run has done so far. Shared by its concurrent calls.
#[derive(Debug, Default)]
pub struct TargetReport(Mutex<Inner>);

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
        inner.count_issue(&code);
        if code != RECORD_INVALID {
            inner.gaps += 1;
        }
        if inner.issues.len() == MOST_ISSUES && code != RECORD_INVALID {
            // Answers that break rules come by the hundred, and are kept under `rejected`; what failed is told here alone.
            if let Some(last) = inner.issues.iter().rposition(|issue| issue.code == RECORD_INVALID) {
                inner.issues.remove(last);
            }
        }
        if inner.issues.len() < MOST_ISSUES {
            let (subject, code, message) = (subject.into_owned(), code.into_owned(), message.into_owned());
            inner.issues.push(Issue { stage, operation, subject, code, retryable, message });
        }
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

    /// Notes an issue that is the same however often one asks, so that there is nothing to come back to.
    pub fn lasting_issue(
        &self,
        stage: Stage,
        operation: &'static str,
        subject: &str,
        code: &str,
        message: &str,
    ) {
        self.issue(stage, operation, subject, code, false, message);
        self.inner().lasting += 1;
    }

    /// Whether nothing has gone wrong and nothing was left out so far (rejected records aside).
    pub fn is_clean(&self) -> bool {
        let inner = self.inner();
        inner.gaps == 0 && inner.counts.failed == 0 && inner.counts.not_reached == 0
    }

    /// How many gaps to come back to there have been so far: issues that do not last, records not stored, subjects not
    /// reached.
    pub fn gaps(&self) -> u64 {
        let inner = self.inner();
        inner.gaps.saturating_sub(inner.lasting) + inner.counts.failed + inner.counts.not_reached
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
            issues: inner.issues.clone(),
            issues_left_out: issues - inner.issues.len() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use RunStatus::{Failed, NotEnabled, Ok, Partial};

    #[test]
    fn the_whole_is_judged_by_all_targets() {
        for (statuses, expected) in [
            (vec![Ok], Ok),
            (vec![Ok, NotEnabled], Ok),
            (vec![NotEnabled, NotEnabled], NotEnabled),
            (vec![Failed, Failed], Failed),
            (vec![Failed, Ok], Partial),
            (vec![Failed, NotEnabled], Partial),
            (vec![Partial], Partial),
        ] {
            assert_eq!(RunStatus::of_all(statuses.clone()), expected, "{statuses:?}");
        }
    }

    #[test]
    fn answers_that_break_rules_leave_room_for_what_failed() {
        let report = TargetReport::default();
        for number in 0..60 {
            report.issue(Stage::Validate, "GetInsight", &number.to_string(), RECORD_INVALID, false, "x");
        }
        report.call_failed(Stage::Fetch, "shop", &error());
        let target = Target { account_id: "123456789012".into(), region: "eu-west-1".into(), role: None };
        let response = report.finish(&target);
        assert_eq!(response.issues.len(), MOST_ISSUES);
        assert_eq!(response.issues.iter().filter(|issue| issue.code != RECORD_INVALID).count(), 1);
        assert_eq!(response.issue_counts[RECORD_INVALID], 60);
    }

    fn error() -> CallError {
        CallError::malformed("GetInsight", "x")
    }

    #[test]
    fn a_target_is_judged_by_what_it_fetched_and_stored() {
        let check = |steps: &dyn Fn(&TargetReport), expected| {
            let report = TargetReport::default();
            steps(&report);
            assert_eq!(report.status(), expected);
        };
        check(&|_| {}, Ok);
        check(&TargetReport::not_enabled, NotEnabled);
        check(&|report| report.call_failed(Stage::Fetch, "x", &error()), Failed);
        let answered_then_failed = |report: &TargetReport| {
            report.answered();
            report.call_failed(Stage::Fetch, "x", &error());
        };
        check(&answered_then_failed, Partial);
        check(&|report| report.not_reached(1), Partial);
        check(
            &|report| report.call_failed(Stage::Fetch, "x", &CallError::not_reached("GetInsight")),
            Partial,
        );
        let rejected = |report: &TargetReport| {
            report.count(Outcome::Rejected);
            report.issue(Stage::Validate, "GetInsight", "x", RECORD_INVALID, false, "x");
        };
        check(&rejected, Ok);
        let nothing_stored = |report: &TargetReport| {
            report.answered();
            report.count(Outcome::Failed);
        };
        check(&nothing_stored, Failed);
        let some_stored = |report: &TargetReport| {
            report.count(Outcome::Failed);
            report.count(Outcome::Written);
        };
        check(&some_stored, Partial);
    }

    #[test]
    fn fetched_is_always_the_sum_of_the_outcomes() {
        let report = TargetReport::default();
        let outcomes =
            [Outcome::Written, Outcome::Unchanged, Outcome::Stale, Outcome::Rejected, Outcome::Failed];
        for outcome in outcomes {
            report.count(outcome);
        }
        report.recount(Outcome::Unchanged, Outcome::Written);
        report.uncount(Outcome::Stale);
        let counts = report.inner().counts;
        assert_eq!((counts.fetched, counts.written, counts.unchanged, counts.stale), (4, 2, 0, 0));
        assert_eq!(
            counts.fetched,
            counts.written + counts.unchanged + counts.stale + counts.rejected + counts.failed
        );
    }

    #[test]
    fn at_most_fifty_issues_are_spelled_out_and_all_are_counted() {
        let report = TargetReport::default();
        for index in 0..60 {
            report.issue(Stage::Fetch, "GetInsight", &index.to_string(), "Timeout", true, &"é".repeat(3_000));
        }
        let target = Target { account_id: "123456789012".into(), region: "eu-west-1".into(), role: None };
        let response = report.finish(&target);
        assert_eq!((response.issues.len(), response.issues_left_out), (50, 10));
        assert_eq!(response.issue_counts.get("Timeout"), Some(&60));
        let message = &response.issues[0].message;
        assert!((1_020..=1_024).contains(&message.len()) && message.ends_with("é…"), "{message}");
    }

    #[test]
    fn subjects_and_codes_are_cut_and_only_so_many_codes_are_counted_by_themselves() {
        let report = TargetReport::default();
        for number in 0..500 {
            let code = format!("{number}{}", "c".repeat(4_000));
            report.issue(Stage::Fetch, "GetInsight", &"s".repeat(9_000), &code, true, "");
        }
        report.issue(Stage::Fetch, "GetInsight", "", &format!("7{}", "c".repeat(4_000)), true, "");
        let target = Target { account_id: "123456789012".into(), region: "eu-west-1".into(), role: None };
        let response = report.finish(&target);
        assert_eq!(response.issue_counts.len(), MOST_CODES + 1);
        assert_eq!(response.issue_counts[OTHER_CODES], 450);
        assert!(response.issue_counts.keys().all(|code| code.len() <= LONGEST_CODE));
        assert_eq!(
            response.issue_counts.values().filter(|count| **count == 2).count(),
            1,
            "the one seen again"
        );
        assert_eq!(response.issues[0].subject.len(), LONGEST_MESSAGE);
        assert_eq!(response.issues_left_out, 501 - 50);
    }
}
