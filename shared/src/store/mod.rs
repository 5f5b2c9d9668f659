//! The table: batched reads, conditional writes of valid records, consumed units.
//!
//! This module uses keys, versions and hashes, but depends on no service. The condition of every write compares the record
//! with the item that is stored at that moment, so concurrent runs are safe (`write.rs`).

pub mod catalog;
mod condition;
pub mod dry_run;
mod insert;
pub mod read;
pub mod recurrence;
mod rejected;
mod run_record;
pub mod schema;
pub mod state;
pub mod write;

use crate::aws::ServiceDates;
use crate::cancellation::TimeShare;
use crate::issue::CallError;
use crate::time::{Clock, Timestamp};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::ConsumedCapacity;
use dry_run::DryRunSink;
use insert::Inserts;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The table, as used by one invocation.
#[derive(Debug)]
pub struct Store {
    client: Client,
    table: String,
    collected_by: String,
    dates: Arc<ServiceDates>,
    retention_days: i64,
    concurrency: usize,
    dry_run: bool,
    dry_run_sink: Option<DryRunSink>,
    until: Option<Instant>,
    units: Mutex<Units>,
    inserts: Inserts,
}

/// Consumed read and write units.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Units {
    /// Read units.
    pub read: f64,
    /// Write units.
    pub write: f64,
}

/// The options of a store.
#[derive(Clone, Debug)]
pub struct Options {
    /// The table's name.
    pub table: String,
    /// `function:version#request id`, which is stored in every record.
    pub collected_by: String,
    /// `RETENTION_DAYS`.
    pub retention_days: i64,
    /// The maximum number of concurrent writes.
    pub concurrency: usize,
    /// Whether nothing is written.
    pub dry_run: bool,
}

impl Store {
    /// A store with `client` and the time of `clock`.
    pub fn new(client: Client, clock: Clock, options: Options) -> Self {
        Self::dated(client, Arc::new(ServiceDates::new(clock)), options)
    }

    /// A store with `client` and the time that `dates` determines.
    pub fn dated(client: Client, dates: Arc<ServiceDates>, options: Options) -> Self {
        let Options { table, collected_by, retention_days, concurrency, dry_run } = options;
        Self {
            client,
            table,
            collected_by,
            dates,
            retention_days,
            concurrency,
            dry_run,
            dry_run_sink: None,
            until: None,
            units: Mutex::default(),
            inserts: Inserts::default(),
        }
    }

    /// The same store, with calls that end at `until`, so that a run has time for its response.
    #[must_use]
    pub fn until(self, until: Option<Instant>) -> Self {
        Self { until, ..self }
    }

    /// The result of `call`, if it completes in time.
    async fn in_time<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = T>,
    ) -> Result<T, CallError> {
        before(self.until, operation, call).await
    }

    /// Like [`Store::in_time`], with a `share` of the remaining time, so that later calls have time too.
    async fn in_share_of_time<T>(
        &self,
        share: TimeShare,
        operation: &'static str,
        call: impl Future<Output = T>,
    ) -> Result<T, CallError> {
        let Some(until) = self.until else { return Ok(call.await) };
        let answer = tokio::time::timeout(share.of_time_until(until), call).await;
        answer.map_err(|_| CallError::out_of_share(operation))
    }

    /// `RETENTION_DAYS`.
    pub fn retention_days(&self) -> i64 {
        self.retention_days
    }

    /// Whether nothing is written.
    pub fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// `function:version#request id`.
    pub fn collected_by(&self) -> &str {
        &self.collected_by
    }

    /// The units consumed so far.
    pub fn units(&self) -> Units {
        *self.units.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        self.dates.clock().now()
    }

    fn consumed_read(&self, capacity: Option<&ConsumedCapacity>) {
        let units = capacity.and_then(ConsumedCapacity::capacity_units).unwrap_or_default();
        self.units.lock().unwrap_or_else(PoisonError::into_inner).read += units;
    }

    fn consumed_write(&self, capacity: Option<&ConsumedCapacity>) {
        let units = capacity.and_then(ConsumedCapacity::capacity_units).unwrap_or_default();
        self.units.lock().unwrap_or_else(PoisonError::into_inner).write += units;
    }
}

/// The result of `call`, if it completes before `until`.
async fn before<T>(
    until: Option<Instant>,
    operation: &'static str,
    call: impl Future<Output = T>,
) -> Result<T, CallError> {
    match until {
        Some(until) => tokio::time::timeout_at(until, call)
            .await
            .map_err(|_| CallError::timed_out(operation, "no answer before the invocation's end")),
        None => Ok(call.await),
    }
}

/// The wait before attempt `attempt` (starting at 0) for unprocessed keys, which the SDK does not retry.
fn backoff(attempt: u32) -> Duration {
    Duration::from_millis(50_u64.saturating_mul(1 << attempt.min(6)))
}
