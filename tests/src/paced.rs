//! Services whose rate limits hold, without sockets, in time that passes only while everybody waits: tokio's, paused. What
//! a run waits for is then its pacing and its retries alone, to the millisecond, however busy the machine is.

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

/// Services and table. To be made within a runtime whose time is paused.
#[derive(Clone)]
pub struct Paced {
    backend: Arc<Backend>,
    clock: &'static AtomicI64,
    begun: Instant,
    latency: Latency,
    under_way: Arc<Mutex<Vec<UnderWay>>>,
}

/// How long requests take.
#[derive(Clone, Copy, Debug, Default)]
pub struct Latency {
    /// Those to a service.
    pub service: Duration,
    /// Those to the table.
    pub table: Duration,
}

/// From when to when a request was under way, in milliseconds since the services were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnderWay {
    /// Whether it was one to the table.
    pub is_table: bool,
    /// When it was sent.
    pub from: i64,
    /// When it was answered.
    pub until: i64,
}

/// One request that reached a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Milliseconds since the services were made.
    pub millis: i64,
    /// Whether it was refused as one too many.
    pub throttled: bool,
}

impl Paced {
    /// Services that tell `scenario` (TOML) as of [`NOW`].
    ///
    /// # Panics
    ///
    /// If the scenario has faults.
    pub fn new(scenario: &str) -> Self {
        let now = at(NOW);
        let scenario = Scenario::parse(scenario, now).expect("a scenario without faults");
        // A clock is copied into everything that asks it; eight bytes a test are left behind.
        let clock: &'static AtomicI64 = Box::leak(Box::new(AtomicI64::new(now.millis())));
        let services = Offline::new(scenario, Clock::Held(clock)).enforcing_rates();
        let backend = Arc::new(Backend::new(services));
        create_table(&backend);
        backend.services.clear_log();
        Self { backend, clock, begun: Instant::now(), latency: Latency::default(), under_way: Arc::default() }
    }

    /// The same, whose requests take their time.
    #[must_use]
    pub fn taking(self, latency: Latency) -> Self {
        Self { latency, ..self }
    }

    /// When each request so far was under way.
    pub fn under_way(&self) -> Vec<UnderWay> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds a fault, in the command line's words.
    ///
    /// # Panics
    ///
    /// If it is none.
    pub fn fault(&self, fault: &str) {
        self.backend.services.fault(fault.parse().expect("a fault"));
    }

    /// An instance of a function: a process of its own, as far as pacing goes.
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

    /// Invokes an instance. The response is what Lambda would give back, as JSON.
    ///
    /// # Panics
    ///
    /// If the response is no JSON.
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

    /// How long it has been going on, in milliseconds.
    pub fn elapsed(&self) -> i64 {
        i64::try_from(self.begun.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// Every request to a service, by operation, account and region, in the order in which they arrived. The table's and
    /// STS's are not among them: nobody paces those.
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
        // Retries follow at once, so that nothing but the pacing keeps them apart.
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
