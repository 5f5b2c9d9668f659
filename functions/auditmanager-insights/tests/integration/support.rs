//! A simulated account with an embedded table, and the collector in this process.

use auditmanager_insights::AuditmanagerInsights;
use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use insights_shared::invocation::{Context, InvocationError, Service};
use insights_shared::report::Response;
use insights_shared::store::schema::create_table;
use insights_shared::time::{Clock, Timestamp};
use insights_shared::value::{Map, Value, from_attributes, into_attributes};
use insights_simulator::{Options, Scenario, Simulator};
use insights_tests::intercept::{Refusal, refusing};
use insights_tests::{Sent, edited};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// The account of the simulator.
pub const ACCOUNT: &str = "123456789012";
/// The region of the function.
pub const REGION: &str = "eu-west-1";
/// The start of the scenario; the counts of the newest day were published six hours before.
pub const NOW: &str = "2026-03-10T12:00:00Z";
/// Two assessments, a third without data, a domain in both, and a control in all of them.
pub const FIRST: &str = "11111111-2222-3333-4444-555555555555";
/// The second.
pub const SECOND: &str = "22222222-2222-3333-4444-555555555555";
/// The shared domain.
pub const DOMAIN: &str = "arn:aws:controlcatalog:::domain/3u3p5cwdl6agjbrvpaxc0m93n";
/// The shared control.
pub const CONTROL: &str = "99999999-8888-7777-6666-555555555555";

/// The account of most tests. [`keys`] lists its ten snapshots.
pub const STORY: &str = r#"
[auditmanager]
jitter = 0
collected_at = "6h 0m 0.5s"

[[auditmanager.assessments]]
name = "PCI DSS"
id = "11111111-2222-3333-4444-555555555555"
created = "-10d"
roles = [{ type = "PROCESS_OWNER", role = "owner" }]
[[auditmanager.assessments.domains]]
name = "Access"
id = "arn:aws:controlcatalog:::domain/3u3p5cwdl6agjbrvpaxc0m93n"
controls = [
    { name = "Keys", id = "99999999-8888-7777-6666-555555555555", control_set = "A #1", compliant = 8, noncompliant = 2, inconclusive = 1, corrections = [
        { after = "2h", compliant = -3, noncompliant = 3 },
    ] },
    { name = "Keys", id = "99999999-8888-7777-6666-555555555555", control_set = "B", compliant = 3 },
]

[[auditmanager.assessments]]
name = "SOC 2"
id = "22222222-2222-3333-4444-555555555555"
created = "-20d"
[[auditmanager.assessments.domains]]
name = "Access"
id = "arn:aws:controlcatalog:::domain/3u3p5cwdl6agjbrvpaxc0m93n"
controls = [{ name = "Keys", id = "99999999-8888-7777-6666-555555555555", control_set = "A #1", noncompliant = 4 }]

[[auditmanager.assessments]]
name = "ISO 27001"
id = "33333333-2222-3333-4444-555555555555"
created = "-1h"
collects_from = "12h"
[[auditmanager.assessments.domains]]
name = "Data"
controls = [{ name = "Encryption", compliant = 1 }]
"#;

/// The snapshots of 10 March: the parts of their partition keys after the region, in order.
pub fn keys() -> Vec<String> {
    let mut keys = vec![
        "account".to_owned(),
        format!("assessment#{FIRST}"),
        format!("assessment#{SECOND}"),
        format!("domain#{DOMAIN}"),
        format!("assessment#{FIRST}#domain#{DOMAIN}"),
        format!("assessment#{SECOND}#domain#{DOMAIN}"),
        format!("domain#{DOMAIN}#control#{CONTROL}"),
        format!("assessment#{FIRST}#domain#{DOMAIN}#control#{CONTROL}#A %231"),
        format!("assessment#{FIRST}#domain#{DOMAIN}#control#{CONTROL}#B"),
        format!("assessment#{SECOND}#domain#{DOMAIN}#control#{CONTROL}#A %231"),
    ];
    keys.sort();
    keys
}

/// An account and its collected data.
pub struct World {
    /// The services.
    pub simulator: Simulator,
    /// The time of function and services.
    pub now: Timestamp,
    /// The environment of the function besides the required variables.
    pub variables: Vec<(&'static str, String)>,
    sdk: SdkConfig,
    /// The SDK of the function, if answers are changed.
    edited: Option<SdkConfig>,
}

impl World {
    /// An account with `scenario` and an empty table.
    pub async fn of(scenario: &str) -> Self {
        let now: Timestamp = NOW.parse().unwrap();
        let scenario = Scenario::parse(scenario, now).unwrap();
        let options = Options { scenario, clock: Clock::Fixed(now), ..Options::default() };
        let simulator = Simulator::start(options).await.unwrap();
        let sdk = insights_tests::sdk(&simulator.url(), &TimeoutConfig::disabled());
        assert!(create_table(&aws_sdk_dynamodb::Client::new(&sdk), "insights").await.unwrap().is_new);
        simulator.clear_log();
        // Every run requests Audit Manager, also if it was not set up in the run before.
        let recheck = ("NOT_ENABLED_RECHECK_HOURS", "0".to_owned());
        let variables = vec![("RATE_LIMITS", r#"{"default":0}"#.to_owned()), recheck];
        Self { simulator, now, variables, sdk, edited: None }
    }

    /// Lets `edit` change the answers for the function; it returns `true` if it did.
    pub fn edit(&mut self, edit: impl Fn(&Sent, &mut serde_json::Value) -> bool + Send + Sync + 'static) {
        self.edited = Some(edited(&self.sdk, edit));
    }

    /// Rejects requests of the function until the next call of this method.
    pub fn refuse(&mut self, refusals: &[Refusal]) {
        self.edited = Some(refusing(&self.sdk, refusals));
    }

    /// Sets a variable of the function.
    pub fn set(&mut self, name: &'static str, value: &str) {
        self.variables.retain(|(known, _)| *known != name);
        self.variables.push((name, value.to_owned()));
    }

    /// Advances the time.
    pub fn pass(&mut self, seconds: i64) {
        self.now = self.now.plus_seconds(seconds);
        self.simulator.set_clock(Clock::Fixed(self.now));
    }

    /// A scheduled run.
    pub async fn run(&self) -> Response {
        self.invoke("{}").await.unwrap()
    }

    /// A scheduled run that fails.
    pub async fn run_failing(&self) -> InvocationError {
        self.invoke("{}").await.unwrap_err()
    }

    /// An invocation.
    pub async fn invoke(&self, payload: &str) -> Result<Response, InvocationError> {
        self.invoke_within(payload, None).await
    }

    /// An invocation with a deadline after `limit`.
    pub async fn invoke_within(
        &self,
        payload: &str,
        limit: Option<Duration>,
    ) -> Result<Response, InvocationError> {
        let required = [("TABLE_NAME", "insights"), ("AWS_REGION", REGION)];
        let own = self.variables.iter().map(|(name, value)| (*name, value.as_str()));
        let environment = required.into_iter().chain(own).collect();
        let sdk = self.edited.as_ref().unwrap_or(&self.sdk).clone();
        // Signatures have the time of the simulation: otherwise the SDK would correct its clock.
        let sdk = insights_tests::timed(sdk, Clock::Fixed(self.now));
        let service = Service::<AuditmanagerInsights>::new(&environment, sdk, Clock::Fixed(self.now))?;
        let context = Context {
            request_id: format!("request-{}", self.now.millis()),
            function_arn: format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:auditmanager-insights"),
            deadline: limit.map(|limit| tokio::time::Instant::now() + limit),
        };
        service.invoke(payload, &context).await
    }

    /// Every item of the table, by key.
    pub async fn items(&self) -> BTreeMap<(String, String), Map> {
        let client = aws_sdk_dynamodb::Client::new(&self.sdk);
        let pages = client.scan().table_name("insights").into_paginator().items().send();
        let items: Vec<_> = pages.collect::<Result<_, _>>().await.unwrap();
        let read = |item| {
            let item = from_attributes(item).unwrap();
            let key = |name: &str| item[name].as_str().unwrap().to_owned();
            ((key("pk"), key("sk")), item)
        };
        items.into_iter().map(read).collect()
    }

    /// Puts an item unconditionally.
    pub async fn put(&self, item: Map) {
        let put = aws_sdk_dynamodb::Client::new(&self.sdk).put_item().table_name("insights");
        put.set_item(Some(into_attributes(item))).send().await.unwrap();
    }

    /// The items of a kind, or of all kinds with this prefix.
    pub async fn of_kind(&self, kind: &str) -> BTreeMap<(String, String), Map> {
        let mut items = self.items().await;
        items.retain(|_, item| item["kind"].as_str().unwrap().starts_with(kind));
        items
    }

    /// The parts after the region in the partition key of every snapshot.
    pub async fn keys(&self) -> Vec<String> {
        let prefix = format!("auditmanager#{ACCOUNT}#{REGION}#");
        let snapshots = self.of_kind("auditmanager.").await;
        snapshots.keys().map(|(pk, _)| pk.strip_prefix(&prefix).unwrap().to_owned()).collect()
    }

    /// The items that two runs over the same answers have in common: all except `run`, `state` and attributes about the
    /// observation.
    pub async fn contents(&self) -> BTreeMap<(String, String), Map> {
        let mut items = self.items().await;
        items.retain(|_, item| !["run", "state"].contains(&item["kind"].as_str().unwrap()));
        for item in items.values_mut() {
            item.retain(|name, _| !["observed_at", "collected_by", "answered_at"].contains(&name.as_str()));
        }
        items
    }

    /// The calls of the service since the log was cleared.
    pub fn calls(&self) -> Vec<String> {
        let log = self.simulator.log();
        log.into_iter().filter(|call| call.service == "auditmanager").map(|call| call.operation).collect()
    }

    /// Writes to the table since the log was cleared.
    pub fn writes(&self) -> u64 {
        [
            "BatchExecuteStatement",
            "PutItem",
            "UpdateItem",
            "BatchWriteItem",
            "TransactWriteItems",
            "DeleteItem",
        ]
        .iter()
        .map(|operation| self.simulator.calls(operation.parse().unwrap()))
        .sum()
    }
}

/// The integer at `path` in an item.
pub fn number(item: &Map, path: &[&str]) -> i64 {
    let value = Value::Map(item.clone());
    value.at(path).and_then(Value::as_number).unwrap().as_i64().unwrap()
}

/// This number of assessments with the same domains, each with the same controls.
pub fn large(assessments: usize, domains: usize, controls: usize) -> String {
    let mut text = "[auditmanager]\njitter = 0\n".to_owned();
    let control = |index| format!("{{ name = \"control {index}\", compliant = 1 }}");
    let list = (0..controls).map(control).collect::<Vec<_>>().join(", ");
    for assessment in 0..assessments {
        write!(text, "[[auditmanager.assessments]]\nname = \"assessment {assessment}\"\n").unwrap();
        for domain in 0..domains {
            write!(text, "[[auditmanager.assessments.domains]]\nname = \"{domain}\"\ncontrols = [{list}]\n")
                .unwrap();
        }
    }
    text
}
