//! Rate limits. There is one limiter for each account, region and operation, because the services count in this way.
//!
//! The limiter is between the SDK and its HTTP connector, so that retries are limited too. It does not know of other
//! processes. If several processes together exceed a limit, the service throttles them and the SDK retries.

use crate::config::RateLimits;
use crate::target::Target;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The operation of a request, which the SDK passes to the connector.
#[derive(Clone, Debug)]
pub(crate) struct OperationName(pub String);

/// The pacers of all accounts and regions that this process calls. They live longer than an invocation, because the next one
/// may follow immediately and the service continues to count. A pacer is dropped if nobody uses it and it would delay no
/// request, because a process may call another account in each invocation.
#[derive(Debug)]
pub struct Pacers {
    limits: RateLimits,
    by_place: Mutex<BTreeMap<(String, String), Arc<Pacer>>>,
}

impl Pacers {
    /// Pacers with these limits.
    pub fn new(limits: RateLimits) -> Self {
        Self { limits, by_place: Mutex::default() }
    }

    /// The pacer of a target's account and region.
    pub fn of(&self, target: &Target) -> Arc<Pacer> {
        let place = (target.account_id.clone(), target.region.clone());
        let mut by_place = self.by_place.lock().unwrap_or_else(PoisonError::into_inner);
        if !by_place.contains_key(&place) {
            by_place.retain(|_, pacer| Arc::strong_count(pacer) > 1 || !pacer.is_rested());
        }
        let pacer = by_place.entry(place).or_insert_with(|| Arc::new(Pacer::new(self.limits.clone())));
        Arc::clone(pacer)
    }
}

tokio::task_local! {
    /// Notified when a request of the current call is sent.
    static FIRST_TURN: Arc<Notify>;
}

/// Returns `call` so that `turn` is notified each time one of its requests has waited for the rate limit and is sent. The SDK
/// sends a request within the future of the call, so the pacer can read the task-local variable.
pub(crate) fn notifying<F: Future>(turn: Arc<Notify>, call: F) -> impl Future<Output = F::Output> {
    FIRST_TURN.scope(turn, call)
}

/// The time since the creation of the pacer, by the clock of the runtime.
#[derive(Clone, Copy, Debug)]
struct RuntimeClock(Instant);

impl Clock for RuntimeClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

type Limiter = RateLimiter<NotKeyed, InMemoryState, RuntimeClock, NoOpMiddleware<Duration>>;

/// One limiter per operation, for one account and region.
pub struct Pacer {
    limits: RateLimits,
    clock: RuntimeClock,
    limiters: Mutex<BTreeMap<String, Option<Arc<Limiter>>>>,
    /// The instant after which no request of any operation has to wait.
    rested_at: Mutex<Instant>,
}

impl std::fmt::Debug for Pacer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Pacer").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Pacer {
    /// A pacer with these limits.
    pub fn new(limits: RateLimits) -> Self {
        let now = Instant::now();
        Self { limits, clock: RuntimeClock(now), limiters: Mutex::default(), rested_at: Mutex::new(now) }
    }

    fn limiter(&self, operation: &str) -> Option<Arc<Limiter>> {
        let mut limiters = self.limiters.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let interval = self.interval(operation)?;
            // No burst, because the service's window begins at another time.
            let quota = Quota::with_period(interval)?;
            Some(Arc::new(RateLimiter::direct_with_clock(quota, self.clock)))
        };
        limiters.entry(operation.to_owned()).or_insert_with(make).clone()
    }

    /// The minimum time between two requests of `operation`; `None` if it is unlimited.
    fn interval(&self, operation: &str) -> Option<Duration> {
        Some(Duration::from_secs_f64(1.0 / self.limits.of(operation)?))
    }

    /// Whether a new pacer would behave in the same way.
    fn is_rested(&self) -> bool {
        *self.rested_at.lock().unwrap_or_else(PoisonError::into_inner) <= Instant::now()
    }

    /// Waits until a request of `operation` may be sent.
    async fn wait(&self, operation: &str) {
        let Some(limiter) = self.limiter(operation) else { return };
        while let Err(not_until) = limiter.check() {
            tokio::time::sleep(not_until.wait_time_from(self.clock.now())).await;
        }
        let next = Instant::now() + self.interval(operation).unwrap_or_default();
        let mut rested_at = self.rested_at.lock().unwrap_or_else(PoisonError::into_inner);
        *rested_at = next.max(*rested_at);
    }
}

/// An HTTP client whose requests wait for their [`Pacer`].
#[derive(Debug)]
pub struct PacedClient {
    inner: SharedHttpClient,
    pacer: Arc<Pacer>,
}

impl PacedClient {
    /// Paces the requests of `inner`.
    pub fn new(inner: SharedHttpClient, pacer: Arc<Pacer>) -> Self {
        Self { inner, pacer }
    }
}

impl HttpClient for PacedClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(PacedConnector { inner, pacer: Arc::clone(&self.pacer) })
    }
}

#[derive(Clone, Debug)]
struct PacedConnector {
    inner: SharedHttpConnector,
    pacer: Arc<Pacer>,
}

impl HttpConnector for PacedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = self.clone();
        HttpConnectorFuture::new(async move {
            if let Some(OperationName(operation)) = request.extension::<OperationName>() {
                connector.pacer.wait(operation).await;
            }
            // Only calls with a time limit set this variable.
            let _ = FIRST_TURN.try_with(|turn| turn.notify_one());
            connector.inner.call(request).await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_sources::cloudtrail;
    use insights_sources::xray;

    #[tokio::test(start_paused = true)]
    async fn requests_of_an_operation_are_paced_and_others_are_not_delayed() {
        let pacer = Pacer::new(RateLimits::of_source(cloudtrail::SOURCE));
        let begun = Instant::now();
        let mut sent = Vec::new();
        for operation in ["LookupEvents", "LookupEvents", "GetInsight", "LookupEvents", "GetInsight"] {
            pacer.wait(operation).await;
            sent.push(begun.elapsed().as_millis());
        }
        // Two look-ups per second, and ten requests per second of other operations, which were not requested before.
        assert_eq!(sent, [0, 500, 500, 1_000, 1_000]);
    }

    #[tokio::test(start_paused = true)]
    async fn concurrent_requests_are_sent_one_by_one() {
        let pacer = Pacer::new(RateLimits::of_source(cloudtrail::SOURCE));
        let begun = Instant::now();
        let all = (0..4).map(|_| async {
            pacer.wait("LookupEvents").await;
            begun.elapsed().as_millis()
        });
        let mut sent = futures_util::future::join_all(all).await;
        sent.sort_unstable();
        assert_eq!(sent, [0, 500, 1_000, 1_500]);
    }

    #[tokio::test]
    async fn each_account_and_region_has_its_own_pacer() {
        let pacers = Pacers::new(RateLimits::of_source(cloudtrail::SOURCE));
        let pacer = |account_id: &str, region: &str| {
            pacers.of(&Target { account_id: account_id.into(), region: region.into(), role: None })
        };
        let first = pacer("123456789012", "eu-west-1");
        assert!(Arc::ptr_eq(&first, &pacer("123456789012", "eu-west-1")));
        assert!(!Arc::ptr_eq(&first, &pacer("123456789012", "us-east-1")));
        assert!(!Arc::ptr_eq(&first, &pacer("111122223333", "eu-west-1")));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pacer_is_kept_while_it_is_in_use_or_would_delay_a_request() {
        let pacers = Pacers::new(RateLimits::of_source(cloudtrail::SOURCE));
        let target = |number: u32| Target {
            account_id: format!("{number:012}"),
            region: "eu-west-1".into(),
            role: None,
        };
        let held = pacers.of(&target(0));
        pacers.of(&target(1)).wait("LookupEvents").await;
        for number in 2..100 {
            pacers.of(&target(number));
        }
        // The one that is in use, the one that has just sent a request, and the newest.
        assert_eq!(pacers.by_place.lock().unwrap().len(), 3);
        tokio::time::sleep(Duration::from_millis(500)).await;
        pacers.of(&target(100));
        assert_eq!(pacers.by_place.lock().unwrap().len(), 2);
        assert!(Arc::ptr_eq(&held, &pacers.of(&target(0))));
    }

    #[tokio::test]
    async fn a_rate_of_zero_is_unpaced() {
        let mut faults = crate::fields::Faults::default();
        let environment =
            [("RATE_LIMITS", "{\"default\":0}"), ("TABLE_NAME", "insights"), ("AWS_REGION", "eu-west-1")];
        let environment = environment.into_iter().collect();
        let settings = crate::config::Settings::read(&environment, xray::SOURCE, &mut faults);
        let pacer = Pacer::new(settings.rate_limits);
        assert!(pacer.limiter("GetInsight").is_none());
        assert!(pacer.limiter("LookupEvents").is_some());
    }
}
