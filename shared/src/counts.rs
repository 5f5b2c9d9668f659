//! The values in reports and responses: statuses, issues, counters.

use crate::issue::{RECORD_INVALID, Stage};
use serde::Serialize;

/// The status of a target or of an invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Everything was fetched and stored.
    Ok,
    /// Something was not fetched, stored or reached; the rest is stored.
    Partial,
    /// The source is not in use in the account and region.
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

    /// The status of an invocation, from those of its targets.
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

/// One failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Issue {
    /// The stage of the run.
    pub stage: Stage,
    /// The operation that failed, or whose answer has a fault.
    pub operation: &'static str,
    /// The subject of the call: a group, an insight, a series, a record's key.
    pub subject: String,
    /// The service's code, or one of ours (`issue.rs`).
    pub code: String,
    /// Whether a later run may succeed.
    pub retryable: bool,
    /// Whether no later run can resolve it: the API rejects the request itself, or its subject no longer exists or belongs to
    /// another account.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub lasting: bool,
    /// The reason, for people.
    pub message: String,
}

impl Issue {
    /// Whether it is also stored elsewhere than in `run`: under `rejected`, or in the catalog.
    pub(crate) fn is_kept_elsewhere(&self) -> bool {
        self.lasting || self.code == RECORD_INVALID
    }
}

/// The result of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was stored.
    Written,
    /// The same version was already stored.
    Unchanged,
    /// A newer version is stored.
    Stale,
    /// It breaks a rule.
    Rejected,
    /// It could not be stored.
    Failed,
}

/// The counters of a run. `fetched = written + unchanged + stale + rejected + failed`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Records that the service returned.
    pub fetched: u64,
    /// Records that were stored.
    pub written: u64,
    /// Records that were already stored.
    pub unchanged: u64,
    /// Records older than the stored version.
    pub stale: u64,
    /// Records that break a rule.
    pub rejected: u64,
    /// Records that could not be stored.
    pub failed: u64,
    /// Known subjects for which there was no time.
    pub not_reached: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, outcome: Outcome) {
        self.fetched += 1;
        match outcome {
            Outcome::Written => self.written += 1,
            Outcome::Unchanged => self.unchanged += 1,
            Outcome::Stale => self.stale += 1,
            Outcome::Rejected => self.rejected += 1,
            Outcome::Failed => self.failed += 1,
        }
    }

    pub(crate) fn remove(&mut self, outcome: Outcome) {
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
