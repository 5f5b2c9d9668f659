//! The seeds that are mutated: valid and invalid inputs of every target.

use crate::REGION;
use crate::answer::{OPERATIONS, Operation};
use crate::canned::services;
use crate::sources::fuzz_source;
use futures_util::FutureExt;
use http_body_util::BodyExt;
use insights_simulator::{Offline, Selector};
use serde_json::{Value, json};

/// A scenario for which every function calls every operation.
pub const SERVICES: &str = include_str!("seed/services.toml");
/// A scenario file with every member.
const SCENARIO: &str = include_str!("seed/scenario.toml");
/// The start event and the end event of an insight.
const EVENT: &str = include_str!("seed/event.txt");
/// Stored items, one per line.
const ITEMS: &str = include_str!("seed/items.jsonl");
/// Invalid answers, one per line, each with its operation: the name, or `service:Operation` if two services have the name.
const ANSWERS: &str = include_str!("seed/answers.jsonl");
/// Payloads, one per line.
const PAYLOADS: &str = include_str!("seed/payloads.jsonl");

/// The inputs of a target that are mutated.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    let lines = |text: &str| text.lines().map(|line| line.as_bytes().to_vec()).collect::<Vec<_>>();
    match target {
        "payload" => lines(PAYLOADS),
        "scenario" => vec![SCENARIO.as_bytes().to_vec()],
        "item" => lines(ITEMS),
        "event" => std::iter::once(EVENT)
            .chain(EVENT.split("\n---\n"))
            .map(|text| text.as_bytes().to_vec())
            .collect(),
        "answer" => answers(),
        _ => Vec::new(),
    }
}

/// Answers of each operation, after the bytes that select operation and status.
fn answers() -> Vec<Vec<u8>> {
    let services = services();
    let mut seeds = Vec::new();
    let error = json!({"__type": "ThrottlingException", "message": "Rate exceeded", "Item": items().first()});
    for (index, operation) in OPERATIONS.iter().enumerate() {
        let body = match operation.simulated.name {
            _ if !operation.is_table() => {
                call(&services, operation).map_or_else(|| "{}".to_owned(), |(_, body)| body)
            }
            "BatchGetItem" => json!({"Responses": {"insights": items()}, "UnprocessedKeys": {}}).to_string(),
            "Query" => json!({"Items": items(), "Count": items().len()}).to_string(),
            _ => json!({"ConsumedCapacity": {"TableName": "insights", "CapacityUnits": 1.5}}).to_string(),
        };
        // The first status is 200, and the second one 400.
        seeds.extend([(0, body), (1, error.to_string())].map(|(status, body)| seed(index, status, &body)));
    }
    for line in ANSWERS.lines() {
        let answer: Value = serde_json::from_str(line).expect("an answer");
        let name = answer["operation"].as_str().unwrap_or_default();
        let selector: Selector = name.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
        let is_selected = |known: &Operation| selector.contains(known.service, known.simulated.name);
        let index = OPERATIONS.iter().position(is_selected).expect("an operation of a function");
        seeds.push(seed(index, 0, &answer["body"].to_string()));
    }
    seeds
}

/// An input of the target `answer`: the indexes of operation and status, and the body.
fn seed(operation: usize, status: u8, body: &str) -> Vec<u8> {
    let operation = u8::try_from(operation).expect("at most 256 operations");
    [&[operation, status], body.as_bytes()].concat()
}

/// The stored items in DynamoDB's own JSON.
fn items() -> Vec<Value> {
    let typed =
        |line: &str| serde_json::from_str(line).map(|item: Value| to_attributes(&item)).unwrap_or_default();
    ITEMS.lines().map(typed).collect()
}

fn to_attributes(item: &Value) -> Value {
    let attribute = |value: &Value| match value {
        Value::String(_) => json!({ "S": value }),
        Value::Number(number) => json!({ "N": number.to_string() }),
        Value::Bool(_) => json!({ "BOOL": value }),
        Value::Array(list) => {
            json!({"L": list.iter().map(|value| to_attributes(&json!({ "v": value }))["v"].clone()).collect::<Vec<_>>()})
        }
        Value::Object(_) => json!({ "M": to_attributes(value) }),
        Value::Null => json!({ "NULL": true }),
    };
    let members = item.as_object().into_iter().flatten();
    Value::Object(members.map(|(name, value)| (name.clone(), attribute(value))).collect())
}

/// The status and body that `services` answer to one request of an operation. `None` if they reset the connection.
pub fn call(services: &Offline, operation: &Operation) -> Option<(u16, String)> {
    let parameters = (fuzz_source(operation.source).parameters)(operation.simulated.name);
    let request = operation.service.request(operation.simulated, &parameters, REGION)?;
    let answer = services.answer(request).now_or_never().flatten()?;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().now_or_never()?.ok()?.to_bytes();
    Some((status, String::from_utf8(body.to_vec()).ok()?))
}
