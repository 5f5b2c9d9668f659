//! The collector in this process against the simulated X-Ray, and the function binary in its own process.

#![cfg(test)]

mod answers;
mod binary;
mod clocks;
mod crash;
mod deadline;
mod duplicates;
mod failed_listing;
mod faults;
mod groups;
mod incomplete;
mod incremental;
mod labels;
mod limits;
mod pages;
mod push;
mod pushed_accounts;
mod role_faults;
mod runtimes;
mod several_invocations;
mod table_faults;
mod targets;
mod tls;
mod vanished;
mod watermark;
mod window;

use insights_shared::invocation::InvocationError;
use insights_shared::time::Timestamp;
use insights_shared::value::{Map, Value as Stored};
use insights_sources::xray;
use insights_tests::response::{assert_consistent, counts, subjects as issues};
use insights_tests::{ACCOUNT, CLOSED, GROWING, Lab, OPEN, REGION, STORY, Table};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Mutex;
use xray_insights::XrayInsights;

/// All operations of X-Ray that the collector uses.
const OPERATIONS: [&str; 5] =
    ["GetGroups", "GetInsightSummaries", "GetInsight", "GetInsightEvents", "GetInsightImpactGraph"];
/// One call at a time, so that a fault of the n-th call always affects the same call.
const ONE_AT_A_TIME: (&str, &str) = ("CONCURRENCY", "1");

async fn story() -> Lab {
    Lab::new(STORY).await
}

async fn run_with(lab: &Lab, variables: &[(&str, &str)], payload: &str) -> Result<Value, InvocationError> {
    lab.invoke::<XrayInsights>(variables, payload).await
}

async fn run(lab: &Lab) -> Value {
    run_with(lab, &[ONE_AT_A_TIME], "{}").await.unwrap()
}

/// Checks what holds for every response.
fn check_response(lab: &Lab, response: &Value) {
    assert_consistent(lab, xray::SOURCE, response);
}

/// The number of calls of each of [`OPERATIONS`].
fn calls(lab: &Lab) -> [u64; 5] {
    OPERATIONS.map(|operation| lab.calls(operation))
}

fn partition(id: &str) -> String {
    format!("xray#{ACCOUNT}#{REGION}#{id}")
}

/// The stored insight `id`.
fn insight<'a>(table: &'a Table, id: &str) -> &'a Map {
    table.get(&partition(id), "insight").unwrap_or_else(|| panic!("{id} is not stored"))
}

fn text<'a>(item: &'a Map, name: &str) -> Option<&'a str> {
    item.get(name).and_then(Stored::as_str)
}

/// `detail.last_update_time` of the stored insight `id`.
fn last_update_time(table: &Table, id: &str) -> Option<String> {
    let detail = insight(table, id)["detail"].clone();
    detail.at(&["last_update_time"]).and_then(Stored::as_str).map(str::to_owned)
}

/// The target's `state`.
async fn state(lab: &Lab) -> Option<Map> {
    lab.table().await.get("run#xray#123456789012#eu-west-1", "state").cloned()
}

/// The table after one undisturbed run of this scenario at this time. It is collected once per time.
async fn undisturbed(lab: &Lab) -> Table {
    static TABLES: Mutex<BTreeMap<Timestamp, Table>> = Mutex::new(BTreeMap::new());
    let known = |tables: &BTreeMap<Timestamp, Table>| tables.get(&lab.now()).cloned();
    if let Some(table) = known(&TABLES.lock().unwrap()) {
        return table;
    }
    let other = story().await;
    other.advance(lab.now().millis_since(other.now()) / 1_000);
    run(&other).await;
    let table = other.table().await;
    TABLES.lock().unwrap().insert(lab.now(), table.clone());
    table
}

const ALL: [&str; 3] = [OPEN, CLOSED, GROWING];
