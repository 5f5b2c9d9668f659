//! A simulated account with three insights, and runs over it.

use insights_shared::invocation::InvocationError;
use insights_shared::number::Number;
use insights_shared::value::{Map, Value as Stored};
use insights_sources::securityhub;
use insights_tests::response::assert_consistent;
pub use insights_tests::response::subjects as issues;
use insights_tests::{ACCOUNT, Lab, REGION, Table};
use securityhub_insights::SecurityhubInsights;
use serde_json::Value;

/// A custom insight: buckets, of which one more is found after an hour.
pub const BUCKETS: &str = "arn:aws:securityhub:eu-west-1:123456789012:insight/123456789012/custom/a1b2c3d4-5678-40ab-8def-111122223333";
/// A custom insight by account.
pub const KEYS: &str = "arn:aws:securityhub:eu-west-1:123456789012:insight/123456789012/custom/b1b2c3d4-5678-40ab-8def-111122223333";
/// A managed insight.
pub const MANAGED: &str = "arn:aws:securityhub:::insight/securityhub/default/10";
/// All three in the order of their partition keys.
pub const ALL: [&str; 3] = [MANAGED, BUCKETS, KEYS];

/// Two custom insights and a managed one. Pages of a single insight, so that the listing has several.
pub const SCENARIO: &str = r#"
[securityhub]
page_size = 1

[[securityhub.insights]]
name = "Public buckets"
id = "a1b2c3d4-5678-40ab-8def-111122223333"
group_by = "ResourceId"
filters = { SeverityLabel = [{ Value = "HIGH", Comparison = "EQUALS" }] }
values = [
    { value = "arn:aws:s3:::logs", count = 3 },
    { value = "arn:aws:s3:::site", count = [{ at = "now", value = 1 }, { at = "+1h", value = 2 }] },
]

[[securityhub.insights]]
name = "Old keys"
id = "b1b2c3d4-5678-40ab-8def-111122223333"
group_by = "AwsAccountId"
values = [{ value = "{account}", count = 5 }]

[[securityhub.insights]]
name = "Finding types"
managed = 10
group_by = "Type"
filters = { SeverityLabel = [{ Value = "LOW", Comparison = "NOT_EQUALS" }] }
values = [{ value = "Software and Configuration Checks", count = 7 }]
"#;

/// The variable that names the managed insight.
pub const WITH_MANAGED: (&str, &str) = ("SECURITYHUB_INSIGHTS", MANAGED);
/// One call at a time, so that a fault that befalls the n-th call always befalls the same one.
pub const ONE_AT_A_TIME: (&str, &str) = ("CONCURRENCY", "1");

/// Invokes a new function with the managed insight configured.
pub async fn run_with(lab: &Lab, payload: &str) -> Result<Value, InvocationError> {
    lab.invoke::<SecurityhubInsights>(&[ONE_AT_A_TIME, WITH_MANAGED], payload).await
}

/// A scheduled run.
pub async fn run(lab: &Lab) -> Value {
    run_with(lab, "{}").await.unwrap()
}

/// Checks what holds for every response.
pub fn check_response(lab: &Lab, response: &Value) {
    assert_consistent(lab, securityhub::SOURCE, response);
}

/// How often GetInsights and GetInsightResults were called.
pub fn calls(lab: &Lab) -> [u64; 2] {
    [lab.calls("securityhub:GetInsights"), lab.calls("securityhub:GetInsightResults")]
}

/// The snapshot of an insight on a day.
pub fn snapshot<'a>(table: &'a Table, arn: &str, day: &str) -> &'a Map {
    let pk = format!("securityhub#{ACCOUNT}#{REGION}#{arn}");
    table.get(&pk, day).unwrap_or_else(|| panic!("{arn} has no snapshot of {day}"))
}

/// The measures `findings` and `groups` of a snapshot.
pub fn measures(snapshot: &Map) -> [i64; 2] {
    ["findings", "groups"].map(|name| {
        let number = snapshot["measures"].at(&[name]).and_then(Stored::as_number).and_then(Number::as_i64);
        number.unwrap()
    })
}

/// The ids and days of all snapshots.
pub fn stored(table: &Table) -> Vec<(String, String)> {
    let text = |item: &Map, name: &str| item[name].as_str().unwrap().to_owned();
    table.of_kind("securityhub.insight").iter().map(|item| (text(item, "id"), text(item, "sk"))).collect()
}
