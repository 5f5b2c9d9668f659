//! A simulated AWS with a table in it, and functions run in it in process.

use crate::function::Function;
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

/// The instant at which a lab begins.
pub const NOW: &str = "2026-03-01T12:00:00Z";
/// The account of the lab's credentials.
pub const ACCOUNT: &str = "123456789012";
/// The region of the lab's functions.
pub const REGION: &str = "eu-west-1";
/// The name of the lab's table.
pub const TABLE: &str = "insights";
/// How often a call is tried in the lab: often enough to get over a fault that befalls it once.
pub const ATTEMPTS: u32 = 3;

/// The instant at `text`, RFC 3339.
///
/// # Panics
///
/// If it is none.
pub fn at(text: &str) -> Timestamp {
    text.parse().expect("a time in RFC 3339")
}

/// A simulator with a table in it. Simulator and functions go by one clock, which stands still until
/// [`Lab::advance`] moves it, or which is the machine's ([`Lab::in_real_time`]).
#[derive(Debug)]
pub struct Lab {
    /// The simulated AWS, to be changed and to be asked for its log.
    pub simulator: Simulator,
    sdk: SdkConfig,
    /// Milliseconds since the epoch; `None` in `real` time.
    now: &'static AtomicI64,
    real: bool,
}

impl Lab {
    /// A lab that tells `scenario` (TOML) as of [`NOW`].
    ///
    /// # Panics
    ///
    /// If the scenario has faults, or the simulator cannot be started.
    pub async fn new(scenario: &str) -> Self {
        Self::with(scenario, |_| ()).await
    }

    /// A lab that tells `scenario` as of [`NOW`], started with what `change` changes of the simulator's options.
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

    /// A lab with the simulator's own story, told as of [`NOW`].
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

    /// A lab that tells `scenario` as of now and goes by the machine's clock, as shipped binaries do.
    ///
    /// # Panics
    ///
    /// If the scenario has faults, or the simulator cannot be started.
    pub async fn in_real_time(scenario: &str) -> Self {
        let now = Clock::System.now();
        let scenario = Scenario::parse(scenario, now).expect("a scenario without faults");
        // A test may put a server that speaks TLS before it, on a port of its own.
        let names = ["localhost", "127.0.0.1"].map(|name| name.parse().expect("a host's name"));
        let options = Options { scenario, allowed_hosts: names.into(), ..Options::default() };
        Self::start(options, None).await
    }

    /// A lab that tells `scenario`, else the simulator's own story, as of `anchor`, and whose clock begins at `now`.
    ///
    /// # Panics
    ///
    /// If the scenario has faults, or the simulator cannot be started.
    pub async fn told(scenario: Option<&str>, anchor: Timestamp, now: Timestamp) -> Self {
        let options =
            Options { scenario: parse(scenario, anchor), clock: Clock::Fixed(now), ..Options::default() };
        Self::start(options, Some(now)).await
    }

    /// Tells another story from now on, as of `anchor`.
    ///
    /// # Panics
    ///
    /// If the scenario has faults.
    pub fn retell(&self, scenario: Option<&str>, anchor: Timestamp) {
        let scenario = parse(scenario, anchor);
        self.simulator.change(|told| *told = scenario);
    }

    async fn start(options: Options, now: Option<Timestamp>) -> Self {
        logs::watch();
        let simulator = Simulator::start(options).await.expect("a simulator on a free port");
        let real = now.is_none();
        // A clock is copied into everything that asks it; eight bytes a lab are left behind.
        let now: &'static AtomicI64 = Box::leak(Box::new(AtomicI64::new(now.map_or(0, Timestamp::millis))));
        let clock = if real { Clock::System } else { Clock::Held(now) };
        let sdk = timed(sdk(&simulator.url(), &TimeoutConfig::disabled()), clock);
        let lab = Self { simulator, sdk, now, real };
        create_table(&lab.dynamodb(), TABLE).await.expect("a table");
        lab.simulator.clear_log();
        lab
    }

    /// What the lab's clock shows.
    pub fn now(&self) -> Timestamp {
        self.clock().now()
    }

    /// The clock that functions are given.
    ///
    /// # Panics
    ///
    /// If the clock was advanced out of the calendar.
    pub fn clock(&self) -> Clock {
        if self.real {
            return Clock::System;
        }
        let now = Timestamp::from_millis(self.now.load(Ordering::SeqCst));
        Clock::Fixed(now.expect("an instant of the calendar"))
    }

    /// Moves the clock of simulator and functions on. Functions made before keep theirs.
    ///
    /// # Panics
    ///
    /// If the lab goes by the machine's clock.
    pub fn advance(&self, seconds: i64) {
        assert!(!self.real, "the machine's clock cannot be moved");
        self.now.fetch_add(seconds * 1_000, Ordering::SeqCst);
        self.simulator.set_clock(self.clock());
    }

    /// The SDK as functions of the lab use it: dummy credentials, no time lost between tries.
    pub fn sdk(&self) -> SdkConfig {
        self.sdk.clone()
    }

    /// The same with a limit for each try and for a whole call, to meet answers that never come.
    pub fn sdk_with_timeouts(&self, read: Duration, operation: Duration) -> SdkConfig {
        let timeouts = TimeoutConfig::builder().read_timeout(read).operation_timeout(operation).build();
        let clock = if self.real { Clock::System } else { Clock::Held(self.now) };
        timed(sdk(&self.simulator.url(), &timeouts), clock)
    }

    /// A client of the table.
    pub fn dynamodb(&self) -> Client {
        Client::new(&self.sdk)
    }

    /// The table as a function uses it, with what `change` changes of the options.
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

    /// Everything in the table. The log forgets the scan.
    pub async fn table(&self) -> Table {
        Table::scan(&self.dynamodb(), TABLE).await
    }

    /// Puts an item past all rules, to stand for what another version or another run has left.
    ///
    /// # Panics
    ///
    /// If the table does not take it.
    pub async fn put(&self, item: Map) {
        let put = self.dynamodb().put_item().table_name(TABLE).set_item(Some(into_attributes(item)));
        put.send().await.expect("the table takes the item");
    }

    /// Deletes an item, past all rules.
    ///
    /// # Panics
    ///
    /// If the table does not let it go.
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

    /// Adds a fault, in the command line's words: `GetInsight=throttle:3`.
    ///
    /// # Panics
    ///
    /// If it is none.
    pub fn fault(&self, fault: &str) {
        self.simulator.fault(fault.parse::<Fault>().expect("a fault"));
    }

    /// The number of requests for `operation` since the log was cleared.
    ///
    /// # Panics
    ///
    /// If no service has the operation, or several have it and none is named.
    pub fn calls(&self, operation: &str) -> u64 {
        self.simulator.calls(operation.parse().expect("an operation"))
    }

    /// A function of the lab, in process, with these variables beside those that it cannot do without. Calls are
    /// unpaced unless `RATE_LIMITS` is among them.
    ///
    /// # Panics
    ///
    /// If the configuration has faults; use [`Lab::try_function`] to see them.
    pub fn function<C: Collector>(&self, variables: &[(&str, &str)]) -> Function<C> {
        self.try_function(variables).expect("a configuration without faults")
    }

    /// As [`Lab::function`], or what is wrong with the configuration.
    pub fn try_function<C: Collector>(
        &self,
        variables: &[(&str, &str)],
    ) -> Result<Function<C>, InvocationError> {
        self.function_with(&self.sdk, variables)
    }

    /// As [`Lab::try_function`], with an SDK of the caller's own.
    pub fn function_with<C: Collector>(
        &self,
        sdk: &SdkConfig,
        variables: &[(&str, &str)],
    ) -> Result<Function<C>, InvocationError> {
        self.function_at(self.clock(), sdk, variables)
    }

    /// As [`Lab::function_with`], on a machine with a clock of its own.
    pub fn function_at<C: Collector>(
        &self,
        clock: Clock,
        sdk: &SdkConfig,
        variables: &[(&str, &str)],
    ) -> Result<Function<C>, InvocationError> {
        let always = [("TABLE_NAME", TABLE), ("AWS_REGION", REGION), ("RATE_LIMITS", UNPACED.as_str())];
        let environment: Environment = always.into_iter().chain(variables.iter().copied()).collect();
        // Its own credentials, so that it is known who calls what.
        let sdk = sdk.to_builder().credentials_provider(logs::credentials(C::SOURCE.package)).build();
        let service = Service::new(&environment, sdk, clock)?;
        let arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", C::SOURCE.package);
        Ok(Function { service, arn, invocations: AtomicU64::new(0) })
    }
}

/// Of every test: what functions called they must be allowed to call, and what they logged holds no secret.
impl Drop for Lab {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            permissions::check(&self.simulator.seen());
            logs::check();
        }
    }
}

/// `sdk`, which signs at the time of `clock`: of a simulation's services it would otherwise take the clock for wrong.
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

/// The SDK led to a simulator's address. Its retries follow at once.
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
