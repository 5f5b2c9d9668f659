//! One target within one invocation: what a collector is handed. Calls to the service go through [`TargetRun::call`],
//! records through [`TargetRun::store`]; both keep the report.

use crate::aws::{CallCounts, CallObserver, ServiceDates, TOLERATED_MILLIS};
use crate::config::Settings;
use crate::issue::{CallError, Class, RECORD_INVALID, Stage};
use crate::key;
use crate::pace::{PacedClient, Pacer, notifying};
use crate::payload::{Push, Window};
use crate::record::{Record, Source, Stored};
use crate::report::{Outcome, TargetReport};
use crate::stop::{Stop, TimeShare};
use crate::store::Store;
use crate::store::read::BATCH;
use crate::store::state::InFuture;
use crate::store::write::{Guard, Written};
use crate::target::Target;
use crate::time::Timestamp;
use crate::validate::{Rejected, ValidRecord, validate};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::SdkConfig;
use futures_util::future::BoxFuture;
use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};

/// How much of the time left a call may take that a run can do without.
const OPTIONAL_SHARE: TimeShare = TimeShare { parts: 4, shortest: Duration::from_secs(5) };

/// What a target's run is for.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// Everything up to the clock.
    Scheduled,
    /// A span of the past.
    Window(Window),
    /// One event that the service pushed.
    Push(Box<Push>),
}

/// What is known of what the table has under some keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing is known, so that the table is asked before it is written.
    Unknown,
    /// That there is nothing, which the write itself makes sure of.
    Nothing,
}

/// What became of a rejected answer: `None` until it was written once. Whoever has the same answer waits until then.
type Rejection = tokio::sync::Mutex<Option<Outcome>>;

/// One target's run.
#[derive(Debug)]
pub struct TargetRun {
    /// The source that is collected.
    pub source: Source,
    /// The account and region.
    pub target: Target,
    /// What is asked for.
    pub work: Work,
    /// The shared configuration.
    pub settings: Arc<Settings>,
    /// The table.
    pub store: Arc<Store>,
    /// What has happened so far.
    pub report: Arc<TargetReport>,
    /// When the run began: the end of what it looks at.
    pub now: Timestamp,
    /// The target's `state` before the run.
    pub state: Option<Stored>,
    /// When the run began by the machine's clock.
    machine_now: Timestamp,
    dates: Arc<ServiceDates>,
    stop: Stop,
    sdk: SdkConfig,
    observer: CallObserver,
    permits: Semaphore,
    /// What became of the answers that were rejected, by hash: one that comes twice counts once.
    rejected: Mutex<HashMap<u128, Arc<Rejection>>>,
    /// Whether something was there of which it was known that it was not.
    was_mistaken: AtomicBool,
}

/// What [`TargetRun::new`] needs beside what every target shares.
#[derive(Debug)]
pub struct Setup {
    /// The source.
    pub source: Source,
    /// The target.
    pub target: Target,
    /// What is asked for.
    pub work: Work,
    /// The target's `state`.
    pub state: Option<Stored>,
    /// The SDK with the target's region and credentials.
    pub sdk: SdkConfig,
    /// What the requests to the service wait for.
    pub pacer: Arc<Pacer>,
    /// The end of the time to fetch in.
    pub stop: Stop,
}

impl TargetRun {
    /// A run that counts its calls into `counts`, and goes by the clock that `dates` knows to be right.
    pub fn new(
        setup: Setup,
        settings: Arc<Settings>,
        store: Arc<Store>,
        dates: Arc<ServiceDates>,
        counts: Arc<CallCounts>,
    ) -> Self {
        let Setup { source, target, work, state, sdk, pacer, stop } = setup;
        let sdk = match sdk.http_client() {
            Some(client) => sdk.to_builder().http_client(PacedClient::new(client, pacer)).build(),
            None => sdk,
        };
        let permits = Semaphore::new(settings.concurrency);
        let observer = CallObserver::new(counts, Arc::clone(&dates));
        let (now, machine_now) = (dates.clock().now(), dates.machine().now());
        let report = Arc::new(TargetReport::default());
        Self {
            source,
            target,
            work,
            settings,
            store,
            report,
            now,
            state,
            machine_now,
            dates,
            stop,
            sdk,
            observer,
            permits,
            rejected: Mutex::default(),
            was_mistaken: AtomicBool::new(false),
        }
    }

    /// The SDK's configuration for the target, to make a service client of.
    pub fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }

    /// The interceptor that every client of the target is given.
    pub fn observer(&self) -> CallObserver {
        self.observer.clone()
    }

    /// The name of the target's retry partition, so that a throttled account does not use up another's retries.
    pub fn retry_partition(&self) -> String {
        format!("{}-{}", self.source, self.target)
    }

    /// The instant of the clock that the run goes by.
    pub fn clock_now(&self) -> Timestamp {
        self.dates.clock().now()
    }

    /// The last instant that may count as stored or covered: when the run began, by the earlier of the two clocks, the machine's
    /// and the services'. What is after it by either of them may not have happened yet.
    pub fn limit(&self) -> Timestamp {
        self.now.min(self.machine_now.plus_millis(self.dates.lowest()))
    }

    /// Whether a stored instant is in the future: a run whose clock was ahead has written it, and it says nothing.
    pub fn is_future(&self, stored: Timestamp) -> bool {
        stored > self.now.plus_millis(TOLERATED_MILLIS)
    }

    /// Whether there is no time left to fetch in.
    pub fn is_over(&self) -> bool {
        self.stop.has_come()
    }

    /// The watermark of the target's `state`. One in the future is none: the target restarts at the beginning of its look-back.
    pub fn watermark(&self) -> Option<Timestamp> {
        let stored = self.state.as_ref().and_then(|state| state.timestamp("watermark"));
        stored.filter(|watermark| !self.is_future(*watermark))
    }

    /// What of the target's `state` is in the future. With such a watermark the target restarts at the beginning of its look-back.
    pub fn future(&self) -> InFuture {
        let stored = |name: &str| {
            let stored = self.state.as_ref().and_then(|state| state.timestamp(name));
            stored.filter(|stored| self.is_future(*stored))
        };
        InFuture { watermark: stored("watermark"), last_success: stored("last_success_at").is_some() }
    }

    /// What is known of what the table has of the target: that there is nothing before its first run on schedule, unless
    /// that shows otherwise, as where an earlier one was killed.
    pub fn known(&self) -> Known {
        let is_first = self.state.is_none() && self.work == Work::Scheduled;
        if is_first && self.may_guess() { Known::Nothing } else { Known::Unknown }
    }

    /// Whether to write without a look. A dry run has to look, since it says what is new.
    fn may_guess(&self) -> bool {
        !self.store.is_dry_run() && !self.was_mistaken.load(Ordering::Relaxed)
    }

    /// As [`TargetRun::known`], of something that there was not before `began`, and that only scheduled runs store: there is
    /// nothing if all of them were earlier.
    pub fn known_since(&self, began: Option<Timestamp>) -> Known {
        let last_run = self.state.as_ref().and_then(|state| state.timestamp("last_run_at"));
        let is_new = last_run.zip(began).is_some_and(|(last_run, began)| last_run < began);
        if is_new && self.may_guess() { Known::Nothing } else { self.known() }
    }

    /// What `future` gives, if it does within the target's time.
    pub async fn in_time<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        self.stop.before(future).await
    }

    /// Sends one request within the target's concurrency and time. The SDK retries inside.
    pub async fn call<T, E>(
        &self,
        operation: &'static str,
        request: impl Future<Output = Result<T, SdkError<E, Response>>> + Send,
    ) -> Result<T, CallError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        if self.is_over() {
            return Err(CallError::not_reached(operation));
        }
        // Boxed, since an SDK request's future is large, and its type deep: the futures around it would copy both.
        let limited: BoxFuture<'_, Result<T, SdkError<E, Response>>> = Box::pin(async {
            // The semaphore is never closed.
            let _permit = self.permits.acquire().await.ok();
            request.await
        });
        match self.stop.before(limited).await {
            Some(result) => result.map_err(|error| self.judged(CallError::from_sdk(operation, &error))),
            None => Err(CallError::not_reached(operation)),
        }
    }

    /// As [`TargetRun::call`], of what the run can do without: it has a quarter of the time left from when its first request
    /// is sent, so that a service that does not answer it leaves time for the rest. The wait for our own concurrency and rate
    /// limit is not the service's, and ends with the time for fetching.
    pub async fn optional_call<T, E>(
        &self,
        operation: &'static str,
        request: impl Future<Output = Result<T, SdkError<E, Response>>> + Send,
    ) -> Result<T, CallError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let Some(deadline) = self.stop.deadline() else { return self.call(operation, request).await };
        let turn = Arc::new(Notify::new());
        let call = notifying(Arc::clone(&turn), self.call(operation, request));
        let share = async {
            turn.notified().await;
            tokio::time::sleep(OPTIONAL_SHARE.of_time_until(deadline)).await;
        };
        tokio::select! {
            biased;
            answer = call => answer,
            () = share => Err(CallError::out_of_share(operation)),
        }
    }

    /// The error; a denial that says that the source is not in use gets a class of its own.
    fn judged(&self, error: CallError) -> CallError {
        if error.class == Class::Denied && self.source.says_not_enabled(&error.code, &error.message) {
            return CallError { class: Class::NotEnabled, retryable: false, ..error };
        }
        error
    }

    /// Validates and writes records that `operation` gave, and counts what became of each. `true` if all of them are
    /// stored now, in this version or a newer one, or rejected for good.
    ///
    /// They are taken as many at a time as the table is asked for at once, so that what makes them as it goes never has
    /// all of them in hand.
    pub async fn store<I>(&self, operation: &'static str, records: I) -> bool
    where
        I: IntoIterator<Item = Record, IntoIter: Send>,
    {
        let records = records.into_iter().map(|record| (operation, record));
        self.store_each(records, self.known()).await.into_iter().all(|is_stored| is_stored)
    }

    /// As [`TargetRun::store`], of records of several operations, of which `known` says whether something is stored: for each
    /// in their order whether it needs no further run.
    pub async fn store_each<I>(&self, records: I, mut known: Known) -> Vec<bool>
    where
        I: IntoIterator<Item = (&'static str, Record), IntoIter: Send>,
    {
        let mut stored = Vec::new();
        let mut records = records.into_iter().peekable();
        while records.peek().is_some() {
            let (mut valid, mut places): (Vec<ValidRecord>, Vec<usize>) = Default::default();
            for (operation, record) in records.by_ref() {
                let is_rejected = match validate(record, self.store.retention_days()) {
                    Ok(record) => {
                        valid.push(record);
                        places.push(stored.len());
                        false
                    }
                    Err(rejected) => self.reject(operation, &rejected).await,
                };
                stored.push(is_rejected);
                if valid.len() == BATCH {
                    break;
                }
            }
            let written = match known {
                Known::Unknown => self.store.write(&valid).await,
                Known::Nothing => self.store.write_new(&valid).await,
            };
            let is_mistake =
                |written: &Written| matches!(written, Written::Done(outcome) if *outcome != Outcome::Written);
            if known == Known::Nothing && written.iter().any(is_mistake) {
                self.was_mistaken.store(true, Ordering::Relaxed);
                known = Known::Unknown;
            }
            for ((record, place), written) in valid.iter().zip(places).zip(written) {
                if let Some(is_stored) = stored.get_mut(place) {
                    *is_stored = self.count(record, written);
                }
            }
        }
        stored
    }

    /// What has become of a rejected answer in this run.
    fn rejection(&self, rejected: &Rejected) -> Arc<Rejection> {
        let digest = key::sha256_hex(format!("{}\n{}", rejected.subject, rejected.raw).as_bytes());
        let hash = digest.get(..32).and_then(|digits| u128::from_str_radix(digits, 16).ok());
        let mut rejections = self.rejected.lock().unwrap_or_else(PoisonError::into_inner);
        hash.map(|hash| Arc::clone(rejections.entry(hash).or_default())).unwrap_or_default()
    }

    /// Writes a record that we closed ourselves, because of what `operation` did not say, over the one that was read, and over
    /// no other: an answer that came meanwhile is worth more. It is counted, unless its time is over.
    pub async fn close(&self, operation: &'static str, record: Record, read: &Stored) {
        match validate(record, self.store.retention_days()) {
            Ok(record) => {
                let written = self.store.put(&record, Guard::Is(read.content_hash())).await;
                self.count(&record, written);
            }
            Err(rejected) => {
                self.reject(operation, &rejected).await;
            }
        }
    }

    /// Counts what became of a write. `false` if it failed.
    pub fn count(&self, record: &ValidRecord, written: Written) -> bool {
        match written {
            Written::Done(outcome) => self.report.count(outcome),
            Written::Expired => {}
            Written::Failed(error) => {
                self.report.count(Outcome::Failed);
                let subject = format!("{} {}", record.key().pk, record.key().sk);
                self.report.call_failed(Stage::Write, &subject, &error);
                return false;
            }
        }
        true
    }

    /// Keeps an answer that broke rules. `false` if even that could not be stored. The same answer about the same subject
    /// is one answer, however often it comes in a run; one that could not be stored is tried again when it comes again.
    pub async fn reject(&self, operation: &'static str, rejected: &Rejected) -> bool {
        let rejection = self.rejection(rejected);
        let mut known = rejection.lock().await;
        if *known == Some(Outcome::Rejected) {
            return true;
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
                let message = rejected.violations.to_string();
                let subject = &rejected.subject;
                self.report.issue(Stage::Validate, operation, subject, RECORD_INVALID, false, &message);
            }
            Err(error) => self.report.call_failed(Stage::Write, &rejected.subject, error),
        }
        stored.is_ok()
    }
}
