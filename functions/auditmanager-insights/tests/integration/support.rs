//! A simulated account with an embedded table, and the collector in this process.

use auditmanager_insights::AuditmanagerInsights;
use aws_config::SdkConfig;
use insights_shared::invocation::InvocationError;
use insights_shared::report::Response;
use insights_shared::value::{Map, Value};
use insights_tests::intercept::{Refusal, refusing};
use insights_tests::{ACCOUNT, Lab, REGION, Sent, at, edited};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Deref;
use std::time::Duration;

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

/// A [`Lab`] with a function of Audit Manager, whose variables and requests a test can change.
pub struct World {
    lab: Lab,
    /// The environment of the function besides the required variables.
    pub variables: Vec<(&'static str, String)>,
    /// The SDK of the function.
    sdk: SdkConfig,
}

impl Deref for World {
    type Target = Lab;

    fn deref(&self) -> &Lab {
        &self.lab
    }
}

impl World {
    /// An account with `scenario` and an empty table.
    pub async fn of(scenario: &str) -> Self {
        let lab = Lab::anchored(Some(scenario), at(NOW), at(NOW)).await;
        let sdk = lab.sdk();
        // Every run requests Audit Manager, also if it was not set up in the run before.
        let variables = vec![("NOT_ENABLED_RECHECK_HOURS", "0".to_owned())];
        Self { lab, variables, sdk }
    }

    /// Lets `edit` change the answers for the function; it returns `true` if it did.
    pub fn edit(&mut self, edit: impl Fn(&Sent, &mut serde_json::Value) -> bool + Send + Sync + 'static) {
        self.sdk = edited(&self.lab.sdk(), edit);
    }

    /// Rejects requests of the function until the next call of this method.
    pub fn refuse(&mut self, refusals: &[Refusal]) {
        self.sdk = refusing(&self.lab.sdk(), refusals);
    }

    /// Sets a variable of the function.
    pub fn set(&mut self, name: &'static str, value: &str) {
        self.variables.retain(|(known, _)| *known != name);
        self.variables.push((name, value.to_owned()));
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
        let variables: Vec<_> = self.variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let function = self.lab.function_with::<AuditmanagerInsights>(&self.sdk, &variables)?;
        let deadline = limit.map(|limit| tokio::time::Instant::now() + limit);
        function.respond(payload, |context| context.deadline = deadline).await
    }

    /// Every item of the table, by key.
    pub async fn items(&self) -> BTreeMap<(String, String), Map> {
        self.lab.table().await.0.into_iter().map(|(key, item)| ((key.pk, key.sk), item)).collect()
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
    pub fn service_calls(&self) -> Vec<String> {
        let log = self.simulator.log();
        log.into_iter().filter(|call| call.service == "auditmanager").map(|call| call.operation).collect()
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
