//! Helpers of the Security Hub tests.

use super::{Data, answer};
use crate::call::{Answer, Call};
use crate::scenario::Context;
use crate::scenario::place::Part;
use insights_shared::fields::{Faults, Fields};
use insights_shared::time::Timestamp;
use serde_json::{Value, json};

mod refusals;
mod story;

const ANCHOR: &str = "2026-03-10T12:00:00Z";
const BUCKETS: &str = "arn:aws:securityhub:eu-west-1:123456789012:insight/123456789012/custom/a1b2c3d4-5678-40ab-8def-111122223333";
const MANAGED: &str = "arn:aws:securityhub:::insight/securityhub/default/10";

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn read(value: Value) -> Result<Data, String> {
    let mut faults = Faults::default();
    let context = Context { anchor: instant(ANCHOR), seed: 7 };
    let data = Data::parse(Fields::new(value, "securityhub", &mut faults).unwrap(), &context);
    faults.or(data).map_err(|faults| faults.to_string())
}

fn call(operation: &'static str, now: &str, input: Value) -> Call {
    let Value::Object(input) = input else { panic!("an object") };
    Call { operation, account: "123456789012".into(), region: "eu-west-1".into(), now: instant(now), input }
}

fn ask(data: &Data, operation: &'static str, now: &str, input: Value) -> Answer {
    answer(data, &call(operation, now, input))
}

/// Custom insights, one of which is deleted one hour after the anchor, and a managed insight.
fn insights() -> Value {
    json!({"insights": [
        {
            "name": "Public buckets", "id": "a1b2c3d4-5678-40ab-8def-111122223333", "group_by": "ResourceId",
            "filters": {"SeverityLabel": [{"Value": "HIGH", "Comparison": "EQUALS"}]},
            "values": [
                {"value": "arn:aws:s3:::site-{account}", "count": 1},
                {"value": "arn:aws:s3:::logs", "count": [{"at": "-10h", "value": 0}, {"at": "now", "value": 10}]},
                {"value": "arn:aws:s3:::{region}-{n}", "count": 2, "number": [
                    {"at": "-2h", "value": 1}, {"at": "now", "value": 3},
                ]},
                {"value": "", "count": 1},
            ],
        },
        {"name": "By account", "group_by": "AwsAccountId", "created": "-1d", "deleted": "+1h"},
        {"name": "Unresolved", "group_by": "Type", "unresolved": true, "omit": ["Filters"]},
        {"name": "Managed", "managed": 10, "group_by": "ResourceId", "values": [{"value": "{n}", "count": 1, "number": 150}]},
    ]})
}
