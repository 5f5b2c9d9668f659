//! The AWS SDK as the functions use it: one HTTP client, paced and counted per target, one retry layer (the SDK's own).
//!
//! Pacing stands between the SDK and its HTTP connector, so that a retry waits its turn like any other request: a
//! limiter outside the SDK would let each call's retries multiply.

use crate::config::RateLimits;
use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_smithy_http_client::ConnectorBuilder;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextMut, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, Metadata};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a call may take. The whole includes retries and the wait for the rate limit.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// Until a connection stands.
    pub connect: Duration,
    /// Until the first byte of an answer.
    pub read: Duration,
    /// Until the whole call, retries included, is given up.
    pub operation: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_millis(3_100),
            read: Duration::from_secs(15),
            operation: Duration::from_mins(2),
        }
    }
}

/// How often one call is tried in all. Two calls a second are few: three tries would give up within a second.
const MAX_ATTEMPTS: u32 = 6;

/// The SDK's configuration of this process: region, credentials, endpoints, one HTTP client for every service.
pub async fn load(timeouts: Timeouts) -> SdkConfig {
    let timeout_config = TimeoutConfig::builder()
        .connect_timeout(timeouts.connect)
        .read_timeout(timeouts.read)
        .operation_timeout(timeouts.operation)
        .build();
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http_client())
        .timeout_config(timeout_config)
        .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS))
        .load()
        .await
}

/// The client that the SDK would take by itself. It is named, since one that is not named is in no configuration, and
/// [`PacedClient`] would find nothing to pace.
fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_with_connector_fn(|settings, components| {
        let mut builder = ConnectorBuilder::default()
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
            .proxy_config(ProxyConfig::from_env());
        builder.set_connector_settings(settings.cloned());
        builder.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        builder.build()
    })
}

/// Requests sent, by operation, and refusals for being too many.
#[derive(Debug, Default)]
pub struct CallCounts(Mutex<(BTreeMap<String, u64>, u64)>);

impl CallCounts {
    fn count(&self, operation: &str) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *inner.0.entry(operation.to_owned()).or_default() += 1;
    }

    fn throttled(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1 += 1;
    }

    /// Requests by operation, and how many of them were refused as too many.
    pub fn totals(&self) -> (BTreeMap<String, u64>, u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Names each request's operation for the connector below, and counts requests and refusals. Every service client of a
/// target is given one.
#[derive(Clone, Debug)]
pub struct CallObserver(Arc<CallCounts>);

impl CallObserver {
    /// An observer that counts into `counts`.
    pub fn new(counts: Arc<CallCounts>) -> Self {
        Self(counts)
    }
}

/// The operation of a request on its way to the connector.
#[derive(Clone, Debug)]
struct OperationName(String);

#[dyn_dispatch_hint]
impl Intercept for CallObserver {
    fn name(&self) -> &'static str {
        "CallObserver"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        configuration: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(metadata) = configuration.load::<Metadata>() {
            self.0.count(metadata.name());
            context.request_mut().add_extension(OperationName(metadata.name().to_owned()));
        }
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _configuration: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(response) = context.response().filter(|response| response.status().as_u16() >= 400) {
            let header = response.headers().get("x-amzn-errortype").unwrap_or_default();
            let body = response.body().bytes().unwrap_or_default();
            // The error's type is behind whatever it was decoded into; its code is spelled out in header or body.
            let text = format!("{header} {}", String::from_utf8_lossy(body));
            let codes = ["Throttl", "TooManyRequests", "RequestLimitExceeded", "SlowDown"];
            if response.status().as_u16() == 429 || codes.iter().any(|code| text.contains(code)) {
                self.0.throttled();
            }
        }
        Ok(())
    }
}

/// One limiter per operation, for one account and region.
pub struct Pacer {
    limits: RateLimits,
    limiters: Mutex<BTreeMap<String, Option<Arc<DefaultDirectRateLimiter>>>>,
}

impl std::fmt::Debug for Pacer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Pacer").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Pacer {
    /// A pacer that keeps to `limits`.
    pub fn new(limits: RateLimits) -> Self {
        Self { limits, limiters: Mutex::default() }
    }

    fn limiter(&self, operation: &str) -> Option<Arc<DefaultDirectRateLimiter>> {
        let mut limiters = self.limiters.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let interval = Duration::from_secs_f64(1.0 / self.limits.of(operation)?);
            // Without a burst: the service's window does not begin where ours does.
            Some(Arc::new(RateLimiter::direct(Quota::with_period(interval)?)))
        };
        limiters.entry(operation.to_owned()).or_insert_with(make).clone()
    }

    /// Waits until a request of `operation` may be sent.
    async fn wait(&self, operation: &str) {
        let Some(limiter) = self.limiter(operation) else { return };
        while let Err(not_until) = limiter.check() {
            tokio::time::sleep(not_until.wait_time_from(DefaultClock::default().now())).await;
        }
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
            connector.inner.call(request).await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn requests_of_an_operation_are_spaced_and_others_are_not_held_up() {
        let pacer = Pacer::new(RateLimits::default());
        let limiter = pacer.limiter("LookupEvents").unwrap();
        assert!(limiter.check().is_ok());
        let wait = limiter.check().unwrap_err().wait_time_from(DefaultClock::default().now());
        assert!(wait > Duration::from_millis(100) && wait <= Duration::from_millis(500), "{wait:?}");
        assert!(pacer.limiter("GetInsight").unwrap().check().is_ok());
    }

    #[test]
    fn a_rate_of_zero_is_unpaced() {
        let mut faults = crate::fields::Faults::default();
        let environment =
            [("RATE_LIMITS", "{\"default\":0}"), ("TABLE_NAME", "insights"), ("AWS_REGION", "eu-west-1")];
        let environment = environment.into_iter().collect();
        let settings = crate::config::Settings::read(&environment, crate::record::Source::Xray, &mut faults);
        let pacer = Pacer::new(settings.rate_limits);
        assert!(pacer.limiter("GetInsight").is_none());
        assert!(pacer.limiter("LookupEvents").is_some());
    }
}
