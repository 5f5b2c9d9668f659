//! One target within one invocation: what a collector gets. It sends requests to the service through [`TargetRun::call`] and
//! writes records through [`TargetRun::store`]. Both add to the report, which a collector cannot read.

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

/// How much of the remaining time an optional call may take.
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

/// Whether the table may have items under the keys that are about to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExistenceHint {
    /// It may: the store reads them before it writes.
    Unknown,
    /// It probably has none: the store writes at once, under the condition that there is none.
    Absent,
}

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
    /// Where the run reports what it does. It cannot be read here.
    pub report: ReportSink,
    /// When the run began: the end of the span that it looks at.
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

/// What [`TargetRun::new`] needs beside what all targets share.
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
    /// The rate limits of the target's account and region.
    pub pacer: Arc<Pacer>,
    /// When fetching ends.
    pub cancellation: Cancellation,
}

impl TargetRun {
    /// A run that counts its calls into `counts`, uses the clock that `dates` found to be right, and reports to `report`.
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

    /// The SDK's configuration for the target, from which service clients are made.
    pub fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }

    /// The interceptor that every client of the target needs.
    pub fn observer(&self) -> CallObserver {
        self.observer.clone()
    }

    /// The name of the target's retry partition: a throttled account does not use up another account's retries.
    pub fn retry_partition(&self) -> String {
        format!("{}-{}", self.source, self.target)
    }

    /// The current time, by the clock that the run uses.
    pub fn clock_now(&self) -> Timestamp {
        self.dates.clock().now()
    }

    /// The last instant that may count as stored or covered: when the run began, by the earlier of the machine's and the
    /// services' clocks. What is later by either of them may not have happened yet.
    pub fn limit(&self) -> Timestamp {
        self.now.min(self.machine_now.plus_millis(self.dates.lowest()))
    }

    /// Whether a stored instant is in the future. A run whose clock was ahead wrote it, and it has no meaning.
    pub fn is_future(&self, stored: Timestamp) -> bool {
        stored > self.now.plus_millis(TOLERATED_MILLIS)
    }

    /// Whether the time for fetching is over.
    pub fn is_over(&self) -> bool {
        self.cancellation.is_over()
    }

    /// The watermark of the target's `state`. One in the future counts as none: the target restarts at the beginning of its
    /// look-back.
    pub fn watermark(&self) -> Option<Timestamp> {
        let stored = self.state.as_ref().and_then(|state| state.timestamp("watermark"));
        stored.filter(|watermark| !self.is_future(*watermark))
    }

    /// The parts of the target's `state` that are in the future.
    pub fn future(&self) -> InFuture {
        let stored = |name: &str| {
            let stored = self.state.as_ref().and_then(|state| state.timestamp(name));
            stored.filter(|stored| self.is_future(*stored))
        };
        InFuture { watermark: stored("watermark"), last_success: stored("last_success_at").is_some() }
    }

    /// What the table may have of the target: nothing before its first scheduled run, unless a write of this run found
    /// something (`found_existing`), as after a run that was killed.
    pub fn hint(&self, found_existing: bool) -> ExistenceHint {
        let is_first = self.state.is_none() && self.work == Work::Scheduled;
        self.absent_if(is_first, found_existing)
    }

    /// As [`TargetRun::hint`], for items that only scheduled runs store and that did not exist before `began`: the table has
    /// none of them if the last run was earlier.
    pub fn hint_since(&self, began: Option<Timestamp>, found_existing: bool) -> ExistenceHint {
        let last_run = self.state.as_ref().and_then(|state| state.timestamp("last_run_at"));
        let is_new = last_run.zip(began).is_some_and(|(last_run, began)| last_run < began);
        if is_new { self.absent_if(true, found_existing) } else { self.hint(found_existing) }
    }

    /// A dry run always reads, since it reports what is new.
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
        // Boxed, since the future of an SDK request is large: the futures around it would copy it.
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

    /// Limits a [`TargetRun::call`] that the run can do without to a quarter of the remaining time, so that a service that does
    /// not answer it leaves time for the rest. The time counts from when the first request is sent: the wait for our own
    /// concurrency and rate limits is not the service's fault.
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

    /// The error; a denial that says that the source is not in use gets a class of its own.
    fn classified(&self, error: CallError) -> CallError {
        if error.class == Class::Denied && self.source.says_not_enabled(&error.code, &error.message) {
            return CallError { class: Class::NotEnabled, retryable: false, ..error };
        }
        error
    }
}
