//! Simulated services without sockets, in paused time: waiting takes no real time, so a call that never gets an answer
//! ends immediately with the timeouts of Lambda. Functions, SDK, retries and table are the real ones; only the HTTP
//! client of the SDK is replaced.

use crate::endless::Endless;
use crate::lab::{ACCOUNT, NOW, TABLE, UNPACED, at};
use crate::logs;
use crate::offline;
use crate::table::Table;
use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::Client;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use dynoxide::Database;
use http_body_util::BodyExt;
use insights_shared::aws::Timeouts;
use insights_shared::collector::Collector;
use insights_shared::environment::Environment;
use insights_shared::invocation::{Context, InvocationError, Service};
use insights_shared::store::schema::create_table;
use insights_shared::time::{Clock, Timestamp};
use insights_shared::value::{Map, into_attributes};
use insights_simulator::{Fault, LoggedCall, Offline, Scenario, database};
use serde_json::Value;
use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The difference between the clocks of services and machine in the fault `clock-skew`.
const SKEW_SECONDS: i64 = 20 * 60;
/// The maximum difference between the time of a signature and the time of the service.
const TOLERATED_MILLIS: i64 = 5 * 60 * 1_000;

/// Runs `future` in paused time: a wait without other work ends immediately.
///
/// # Panics
///
/// If there is no runtime, or a secret was logged.
pub fn paused<T>(future: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build().expect("a runtime");
    let result = runtime.block_on(future);
    logs::check();
    result
}

/// Simulated services with a table, for use within [`paused`].
#[derive(Clone, Debug)]
pub struct PausedLab {
    region: &'static str,
    door: Door,
    now: &'static AtomicI64,
}

impl PausedLab {
    /// A lab with `scenario` (TOML) at [`NOW`]. The SDK keeps one retry budget per region and process: failures in one
    /// region do not use the retries of others.
    ///
    /// # Panics
    ///
    /// If the scenario has faults.
    pub async fn new(region: &'static str, scenario: &str) -> Self {
        let scenario = Scenario::parse(scenario, at(NOW)).expect("a scenario without faults");
        // All parts that use the clock have a copy of the reference, so eight bytes per lab are never freed.
        let now: &'static AtomicI64 = Box::leak(Box::new(AtomicI64::new(at(NOW).millis())));
        let database = Database::memory().expect("a database in memory");
        let answer = move |operation: &str, body: &[u8]| database::answer(&database, operation, body);
        let services = Offline::new(scenario, Clock::Held(now)).with_table(answer);
        let door = Door {
            services: Arc::new(services),
            now,
            is_refused: Arc::new(AtomicBool::new(false)),
            is_skewed: Arc::new(AtomicBool::new(false)),
            endless: Arc::default(),
            read_timeout: None,
        };
        let lab = Self { region, door, now };
        create_table(&lab.dynamodb(), TABLE).await.expect("a table");
        lab.door.services.clear_log();
        lab
    }

    /// Adds a fault in the notation of the command line. The additional kind `refused` refuses connections.
    ///
    /// # Panics
    ///
    /// If the text is not a fault.
    pub fn fault(&self, fault: &str) {
        self.door.is_refused.store(fault.contains("=refused"), Ordering::SeqCst);
        let fault = fault.replace("=refused", "=reset");
        self.door.services.fault(fault.parse::<Fault>().expect("a fault"));
    }

    /// Sets the clock of the services twenty minutes ahead of the clock for signatures.
    pub fn skew(&self) {
        self.door.is_skewed.store(true, Ordering::SeqCst);
    }

    /// Makes the pages of an operation endless. Its requests have `marker` in their path or at the end of their target,
    /// and the token in the member `token`. `varied` is replaced by another text of the same length on every page.
    ///
    /// # Panics
    ///
    /// If there is such an operation already.
    pub fn endless(&self, marker: &'static str, token: &'static str, varied: Option<&'static str>) {
        let endless = Endless { marker, token, varied, pages: AtomicU64::new(0) };
        self.door.endless.set(endless).expect("only one endless operation");
    }

    /// The number of pages of the endless operation.
    pub fn endless_pages(&self) -> u64 {
        self.door.endless.get().map_or(0, |endless| endless.pages.load(Ordering::SeqCst))
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.door.services.clear_faults();
        self.door.is_skewed.store(false, Ordering::SeqCst);
    }

    /// The calls since the log was cleared.
    pub fn log(&self) -> Vec<LoggedCall> {
        self.door.services.log()
    }

    /// Clears the log of calls.
    pub fn clear_log(&self) {
        self.door.services.clear_log();
    }

    /// Advances the clock of services and functions.
    pub fn advance(&self, seconds: i64) {
        self.now.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }

    /// A client of the table.
    pub fn dynamodb(&self) -> Client {
        Client::new(&self.sdk())
    }

    /// Puts an item without validation.
    ///
    /// # Panics
    ///
    /// If the table rejects the item.
    pub async fn put(&self, item: Map) {
        let put = self.dynamodb().put_item().table_name(TABLE).set_item(Some(into_attributes(item)));
        put.send().await.expect("the table takes the item");
    }

    /// All items of the table.
    pub async fn table(&self) -> Table {
        Table::scan(&self.dynamodb(), TABLE).await
    }

    /// Invokes a new function with `payload`. Returns Lambda's response as JSON.
    ///
    /// # Panics
    ///
    /// If the configuration has faults.
    pub async fn invoke<C: Collector>(
        &self,
        variables: &[(&str, &str)],
        payload: &str,
        change: impl FnOnce(&mut Context),
    ) -> Result<Value, InvocationError> {
        let always = [("TABLE_NAME", TABLE), ("AWS_REGION", self.region), ("RATE_LIMITS", UNPACED.as_str())];
        let environment: Environment = always.into_iter().chain(variables.iter().copied()).collect();
        let service = Service::<C>::new(&environment, self.sdk(), Clock::Held(self.now));
        let service = service.expect("a configuration without faults");
        let function_arn = format!("arn:aws:lambda:{}:{ACCOUNT}:function:{}", self.region, C::SOURCE.package);
        let request_id = format!("request-{}", self.now.load(Ordering::SeqCst));
        let mut context = Context { request_id, function_arn, deadline: None };
        change(&mut context);
        let response = service.invoke(payload, &context).await?;
        Ok(serde_json::to_value(&response).expect("a response is JSON"))
    }

    /// The SDK with the configuration of the functions on Lambda, including timeouts and attempts.
    fn sdk(&self) -> SdkConfig {
        let Timeouts { connect, read, operation } = Timeouts::default();
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(connect)
            .read_timeout(read)
            .operation_timeout(operation)
            .build();
        let retries = RetryConfig::standard().with_max_attempts(insights_shared::aws::MAX_ATTEMPTS);
        let sdk = offline::sdk(self.door.clone(), self.region, retries, Clock::Held(self.now));
        sdk.into_builder().timeout_config(timeouts).build()
    }
}

/// The HTTP client for the services.
#[derive(Clone, Debug)]
struct Door {
    services: Arc<Offline>,
    now: &'static AtomicI64,
    /// Whether failing connections are refused instead of reset.
    is_refused: Arc<AtomicBool>,
    is_skewed: Arc<AtomicBool>,
    endless: Arc<OnceLock<Endless>>,
    read_timeout: Option<Duration>,
}

impl HttpClient for Door {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Self { read_timeout: settings.read_timeout(), ..self.clone() })
    }
}

impl HttpConnector for Door {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let door = self.clone();
        HttpConnectorFuture::new(async move {
            let answer = door.answer(&request);
            match door.read_timeout {
                Some(limit) => tokio::time::timeout(limit, answer)
                    .await
                    .unwrap_or_else(|elapsed| Err(ConnectorError::timeout(elapsed.into()))),
                None => answer.await,
            }
        })
    }
}

impl Door {
    async fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        if self.is_skewed.load(Ordering::SeqCst) && is_off(request, self.now) {
            self.services.fault("*=clock-skew:1".parse::<Fault>().expect("a fault"));
        }
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let endless = self.endless.get().filter(|endless| endless.is_meant(request.uri(), target));
        let answer = self.services.answer(outgoing(request, endless)).await.ok_or_else(|| {
            let refused = self.is_refused.load(Ordering::SeqCst);
            let kind =
                if refused { io::ErrorKind::ConnectionRefused } else { io::ErrorKind::ConnectionReset };
            ConnectorError::io(io::Error::from(kind).into())
        })?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.expect("a complete body").to_bytes();
        let status = parts.status.as_u16().try_into().expect("a status");
        let body = endless.map_or_else(|| body.to_vec(), |endless| endless.extend(&body));
        let length = body.len().to_string();
        let mut response = HttpResponse::new(status, SdkBody::from(body));
        for (name, value) in &parts.headers {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            let value = if name == "content-length" { length.clone() } else { value };
            response.headers_mut().insert(name.as_str().to_owned(), value);
        }
        Ok(response)
    }
}

fn outgoing(request: &HttpRequest, endless: Option<&Endless>) -> hyper::Request<hyper::body::Bytes> {
    let uri = endless.map_or_else(|| request.uri().to_owned(), |endless| endless.strip_uri(request.uri()));
    let mut outgoing = hyper::Request::builder().method(request.method()).uri(uri);
    for (name, value) in request.headers() {
        outgoing = outgoing.header(name, value);
    }
    let body = request.body().bytes().unwrap_or_default();
    let body = endless.map_or_else(|| body.to_vec(), |endless| endless.strip_body(body));
    outgoing.body(body.into()).expect("a request")
}

/// Whether the time of a signature differs too much from that of a service whose clock is ahead of `now`.
fn is_off(request: &HttpRequest, now: &'static AtomicI64) -> bool {
    let signed = request.headers().get("x-amz-date").unwrap_or_default();
    let signed: Timestamp = rfc_3339(signed).parse().expect("a signature's time");
    let service = Clock::Held(now).now().plus_seconds(SKEW_SECONDS);
    service.millis_since(signed).abs() > TOLERATED_MILLIS
}

/// `20260301T120000Z` as `2026-03-01T12:00:00Z`.
fn rfc_3339(compact: &str) -> String {
    let part = |range: std::ops::Range<usize>| compact.get(range).unwrap_or_default();
    let (date, time) =
        ([part(0..4), part(4..6), part(6..8)].join("-"), [part(9..11), part(11..13), part(13..15)].join(":"));
    format!("{date}T{time}Z")
}
