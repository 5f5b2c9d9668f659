//! Bodies of answers: a whole run of the shipped function, through the real SDK, in which one operation answers what the
//! fuzzer says. The first byte of the input chooses the operation.

use crate::canned::Canned;
use crate::{ACCOUNT, REGION, check_key, now, seed};
use auditmanager_insights::AuditmanagerInsights;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use cloudtrail_insights::CloudtrailInsights;
use futures_util::task::{ArcWake, waker};
use insights_shared::collector::Collector;
use insights_shared::environment::Environment;
use insights_shared::invocation::{self, InvocationError, Service};
use insights_shared::record::Source;
use insights_shared::report::Response;
use insights_shared::time::Clock;
use insights_simulator::{Offline, Scenario};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use xray_insights::XrayInsights;

/// An operation: whose run asks for it, how its `X-Amz-Target` ends or its path, and the list that it answers with.
pub const OPERATIONS: [(Source, &str, &str); 22] = [
    (Source::Xray, "Groups", "Groups"),
    (Source::Xray, "InsightSummaries", "InsightSummaries"),
    (Source::Xray, "Insight", ""),
    (Source::Xray, "InsightEvents", ""),
    (Source::Xray, "InsightImpactGraph", ""),
    (Source::Cloudtrail, "LookupEvents", "Events"),
    (Source::Cloudtrail, "DescribeTrails", ""),
    (Source::Cloudtrail, "GetInsightSelectors", ""),
    (Source::Cloudtrail, "ListInsightsData", ""),
    (Source::Cloudtrail, "ListInsightsMetricData", ""),
    (Source::Auditmanager, "account/status", ""),
    (Source::Auditmanager, "insights", ""),
    (Source::Auditmanager, "assessments", ""),
    (Source::Auditmanager, "insights/assessments/", ""),
    (Source::Auditmanager, "insights/control-domains", ""),
    (Source::Auditmanager, "insights/control-domains-by-assessment", ""),
    (Source::Auditmanager, "insights/controls", ""),
    (Source::Auditmanager, "insights/controls-by-assessment", ""),
    (Source::Xray, "BatchGetItem", ""),
    (Source::Xray, "Query", ""),
    (Source::Cloudtrail, "BatchGetItem", ""),
    (Source::Cloudtrail, "Query", ""),
];

/// Runs the function whose operation the first byte chooses.
pub fn check(data: &[u8]) {
    let Some((first, body)) = data.split_first() else { return };
    let Some(operation) = OPERATIONS.get(usize::from(*first) % OPERATIONS.len()) else { return };
    match operation.0 {
        Source::Xray => run::<XrayInsights>(operation, body),
        Source::Cloudtrail => run::<CloudtrailInsights>(operation, body),
        Source::Auditmanager => run::<AuditmanagerInsights>(operation, body),
    }
}

thread_local! {
    static SERVICES: Arc<Offline> = Arc::new(services());
    static RUNTIME: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
}

/// Services that answer everything else as they should.
pub fn services() -> Offline {
    let scenario = Scenario::parse(seed::SCENARIO, now()).expect("a scenario without faults");
    Offline::new(scenario, Clock::Fixed(now()))
}

fn run<C: Collector>((source, operation, list): &(Source, &'static str, &str), body: &[u8]) {
    let client = SERVICES.with(|services| Canned::new(Arc::clone(services), operation, body.to_vec()));
    let result = RUNTIME.with(|runtime| {
        let _entered = runtime.enter();
        at_once(invoke::<C>(client.clone()))
    });
    SERVICES.with(|services| services.clear_log());
    for put in client.puts() {
        let text = |name: &str| put["Item"][name]["S"].as_str().unwrap_or_default();
        check_key(text("kind"), text("pk"), text("sk"));
    }
    let Some(Ok(response)) = result else { return };
    let counts = &response.counts;
    let sum = counts.written + counts.unchanged + counts.stale + counts.rejected + counts.failed;
    assert_eq!(counts.fetched, sum, "{operation} of {source:?} does not add up: {counts:?}");
    let issues: u64 = response.targets.iter().flat_map(|target| target.issue_counts.values()).sum();
    let given = serde_json::from_slice::<Value>(body).ok();
    let items = given.as_ref().and_then(|given| given.get(*list)?.as_array());
    if *operation != "Groups"
        && items.is_some_and(|items| items.iter().any(Value::is_object))
        && counts.fetched + issues == 0
    {
        panic!("{operation} gave something, and nothing is stored, rejected or reported");
    }
}

/// What `future` comes to without waiting; `None` if it wants time to pass, as before keys are asked for again that the
/// table left.
fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    let woken = Arc::new(Woken(AtomicBool::new(true)));
    let waker = waker(Arc::clone(&woken));
    let mut context = Context::from_waker(&waker);
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

async fn invoke<C: Collector>(client: Canned) -> Result<Response, InvocationError> {
    let environment: Environment = [
        ("TABLE_NAME", "insights"),
        ("AWS_REGION", REGION),
        ("RATE_LIMITS", r#"{"LookupEvents":0,"ListInsightsData":0,"default":0}"#),
        ("CONCURRENCY", "1"),
        // Nothing is too old to be stored.
        ("RETENTION_DAYS", "0"),
        ("LOOKBACK_DAYS", "1"),
    ]
    .into_iter()
    .collect();
    let service = Service::<C>::new(&environment, sdk(client), Clock::Fixed(now()))?;
    let function_arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:fuzz");
    service
        .invoke("{}", &invocation::Context { request_id: "fuzz".to_owned(), function_arn, deadline: None })
        .await
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
