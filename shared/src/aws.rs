//! The AWS SDK as the functions use it: one HTTP client, requests named and counted per target, one retry layer (the SDK's
//! own). How often a request may be sent is `pace.rs`'s.

use crate::pace::OperationName;
use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_smithy_http_client::ConnectorBuilder;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextMut, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
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
pub const MAX_ATTEMPTS: u32 = 6;

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
/// [`crate::pace::PacedClient`] would find nothing to pace.
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
