//! Regions with and without the service: the conclusions from a missing endpoint.

use crate::support::{NOW, STORY};
use auditmanager_insights::AuditmanagerInsights;
use auditmanager_insights::availability::{Lookup, Resolver};
use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use futures_util::future::FutureExt;
use insights_shared::aws::Timeouts;
use insights_shared::collector::{Checkpoint, Collector};
use insights_shared::environment::Environment;
use insights_shared::fields::Faults;
use insights_shared::invocation::{Context, Service};
use insights_shared::record::Source;
use insights_shared::store::schema::create_table;
use insights_shared::target_run::TargetRun;
use insights_shared::time::{Clock, Timestamp};
use insights_simulator::{Options, Scenario, Simulator};
use insights_sources::auditmanager;
use insights_tests::{ACCOUNT, ATTEMPTS};
use serde_json::Value;
use std::io;
use std::sync::{Arc, Mutex};

/// The handling of requests to a service.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// The simulator responds.
    Open,
    /// The connection fails.
    Closed,
    /// The connection of the first request fails.
    ClosedOnce,
    /// The connection times out.
    Silent,
}

/// An HTTP client that maps the names of real endpoints to the simulator or to failures.
#[derive(Clone, Debug)]
struct Roads {
    inner: SharedHttpClient,
    simulator: String,
    auditmanager: Way,
    sts: Way,
    /// The requested hosts.
    asked: Arc<Mutex<Vec<String>>>,
}

#[derive(Debug)]
struct Road {
    roads: Roads,
    inner: SharedHttpConnector,
}

impl HttpClient for Roads {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Road { roads: self.clone(), inner })
    }
}

impl HttpConnector for Road {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let uri = request.uri().to_owned();
        let (_, rest) = uri.split_once("://").unwrap();
        let (host, path) =
            rest.split_once('/').map_or((rest, String::new()), |(host, path)| (host, format!("/{path}")));
        let before = {
            let mut asked = self.roads.asked.lock().unwrap();
            asked.push(host.to_owned());
            asked.iter().filter(|other| *other == host).count()
        };
        // A custom endpoint has another host name.
        let is_auditmanager = host.starts_with("auditmanager")
            || path.starts_with("/account/")
            || path.starts_with("/insights");
        let way = if is_auditmanager {
            self.roads.auditmanager
        } else if host.starts_with("sts") {
            self.roads.sts
        } else {
            Way::Open
        };
        match way {
            Way::Silent => HttpConnectorFuture::ready(Err(ConnectorError::timeout("no answer".into()))),
            Way::Closed => HttpConnectorFuture::ready(Err(unconnected())),
            Way::ClosedOnce if before == 1 => HttpConnectorFuture::ready(Err(unconnected())),
            Way::Open | Way::ClosedOnce => {
                request.set_uri(format!("{}{path}", self.roads.simulator)).unwrap();
                self.inner.call(request)
            }
        }
    }
}

/// The errors of a resolver for an unknown name and of a firewall: the texts depend on the system and have no meaning
/// here.
fn unconnected() -> ConnectorError {
    ConnectorError::io(io::Error::other("client error (Connect)").into())
}

/// The collector with a resolver that knows `NAMES`, fails for names with `?`, and records requests in `LOOKUPS`.
#[derive(Debug)]
struct WithResolver(AuditmanagerInsights);

/// All resolved names, with the mark of the test.
static LOOKUPS: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

impl Collector for WithResolver {
    const SOURCE: Source = auditmanager::SOURCE;

    fn read(environment: &Environment, faults: &mut Faults) -> Self {
        let mark = environment.get("MARK").unwrap().to_owned();
        let names = environment.get("NAMES").unwrap_or_default().to_owned();
        let resolver = Resolver::new(move |host| {
            LOOKUPS.lock().unwrap().push((mark.clone(), host.clone()));
            let lookup = match names.split(',').find(|name| name.trim_start_matches('?') == host) {
                Some(name) if name.starts_with('?') => Lookup::Unknown,
                Some(_) => Lookup::Resolves,
                None => Lookup::NoSuchName,
            };
            async move { lookup }.boxed()
        });
        Self(AuditmanagerInsights { resolver, ..AuditmanagerInsights::read(environment, faults) })
    }

    fn prepare(sdk: &SdkConfig) {
        AuditmanagerInsights::prepare(sdk);
    }

    async fn collect(&self, run: &TargetRun) -> Checkpoint {
        self.0.collect(run).await
    }
}

/// The result of a run.
struct Shown {
    /// The response, or `error` with the error of the invocation.
    response: Value,
    /// The requests to Audit Manager and STS, and the lookups.
    calls: (usize, usize),
    lookups: Vec<String>,
}

/// Runs in `regions` with these connections and names, and with an SDK that `change` modifies.
async fn run(
    mark: &str,
    regions: &[&str],
    (auditmanager, sts): (Way, Way),
    names: &str,
    fault: Option<&str>,
    change: impl FnOnce(SdkConfig) -> SdkConfig,
) -> Shown {
    let now: Timestamp = NOW.parse().unwrap();
    let scenario = Scenario::parse(STORY, now).unwrap();
    let simulator =
        Simulator::start(Options { scenario, clock: Clock::Fixed(now), ..Options::default() }).await.unwrap();
    let plain = insights_tests::sdk(&simulator.url(), &TimeoutConfig::disabled());
    create_table(&aws_sdk_dynamodb::Client::new(&plain), "insights").await.unwrap();
    if let Some(fault) = fault {
        simulator.fault(fault.parse().unwrap());
    }
    let asked = Arc::new(Mutex::new(Vec::new()));
    let roads = Roads {
        inner: plain.http_client().unwrap(),
        simulator: simulator.url(),
        auditmanager,
        sts,
        asked: Arc::clone(&asked),
    };
    let mut builder = plain.to_builder().http_client(roads);
    builder.set_endpoint_url(None);
    let sdk = change(builder.build());
    let environment: Environment = [
        ("TABLE_NAME", "insights"),
        ("AWS_REGION", "eu-west-1"),
        ("RATE_LIMITS", r#"{"default":0}"#),
        ("MARK", mark),
        ("NAMES", names),
    ]
    .into_iter()
    .collect();
    let service = Service::<WithResolver>::new(&environment, sdk, Clock::Fixed(now)).unwrap();
    let context = Context {
        request_id: "request".to_owned(),
        function_arn: format!("arn:aws:lambda:eu-west-1:{ACCOUNT}:function:auditmanager-insights"),
        deadline: None,
    };
    let payload = serde_json::json!({"targets": [{"account_id": ACCOUNT, "regions": regions}]}).to_string();
    let response = match service.invoke(&payload, &context).await {
        Ok(response) => serde_json::to_value(&response).unwrap(),
        Err(error) => serde_json::json!({"error": error.to_string()}),
    };
    let asked = asked.lock().unwrap();
    let count = |prefix: &str| asked.iter().filter(|host| host.starts_with(prefix)).count();
    let lookups = LOOKUPS.lock().unwrap();
    let lookups = lookups.iter().filter(|(other, _)| other == mark).map(|(_, host)| host.clone()).collect();
    Shown { response, calls: (count("auditmanager"), count("sts")), lookups }
}

const HOST: &str = "auditmanager.eu-west-3.amazonaws.com";

#[tokio::test]
async fn a_region_has_no_service_if_the_endpoint_does_not_resolve_while_sts_responds() {
    // Any response of STS counts as an answer.
    for (index, fault) in [
        None,
        Some("GetCallerIdentity=denied"),
        Some("GetCallerIdentity=expired"),
        Some("GetCallerIdentity=throttle"),
        Some("GetCallerIdentity=error500"),
        Some("GetCallerIdentity=html503"),
    ]
    .into_iter()
    .enumerate()
    {
        let mark = format!("absent{index}");
        let shown = run(&mark, &["eu-west-3"], (Way::Closed, Way::Open), "", fault, |sdk| sdk).await;
        assert_eq!(shown.response["status"], "not_enabled", "{fault:?}: {}", shown.response);
        assert_eq!(shown.response["targets"][0]["issues"], serde_json::json!([]));
        // One request, one lookup, one request to STS.
        assert_eq!((shown.calls, shown.lookups), ((1, 1), vec![HOST.to_owned()]), "{fault:?}");
    }
}

#[tokio::test]
async fn other_connection_failures_fail_the_target() {
    for (mark, ways, names, expected, calls, lookups) in [
        ("both closed", (Way::Closed, Way::Closed), "", "Connection: ", 1, vec![HOST]),
        ("sts silent", (Way::Closed, Way::Silent), "", "STS in eu-west-3 does not answer", 1, vec![HOST]),
        (
            "name resolves",
            (Way::Closed, Way::Open),
            HOST,
            "resolves, so the region has the service",
            0,
            vec![HOST],
        ),
        (
            "resolver fails",
            (Way::Closed, Way::Open),
            "?auditmanager.eu-west-3.amazonaws.com",
            "it is not known whether auditmanager.eu-west-3.amazonaws.com resolves",
            0,
            vec![HOST],
        ),
        ("silent", (Way::Silent, Way::Open), "", "Timeout: ", 0, vec![]),
    ] {
        let shown = run(mark, &["eu-west-3"], ways, names, None, |sdk| sdk).await;
        let error = shown.response["error"].as_str().unwrap_or_else(|| panic!("{mark}: {}", shown.response));
        assert!(error.starts_with("Source.Unavailable") && error.contains(expected), "{mark}: {error}");
        assert_eq!(
            (shown.calls.1, shown.lookups.as_slice()),
            (calls, &lookups.iter().map(ToString::to_string).collect::<Vec<_>>()[..]),
            "{mark}"
        );
        assert!(shown.calls.0 > 1, "{mark}: asked again with retries");
    }
}

/// `sdk` with a custom endpoint for STS only.
fn with_sts_elsewhere(sdk: &SdkConfig) -> SdkConfig {
    let environment: Environment = [
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL_STS", "http://elsewhere.invalid"),
    ]
    .into_iter()
    .collect();
    let mut faults = Faults::default();
    let loaded =
        insights_shared::aws::load(&environment, auditmanager::SOURCE, Timeouts::default(), &mut faults);
    assert!(faults.is_empty(), "{faults}");
    let loaded = loaded.to_builder().http_client(sdk.http_client().unwrap());
    loaded.retry_config(sdk.retry_config().unwrap().clone()).build()
}

#[tokio::test]
async fn an_sts_endpoint_in_another_place_is_no_evidence_about_the_region() {
    let shown = run("sts elsewhere", &["eu-west-3"], (Way::Closed, Way::Open), "", None, |sdk| {
        with_sts_elsewhere(&sdk)
    })
    .await;
    let error = shown.response["error"].as_str().unwrap_or_else(|| panic!("{}", shown.response));
    assert!(error.starts_with("Source.Unavailable"), "{error}");
    assert!(error.contains("requests to STS do not go to eu-west-3"), "{error}");
    assert_eq!(shown.lookups, [HOST]);
}

/// A region of each other partition with the name of its endpoint.
const OTHER_PARTITIONS: [(&str, &str); 6] = [
    ("cn-north-1", "auditmanager.cn-north-1.amazonaws.com.cn"),
    ("us-gov-west-1", "auditmanager.us-gov-west-1.amazonaws.com"),
    ("us-iso-east-1", "auditmanager.us-iso-east-1.c2s.ic.gov"),
    ("us-isob-east-1", "auditmanager.us-isob-east-1.sc2s.sgov.gov"),
    ("eu-isoe-west-1", "auditmanager.eu-isoe-west-1.cloud.adc-e.uk"),
    ("eusc-de-east-1", "auditmanager.eusc-de-east-1.amazonaws.eu"),
];

#[tokio::test]
async fn in_other_partitions_an_unresolved_name_is_sufficient() {
    for (region, host) in OTHER_PARTITIONS {
        for sts in [Way::Open, Way::Closed] {
            let mark = format!("{region} {sts:?}");
            let shown = run(&mark, &[region], (Way::Closed, sts), "", None, |sdk| sdk).await;
            assert_eq!(shown.response["status"], "not_enabled", "{mark}: {}", shown.response);
            assert_eq!((shown.calls, shown.lookups), ((1, 0), vec![host.to_owned()]), "{mark}");
        }
        let mark = format!("{region}, sts elsewhere");
        let closed = (Way::Closed, Way::Open);
        let shown = run(&mark, &[region], closed, "", None, |sdk| with_sts_elsewhere(&sdk)).await;
        assert_eq!(shown.response["status"], "not_enabled", "{mark}: {}", shown.response);
    }
}

#[tokio::test]
async fn other_partitions_are_called_unless_the_name_does_not_resolve() {
    let unchanged = |sdk: SdkConfig| sdk;
    let chosen = |sdk: SdkConfig| sdk.to_builder().endpoint_url("http://vpce.invalid").build();
    for (region, host) in OTHER_PARTITIONS {
        let (mark, open) = (format!("{region} open"), (Way::Open, Way::Closed));
        let shown = run(&mark, &[region], open, "", None, |sdk| sdk).await;
        assert_eq!(
            (&shown.response["status"], &shown.response["written"]),
            (&"ok".into(), &10.into()),
            "{mark}"
        );
        let mark = format!("{region} chosen");
        let shown = run(&mark, &[region], open, "", None, chosen).await;
        assert_eq!(
            (&shown.response["status"], &shown.response["written"]),
            (&"ok".into(), &10.into()),
            "{mark}"
        );
        for (what, way, names, change) in [
            ("resolver fails", Way::Closed, format!("?{host}"), unchanged as fn(SdkConfig) -> SdkConfig),
            ("name resolves", Way::Closed, host.to_owned(), unchanged),
            ("silent", Way::Silent, String::new(), unchanged),
            ("chosen and closed", Way::Closed, String::new(), chosen),
        ] {
            let mark = format!("{region} {what}");
            let shown = run(&mark, &[region], (way, Way::Open), &names, None, change).await;
            let error =
                shown.response["error"].as_str().unwrap_or_else(|| panic!("{mark}: {}", shown.response));
            assert!(error.starts_with("Source.Unavailable"), "{mark}: {error}");
            assert_eq!(shown.calls.1, 0, "{mark}: STS is not asked");
        }
    }
}

#[tokio::test]
async fn a_failure_is_retried_only_by_the_sdk() {
    // These include requests without a connection ("reset"). The SDK has one retry budget per region and process, so
    // each case has its own region.
    for (kind, region) in [
        ("denied", "eu-central-1"),
        ("expired", "eu-central-2"),
        ("throttle", "eu-south-1"),
        ("error500", "eu-south-2"),
        ("html503", "ap-south-1"),
        ("reset", "ap-south-2"),
        ("truncate", "ap-east-1"),
    ] {
        let host = format!("auditmanager.{region}.amazonaws.com");
        let fault = format!("GetAccountStatus={kind}");
        let open = (Way::Open, Way::Open);
        let shown = run(kind, &[region], open, &host, Some(&fault), |sdk| sdk).await;
        // With a custom endpoint, the call is an ordinary one.
        let plain = run(&format!("{kind} plain"), &[region], open, &host, Some(&fault), |sdk| {
            sdk.to_builder().endpoint_url("http://chosen.invalid").build()
        })
        .await;
        assert_eq!(shown.response["status"], "partial", "{kind}: {}", shown.response);
        let requests = |shown: &Shown| shown.response["api_calls"]["GetAccountStatus"].as_u64().unwrap();
        assert_eq!(requests(&shown), requests(&plain), "{kind}: {}", shown.response);
        assert!(requests(&shown) <= u64::from(ATTEMPTS), "{kind}");
        let issues = shown.response["targets"][0]["issues"].as_array().unwrap();
        assert_eq!(issues.len(), 1, "{kind}: {issues:?}");
    }
}

#[tokio::test]
async fn every_region_of_the_partition_is_called_including_new_ones() {
    let regions = ["eu-west-3", "eu-north-1", "il-central-1", "mx-central-1", "eu-west-1"];
    let shown = run("new regions", &regions, (Way::Open, Way::Closed), "", None, |sdk| sdk).await;
    assert_eq!((&shown.response["status"], &shown.response["written"]), (&"ok".into(), &50.into()));
    assert_eq!((shown.calls.1, shown.lookups.len()), (0, 0), "what answers needs no conclusion");
}

#[tokio::test]
async fn a_custom_endpoint_is_no_evidence_about_the_region() {
    let shown = run("chosen", &["eu-west-3"], (Way::Closed, Way::Open), "", None, |sdk| {
        sdk.to_builder().endpoint_url("http://elsewhere.invalid").build()
    })
    .await;
    let error = shown.response["error"].as_str().unwrap();
    assert!(error.contains("Connection: ") && !error.contains("resolve"), "{error}");
    assert_eq!((shown.calls.1, shown.lookups.len()), (0, 0));
}

#[tokio::test]
async fn a_temporary_failure_has_no_effect() {
    let shown = run("passing", &["eu-west-3"], (Way::ClosedOnce, Way::Closed), "", None, |sdk| sdk).await;
    assert_eq!((&shown.response["status"], &shown.response["written"]), (&"ok".into(), &10.into()));
    let shown =
        run("denied", &["eu-west-3"], (Way::Open, Way::Open), "", Some("auditmanager:*=denied"), |sdk| sdk)
            .await;
    assert!(shown.response["error"].as_str().unwrap().starts_with("Source.Denied"), "{}", shown.response);
    assert_eq!((shown.calls.1, shown.lookups.len()), (0, 0), "a denial is an answer");
}

#[tokio::test]
async fn the_resolved_name_is_that_of_the_endpoint() {
    for (mark, fips, dual_stack, host) in [
        ("fips", true, false, "auditmanager-fips.eu-west-3.amazonaws.com"),
        ("dual stack", false, true, "auditmanager.eu-west-3.api.aws"),
    ] {
        let shown = run(mark, &["eu-west-3"], (Way::Closed, Way::Open), "", None, |sdk| {
            sdk.to_builder().use_fips(fips).use_dual_stack(dual_stack).build()
        })
        .await;
        assert_eq!(shown.lookups, [host], "{mark}: {}", shown.response);
        assert_eq!(shown.response["status"], "not_enabled", "{mark}");
    }
}
