//! Tests of CloudTrail's answers, with small scenarios and the built-in one.

use super::{Data, answer};
use crate::call::{Call, ServiceError};
use crate::scenario::Scenario;
use insights_shared::time::Timestamp;
use serde_json::{Value, json};

mod events;
mod metric;
mod parsing;
mod trails;

const ACCOUNT: &str = "123456789012";
const REGION: &str = "eu-west-1";

/// The anchor of all scenarios in these tests, and the default time of calls.
fn now() -> Timestamp {
    "2026-03-01T12:00:30Z".parse().unwrap()
}

/// The data of a scenario with just the given `[cloudtrail]` part.
fn data(part: &str) -> Data {
    let scenario = Scenario::parse(&format!("seed = 5\n[cloudtrail]\n{part}"), now()).unwrap();
    scenario.place(ACCOUNT, REGION).part::<Data>().clone()
}

fn built_in() -> Data {
    Scenario::built_in(now()).place(ACCOUNT, REGION).part::<Data>().clone()
}

fn call(operation: &'static str, input: Value) -> Call {
    let Value::Object(input) = input else { panic!("an object") };
    Call { operation, account: ACCOUNT.into(), region: REGION.into(), now: now(), input }
}

fn ask(data: &Data, operation: &'static str, input: Value) -> Result<Value, ServiceError> {
    answer(data, &call(operation, input))
}

/// The call is refused with `code`.
fn refused(data: &Data, operation: &'static str, input: &Value, code: &str) {
    let error = ask(data, operation, input.clone()).expect_err(&format!("{operation} of {input}"));
    assert_eq!((error.code, error.status), (code, 400), "{operation} of {input}: {}", error.message);
    assert!(!error.message.is_empty());
}

/// Every page of `list`, with pages of `size`.
fn pages(data: &Data, operation: &'static str, input: &Value, size: usize, list: &str) -> Vec<Value> {
    let mut input = input.clone();
    input["MaxResults"] = json!(size);
    let mut all = Vec::new();
    loop {
        let answer = ask(data, operation, input.clone()).unwrap();
        let page = answer[list].as_array().unwrap();
        assert!(page.len() <= size);
        all.extend(page.iter().cloned());
        let Some(token) = answer.get("NextToken") else { return all };
        assert_eq!(page.len(), size);
        input["NextToken"] = token.clone();
    }
}
