//! Services with rate limits, without sockets and in Tokio's paused time, which advances only while all tasks wait. The
//! duration of a run is therefore exactly that of its rate limits and retries, independent of the machine.

use crate::lab::{ACCOUNT, ATTEMPTS, NOW, REGION, TABLE, at};
use crate::offline;
use crate::schedule::backend::Backend;
use crate::schedule::task::create_table;
use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use insights_shared::collector::Collector;
use insights_shared::environment::Environment;
use insights_shared::invocation::{Context, InvocationError, Service};
use insights_shared::time::Clock;
use insights_simulator::{Offline, Scenario};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Services and table. They must be created in a runtime with paused time.
#[derive(Clone)]
pub struct Paced {
    backend: Arc<Backend>,
    clock: &'static AtomicI64,
    begun: Instant,
    latency: Latency,
    under_way: Arc<Mutex<Vec<UnderWay>>>,
}

/// The duration of requests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Latency {
    /// Requests to a service.
    pub service: Duration,
    /// Requests to the table.
    pub table: Duration,
}

/// The start and end of a request in milliseconds after the creation of the services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnderWay {
    /// Whether it was a request to the table.
    pub is_table: bool,
    /// When it was sent.
    pub from: i64,
    /// When it was answered.
    pub until: i64,
}

/// One request that reached a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Milliseconds after the creation of the services.
    pub millis: i64,
    /// Whether it was throttled.
    pub throttled: bool,
}

impl Paced {
    /// Services with `scenario` (TOML) at [`NOW`].
    ///
    /// # Panics
    ///
    /// If the scenario has faults.
    pub fn new(scenario: &str) -> Self {
        let now = at(NOW);
        let scenario = Scenario::parse(scenario, now).expect("a scenario without faults");
        // All parts that use the clock have a copy of the reference, so eight bytes per test are never freed.
        let clock: &'static AtomicI64 = Box::leak(Box::new(AtomicI64::new(now.millis())));
        let services = Offline::new(scenario, Clock::Held(clock)).enforcing_rates();
        let backend = Arc::new(Backend::new(services));
        create_table(&backend);
        backend.services.clear_log();
        Self { backend, clock, begun: Instant::now(), latency: Latency::default(), under_way: Arc::default() }
    }

    /// The same services, with requests that take time.
    #[must_use]
    pub fn taking(self, latency: Latency) -> Self {
        Self { latency, ..self }
    }

    /// The times of all requests so far.
    pub fn under_way(&self) -> Vec<UnderWay> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds a fault in the notation of the command line.
    ///
    /// # Panics
    ///
    /// If the text is not a fault.
    pub fn fault(&self, fault: &str) {
        self.backend.services.fault(fault.parse().expect("a fault"));
    }

    /// An instance of a function. It has its own rate limiter, like a separate process.
    ///
    /// # Panics
    ///
    /// If the configuration has faults.
    pub fn instance<C: Collector>(&self, variables: &[(&str, &str)]) -> Service<C> {
        let always = [("TABLE_NAME", TABLE), ("AWS_REGION", REGION)];
        let environment: Environment = always.into_iter().chain(variables.iter().copied()).collect();
        let service = Service::new(&environment, self.sdk(), Clock::Held(self.clock));
        service.expect("a configuration without faults")
    }

    /// Invokes an instance. Returns Lambda's response as JSON.
    ///
    /// # Panics
    ///
    /// If the response is not JSON.
    pub async fn invoke<C: Collector>(
        &self,
        instance: &Service<C>,
        payload: &str,
    ) -> Result<Value, InvocationError> {
        let function_arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", C::SOURCE.package);
        let request_id = format!("request-{}", self.begun.elapsed().as_nanos());
        let context = Context { request_id, function_arn, deadline: None };
        let response = instance.invoke(payload, &context).await?;
        Ok(serde_json::to_value(&response).expect("a response is JSON"))
    }

    /// The elapsed time in milliseconds.
    pub fn elapsed(&self) -> i64 {
        i64::try_from(self.begun.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// All requests to a service by operation, account and region, in the order of arrival. Requests to the table and
    /// STS are not included, because they are not paced.
    pub fn arrivals(&self) -> BTreeMap<(String, String, String), Vec<Arrival>> {
        let began = at(NOW);
        let mut arrivals: BTreeMap<_, Vec<Arrival>> = BTreeMap::new();
        for call in self.backend.services.log() {
            if call.service == "sts" {
                continue;
            }
            let arrival = Arrival { millis: call.time.millis_since(began), throttled: call.throttled };
            arrivals.entry((call.operation, call.account, call.region)).or_default().push(arrival);
        }
        arrivals
    }

    fn sdk(&self) -> SdkConfig {
        // Retries have no delay, so that only the rate limits separate requests.
        let retries = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS)
            .with_initial_backoff(Duration::from_millis(1))
            .with_max_backoff(Duration::from_millis(5));
        offline::sdk(self.clone(), REGION, retries, Clock::Held(self.clock))
    }
}

impl fmt::Debug for Paced {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Paced").field("elapsed", &self.elapsed()).finish_non_exhaustive()
    }
}

impl HttpClient for Paced {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Paced {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let from = self.elapsed();
        self.clock.store(at(NOW).millis() + from, Ordering::SeqCst);
        let answer = self.backend.answer(&request);
        let is_table =
            request.headers().get("x-amz-target").is_some_and(|target| target.starts_with("DynamoDB"));
        let paced = self.clone();
        HttpConnectorFuture::new(async move {
            let Latency { service, table } = paced.latency;
            let latency = if is_table { table } else { service };
            if !latency.is_zero() {
                tokio::time::sleep(latency).await;
            }
            let until = paced.elapsed();
            let mut under_way = paced.under_way.lock().unwrap_or_else(PoisonError::into_inner);
            under_way.push(UnderWay { is_table, from, until });
            answer
        })
    }
}
