//! A run of a complete function with the real SDK and without a network, and the checks after every run.

use crate::canned::Canned;
use crate::keys::check_item;
use crate::{ACCOUNT, REGION, now};
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use futures_util::task::{ArcWake, waker};
use insights_shared::collector::Collector;
use insights_shared::environment::Environment;
use insights_shared::invocation::{Context, InvocationError, Service};
use insights_shared::report::Response;
use insights_shared::time::Clock;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

/// Every documented type of error of an invocation, except the one that reports a bug.
const ERROR_TYPES: [&str; 6] = [
    "Config.Invalid",
    "Payload.Invalid",
    "Table.Unavailable",
    "Source.Denied",
    "Source.Throttled",
    "Source.Unavailable",
];

thread_local! {
    static RUNTIME: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
}

/// The result of a run with `payload`; `None` if it waits for time to pass, for example before it requests unprocessed keys
/// again.
pub fn invoke<C: Collector>(client: &Canned, payload: &str) -> Option<Result<Response, InvocationError>> {
    RUNTIME.with(|runtime| {
        let _entered = runtime.enter();
        poll_until_pending(run::<C>(client.clone(), payload))
    })
}

/// Checks a run: documented errors, keys that match their records, consistent counters. Returns the response, if there is one.
pub fn check_response<'a>(
    result: &'a Result<Response, InvocationError>,
    puts: &[Value],
) -> Option<&'a Response> {
    for item in puts {
        check_item(item);
    }
    let response = match result {
        Ok(response) => response,
        Err(error) => {
            assert!(ERROR_TYPES.contains(&error.error_type), "an error of an undocumented type: {error}");
            assert!(!error.message.is_empty(), "an error without a message: {error}");
            return None;
        }
    };
    let whole = &response.counts;
    for counts in response.targets.iter().map(|target| &target.counts).chain([whole]) {
        let sum = counts.written + counts.unchanged + counts.stale + counts.rejected + counts.failed;
        assert_eq!(counts.fetched, sum, "inconsistent counters: {response:?}");
    }
    Some(response)
}

fn poll_until_pending<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    let woken = Arc::new(Woken(AtomicBool::new(true)));
    let waker = waker(Arc::clone(&woken));
    let mut context = std::task::Context::from_waker(&waker);
    while woken.0.swap(false, Ordering::SeqCst) {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
    }
    None
}

struct Woken(AtomicBool);

impl ArcWake for Woken {
    fn wake_by_ref(this: &Arc<Self>) {
        this.0.store(true, Ordering::SeqCst);
    }
}

async fn run<C: Collector>(client: Canned, payload: &str) -> Result<Response, InvocationError> {
    let rates = insights_sources::rate_limits(0);
    let environment: Environment = [
        ("TABLE_NAME", "insights"),
        ("AWS_REGION", REGION),
        ("RATE_LIMITS", rates.as_str()),
        ("CONCURRENCY", "1"),
        // No record is too old to be stored.
        ("RETENTION_DAYS", "0"),
        ("LOOKBACK_DAYS", "1"),
    ]
    .into_iter()
    .collect();
    let service = Service::<C>::new(&environment, sdk(client), Clock::Fixed(now()))?;
    let function_arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:fuzz");
    let context = Context { request_id: "fuzz".to_owned(), function_arn, deadline: None };
    service.invoke(payload, &context).await
}

fn sdk(client: Canned) -> SdkConfig {
    let credentials = Credentials::new("AKIAFUZZ", "secret", None, None, "fuzz");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::from_static(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url("http://simulated.invalid")
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(client)
        .build()
}
