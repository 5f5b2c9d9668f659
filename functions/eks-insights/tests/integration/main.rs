//! The collector in process against the simulated EKS, and the shipped binary as a process of its own.

#![cfg(test)]

mod answers;
mod changes;
mod clusters;
mod crash;
mod deadline;
mod faults;
mod incremental;
mod overlap;
mod rows;
mod table_faults;
mod tls;
mod transitions;

use eks_insights::EksInsights;
use insights_shared::invocation::InvocationError;
use insights_shared::value::{Map, Value as Stored};
use insights_simulator::eks::{Cluster, Data, Insight};
use insights_sources::eks;
use insights_tests::response::{assert_consistent, counts, subjects as issues};
use insights_tests::{ACCOUNT, Lab, REGION, Table};
use serde_json::Value;

/// Every operation of EKS that the collector uses.
const OPERATIONS: [&str; 3] = ["ListClusters", "ListInsights", "DescribeInsight"];
/// One call at a time, so that a fault that befalls the n-th call always befalls the same one.
const ONE_AT_A_TIME: (&str, &str) = ("CONCURRENCY", "1");

/// A check that warned 50 hours ago, fails since 20 hours ago, and passes in three days. The requests of its client fall half a
/// day and a day and a half from now, so that each of the next two daily refreshes, at 06:00, finds fewer.
const APIS: &str = "11111111-1111-4111-8111-111111111111";
/// A check that passes.
const NODES: &str = "22222222-2222-4222-8222-222222222222";
/// A check of another cluster that warns since three days ago and never changes.
const ADDONS: &str = "33333333-3333-4333-8333-333333333333";

/// Two clusters, of whose three checks two do not pass. Pages of a single item, so that everything that can need several pages
/// does.
const STORY: &str = r#"
[eks]
page_size = 1

[[eks.clusters]]
name = "prod"
refreshed_at = "6h"
[[eks.clusters.insights]]
id = "11111111-1111-4111-8111-111111111111"
name = "Deprecated APIs removed in Kubernetes v1.32"
category = "UPGRADE_READINESS"
kubernetes_version = "1.32"
statuses = [
    { from = "-20d", status = "PASSING", reason = "No usage detected." },
    { from = "-50h", status = "WARNING", reason = "Usage detected." },
    { from = "-20h", status = "ERROR", reason = "Usage detected within the last 30 days." },
    { from = "+3d", status = "PASSING", reason = "No usage detected." },
]
[[eks.clusters.insights.deprecations]]
usage = "/apis/flowcontrol.apiserver.k8s.io/v1beta3/flowschemas"
replaced_with = "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas"
stop_serving_version = "1.32"
start_serving_replacement_version = "1.29"
clients = [{ user_agent = "kubectl/v1.29", last_request = "-2d", requests = [
    { at = "-1d", value = 12 }, { at = "+12h", value = 12 }, { at = "+12h", value = 9 },
    { at = "+36h", value = 9 }, { at = "+36h", value = 4 },
] }]
[[eks.clusters.insights]]
id = "22222222-2222-4222-8222-222222222222"
name = "Kubelet version skew"
category = "UPGRADE_READINESS"
kubernetes_version = "1.32"
status = "PASSING"
since = "-20d"

[[eks.clusters]]
name = "test"
refreshed_at = "6h"
[[eks.clusters.insights]]
id = "33333333-3333-4333-8333-333333333333"
name = "EKS add-on version compatibility"
category = "UPGRADE_READINESS"
kubernetes_version = "1.32"
status = "WARNING"
since = "-3d"
addons = [{ name = "vpc-cni", compatible_versions = ["v1.19.0-eksbuild.1"] }]
resources = [{ status = "WARNING", arn = "arn:aws:eks:{region}:{account}:addon/test/vpc-cni/1" }]
"#;

/// The start of the period of [`APIS`] that is open at first, and of the one before.
const ERROR_SINCE: &str = "2026-02-28T16:00:00.000Z";
/// The start of the period of [`ADDONS`].
const ADDONS_SINCE: &str = "2026-02-26T12:00:00.000Z";
/// The last daily refresh before the story begins.
const REFRESHED: &str = "2026-03-01T06:00:00.000Z";

async fn story() -> Lab {
    Lab::new(STORY).await
}

async fn run_with(lab: &Lab, variables: &[(&str, &str)], payload: &str) -> Result<Value, InvocationError> {
    lab.invoke::<EksInsights>(variables, payload).await
}

async fn run(lab: &Lab) -> Value {
    run_with(lab, &[ONE_AT_A_TIME], "{}").await.unwrap()
}

/// Checks what holds for every response.
fn check_response(lab: &Lab, response: &Value) {
    assert_consistent(lab, eks::SOURCE, response);
}

/// How often EKS was asked, in the order of [`OPERATIONS`].
fn calls(lab: &Lab) -> [u64; 3] {
    OPERATIONS.map(|operation| lab.calls(operation))
}

/// The writes since the log was cleared, as (items inserted or put, states updated).
fn writes(lab: &Lab) -> (u64, u64) {
    (lab.calls("PutItem") + lab.calls("BatchExecuteStatement"), lab.calls("UpdateItem"))
}

fn partition(cluster: &str, id: &str, since: &str) -> String {
    format!("eks#{ACCOUNT}#{REGION}#{cluster}#{id}#{since}")
}

/// The stored insight of a check of a cluster since a time.
fn insight<'a>(table: &'a Table, cluster: &str, id: &str, since: &str) -> &'a Map {
    let found = table.get(&partition(cluster, id, since), "insight");
    found.unwrap_or_else(|| panic!("{cluster} {id} {since} is not stored"))
}

fn text<'a>(item: &'a Map, name: &str) -> Option<&'a str> {
    item.get(name).and_then(Stored::as_str)
}

/// Every stored insight as (check, status, reason, start, end), in the order of the keys.
fn periods(table: &Table) -> Vec<(String, String, String, String)> {
    let of = |item: &&Map| {
        let text = |name| text(item, name).unwrap_or("-").to_owned();
        let status = match text("status_reason").as_str() {
            "-" => text("status"),
            reason => format!("{} {reason}", text("status")),
        };
        (text("id").chars().take(4).collect(), status, text("started_at"), text("ended_at"))
    };
    table.of_kind("eks.insight").iter().map(of).collect()
}

/// [`periods`] as it is expected: the beginning of the id, status, start and end.
fn expected(periods: &[(&str, &str, &str, &str)]) -> Vec<(String, String, String, String)> {
    let owned = |(id, status, start, end): &(&str, &str, &str, &str)| {
        ((*id).to_owned(), (*status).to_owned(), (*start).to_owned(), (*end).to_owned())
    };
    periods.iter().map(owned).collect()
}

/// The target's `state`.
async fn state(lab: &Lab) -> Option<Map> {
    lab.table().await.get("run#eks#123456789012#eu-west-1", "state").cloned()
}

/// The catalog row of a cluster.
fn row<'a>(table: &'a Table, cluster: &str) -> Option<&'a Map> {
    table.get("catalog#eks#123456789012#eu-west-1", &format!("cluster#{cluster}"))
}

/// What the table holds after one undisturbed run of the same story at the same time.
async fn undisturbed(lab: &Lab) -> Table {
    let other = story().await;
    other.advance(lab.now().millis_since(other.now()) / 1_000);
    run(&other).await;
    other.table().await
}

/// Changes what EKS has.
fn change(lab: &Lab, change: impl FnOnce(&mut Data)) {
    lab.simulator.change(|scenario| change(scenario.everywhere_mut().part_mut::<Data>()));
}

/// Changes a cluster.
fn change_cluster(lab: &Lab, name: &str, edit: impl FnOnce(&mut Cluster)) {
    change(lab, |data| edit(data.clusters.iter_mut().find(|cluster| cluster.name == name).unwrap()));
}

/// Changes a check.
fn change_insight(lab: &Lab, cluster: &str, id: &str, edit: impl FnOnce(&mut Insight)) {
    change_cluster(lab, cluster, |cluster| {
        edit(cluster.insights.iter_mut().find(|insight| insight.id == id).unwrap());
    });
}
