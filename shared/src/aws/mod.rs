//! The AWS SDK as the functions use it: configured from the environment alone, one HTTP client, requests named and counted
//! per target, one retry layer (the SDK's own).
//!
//! Everything that runs the functions puts credentials into the environment. For this reason the SDK's own loader, which also
//! reads files, metadata services and other accounts, is not linked: it would be a tenth of the binary.
//!
//! - `answer`: responses that are not the service's, although their status is a success; the codes of errors.
//! - `calls`: names and counts requests, inspects responses.
//! - `connector`: the HTTP connector of the process, built before the first invocation.
//! - `date`: the difference between the services' clocks and the machine's.
//! - `digest`: the hash that requests to the table are signed with.
//! - `endpoints`: the endpoint variables.
//! - `proxy`: the proxy variables.
//! - `trace`: the trace header of requests.
//! - `trust`: the accepted certificates.

mod answer;
mod calls;
mod connector;
mod date;
mod digest;
mod endpoints;
mod proxy;
mod trace;
mod trust;

pub use answer::NotAnAnswer;
pub use aws_types::SdkConfig;
pub(crate) use calls::ResponseObserver;
pub use calls::{CallCounts, CallObserver, Calls};
pub use date::{ServiceDates, Skew, TOLERATED_MILLIS};
pub use endpoints::{is_endpoint, without_user};
pub use proxy::has_proxy;
pub use trace::with_trace_id;

use crate::environment::Environment;
use crate::fields::Faults;
use crate::record::Source;
use crate::time::Clock;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, TimeSource};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::app_name::AppName;
use aws_types::endpoint_config::AccountIdEndpointMode;
use aws_types::origin::Origin;
use aws_types::region::Region;
use aws_types::service_config::ServiceConfigKey;
use connector::OneConnector;
use digest::BodyDigest;
use endpoints::Endpoints;
use proxy::Proxies;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use trust::Trust;

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

/// The SDK's configuration of the function of `source`, from the SDK's own variables: region, credentials, endpoints, certificates,
/// and one HTTP client for every service that it calls. Every fault goes into `faults`.
pub fn load(environment: &Environment, source: Source, timeouts: Timeouts, faults: &mut Faults) -> SdkConfig {
    let region = environment.get("AWS_REGION").or_else(|| environment.get("AWS_DEFAULT_REGION"));
    let endpoints = Endpoints::read(environment, source, faults);
    let trust = Trust::read(environment, region.unwrap_or_default(), &endpoints, faults);
    let proxies = Proxies::read(environment, faults);
    let timeout_config = TimeoutConfig::builder()
        .connect_timeout(timeouts.connect)
        .read_timeout(timeouts.read)
        .operation_timeout(timeouts.operation)
        .build();
    let mut builder = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(region.map(|region| Region::new(region.to_owned())))
        .http_client(OneConnector::new(timeouts, &trust, &proxies))
        .timeout_config(timeout_config)
        .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .time_source(SharedTimeSource::default());
    // Not chosen in code: what a service's own variable says goes before it.
    builder.insert_origin("endpoint_url", Origin::shared_environment_variable());
    builder.set_endpoint_url(endpoints.general().map(str::to_owned));
    builder.set_credentials_provider(credentials(environment, faults).map(SharedCredentialsProvider::new));
    builder.set_use_fips(switch(environment, "AWS_USE_FIPS_ENDPOINT", faults));
    builder.set_use_dual_stack(switch(environment, "AWS_USE_DUALSTACK_ENDPOINT", faults));
    builder.set_account_id_endpoint_mode(account_id_endpoint_mode(environment, faults));
    builder.set_app_name(app_name(environment, faults));
    builder.service_config(endpoints).build()
}

/// `clock` as the SDK's time, by which it signs. The SDK compares it with the dates of responses, and retries errors where the two
/// differ much: a clock that is moved to a simulation's time must move this one as well.
pub fn time_source(clock: Clock) -> SharedTimeSource {
    SharedTimeSource::new(ClockTime(clock))
}

#[derive(Debug)]
struct ClockTime(Clock);

impl TimeSource for ClockTime {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.0.now().millis().try_into().unwrap_or_default())
    }
}

/// Whether requests to a service go where the environment or the caller says, rather than to the service's own endpoint.
/// `service_id` is the service's id in the SDK, such as `XRay`.
pub fn is_endpoint_overridden(sdk: &SdkConfig, service_id: &str) -> bool {
    let key =
        ServiceConfigKey::builder().service_id(service_id).env(endpoints::GENERAL).profile("endpoint_url");
    let own = key.build().ok().and_then(|key| sdk.service_config()?.load_config(key));
    own.is_some() || sdk.endpoint_url().is_some()
}

/// The client of the table, to which the large requests go. The dates of its responses go into `dates`.
pub fn dynamodb(sdk: &SdkConfig, dates: Arc<ServiceDates>) -> aws_sdk_dynamodb::Client {
    aws_sdk_dynamodb::Client::from_conf(
        of_dynamodb(sdk).interceptor(ResponseObserver::json(Some(dates))).build(),
    )
}

/// `client`, which refuses what is no answer as the functions' own does.
pub(crate) fn watched(client: &aws_sdk_dynamodb::Client) -> aws_sdk_dynamodb::Client {
    let config = client.config().to_builder().interceptor(ResponseObserver::json(None));
    aws_sdk_dynamodb::Client::from_conf(config.build())
}

fn of_dynamodb(sdk: &SdkConfig) -> aws_sdk_dynamodb::config::Builder {
    aws_sdk_dynamodb::config::Builder::from(sdk).interceptor(BodyDigest)
}

/// The credentials that Lambda, `sam local` and a shell give alike. They are as long-lived as the process.
fn credentials(environment: &Environment, faults: &mut Faults) -> Option<Credentials> {
    let mut required = |name| {
        let value = environment.get(name);
        if value.is_none() {
            faults.add(name, "", "is required: credentials are taken from the environment alone");
        }
        value
    };
    let (key_id, secret_key) = (required("AWS_ACCESS_KEY_ID"), required("AWS_SECRET_ACCESS_KEY"));
    let mut builder = Credentials::builder().access_key_id(key_id?).secret_access_key(secret_key?);
    builder.set_session_token(environment.get("AWS_SESSION_TOKEN").map(str::to_owned));
    builder.set_account_id(environment.get("AWS_ACCOUNT_ID").map(Into::into));
    Some(builder.provider_name("EnvironmentVariable").build())
}

/// A variable that is true or false.
fn switch(environment: &Environment, name: &str, faults: &mut Faults) -> Option<bool> {
    let value = environment.get(name)?;
    let known = [("true", true), ("false", false)];
    let found = known.into_iter().find(|(text, _)| value.eq_ignore_ascii_case(text));
    if found.is_none() {
        faults.add(name, value, "must be true or false");
    }
    found.map(|(_, is_on)| is_on)
}

fn account_id_endpoint_mode(environment: &Environment, faults: &mut Faults) -> Option<AccountIdEndpointMode> {
    const NAME: &str = "AWS_ACCOUNT_ID_ENDPOINT_MODE";
    let value = environment.get(NAME)?;
    let mode = value.parse().ok();
    if mode.is_none() {
        faults.add(NAME, value, "must be preferred, disabled or required");
    }
    mode
}

fn app_name(environment: &Environment, faults: &mut Faults) -> Option<AppName> {
    const NAME: &str = "AWS_SDK_UA_APP_ID";
    let value = environment.get(NAME)?;
    let name = AppName::new(value.to_owned()).ok();
    if name.is_none() {
        faults.add(NAME, value, "must be of letters, digits and !#$%&'*+-.^_`|~");
    }
    name
}

#[cfg(test)]
mod tests;
