//! Reads counters and issues of a response.

use crate::lab::Lab;
use insights_shared::record::Source;
use serde_json::Value;
use std::collections::BTreeMap;

/// The outcomes of a record. A fetched record has exactly one of them.
const OUTCOMES: [&str; 5] = ["written", "unchanged", "stale", "rejected", "failed"];

fn count(part: &Value, name: &str) -> u64 {
    part[name].as_u64().unwrap_or_else(|| panic!("{name} is no count: {part}"))
}

/// Checks that every fetched record is counted under exactly one outcome, in total and for each target.
///
/// # Panics
///
/// If the counters do not add up.
pub fn assert_adds_up(response: &Value) {
    for part in std::iter::once(response).chain(response["targets"].as_array().expect("targets")) {
        let sum: u64 = OUTCOMES.iter().map(|name| count(part, name)).sum();
        assert_eq!(count(part, "fetched"), sum, "{part}");
    }
}

/// Checks the number of calls and of throttled calls in a response against the log of the simulator since it was cleared.
///
/// # Panics
///
/// If the response has other numbers.
pub fn assert_calls_are_counted(lab: &Lab, source: Source, response: &Value) {
    let log = lab.simulator.log();
    let log: Vec<_> = log.iter().filter(|call| call.service == source.id).collect();
    let mut calls: BTreeMap<&str, u64> = BTreeMap::new();
    for call in &log {
        *calls.entry(&call.operation).or_default() += 1;
    }
    assert_eq!(response["api_calls"], serde_json::to_value(&calls).expect("JSON"));
    let throttled = log.iter().filter(|call| call.throttled).count();
    assert_eq!(count(response, "throttled"), throttled as u64);
}

/// Checks what holds for every response of a function of `source`: [`assert_adds_up`] and [`assert_calls_are_counted`].
///
/// # Panics
///
/// If the counters or the calls are wrong.
pub fn assert_consistent(lab: &Lab, source: Source, response: &Value) {
    assert_adds_up(response);
    assert_calls_are_counted(lab, source, response);
}

/// The counters of a response or of a target: `[fetched, written, unchanged, stale, rejected, failed, not_reached]`.
///
/// # Panics
///
/// If a counter is missing.
pub fn counts(part: &Value) -> [u64; 7] {
    ["fetched", "written", "unchanged", "stale", "rejected", "failed", "not_reached"]
        .map(|name| count(part, name))
}

/// `status fetched=1 written=1`: the status of a response and the counters that are not zero.
///
/// # Panics
///
/// If the status is missing.
pub fn summary(response: &Value) -> String {
    let mut text = response["status"].as_str().expect("a status").to_owned();
    for name in ["fetched", "written", "unchanged", "stale", "rejected", "failed", "not_reached"] {
        if response[name] != 0 {
            text = format!("{text} {name}={}", response[name]);
        }
    }
    text
}

/// The issues of the first target, each as `[stage, operation, subject, code]`, in the order of the response.
///
/// # Panics
///
/// If a member is missing.
pub fn issues(response: &Value) -> Vec<[&str; 4]> {
    let list = response["targets"][0]["issues"].as_array().expect("issues");
    list.iter()
        .map(|issue| {
            ["stage", "operation", "subject", "code"].map(|name| issue[name].as_str().expect("a text"))
        })
        .collect()
}

/// Like [`issues`], without the stage: `(operation, subject, code)`.
///
/// # Panics
///
/// If a member is missing.
pub fn subjects(response: &Value) -> Vec<(&str, &str, &str)> {
    issues(response).into_iter().map(|[_, operation, subject, code]| (operation, subject, code)).collect()
}
