//! Simulated AWS services with a table, and functions that run in this process.

use crate::function::Function;
use crate::response::assert_consistent;
use crate::table::Table;
use crate::{logs, permissions};
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use insights_shared::aws::time_source;
use insights_shared::collector::Collector;
use insights_shared::environment::Environment;
use insights_shared::invocation::{InvocationError, Service};
use insights_shared::key::Key;
use insights_shared::store::schema::create_table;
use insights_shared::store::{Options as StoreOptions, Store};
use insights_shared::time::{Clock, Timestamp};
use insights_shared::value::{Map, into_attributes};
use insights_simulator::{Fault, Options, Scenario, Simulator};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// The time at which a lab starts.
pub const NOW: &str = "2026-03-01T12:00:00Z";
/// The account of the lab's credentials.
pub const ACCOUNT: &str = "123456789012";
/// The region of the lab's functions.
pub const REGION: &str = "eu-west-1";
/// The name of the lab's table.
pub const TABLE: &str = "insights";
/// The number of attempts of a call in the lab: enough for one fault.
pub const ATTEMPTS: u32 = 3;

/// The time `text` in RFC 3339.
///
/// # Panics
///
/// If it is invalid.
pub fn at(text: &str) -> Timestamp {
    text.parse().expect("a time in RFC 3339")
}

/// A simulator with a table. Simulator and functions share one clock. It advances only by [`Lab::advance`], or is the
/// machine's clock ([`Lab::in_real_time`]).
#[derive(Debug)]
pub struct Lab {
    /// The simulated services, for changes and for their log.
    pub simulator: Simulator,
    sdk: SdkConfig,
    /// The time in milliseconds since the epoch. Not used with the machine's clock.
    now: &'static AtomicI64,
    real: bool,
}

impl Lab {
    /// A lab with `scenario` (TOML) at [`NOW`].
    ///
    /// # Panics
    ///
    /// If the scenario has faults, or the simulator cannot be started.
    pub async fn new(scenario: &str) -> Self {
        Self::with(scenario, |_| ()).await
    }

    /// A lab with `scenario` at [`NOW`] and with options of the simulator that `change` modifies.
    ///
    /// # Panics
    ///
    /// If the scenario has faults, or the simulator cannot be started.
    pub async fn with(scenario: &str, change: impl FnOnce(&mut Options)) -> Self {
        let now = at(NOW);
        let scenario = Scenario::parse(scenario, now).expect("a scenario without faults");
        let mut options = Options { scenario, clock: Clock::Fixed(now), ..Options::default() };
        change(&mut options);
        Self::start(options, Some(now)).await
    }

    /// A lab with the built-in scenario at [`NOW`].
    ///
    /// # Panics
    ///
    /// If the simulator cannot be started.
    pub async fn built_in() -> Self {
        let now = at(NOW);
        let options =
            Options { scenario: Scenario::built_in(now), clock: Clock::Fixed(now), ..Options::default() };
        Self::start(options, Some(now)).await
    }

    /// A lab with `scenario` at the current time and the machine's clock, as used by function binaries.
    ///
    /// # Panics
    ///
    /// If the scenario has faults, or the simulator cannot be started.
    pub async fn in_real_time(scenario: &str) -> Self {
        let now = Clock::System.now();
        let scenario = Scenario::parse(scenario, now).expect("a scenario without faults");
        // A test may use a TLS server in front of it, on another port.
        let names = ["localhost", "127.0.0.1"].map(|name| name.parse().expect("a host's name"));
        let options = Options { scenario, allowed_hosts: names.into(), ..Options::default() };
        Self::start(options, None).await
    }

    /// A lab with `scenario` (or the built-in one) relative to `anchor`. Its clock starts at `now`.
    ///
    /// # Panics
    ///
    /// If the scenario has faults, or the simulator cannot be started.
    pub async fn anchored(scenario: Option<&str>, anchor: Timestamp, now: Timestamp) -> Self {
        let options =
            Options { scenario: parse(scenario, anchor), clock: Clock::Fixed(now), ..Options::default() };
        Self::start(options, Some(now)).await
    }

    /// Replaces the scenario; its times are relative to `anchor`.
    ///
    /// # Panics
    ///
    /// If the scenario has faults.
    pub fn replace_scenario(&self, scenario: Option<&str>, anchor: Timestamp) {
        let scenario = parse(scenario, anchor);
        self.simulator.change(|current| *current = scenario);
    }

    async fn start(options: Options, now: Option<Timestamp>) -> Self {
        logs::watch();
        let simulator = Simulator::start(options).await.expect("a simulator on a free port");
        let real = now.is_none();
        // All parts that use the clock have a copy of the reference, so eight bytes per lab are never freed.
        let now: &'static AtomicI64 = Box::leak(Box::new(AtomicI64::new(now.map_or(0, Timestamp::millis))));
        let clock = if real { Clock::System } else { Clock::Held(now) };
        let sdk = timed(sdk(&simulator.url(), &TimeoutConfig::disabled()), clock);
        let lab = Self { simulator, sdk, now, real };
        create_table(&lab.dynamodb(), TABLE).await.expect("a table");
        lab.simulator.clear_log();
        lab
    }

    /// The time of the lab's clock.
    pub fn now(&self) -> Timestamp {
        self.clock().now()
    }

    /// The clock for functions.
    ///
    /// # Panics
    ///
    /// If the clock was advanced beyond valid times.
    pub fn clock(&self) -> Clock {
        if self.real {
            return Clock::System;
        }
        let now = Timestamp::from_millis(self.now.load(Ordering::SeqCst));
        Clock::Fixed(now.expect("a valid time"))
    }

    /// Advances the clock of simulator and functions. Functions created before keep the old time.
    ///
    /// # Panics
    ///
    /// If the lab uses the machine's clock.
    pub fn advance(&self, seconds: i64) {
        assert!(!self.real, "the machine's clock cannot be moved");
        self.now.fetch_add(seconds * 1_000, Ordering::SeqCst);
        self.simulator.set_clock(self.clock());
    }

    /// The SDK for functions of the lab: dummy credentials, and retries without delay.
    pub fn sdk(&self) -> SdkConfig {
        self.sdk.clone()
    }

    /// Like [`Lab::sdk`], with timeouts of attempts and calls, for tests in which an answer never arrives.
    pub fn sdk_with_timeouts(&self, read: Duration, operation: Duration) -> SdkConfig {
        let timeouts = TimeoutConfig::builder().read_timeout(read).operation_timeout(operation).build();
        let clock = if self.real { Clock::System } else { Clock::Held(self.now) };
        timed(sdk(&self.simulator.url(), &timeouts), clock)
    }

    /// A client of the table.
    pub fn dynamodb(&self) -> Client {
        Client::new(&self.sdk)
    }

    /// The table as a function uses it, with options that `change` modifies.
    pub fn store(&self, change: impl FnOnce(&mut StoreOptions)) -> Store {
        let mut options = StoreOptions {
            table: TABLE.to_owned(),
            collected_by: "test:$LATEST#request".to_owned(),
            retention_days: 400,
            concurrency: 8,
            dry_run: false,
        };
        change(&mut options);
        Store::new(self.dynamodb(), self.clock(), options)
    }

    /// All items of the table. The scan is removed from the log.
    pub async fn table(&self) -> Table {
        Table::scan(&self.dynamodb(), TABLE).await
    }

    /// Puts an item without validation, as another version or run could have stored it.
    ///
    /// # Panics
    ///
    /// If the table rejects the item.
    pub async fn put(&self, item: Map) {
        let put = self.dynamodb().put_item().table_name(TABLE).set_item(Some(into_attributes(item)));
        put.send().await.expect("the table takes the item");
    }

    /// Deletes an item without conditions.
    ///
    /// # Panics
    ///
    /// If the table rejects this.
    pub async fn delete(&self, key: &Key) {
        let delete = self.dynamodb().delete_item().table_name(TABLE);
        let text = |text: &str| AttributeValue::S(text.to_owned());
        delete
            .key("pk", text(&key.pk))
            .key("sk", text(&key.sk))
            .send()
            .await
            .expect("the item can be deleted");
    }

    /// Adds a fault in the notation of the command line: `GetInsight=throttle:3`.
    ///
    /// # Panics
    ///
    /// If the text is not a fault.
    pub fn fault(&self, fault: &str) {
        self.simulator.fault(fault.parse::<Fault>().expect("a fault"));
    }

    /// The number of requests for `operation` since the log was cleared.
    ///
    /// # Panics
    ///
    /// If no service has the operation, or several have it and the text names none.
    pub fn calls(&self, operation: &str) -> u64 {
        self.simulator.calls(operation.parse().expect("an operation"))
    }

    /// The number of requests that write to the table since the log was cleared.
    ///
    /// # Panics
    ///
    /// Never: the simulator has these operations.
    pub fn writes(&self) -> u64 {
        const WRITES: [&str; 6] = [
            "BatchExecuteStatement",
            "BatchWriteItem",
            "DeleteItem",
            "PutItem",
            "TransactWriteItems",
            "UpdateItem",
        ];
        WRITES.iter().map(|operation| self.calls(operation)).sum()
    }

    /// A function of the lab in this process with these variables and the required ones. Calls are not paced unless
    /// `RATE_LIMITS` is set.
    ///
    /// # Panics
    ///
    /// If the configuration has faults; use [`Lab::try_function`] to see them.
    pub fn function<C: Collector>(&self, variables: &[(&str, &str)]) -> Function<C> {
        self.try_function(variables).expect("a configuration without faults")
    }

    /// Invokes a new function with `payload` and checks the response. The log then has only the calls of this invocation.
    ///
    /// # Panics
    ///
    /// If the configuration has faults, or the response is inconsistent.
    pub async fn invoke<C: Collector>(
        &self,
        variables: &[(&str, &str)],
        payload: &str,
    ) -> Result<serde_json::Value, InvocationError> {
        self.simulator.clear_log();
        let response = self.function::<C>(variables).invoke(payload).await?;
        assert_consistent(self, C::SOURCE, &response);
        Ok(response)
    }

    /// Like [`Lab::function`], but returns the faults of the configuration.
    pub fn try_function<C: Collector>(
        &self,
        variables: &[(&str, &str)],
    ) -> Result<Function<C>, InvocationError> {
        self.function_with(&self.sdk, variables)
    }

    /// Like [`Lab::try_function`], with a given SDK.
    pub fn function_with<C: Collector>(
        &self,
        sdk: &SdkConfig,
        variables: &[(&str, &str)],
    ) -> Result<Function<C>, InvocationError> {
        self.function_at(self.clock(), sdk, variables)
    }

    /// Like [`Lab::function_with`], on a machine with its own clock.
    pub fn function_at<C: Collector>(
        &self,
        clock: Clock,
        sdk: &SdkConfig,
        variables: &[(&str, &str)],
    ) -> Result<Function<C>, InvocationError> {
        let always = [("TABLE_NAME", TABLE), ("AWS_REGION", REGION), ("RATE_LIMITS", UNPACED.as_str())];
        let environment: Environment = always.into_iter().chain(variables.iter().copied()).collect();
        // Separate credentials, so that each call can be assigned to a function.
        let sdk = sdk.to_builder().credentials_provider(logs::credentials(C::SOURCE.package)).build();
        let service = Service::new(&environment, sdk, clock)?;
        let arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", C::SOURCE.package);
        Ok(Function { service, arn, invocations: AtomicU64::new(0) })
    }
}

/// Checks after every test that functions had the permissions for all calls, and that their logs contain no secrets.
impl Drop for Lab {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            permissions::check(&self.simulator.seen());
            logs::check();
        }
    }
}

/// `sdk` with signatures at the time of `clock`. Otherwise the SDK would correct its clock by the dates of the simulated
/// services.
pub fn timed(sdk: SdkConfig, clock: Clock) -> SdkConfig {
    sdk.into_builder().time_source(time_source(clock)).build()
}

fn parse(scenario: Option<&str>, anchor: Timestamp) -> Scenario {
    match scenario {
        Some(text) => Scenario::parse(text, anchor).expect("a scenario without faults"),
        None => Scenario::built_in(anchor),
    }
}

/// The value of `RATE_LIMITS` without limits.
pub static UNPACED: LazyLock<String> = LazyLock::new(|| insights_sources::rate_limits(0));

/// The SDK with the address of a simulator. Retries have no delay.
pub fn sdk(url: &str, timeouts: &TimeoutConfig) -> SdkConfig {
    let retries = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(Duration::from_millis(1))
        .with_max_backoff(Duration::from_millis(5));
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::from_static(REGION))
        .credentials_provider(logs::credentials("lab"))
        .endpoint_url(url)
        .retry_config(retries)
        .timeout_config(timeouts.clone())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}
