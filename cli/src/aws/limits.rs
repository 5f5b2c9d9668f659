//! The limits of calls to AWS, and the notice while a call takes long. Every client of the command line has these limits, also
//! those by which the SDK finds credentials.

use crate::output::say;
use aws_config::timeout::TimeoutConfig;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// After so long without a response a notice names the endpoint, once.
const NOTICE_AFTER: Duration = Duration::from_secs(2);
/// So many refused connections to a host in a row are tried again by the SDK: nothing listens there, which a few seconds show.
const REFUSALS: u32 = 2;

/// Timeouts and attempts of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallLimits {
    /// Until a connection is established.
    pub connect: Duration,
    /// Until the first byte of a response.
    pub read: Duration,
    /// Until an attempt fails.
    pub attempt: Duration,
    /// Until the call fails, all its attempts included.
    pub operation: Duration,
    /// Attempts in all.
    pub attempts: u32,
    /// Until credentials are loaded: a process that provides them may ask a person for a code.
    pub credentials: Duration,
}

impl CallLimits {
    /// While a person waits at a terminal.
    pub const INTERACTIVE: Self = Self {
        connect: Duration::from_secs(3),
        read: Duration::from_secs(10),
        attempt: Duration::from_secs(10),
        operation: Duration::from_secs(30),
        attempts: 3,
        credentials: Duration::from_mins(1),
    };
    /// To create a table: one call waits until its backups are on.
    pub const CREATE_TABLE: Self = Self { operation: Duration::from_mins(7), ..Self::INTERACTIVE };

    /// As the SDK's timeouts.
    pub fn timeouts(self) -> TimeoutConfig {
        TimeoutConfig::builder()
            .connect_timeout(self.connect)
            .read_timeout(self.read)
            .operation_attempt_timeout(self.attempt)
            .operation_timeout(self.operation)
            .build()
    }
}

/// An HTTP client with these limits, which prints one notice while a call takes long, and fails soon where nothing listens.
#[derive(Clone, Debug)]
pub struct LimitedClient {
    inner: SharedHttpClient,
    limits: CallLimits,
    waiting: Waiting,
}

impl LimitedClient {
    /// Limits `inner`.
    pub fn new(inner: SharedHttpClient, limits: CallLimits) -> Self {
        Self { inner, limits, waiting: Waiting::default() }
    }

    /// The same client with other limits; the notice is shared.
    pub fn with(&self, limits: CallLimits) -> Self {
        Self { limits, ..self.clone() }
    }

    /// The region of the clients, once it is known.
    pub fn in_region(&self, region: &str) {
        // It is set once.
        let _ = self.waiting.region.set(region.to_owned());
    }
}

impl HttpClient for LimitedClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        // The SDK sets none for the calls by which it finds credentials.
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
    waiting: Waiting,
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

/// Calls without a response yet, by endpoint. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    region: Arc<OnceLock<String>>,
    notified: Arc<AtomicBool>,
    endpoints: Arc<Mutex<BTreeMap<String, Unanswered>>>,
}

#[derive(Clone, Copy, Debug)]
struct Unanswered {
    since: Instant,
    refusals: u32,
}

impl Waiting {
    /// Waits for `answer`, with the notice if `endpoint` has not responded for long.
    async fn watch<T>(&self, endpoint: &str, answer: impl Future<Output = T>) -> T {
        let since = {
            let mut endpoints = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
            let new = Unanswered { since: Instant::now(), refusals: 0 };
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

    /// `error`, which the SDK does not retry if `endpoint` keeps refusing connections.
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

/// Waits for `what`, which is not a call of the SDK, with the notice if it takes long.
pub async fn with_notice<T>(what: &str, answer: impl Future<Output = T>) -> T {
    let mut answer = std::pin::pin!(answer);
    tokio::select! {
        biased;
        answer = &mut answer => return answer,
        () = tokio::time::sleep(NOTICE_AFTER) => say(&format!("still waiting for {what}")),
    }
    answer.await
}

/// Whether nothing listens at an address, or its name is unknown: waiting changes neither.
fn is_refusal(error: &ConnectorError) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        // For unknown names the HTTP client has only a text.
        if kind == Some(io::ErrorKind::ConnectionRefused) || error.to_string() == "dns error" {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Scheme, host and port of an address.
fn endpoint(uri: &str) -> String {
    let (scheme, rest) = uri.split_once("://").unwrap_or(("", uri));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    if scheme.is_empty() { host.to_owned() } else { format!("{scheme}://{host}") }
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;
