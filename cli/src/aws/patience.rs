//! How long AWS is waited for, and what is said meanwhile. Every client of the command line has these limits, also those by which
//! the SDK finds credentials.

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

/// After so long without an answer one notice says what is waited for.
const QUIET: Duration = Duration::from_secs(2);
/// So many refused connections to a host in a row are tried again by the SDK. Nobody listens there: a few seconds show that.
const REFUSALS: u32 = 2;

/// How long, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Until a connection stands.
    pub connect: Duration,
    /// Until the first byte of an answer.
    pub read: Duration,
    /// Until one attempt is given up.
    pub attempt: Duration,
    /// Until the whole call, with all its attempts, is given up.
    pub operation: Duration,
    /// Attempts in all.
    pub attempts: u32,
    /// Until credentials are there: a process that gives them may ask a person for a code.
    pub credentials: Duration,
}

impl Patience {
    /// Of somebody who waits for an answer at a terminal.
    pub const READING: Self = Self {
        connect: Duration::from_secs(3),
        read: Duration::from_secs(10),
        attempt: Duration::from_secs(10),
        operation: Duration::from_secs(30),
        attempts: 3,
        credentials: Duration::from_mins(1),
    };
    /// Of somebody who makes a table, whose backups are waited for within one call.
    pub const CREATING: Self = Self { operation: Duration::from_mins(7), ..Self::READING };

    /// The same for the SDK.
    pub fn timeouts(self) -> TimeoutConfig {
        TimeoutConfig::builder()
            .connect_timeout(self.connect)
            .read_timeout(self.read)
            .operation_attempt_timeout(self.attempt)
            .operation_timeout(self.operation)
            .build()
    }
}

/// An HTTP client with limits of its own, which says once what it is waiting for, and gives up soon where nobody listens.
#[derive(Clone, Debug)]
pub struct Attended {
    inner: SharedHttpClient,
    patience: Patience,
    waiting: Waiting,
}

impl Attended {
    /// Attends `inner`.
    pub fn new(inner: SharedHttpClient, patience: Patience) -> Self {
        Self { inner, patience, waiting: Waiting::default() }
    }

    /// The same for clients that are asked with other patience; what is waited for is shared.
    pub fn with(&self, patience: Patience) -> Self {
        Self { patience, ..self.clone() }
    }

    /// The region of the clients, once it is known.
    pub fn in_region(&self, region: &str) {
        // It is known once.
        let _ = self.waiting.region.set(region.to_owned());
    }
}

impl HttpClient for Attended {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        // The SDK sets none for the calls by which it finds credentials.
        let connect = settings.connect_timeout().unwrap_or(self.patience.connect);
        let read = settings.read_timeout().unwrap_or(self.patience.read);
        let settings = HttpConnectorSettings::builder().connect_timeout(connect).read_timeout(read).build();
        let inner = self.inner.http_connector(&settings, components);
        SharedHttpConnector::new(AttendedConnector { inner, waiting: self.waiting.clone() })
    }
}

#[derive(Clone, Debug)]
struct AttendedConnector {
    inner: SharedHttpConnector,
    waiting: Waiting,
}

impl HttpConnector for AttendedConnector {
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

/// What is waited for, by endpoint. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Waiting {
    region: Arc<OnceLock<String>>,
    told: Arc<AtomicBool>,
    endpoints: Arc<Mutex<BTreeMap<String, Unanswered>>>,
}

#[derive(Clone, Copy, Debug)]
struct Unanswered {
    since: Instant,
    refusals: u32,
}

impl Waiting {
    /// Waits for `answer`, and says so once if there has been none from `endpoint` for long.
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
            () = sleep_until(since + QUIET) => {}
        }
        if !self.told.swap(true, Ordering::Relaxed) {
            let region = self.region.get().map_or_else(String::new, |region| format!(" (region {region})"));
            say(&format!("still waiting for an answer from {endpoint}{region}"));
        }
        answer.await
    }

    fn answered(&self, endpoint: &str) {
        self.endpoints.lock().unwrap_or_else(PoisonError::into_inner).remove(endpoint);
    }

    /// `error`, which the SDK does not try again if `endpoint` keeps refusing connections.
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

/// Waits for `what`, which is no call of the SDK's, and says so once if it takes long.
pub async fn watched<T>(what: &str, answer: impl Future<Output = T>) -> T {
    let mut answer = std::pin::pin!(answer);
    tokio::select! {
        biased;
        answer = &mut answer => return answer,
        () = tokio::time::sleep(QUIET) => say(&format!("still waiting for {what}")),
    }
    answer.await
}

/// Whether nobody listens at an address, or its name is unknown: to wait changes neither.
fn is_refusal(error: &ConnectorError) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        // The HTTP client tells of names in words alone.
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
#[path = "patience_tests.rs"]
mod tests;
