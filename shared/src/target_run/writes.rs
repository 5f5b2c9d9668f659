//! Writes the records of a target's run, and reports the result of each.

use super::{ExistenceHint, TargetRun};
use crate::completeness::{Completeness, WriteOutcome};
use crate::issue::Stage;
use crate::key;
use crate::record::{Record, Stored};
use crate::report::Outcome;
use crate::store::read::BATCH;
use crate::store::write::{Guard, Written};
use crate::target::Target;
use crate::validate::{Rejected, ValidRecord, validate};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The result of a rejected answer; `None` until it is written. Equal answers wait for the result.
type Rejection = tokio::sync::Mutex<Option<Outcome>>;

/// The answers that a run rejected, by hash. Equal answers count once.
#[derive(Debug, Default)]
pub(super) struct Rejections(Mutex<HashMap<u128, Arc<Rejection>>>);

impl Rejections {
    fn of(&self, rejected: &Rejected) -> Arc<Rejection> {
        let digest = key::sha256_hex(format!("{}\n{}", rejected.subject, rejected.raw).as_bytes());
        let hash = digest.get(..32).and_then(|digits| u128::from_str_radix(digits, 16).ok());
        let mut rejections = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hash.map(|hash| Arc::clone(rejections.entry(hash).or_default())).unwrap_or_default()
    }
}

/// The results of several records.
#[derive(Debug, Default)]
#[must_use = "a watermark must not move past missing data"]
pub struct EachWritten {
    /// Whether each record is complete, in the order of the records.
    pub records: Vec<Completeness>,
    /// As in [`WriteOutcome`].
    pub found_existing: bool,
}

impl EachWritten {
    /// The combined result of all records.
    pub fn outcome(&self) -> WriteOutcome {
        let completeness = self.records.iter().copied().collect();
        WriteOutcome { completeness, found_existing: self.found_existing }
    }
}

impl TargetRun {
    /// Validates and writes records that come from `operation`, and counts the result of each.
    ///
    /// The records are processed in batches, so that records of a lazy iterator are not all in memory at the same time.
    pub async fn store<I>(&self, operation: &'static str, records: I, hint: ExistenceHint) -> WriteOutcome
    where
        I: IntoIterator<Item = Record, IntoIter: Send>,
    {
        let records = records.into_iter().map(|record| (operation, record));
        self.store_each(records, hint).await.outcome()
    }

    /// Like [`TargetRun::store`], for records of several operations, with the result of each record.
    pub async fn store_each<I>(&self, records: I, mut hint: ExistenceHint) -> EachWritten
    where
        I: IntoIterator<Item = (&'static str, Record), IntoIter: Send>,
    {
        let mut all = EachWritten::default();
        let mut records = records.into_iter().peekable();
        while records.peek().is_some() {
            let (mut valid, mut places): (Vec<ValidRecord>, Vec<usize>) = Default::default();
            for (operation, record) in records.by_ref() {
                let completeness = match validate(record, self.store.retention_days()) {
                    Ok(record) => {
                        valid.push(record);
                        places.push(all.records.len());
                        Completeness::Incomplete
                    }
                    Err(rejected) => self.reject(operation, &rejected).await,
                };
                all.records.push(completeness);
                if valid.len() == BATCH {
                    break;
                }
            }
            let written = match hint {
                ExistenceHint::Unknown => self.store.write(&valid).await,
                ExistenceHint::Absent => self.store.write_new(&valid).await,
            };
            let is_existing =
                |written: &Written| matches!(written, Written::Done(outcome) if *outcome != Outcome::Written);
            if hint == ExistenceHint::Absent && written.iter().any(is_existing) {
                all.found_existing = true;
                hint = ExistenceHint::Unknown;
            }
            for ((record, place), written) in valid.iter().zip(places).zip(written) {
                let completeness = self.count(record, written);
                if let Some(place) = all.records.get_mut(place) {
                    *place = completeness;
                }
            }
        }
        all
    }

    /// Writes a record that we closed because `operation` no longer returned it. It replaces only the item that was read,
    /// because a newer answer takes precedence. It is counted, unless it has expired.
    pub async fn close(&self, operation: &'static str, record: Record, read: &Stored) -> Completeness {
        match validate(record, self.store.retention_days()) {
            Ok(record) => {
                let written = self.store.put(&record, Guard::Is(read.content_hash())).await;
                self.count(&record, written)
            }
            Err(rejected) => self.reject(operation, &rejected).await,
        }
    }

    /// Counts the result of a write.
    fn count(&self, record: &ValidRecord, written: Written) -> Completeness {
        match written {
            Written::Done(outcome) => self.report.count(outcome),
            Written::Expired => {}
            Written::Failed(error) => {
                self.report.count(Outcome::Failed);
                let subject = format!("{} {}", record.key().pk, record.key().sk);
                return self.report.call_failed(Stage::Write, &subject, &error);
            }
        }
        Completeness::Complete
    }

    /// Stores an answer that breaks rules under `rejected`; incomplete if that fails. Equal answers about the same subject
    /// count once in a run. An answer that could not be stored is tried again when it appears again.
    pub async fn reject(&self, operation: &'static str, rejected: &Rejected) -> Completeness {
        let rejection = self.rejections.of(rejected);
        let mut known = rejection.lock().await;
        if *known == Some(Outcome::Rejected) {
            return Completeness::Complete;
        }
        let Target { account_id, region, .. } = &self.target;
        let stored = self.store.reject(self.source, account_id, region, rejected).await;
        let outcome = if stored.is_ok() { Outcome::Rejected } else { Outcome::Failed };
        match known.replace(outcome) {
            Some(before) => self.report.recount(before, outcome),
            None => self.report.count(outcome),
        }
        match &stored {
            Ok(()) => {
                self.report.rejected(operation, &rejected.subject, &rejected.violations.to_string());
                Completeness::Complete
            }
            Err(error) => self.report.call_failed(Stage::Write, &rejected.subject, error),
        }
    }
}
