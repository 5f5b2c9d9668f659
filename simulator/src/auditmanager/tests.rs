//! Helpers of Audit Manager's tests.

use super::{Data, answer};
use crate::call::{Answer, Call};
use crate::scenario::Context;
use crate::scenario::place::Part;
use insights_shared::fields::{Faults, Fields};
use insights_shared::time::Timestamp;
use serde_json::{Value, json};

mod counts;
mod refusals;
mod story;

const ANCHOR: &str = "2026-03-10T12:00:00Z";
const IAM: &str = "arn:aws:controlcatalog:::domain/3u3p5cwdl6agjbrvpaxc0m93n";
const FIRST: &str = "11111111-2222-3333-4444-555555555555";
const SECOND: &str = "22222222-2222-3333-4444-555555555555";

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn context() -> Context {
    Context { anchor: instant(ANCHOR), seed: 7 }
}

fn read(value: Value) -> Result<Data, Faults> {
    let mut faults = Faults::default();
    let data = Data::parse(Fields::new(value, "auditmanager", &mut faults).unwrap(), &context());
    faults.or(data)
}

fn ask(data: &Data, operation: &'static str, now: &str, input: Value) -> Answer {
    let Value::Object(input) = input else { panic!("an object") };
    let call = Call {
        operation,
        account: "123456789012".into(),
        region: "eu-west-1".into(),
        now: instant(now),
        input,
    };
    answer(data, &call)
}

/// Two assessments without jitter that share a domain and a control.
fn two() -> Value {
    json!({
        "jitter": 0,
        "collected_at": "6h 0m 0.5s",
        "assessments": [
            {"name": "one", "id": FIRST, "created": "-10d", "domains": [
                {"name": "access", "id": IAM, "controls": [
                    {"name": "keys", "control_set": "A", "compliant": 8, "noncompliant": 2, "inconclusive": 1},
                    {"name": "keys", "control_set": "B", "compliant": 3, "noncompliant": 0},
                    {"name": "root", "compliant": 5, "every": 7, "offset": -1},
                ]},
                {"name": "weekly", "controls": [{"name": "drill", "compliant": 1, "every": 7, "offset": -1}]},
            ]},
            {"name": "two", "id": SECOND, "created": "-20d", "domains": [
                {"name": "access", "id": IAM, "controls": [{"name": "keys", "control_set": "A", "noncompliant": 4}]},
            ]},
        ],
    })
}
