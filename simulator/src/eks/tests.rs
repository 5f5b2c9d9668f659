//! Helpers of the EKS tests.

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
const APIS: &str = "5c7f8a10-3b5d-4f0e-9a51-2a4d1b6c7e01";

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn read(value: Value) -> Result<Data, String> {
    let mut faults = Faults::default();
    let context = Context { anchor: instant(ANCHOR), seed: 7 };
    let data = Data::parse(Fields::new(value, "eks", &mut faults).unwrap(), &context);
    faults.or(data).map_err(|faults| faults.to_string())
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

/// A cluster with a check that fails for a while, one that passes, and one that has no status yet; and three that are not
/// active at the anchor.
fn clusters() -> Value {
    json!({"clusters": [
        {"name": "shop", "refreshed_at": "6h 0m 0.5s", "insights": [
            {
                "name": "Deprecated APIs", "id": APIS, "category": "UPGRADE_READINESS", "kubernetes_version": "1.32",
                "description": "Checks for deprecated APIs.", "recommendation": "Update manifests.",
                "additional_info": {"Guide": "https://docs.aws.amazon.com/eks/"},
                "statuses": [
                    {"status": "PASSING", "reason": "No use."},
                    {"from": "2026-03-05T08:30:00.5Z", "status": "ERROR", "reason": "Use."},
                    {"from": "2026-03-12T05:00:00Z", "status": "PASSING", "reason": "No use."},
                ],
                "deprecations": [{
                    "usage": "/apis/batch/v1beta1/cronjobs", "replaced_with": "/apis/batch/v1/cronjobs",
                    "stop_serving_version": "1.25", "start_serving_replacement_version": "1.21",
                    "clients": [
                        {"user_agent": "helm", "last_request": "2026-03-08T00:00:00Z", "requests": [
                            {"at": "2026-03-08T06:00:00.5Z", "value": 240}, {"at": "2026-03-12T06:00:00.5Z", "value": 0},
                        ]},
                        {"user_agent": "kubectl", "requests": 0},
                    ],
                }],
                "resources": [
                    {"uri": "/apis/batch/v1beta1/cronjobs/a", "status": "ERROR", "to": "2026-03-10T00:00:00Z"},
                    {"arn": "arn:aws:eks:{region}:{account}:nodegroup/shop/b", "reason": "old", "from": "2026-03-09T00:00:00Z"},
                ],
            },
            {
                "name": "Add-ons", "category": "MISCONFIGURATION", "status": "WARNING", "since": "-1h",
                "deleted": "+1d", "addons": [{"name": "coredns", "compatible_versions": ["v1.11.4-eksbuild.2"]}],
                "omit": ["lastTransitionTime"],
            },
            {"name": "Rollback", "category": "ROLLBACK_READINESS", "statuses": [{"from": "+1h", "status": "UNKNOWN"}]},
            {"name": "Gone", "id": "gone", "undescribed": true, "status": "PASSING"},
        ]},
        {"name": "new", "created": "-10m", "active_from": "+5m"},
        {"name": "old", "deleting_from": "-1m", "deleted": "+5m", "unavailable": "invalid_request"},
        {"name": "future", "created": "+1m"},
        {"name": "outside", "connected": true},
    ]})
}
