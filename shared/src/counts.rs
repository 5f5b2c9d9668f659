//! The values that reports and responses are made of: statuses, issues, counters.

use crate::issue::{RECORD_INVALID, Stage};
use serde::Serialize;

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

    /// The status of a run over several targets.
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
    /// What went wrong, for the person on call.
    pub message: String,
}

impl Issue {
    /// Whether the table has it outside the run's own record: under `rejected`, or in the catalog.
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
