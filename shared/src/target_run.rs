//! One target in one invocation, as a collector gets it. The collector sends requests through [`TargetRun::call`] and writes
//! records through [`TargetRun::store`]. Both add to the report, which a collector cannot read.

mod writes;

pub use writes::EachWritten;

use crate::aws::{CallCounts, CallObserver, ServiceDates, TOLERATED_MILLIS};
use crate::cancellation::{Cancellation, TimeShare};
use crate::config::Settings;
use crate::issue::{CallError, Class};
use crate::pace::{PacedClient, Pacer, notifying};
use crate::payload::{Push, Window};
use crate::record::{Source, Stored};
use crate::report::ReportSink;
use crate::store::Store;
use crate::store::state::InFuture;
use crate::target::Target;
use crate::time::Timestamp;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::SdkConfig;
use futures_util::future::BoxFuture;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};
use writes::Rejections;

/// The share of the remaining time that an optional call may use.
const OPTIONAL_SHARE: TimeShare = TimeShare { parts: 4, shortest: Duration::from_secs(5) };

/// The purpose of a target's run.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// Everything up to the current time.
    Scheduled,
    /// A time span in the past (backfill).
    Window(Window),
    /// One event that the service pushed.
    Push(Box<Push>),
}

/// Whether the table may have items with the keys that will be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExistenceHint {
    /// Items may exist: the store reads before it writes.
    Unknown,
    /// Probably no items exist: the store writes without reading, under the condition that no item exists.
    Absent,
}

/// One target's run.
#[derive(Debug)]
pub struct TargetRun {
    /// The source to collect.
    pub source: Source,
    /// The account and region.
    pub target: Target,
    /// The purpose of the run.
    pub work: Work,
    /// The shared configuration.
    pub settings: Arc<Settings>,
    /// The table.
    pub store: Arc<Store>,
    /// The report, which is write-only here.
    pub report: ReportSink,
    /// When the run began, which is also the end of the time span to collect.
    pub now: Timestamp,
    /// The target's `state` before the run.
    pub state: Option<Stored>,
    /// When the run began, by the machine's clock.
    machine_now: Timestamp,
    dates: Arc<ServiceDates>,
    cancellation: Cancellation,
    sdk: SdkConfig,
    observer: CallObserver,
    permits: Semaphore,
    rejections: Rejections,
}

/// The parts of [`TargetRun::new`] that differ between targets.
#[derive(Debug)]
pub struct Setup {
    /// The source.
    pub source: Source,
    /// The target.
    pub target: Target,
    /// The purpose of the run.
    pub work: Work,
    /// The target's `state`.
    pub state: Option<Stored>,
    /// The SDK with the target's region and credentials.
    pub sdk: SdkConfig,
    /// The rate limits of the target's account and region.
    pub pacer: Arc<Pacer>,
    /// When fetching ends.
    pub cancellation: Cancellation,
}

impl TargetRun {
    /// Creates a run that counts its calls in `counts`, uses the time that `dates` determines, and reports to `report`.
    pub fn new(
        setup: Setup,
        settings: Arc<Settings>,
        store: Arc<Store>,
        dates: Arc<ServiceDates>,
        counts: Arc<CallCounts>,
        report: ReportSink,
    ) -> Self {
        let Setup { source, target, work, state, sdk, pacer, cancellation } = setup;
        let sdk = match sdk.http_client() {
            Some(client) => sdk.to_builder().http_client(PacedClient::new(client, pacer)).build(),
            None => sdk,
        };
        let permits = Semaphore::new(settings.concurrency);
        let observer = CallObserver::new(counts, Arc::clone(&dates));
        let (now, machine_now) = (dates.clock().now(), dates.machine().now());
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
            cancellation,
            sdk,
            observer,
            permits,
            rejections: Rejections::default(),
        }
    }

    /// The SDK's configuration for the target, with which service clients are created.
    pub fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }

    /// The interceptor that every service client of the target needs.
    pub fn observer(&self) -> CallObserver {
        self.observer.clone()
    }

    /// The name of the target's retry partition: a throttled account must not use up the retries of other accounts.
    pub fn retry_partition(&self) -> String {
        format!("{}-{}", self.source, self.target)
    }

    /// The current time, by the clock that the run uses.
    pub fn clock_now(&self) -> Timestamp {
        self.dates.clock().now()
    }

    /// The last instant that may count as stored or covered: when the run began, by the earlier of the machine's and the
    /// services' clocks. A later instant may not have happened yet by one of them.
    pub fn limit(&self) -> Timestamp {
        self.now.min(self.machine_now.plus_millis(self.dates.lowest()))
    }

    /// Whether a stored time is in the future. It was written by a run whose clock was ahead, and is ignored.
    pub fn is_future(&self, stored: Timestamp) -> bool {
        stored > self.now.plus_millis(TOLERATED_MILLIS)
    }

    /// Whether the time for fetching is over.
    pub fn is_over(&self) -> bool {
        self.cancellation.is_over()
    }

    /// The watermark of the target's `state`. A watermark in the future counts as none, so that the target restarts at
    /// `LOOKBACK_DAYS`.
    pub fn watermark(&self) -> Option<Timestamp> {
        let stored = self.state.as_ref().and_then(|state| state.timestamp("watermark"));
        stored.filter(|watermark| !self.is_future(*watermark))
    }

    /// The attributes of the target's `state` that are in the future.
    pub fn future(&self) -> InFuture {
        let stored = |name: &str| {
            let stored = self.state.as_ref().and_then(|state| state.timestamp(name));
            stored.filter(|stored| self.is_future(*stored))
        };
        InFuture { watermark: stored("watermark"), last_success: stored("last_success_at").is_some() }
    }

    /// Whether the table may have items of the target. There are none before its first scheduled run, unless a write of this
    /// run found one (`found_existing`), for example after a run that was killed.
    pub fn hint(&self, found_existing: bool) -> ExistenceHint {
        let is_first = self.state.is_none() && self.work == Work::Scheduled;
        self.absent_if(is_first, found_existing)
    }

    /// Like [`TargetRun::hint`], for items that only scheduled runs store and that did not exist before `began`. If the last
    /// run was earlier, the table has none of them.
    pub fn hint_since(&self, began: Option<Timestamp>, found_existing: bool) -> ExistenceHint {
        let last_run = self.state.as_ref().and_then(|state| state.timestamp("last_run_at"));
        let is_new = last_run.zip(began).is_some_and(|(last_run, began)| last_run < began);
        if is_new { self.absent_if(true, found_existing) } else { self.hint(found_existing) }
    }

    /// A dry run always reads, because it reports what is new.
    fn absent_if(&self, is_expected: bool, found_existing: bool) -> ExistenceHint {
        if is_expected && !found_existing && !self.store.is_dry_run() {
            ExistenceHint::Absent
        } else {
            ExistenceHint::Unknown
        }
    }

    /// The output of `future`, if it completes within the target's time.
    pub async fn in_time<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        self.cancellation.before(future).await
    }

    /// Sends one request within the target's concurrency and time. The SDK retries it if necessary.
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
        // Boxed, because the future of an SDK request is large and would be copied into the futures around it.
        let limited: BoxFuture<'_, Result<T, SdkError<E, Response>>> = Box::pin(async {
            // The semaphore is never closed.
            let _permit = self.permits.acquire().await.ok();
            request.await
        });
        match self.cancellation.before(limited).await {
            Some(result) => result.map_err(|error| self.classified(CallError::from_sdk(operation, &error))),
            None => Err(CallError::not_reached(operation)),
        }
    }

    /// Limits an optional [`TargetRun::call`] to a quarter of the remaining time, so that a service that does not answer
    /// leaves time for the other calls. The time counts from the moment when the first request is sent, because the service
    /// does not cause the wait for our own concurrency and rate limits.
    pub async fn optional<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        let Some(deadline) = self.cancellation.deadline() else { return call.await };
        let turn = Arc::new(Notify::new());
        let call = notifying(Arc::clone(&turn), call);
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

    /// The error. A denial that means that the source is not in use gets its own class.
    fn classified(&self, error: CallError) -> CallError {
        if error.class == Class::Denied && self.source.says_not_enabled(&error.code, &error.message) {
            return CallError { class: Class::NotEnabled, retryable: false, ..error };
        }
        error
    }
}
