//! The simulated services with a table in memory, and every request to them counted by what it asks.
//!
//! A request is known by a hash of its operation, path and body. A record that is put says when it was stored, so that two
//! puts of one record differ: they are known by their key and content.

use crate::Failure;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::StreamSpecification;
use insights_shared::store::schema::create_table;
use insights_shared::time::Clock;
use insights_simulator::{Options, Scenario, Simulator};
use serde_json::Value;
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The region of everything here.
pub const REGION: &str = "eu-west-1";
/// The table's name.
pub const TABLE: &str = "insights";

/// Running services.
#[derive(Debug)]
pub struct Services {
    simulator: Simulator,
    calls: Arc<Mutex<Calls>>,
}

/// The requests so far.
#[derive(Debug, Default)]
struct Calls {
    by_request: HashMap<u64, u32>,
    by_operation: BTreeMap<String, u64>,
    twice: Vec<String>,
}

/// The most repeated requests that are shown.
const MOST_SHOWN: usize = 5;

impl Services {
    /// Services that tell `scenario` as of now, without rate limits, and an empty table.
    pub async fn start(scenario: &str) -> Result<Self, Failure> {
        let now = Clock::System.now();
        let scenario = Scenario::parse(scenario, now).map_err(|faults| faults.to_string())?;
        let calls: Arc<Mutex<Calls>> = Arc::default();
        let watched = Arc::clone(&calls);
        let watch = move |operation: &str, path: &str, body: &[u8]| {
            watched.lock().unwrap_or_else(PoisonError::into_inner).count(operation, path, body);
        };
        let options = Options { scenario, watch: Some(Arc::new(watch)), ..Options::default() };
        let simulator = Simulator::start(options).await?;
        let client = Client::new(&sdk(&simulator.url()));
        create_table(&client, TABLE).await.map_err(|error| error.message)?;
        without_stream(&client).await?;
        let services = Self { simulator, calls };
        *services.calls() = Calls::default();
        Ok(services)
    }

    /// Where they answer.
    pub fn url(&self) -> String {
        self.simulator.url()
    }

    /// Requests by operation.
    pub fn by_operation(&self) -> BTreeMap<String, u64> {
        self.calls().by_operation.clone()
    }

    /// How many requests asked for what an earlier one had asked for, and what the first of them were.
    pub fn repeated(&self) -> (u64, Vec<String>) {
        let calls = self.calls();
        let repeated = calls.by_request.values().map(|times| u64::from(times - 1)).sum();
        (repeated, calls.twice.clone())
    }

    /// Ends them.
    pub async fn stop(self) {
        self.simulator.stop().await;
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Calls {
    fn count(&mut self, operation: &str, path: &str, body: &[u8]) {
        *self.by_operation.entry(operation.to_owned()).or_default() += 1;
        let times = self.by_request.entry(request(operation, path, body)).or_default();
        *times += 1;
        if *times > 1 && self.twice.len() < MOST_SHOWN {
            let start: String = String::from_utf8_lossy(body).chars().take(400).collect();
            self.twice.push(format!("{operation} {path} {start}"));
        }
    }
}

/// What a request asks, as a number.
fn request(operation: &str, path: &str, body: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    (operation, path).hash(&mut hasher);
    let put = (operation == "PutItem").then(|| serde_json::from_slice::<Value>(body).ok()).flatten();
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

/// Switches the table's stream off. The embedded database numbers each change by looking at all before it, so that a
/// hundred times as much would take ten thousand times as long; DynamoDB does not.
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
