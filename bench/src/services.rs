//! The simulated services with a table in memory. Every request is counted by its content.
//!
//! A request is identified by a hash of its operation, path and body. A stored record contains the time when it was stored,
//! so writes of records are identified by key and content instead.

use crate::Failure;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::StreamSpecification;
use insights_shared::store::schema::create_table;
use insights_shared::time::{Clock, Timestamp};
use insights_simulator::{Options, Scenario, Service, Simulator};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The region of the benchmarks.
pub const REGION: &str = "eu-west-1";
/// The name of the table.
pub const TABLE: &str = "insights";

/// Running services.
#[derive(Debug)]
pub struct Services {
    simulator: Simulator,
    client: Client,
    anchor: Timestamp,
    calls: Arc<Mutex<Calls>>,
}

/// The requests so far.
#[derive(Debug, Default)]
struct Calls {
    by_request: HashMap<u64, u32>,
    by_operation: BTreeMap<(&'static str, String), u64>,
    twice: Vec<String>,
    /// The written items, by a hash of their keys.
    written: HashSet<u64>,
    /// The number of points in each chunk, by a hash of its key.
    points: HashMap<u64, u64>,
}

/// The operations that write items.
const WRITES: [&str; 4] = ["BatchExecuteStatement", "BatchWriteItem", "PutItem", "UpdateItem"];
/// The service of the table.
const TABLE_SERVICE: Service = insights_simulator::dynamodb::SERVICE;

/// The maximum number of repeated requests that are shown.
const MOST_SHOWN: usize = 5;

impl Services {
    /// Starts services with `scenario` relative to the current time, without rate limits, and with an empty table.
    pub async fn start(scenario: &str) -> Result<Self, Failure> {
        Self::start_as_of(scenario, Clock::System.now()).await
    }

    /// Like [`Services::start`], with times relative to `anchor`.
    pub async fn start_as_of(scenario: &str, anchor: Timestamp) -> Result<Self, Failure> {
        let scenario = parse(scenario, anchor)?;
        let calls: Arc<Mutex<Calls>> = Arc::default();
        let counted = Arc::clone(&calls);
        let observer = move |service: Service, operation: &str, path: &str, body: &[u8]| {
            counted.lock().unwrap_or_else(PoisonError::into_inner).count(service, operation, path, body);
        };
        let options = Options { scenario, observer: Some(Arc::new(observer)), ..Options::default() };
        let simulator = Simulator::start(options).await?;
        let client = Client::new(&sdk(&simulator.url()));
        create_table(&client, TABLE).await.map_err(|error| error.to_string())?;
        without_stream(&client).await?;
        let services = Self { simulator, client, anchor, calls };
        services.forget();
        Ok(services)
    }

    /// Replaces the scenario. Its times are relative to the same time as those of the first scenario.
    pub fn change(&self, scenario: &str) -> Result<(), Failure> {
        let scenario = parse(scenario, self.anchor)?;
        self.simulator.change(|current| *current = scenario);
        Ok(())
    }

    /// Resets the counts of requests, but not the stored data.
    pub fn forget(&self) {
        let mut calls = self.calls();
        let points = std::mem::take(&mut calls.points);
        *calls = Calls { points, ..Calls::default() };
    }

    /// The number of points in the chunks that were written.
    pub fn points(&self) -> u64 {
        self.calls().points.values().sum()
    }

    /// A client of the table, whose requests are also counted.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The URL of the services.
    pub fn url(&self) -> String {
        self.simulator.url()
    }

    /// The number of requests to the service and to the table.
    pub fn requests(&self) -> (u64, u64) {
        self.calls().requests()
    }

    /// The number of written items. An item that was written twice counts twice.
    pub fn items_written(&self) -> u64 {
        self.calls().written.len() as u64
    }

    /// The number of requests that repeated an earlier one, and the first of them.
    pub fn repeated(&self) -> (u64, Vec<String>) {
        let calls = self.calls();
        let repeated = calls.by_request.values().map(|times| u64::from(times - 1)).sum();
        (repeated, calls.twice.clone())
    }

    /// Stops the services.
    pub async fn stop(self) {
        self.simulator.stop().await;
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Calls {
    fn requests(&self) -> (u64, u64) {
        let all: u64 = self.by_operation.values().sum();
        let table = self.by_operation.iter().filter(|((service, _), _)| *service == TABLE_SERVICE.name());
        let table: u64 = table.map(|(_, count)| count).sum();
        (all - table, table)
    }

    fn count(&mut self, service: Service, operation: &str, path: &str, body: &[u8]) {
        *self.by_operation.entry((service.name(), operation.to_owned())).or_default() += 1;
        let writes = WRITES.contains(&operation).then(|| serde_json::from_slice(body).ok()).flatten();
        for item in writes.iter().flat_map(items) {
            let number = key_number(&item);
            self.written.insert(number);
            if let Some(points) = item.get("timestamps").and_then(|list| list.get("L")?.as_array()) {
                self.points.insert(number, points.len() as u64);
            }
        }
        let put = writes.filter(|_| operation == "PutItem");
        let times = self.by_request.entry(request(operation, path, body, put.as_ref())).or_default();
        *times += 1;
        if *times > 1 && self.twice.len() < MOST_SHOWN {
            let start: String = String::from_utf8_lossy(body).chars().take(400).collect();
            self.twice.push(format!("{operation} {path} {start}"));
        }
    }
}

/// The hash that identifies a request.
fn request(operation: &str, path: &str, body: &[u8], put: Option<&Value>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (operation, path).hash(&mut hasher);
    match put {
        Some(put) => {
            for name in ["pk", "sk", "content_hash", "revision"] {
                let text = put.get("Item").and_then(|item| item.get(name)?.get("S")?.as_str());
                text.hash(&mut hasher);
            }
        }
        None => body.hash(&mut hasher),
    }
    hasher.finish()
}

/// The items that a request writes. For an update, only the key.
fn items(write: &Value) -> Vec<Cow<'_, Value>> {
    let tables = write.get("RequestItems").and_then(Value::as_object);
    let batch = tables.into_iter().flat_map(|tables| tables.values().filter_map(Value::as_array).flatten());
    let batch = batch.filter_map(|one| one.get("PutRequest")?.get("Item"));
    let one = [write.get("Item"), write.get("Key")].into_iter().flatten();
    let statements = write.get("Statements").and_then(Value::as_array).into_iter().flatten();
    batch.chain(one).map(Cow::Borrowed).chain(statements.filter_map(inserted).map(Cow::Owned)).collect()
}

/// The item of the statement `INSERT INTO "table" VALUE {'name': ?, …}`. Its names contain no quotes, and all values are
/// parameters.
fn inserted(statement: &Value) -> Option<Value> {
    let names = statement.get("Statement")?.as_str()?.split('\'').skip(1).step_by(2);
    let parameters = statement.get("Parameters")?.as_array()?;
    Some(names.map(str::to_owned).zip(parameters.iter().cloned()).collect())
}

fn key_number(item: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    for name in ["pk", "sk"] {
        item.get(name).and_then(|value| value.get("S")?.as_str()).hash(&mut hasher);
    }
    hasher.finish()
}

fn parse(scenario: &str, anchor: Timestamp) -> Result<Scenario, Failure> {
    Ok(Scenario::parse(scenario, anchor).map_err(|faults| faults.to_string())?)
}

/// Disables the stream of the table. The embedded database numbers each change by reading all earlier changes, so a hundred
/// times the data would take ten thousand times as long. DynamoDB does not do this.
async fn without_stream(client: &Client) -> Result<(), Failure> {
    let off = StreamSpecification::builder().stream_enabled(false).build()?;
    client.update_table().table_name(TABLE).stream_specification(off).send().await?;
    Ok(())
}

fn sdk(url: &str) -> SdkConfig {
    let credentials = Credentials::new("AKIABENCH", "secret", None, None, "bench");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::from_static(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(url)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_item_counts_once_for_every_type_of_write() {
        let item = |sk: &str| json!({"pk": {"S": "a"}, "sk": {"S": sk}, "timestamps": {"L": [{"N": "1"}, {"N": "2"}]}});
        let insert = json!({
            "Statement": "INSERT INTO \"t\" VALUE {'sk': ?, 'timestamps': ?, 'pk': ?}",
            "Parameters": [{"S": "2"}, {"L": [{"N": "1"}, {"N": "2"}]}, {"S": "a"}],
        });
        let put = |sk| json!({"PutRequest": {"Item": item(sk)}});
        let mut calls = Calls::default();
        for (operation, body, written, points) in [
            ("PutItem", json!({"TableName": "t", "Item": item("1")}), 1, 2),
            ("UpdateItem", json!({"TableName": "t", "Key": {"pk": {"S": "a"}, "sk": {"S": "1"}}}), 1, 2),
            ("BatchWriteItem", json!({"RequestItems": {"t": [put("1"), put("3")]}}), 2, 4),
            ("BatchExecuteStatement", json!({"Statements": [insert]}), 3, 6),
            ("BatchGetItem", json!({"RequestItems": {"t": {"Keys": [item("4")]}}}), 3, 6),
        ] {
            calls.count(TABLE_SERVICE, operation, "/", body.to_string().as_bytes());
            let found = (calls.written.len(), calls.points.values().sum::<u64>());
            assert_eq!(found, (written, points), "after {operation}");
        }
    }

    #[test]
    fn requests_are_the_services_or_the_tables() {
        let mut calls = Calls::default();
        calls.count(insights_simulator::xray::SERVICE, "GetInsight", "/", b"{}");
        for operation in
            ["BatchWriteItem", "BatchExecuteStatement", "PutItem", "UpdateItem", "BatchGetItem", "Query"]
        {
            calls.count(TABLE_SERVICE, operation, "/", b"{}");
        }
        assert_eq!(calls.requests(), (1, 6));
    }
}
