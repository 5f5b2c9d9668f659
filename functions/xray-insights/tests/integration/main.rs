//! The collector in process against the simulated X-Ray, and the shipped binary as a process of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test ends where it cannot go on, and a long one prints how far it came"
)]

#[cfg(test)]
mod answers;
#[cfg(test)]
mod binary;
#[cfg(test)]
mod clocks;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod deadline;
#[cfg(test)]
mod duplicates;
#[cfg(test)]
mod failed_listing;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod incomplete;
#[cfg(test)]
mod incremental;
#[cfg(test)]
mod labels;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod push;
#[cfg(test)]
mod role_faults;
#[cfg(test)]
mod runtimes;
#[cfg(test)]
mod several_invocations;
#[cfg(test)]
mod table_faults;
#[cfg(test)]
mod targets;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod vanished;
#[cfg(test)]
mod watermark;
#[cfg(test)]
mod window;

use insights_shared::invocation::InvocationError;
use insights_shared::time::Timestamp;
use insights_shared::value::{Map, Value as Stored};
use insights_tests::{ACCOUNT, CLOSED, GROWING, Lab, OPEN, REGION, STORY, Table};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Mutex;
use xray_insights::XrayInsights;

/// Every operation of X-Ray that the collector uses.
const OPERATIONS: [&str; 5] =
    ["GetGroups", "GetInsightSummaries", "GetInsight", "GetInsightEvents", "GetInsightImpactGraph"];
/// One call at a time, so that a fault that befalls the n-th call always befalls the same one.
const ONE_AT_A_TIME: (&str, &str) = ("CONCURRENCY", "1");

async fn story() -> Lab {
    Lab::new(STORY).await
}

/// Invokes a function of its own with `payload`, and holds the response to what must be so of all responses.
async fn run_with(lab: &Lab, variables: &[(&str, &str)], payload: &str) -> Result<Value, InvocationError> {
    lab.simulator.clear_log();
    let response = lab.function::<XrayInsights>(variables).invoke(payload).await?;
    check_response(lab, &response);
    Ok(response)
}

async fn run(lab: &Lab) -> Value {
    run_with(lab, &[ONE_AT_A_TIME], "{}").await.unwrap()
}

/// What every response has to fulfil: the sums of the counters, and the calls that X-Ray itself has counted.
fn check_response(lab: &Lab, response: &Value) {
    let number = |part: &Value, name: &str| part[name].as_u64().unwrap_or_else(|| panic!("{name}: {part}"));
    let parts = std::iter::once(response).chain(response["targets"].as_array().unwrap());
    for part in parts {
        let outcomes = ["written", "unchanged", "stale", "rejected", "failed"];
        let sum: u64 = outcomes.iter().map(|name| number(part, name)).sum();
        assert_eq!(number(part, "fetched"), sum, "{part}");
    }
    let log = lab.simulator.log();
    let mut calls: BTreeMap<&str, u64> = BTreeMap::new();
    for call in log.iter().filter(|call| call.service == "xray") {
        *calls.entry(&call.operation).or_default() += 1;
    }
    assert_eq!(response["api_calls"], serde_json::to_value(&calls).unwrap());
    let throttled = log.iter().filter(|call| call.service == "xray" && call.throttled).count();
    assert_eq!(number(response, "throttled"), throttled as u64);
}

/// The counters of a response as `(fetched, written, unchanged, stale, rejected, failed, not_reached)`.
fn counts(response: &Value) -> [u64; 7] {
    ["fetched", "written", "unchanged", "stale", "rejected", "failed", "not_reached"]
        .map(|name| response[name].as_u64().unwrap())
}

/// The issues of the only target as `(operation, subject, code)`.
fn issues(response: &Value) -> Vec<(&str, &str, &str)> {
    response["targets"][0]["issues"]
        .as_array()
        .unwrap()
        .iter()
        .map(|issue| {
            let text = |name: &str| issue[name].as_str().unwrap();
            (text("operation"), text("subject"), text("code"))
        })
        .collect()
}

/// How often X-Ray was asked, in the order of [`OPERATIONS`].
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

/// What the table holds after one undisturbed run of the same story at the same time. It is run once for each time.
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
