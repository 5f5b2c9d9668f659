//! The SDK with our own HTTP client instead of sockets. Each lab without sockets defines its client and the number of
//! attempts.

use crate::logs;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_runtime_api::client::http::HttpClient;
use insights_shared::aws::time_source;
use insights_shared::time::Clock;

/// The SDK in `region` with `client` and `retries`, at the time of `clock`.
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
