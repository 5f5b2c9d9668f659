//! The report of one target's run: counters and issues. The invocation reads it ([`TargetReport`]). Collectors can only add
//! to it ([`ReportSink`]); their stages return whether they were complete.

mod sink;

pub use crate::counts::{Counts, Issue, Outcome, RunStatus};
pub use crate::response::{Response, TargetResponse, Targets, Usage};
pub use sink::{NewerVersions, ReportSink};

use crate::issue::Class;
use crate::payload::Window;
use crate::response::MOST_ISSUES;
use crate::target::Target;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The maximum number of codes that are counted separately. Services have few codes, but a malformed answer can contain any.
const MOST_CODES: usize = 50;
/// The code under which further codes are counted.
pub const OTHER_CODES: &str = "Other";

#[derive(Debug, Default)]
struct Inner {
    counts: Counts,
    /// The issues that are listed.
    issues: Vec<Issue>,
    /// The number of issues that were logged.
    logged: u64,
    issue_counts: BTreeMap<String, u64>,
    /// The lasting issues among these, by code.
    lasting_counts: BTreeMap<String, u64>,
    /// The number of issues other than rejected records and lasting issues: something was not fetched or not stored.
    gaps: u64,
    first_failure: Option<Class>,
    /// Whether the first failure was one of the table, so that nothing could be done.
    table_failed_first: bool,
    answered: bool,
    not_enabled: bool,
    window: Option<Window>,
}

impl Inner {
    /// Counts an issue, and adds it to the list if there is room.
    fn list(&mut self, issue: Issue) {
        count_code(&mut self.issue_counts, &issue.code);
        // There may be hundreds of rejected answers. They are stored under `rejected`, and lasting issues in the catalog.
        // Failures are only listed here, so they come first.
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

    /// The number of records that are stored or rejected.
    fn kept(&self) -> u64 {
        let Counts { written, unchanged, stale, rejected, .. } = self.counts;
        written + unchanged + stale + rejected
    }

    fn status(&self) -> RunStatus {
        let Counts { failed, not_reached, .. } = self.counts;
        if self.gaps == 0 && failed == 0 && not_reached == 0 {
            if self.not_enabled { RunStatus::NotEnabled } else { RunStatus::Ok }
        } else if self.kept() == 0 && (failed > 0 || (self.gaps > 0 && !self.answered)) {
            RunStatus::Failed
        } else {
            RunStatus::Partial
        }
    }
}

/// Counts an issue by its code, or under [`OTHER_CODES`] if there are too many codes.
fn count_code(counts: &mut BTreeMap<String, u64>, code: &str) {
    let has_room = counts.len() < MOST_CODES;
    let code = if has_room || counts.contains_key(code) { code } else { OTHER_CODES };
    *counts.entry(code.to_owned()).or_default() += 1;
}

fn lock(inner: &Mutex<Inner>) -> MutexGuard<'_, Inner> {
    // The report must survive a panic elsewhere.
    inner.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The report of one target's run, so far. All clones and sinks share it.
#[derive(Clone, Debug, Default)]
pub struct TargetReport(Arc<Mutex<Inner>>);

impl TargetReport {
    /// A sink that adds to this report.
    pub fn sink(&self) -> ReportSink {
        ReportSink::new(Arc::clone(&self.0))
    }

    /// The counters so far.
    pub fn counts(&self) -> Counts {
        lock(&self.0).counts
    }

    /// The status of the target.
    pub fn status(&self) -> RunStatus {
        lock(&self.0).status()
    }

    /// The class of the first failure, which determines the error of the invocation.
    pub fn first_failure(&self) -> Option<Class> {
        lock(&self.0).first_failure
    }

    /// Whether nothing is stored because of the table: it could not be read at the beginning, or accepted no record.
    pub fn nothing_stored(&self) -> bool {
        let inner = lock(&self.0);
        inner.kept() == 0 && (inner.counts.failed > 0 || inner.table_failed_first)
    }

    /// The target's part of the response.
    pub fn finish(&self, target: &Target) -> TargetResponse {
        let inner = lock(&self.0);
        let issues: u64 = inner.issue_counts.values().sum();
        TargetResponse {
            account_id: target.account_id.clone(),
            region: target.region.clone(),
            status: inner.status(),
            window: inner.window,
            ask_again_at: None,
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
