//! The AWS SDK as the functions use it: configured only from the environment, with one HTTP client, requests named and
//! counted per target, and the SDK as the only retry layer.
//!
//! Every environment that runs the functions provides credentials in variables. The SDK's loader, which also reads files,
//! metadata services and other accounts, is therefore not linked: it would be a tenth of the binary.
//!
//! - `answer`: successful responses that are not answers of the service; error codes.
//! - `calls`: names and counts requests, inspects responses.
//! - `connector`: the HTTP connector of the process, built before the first invocation.
//! - `date`: the difference between the services' clocks and the machine's.
//! - `digest`: the hash of the request bodies that are signed.
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

/// Time limits of a call. The limit of the operation includes retries and the wait for the rate limit.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// The time to open a connection.
    pub connect: Duration,
    /// The time until the first byte of the response.
    pub read: Duration,
    /// The time of the whole call, including retries.
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

/// The maximum number of attempts of one call. With limits as low as two calls per second, three attempts would fail within a
/// second.
pub const MAX_ATTEMPTS: u32 = 6;

/// The SDK configuration of the function of `source`, from the SDK's variables: region, credentials, endpoints, certificates,
/// and one HTTP client for all services. Adds every fault to `faults`.
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
    // With this origin, the variable of a service takes precedence over the general endpoint.
    builder.insert_origin("endpoint_url", Origin::shared_environment_variable());
    builder.set_endpoint_url(endpoints.general().map(str::to_owned));
    builder.set_credentials_provider(credentials(environment, faults).map(SharedCredentialsProvider::new));
    builder.set_use_fips(switch(environment, "AWS_USE_FIPS_ENDPOINT", faults));
    builder.set_use_dual_stack(switch(environment, "AWS_USE_DUALSTACK_ENDPOINT", faults));
    builder.set_account_id_endpoint_mode(account_id_endpoint_mode(environment, faults));
    builder.set_app_name(app_name(environment, faults));
    builder.service_config(endpoints).build()
}

/// The time that the SDK uses for signatures. The SDK compares it with the dates of responses and retries errors if they
/// differ too much, so a simulated clock must be passed here too.
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

/// Whether requests to a service go to an endpoint from the environment or from the caller, not to the service's own
/// endpoint. `service_id` is the service's id in the SDK, such as `XRay`.
pub fn is_endpoint_overridden(sdk: &SdkConfig, service_id: &str) -> bool {
    let key =
        ServiceConfigKey::builder().service_id(service_id).env(endpoints::GENERAL).profile("endpoint_url");
    let own = key.build().ok().and_then(|key| sdk.service_config()?.load_config(key));
    own.is_some() || sdk.endpoint_url().is_some()
}

/// The DynamoDB client of the functions, with a faster hash of request bodies. It adds the dates of its responses to `dates`.
pub fn dynamodb(sdk: &SdkConfig, dates: Arc<ServiceDates>) -> aws_sdk_dynamodb::Client {
    aws_sdk_dynamodb::Client::from_conf(
        of_dynamodb(sdk).interceptor(ResponseObserver::json(Some(dates))).build(),
    )
}

/// Returns `client` with the same check of responses as the functions' own clients.
pub(crate) fn watched(client: &aws_sdk_dynamodb::Client) -> aws_sdk_dynamodb::Client {
    let config = client.config().to_builder().interceptor(ResponseObserver::json(None));
    aws_sdk_dynamodb::Client::from_conf(config.build())
}

fn of_dynamodb(sdk: &SdkConfig) -> aws_sdk_dynamodb::config::Builder {
    aws_sdk_dynamodb::config::Builder::from(sdk).interceptor(BodyDigest)
}

/// The credentials in the environment variables that Lambda, `sam local` and shells set. They are not renewed by this
/// process.
fn credentials(environment: &Environment, faults: &mut Faults) -> Option<Credentials> {
    let mut required = |name| {
        let value = environment.get(name);
        if value.is_none() {
            faults.add(name, "", "is required: credentials are only read from the environment");
        }
        value
    };
    let (key_id, secret_key) = (required("AWS_ACCESS_KEY_ID"), required("AWS_SECRET_ACCESS_KEY"));
    let mut builder = Credentials::builder().access_key_id(key_id?).secret_access_key(secret_key?);
    builder.set_session_token(environment.get("AWS_SESSION_TOKEN").map(str::to_owned));
    builder.set_account_id(environment.get("AWS_ACCOUNT_ID").map(Into::into));
    Some(builder.provider_name("EnvironmentVariable").build())
}

/// Reads a variable that must be `true` or `false`.
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
