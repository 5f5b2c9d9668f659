//! The limits of calls to AWS, and the notice about a slow call. All clients of the command line have these limits, including
//! those with which the SDK loads credentials.

use crate::output::say;
use aws_config::timeout::TimeoutConfig;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use insights_shared::aws::without_user;
use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use url::Url;

/// The time without a response after which one notice names the endpoint.
const NOTICE_AFTER: Duration = Duration::from_millis(900);
/// The number of refused connections in a row after which the SDK does not retry: nothing listens at that address.
const REFUSALS: u32 = 2;

/// Timeouts and attempts of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallLimits {
    /// Limit for the connection.
    pub connect: Duration,
    /// Limit for the first byte of a response.
    pub read: Duration,
    /// Limit for one attempt.
    pub attempt: Duration,
    /// Limit for the call with all attempts.
    pub operation: Duration,
    /// Maximum number of attempts.
    pub attempts: u32,
    /// Limit for loading credentials: a credential process may ask a person for a code.
    pub credentials: Duration,
}

impl CallLimits {
    /// The limits while a person waits at a terminal.
    pub const INTERACTIVE: Self = Self {
        connect: Duration::from_secs(3),
        read: Duration::from_secs(10),
        attempt: Duration::from_secs(10),
        operation: Duration::from_secs(30),
        attempts: 3,
        credentials: Duration::from_mins(1),
    };
    /// The limits for creating a table: one call waits until point-in-time recovery is enabled.
    pub const CREATE_TABLE: Self = Self { operation: Duration::from_mins(7), ..Self::INTERACTIVE };

    /// Converts the limits to the timeouts of the SDK.
    pub fn timeouts(self) -> TimeoutConfig {
        TimeoutConfig::builder()
            .connect_timeout(self.connect)
            .read_timeout(self.read)
            .operation_attempt_timeout(self.attempt)
            .operation_timeout(self.operation)
            .build()
    }
}

/// An HTTP client with these limits. It prints one notice for a slow call, and fails early if nothing listens.
#[derive(Clone, Debug)]
pub struct LimitedClient {
    inner: SharedHttpClient,
    limits: CallLimits,
    waiting: PendingCalls,
}

impl LimitedClient {
    /// Wraps `inner`.
    pub fn new(inner: SharedHttpClient, limits: CallLimits) -> Self {
        Self { inner, limits, waiting: PendingCalls::default() }
    }

    /// The same client with other limits; the notice is shared.
    pub fn with(&self, limits: CallLimits) -> Self {
        Self { limits, ..self.clone() }
    }

    /// Sets the region that the notice names.
    pub fn in_region(&self, region: &str) {
        // The first value stays.
        let _ = self.waiting.region.set(region.to_owned());
    }
}

impl HttpClient for LimitedClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        // The SDK sets no timeouts for the calls with which it loads credentials.
        let connect = settings.connect_timeout().unwrap_or(self.limits.connect);
        let read = settings.read_timeout().unwrap_or(self.limits.read);
        let settings = HttpConnectorSettings::builder().connect_timeout(connect).read_timeout(read).build();
        let inner = self.inner.http_connector(&settings, components);
        SharedHttpConnector::new(LimitedConnector { inner, waiting: self.waiting.clone() })
    }
}

#[derive(Clone, Debug)]
struct LimitedConnector {
    inner: SharedHttpConnector,
    waiting: PendingCalls,
}

impl HttpConnector for LimitedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = self.clone();
        HttpConnectorFuture::new(async move {
            let host = endpoint(request.uri());
            let answer = connector.inner.call(request);
            let answer = connector.waiting.watch(&host, answer).await;
            match answer {
                Ok(answer) => {
                    connector.waiting.answered(&host);
                    Ok(answer)
                }
                Err(error) => Err(connector.waiting.refused(&host, error)),
            }
        })
    }
}

/// Calls that wait for a response, by endpoint. Clones share the state.
#[derive(Clone, Debug, Default)]
pub struct PendingCalls {
    region: Arc<OnceLock<String>>,
    notified: Arc<AtomicBool>,
    endpoints: Arc<Mutex<BTreeMap<String, PendingCall>>>,
}

#[derive(Clone, Copy, Debug)]
struct PendingCall {
    since: Instant,
    refusals: u32,
}

impl PendingCalls {
    /// Waits for `answer` and prints the notice if `endpoint` does not respond in time.
    async fn watch<T>(&self, endpoint: &str, answer: impl Future<Output = T>) -> T {
        let since = {
            let mut endpoints = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
            let new = PendingCall { since: Instant::now(), refusals: 0 };
            endpoints.entry(endpoint.to_owned()).or_insert(new).since
        };
        let mut answer = std::pin::pin!(answer);
        tokio::select! {
            biased;
            answer = &mut answer => return answer,
            () = sleep_until(since + NOTICE_AFTER) => {}
        }
        if !self.notified.swap(true, Ordering::Relaxed) {
            let region = self.region.get().map_or_else(String::new, |region| format!(" (region {region})"));
            say(&format!("still waiting for an answer from {endpoint}{region}"));
        }
        answer.await
    }

    fn answered(&self, endpoint: &str) {
        self.endpoints.lock().unwrap_or_else(PoisonError::into_inner).remove(endpoint);
    }

    /// Returns `error`, marked as final if `endpoint` keeps refusing connections.
    fn refused(&self, endpoint: &str, error: ConnectorError) -> ConnectorError {
        if !is_refusal(&error) {
            return error;
        }
        let mut endpoints = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(unanswered) = endpoints.get_mut(endpoint) else { return error };
        unanswered.refusals += 1;
        if unanswered.refusals <= REFUSALS { error } else { ConnectorError::user(error.into_source()) }
    }
}

/// Waits for `what`, which is not an SDK call, and prints the notice if it takes too long.
pub async fn with_notice<T>(what: &str, answer: impl Future<Output = T>) -> T {
    let mut answer = std::pin::pin!(answer);
    tokio::select! {
        biased;
        answer = &mut answer => return answer,
        () = tokio::time::sleep(NOTICE_AFTER) => say(&format!("still waiting for {what}")),
    }
    answer.await
}

/// Whether nothing listens at an address, or its name is unknown. In both cases, retrying is useless.
fn is_refusal(error: &ConnectorError) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        // For unknown names, the HTTP client reports only a text.
        if kind == Some(io::ErrorKind::ConnectionRefused) || error.to_string() == "dns error" {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Scheme, host and port of an address.
fn endpoint(uri: &str) -> String {
    Url::parse(uri).map_or_else(|_| without_user(uri), |url| url.origin().ascii_serialization())
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;
