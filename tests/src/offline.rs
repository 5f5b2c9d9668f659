//! The SDK over an HTTP client of our own, without sockets. Each of the labs without sockets says what its client does, and
//! how often the SDK may try.

use crate::logs;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_async::time::{SharedTimeSource, TimeSource};
use aws_smithy_runtime_api::client::http::HttpClient;
use insights_shared::time::Clock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The time of a simulation, for the SDK to sign by: it compares it with the dates of responses, and takes denials for the
/// consequence of a wrong clock if the two differ.
#[derive(Debug)]
struct SimulatedTime(Clock);

impl TimeSource for SimulatedTime {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.0.now().millis().try_into().unwrap_or_default())
    }
}

/// `clock` as the SDK's own.
pub(crate) fn time_source(clock: Clock) -> SharedTimeSource {
    SharedTimeSource::new(SimulatedTime(clock))
}

/// The SDK in `region` over `client`, trying as often as `retries` allow, at the time of `clock`.
pub(crate) fn sdk(
    client: impl HttpClient + 'static,
    region: &'static str,
    retries: RetryConfig,
    clock: Clock,
) -> SdkConfig {
    logs::watch();
    SdkConfig::builder()
        .time_source(time_source(clock))
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::from_static(region))
        .credentials_provider(logs::credentials("offline"))
        .endpoint_url("http://simulated.invalid")
        .retry_config(retries)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(client)
        .build()
}
