//! Amazon EKS: clusters and their insights. An insight is the result of a check, which EKS refreshes once a day. Answers
//! depend on the scenario and the time of the call: between two refreshes an insight does not change, except that a new
//! status appears at its time.

use crate::call::{Answer, Call, ServiceError};
use crate::page::paginate_at_most;
use crate::scenario::curve::Curve;
use insights_shared::time::Timestamp;
use serde_json::{Map, Value, json};

mod check;
mod scenario;
mod service;
#[cfg(test)]
mod tests;
mod wire;

pub use service::SERVICE;

/// The maximum page size.
const PAGE: usize = 100;

/// What exists in one account and region. By default there is no cluster.
#[derive(Clone, Debug, Default)]
pub struct Data {
    /// The clusters, in the order of `ListClusters`.
    pub clusters: Vec<Cluster>,
    /// The maximum page size, if it is below the service's limit.
    pub page_size: Option<usize>,
}

/// A cluster.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// Whether it runs outside AWS and is only registered. `ListClusters` names it only with `include=all`.
    pub connected: bool,
    /// From when on it is listed; by default it always exists.
    pub created: Option<Timestamp>,
    /// When it becomes active; by default when it is created. Only an active cluster has insights.
    pub active_from: Option<Timestamp>,
    /// From when on it is being deleted. It is still listed, without insights.
    pub deleting_from: Option<Timestamp>,
    /// When it is deleted.
    pub deleted: Option<Timestamp>,
    /// The error for a request of insights while the cluster is listed and not active.
    pub unavailable: Unavailable,
    /// When its insights are refreshed, in milliseconds after midnight in UTC.
    pub refreshed_at: i64,
    /// Its insights.
    pub insights: Vec<Insight>,
}

/// The error for insights of a cluster that is being created or deleted. The AWS documentation does not state it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unavailable {
    /// `ResourceNotFoundException`, 404.
    #[default]
    NotFound,
    /// `InvalidRequestException`, 400.
    InvalidRequest,
}

/// An insight: a check of a cluster with its result.
#[derive(Clone, Debug, Default)]
pub struct Insight {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Such as `UPGRADE_READINESS`.
    pub category: Option<String>,
    /// The Kubernetes version to which it applies.
    pub kubernetes_version: Option<String>,
    /// What it checks, in Markdown.
    pub description: Option<String>,
    /// What to do, in Markdown.
    pub recommendation: Option<String>,
    /// Titles and links.
    pub additional_info: Option<Map<String, Value>>,
    /// Its statuses, oldest first. It is listed from the time of the first one on.
    pub statuses: Vec<Status>,
    /// When it is no longer listed, if ever.
    pub deleted: Option<Timestamp>,
    /// Whether `DescribeInsight` does not find it although `ListInsights` lists it.
    pub undescribed: bool,
    /// The resources to which it applies.
    pub resources: Vec<Resource>,
    /// Deprecated APIs, for upgrade readiness.
    pub deprecations: Option<Vec<Deprecation>>,
    /// Add-ons that have to be updated, for upgrade readiness.
    pub addons: Option<Vec<Addon>>,
    /// Members that answers omit.
    pub omit: Vec<String>,
}

/// A status of an insight.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// When the insight gets this status. `None` means always, and the insight has no `lastTransitionTime`.
    pub from: Option<Timestamp>,
    /// Such as `PASSING`.
    pub status: Option<String>,
    /// Its reason.
    pub reason: Option<String>,
}

/// A Kubernetes resource to which an insight applies.
#[derive(Clone, Debug, Default)]
pub struct Resource {
    /// Its own status.
    pub status: Option<String>,
    /// The reason of the status.
    pub reason: Option<String>,
    /// Its path in the Kubernetes API.
    pub uri: Option<String>,
    /// Its ARN; `{account}` and `{region}` are placeholders.
    pub arn: Option<String>,
    /// When the insight starts to apply to it; by default always.
    pub from: Option<Timestamp>,
    /// When the insight no longer applies to it.
    pub to: Option<Timestamp>,
}

/// The use of a deprecated API.
#[derive(Clone, Debug, Default)]
pub struct Deprecation {
    /// The deprecated API.
    pub usage: Option<String>,
    /// The API that replaces it.
    pub replaced_with: Option<String>,
    /// The Kubernetes version that no longer has it.
    pub stop_serving_version: Option<String>,
    /// The Kubernetes version in which its replacement starts.
    pub start_serving_replacement_version: Option<String>,
    /// The clients that use it.
    pub clients: Option<Vec<Client>>,
}

/// A client of a deprecated API.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// Its name and version.
    pub user_agent: Option<String>,
    /// Its requests in the 30 days before a refresh. A client without requests is not listed.
    pub requests: Curve,
    /// Its last request; by default it never stops.
    pub last_request: Option<Timestamp>,
}

/// An add-on and its versions.
#[derive(Clone, Debug, Default)]
pub struct Addon {
    /// Its name.
    pub name: Option<String>,
    /// The versions that the Kubernetes version of the insight supports.
    pub compatible_versions: Option<Vec<String>>,
}

/// Answers a call.
pub fn answer(data: &Data, call: &Call) -> Answer {
    check::input(call)?;
    match call.operation {
        "ListClusters" => {
            let include = call.input.get("include").and_then(Value::as_array);
            let is_all = include.is_some_and(|include| include.iter().any(|which| which == "all"));
            let listed = data.clusters.iter().filter(|cluster| cluster.is_listed(call.now));
            let listed = listed.filter(|cluster| is_all || !cluster.connected);
            page(data, call, "clusters", &listed.map(|cluster| json!(cluster.name)).collect::<Vec<_>>())
        }
        "ListInsights" => {
            let cluster = cluster(data, call)?;
            let summaries: Vec<Value> = cluster
                .insights
                .iter()
                .filter_map(|insight| insight.result(cluster, call.now))
                .filter(|result| check::selects(call, result))
                .map(|result| wire::summary(&result))
                .collect();
            page(data, call, "insights", &summaries)
        }
        "DescribeInsight" => {
            let cluster = cluster(data, call)?;
            let id = text(call, "id");
            let mut insights = cluster.insights.iter().filter(|insight| !insight.undescribed);
            let found = insights.find(|insight| insight.id == id);
            let result = found.and_then(|insight| insight.result(cluster, call.now));
            let result = result.ok_or_else(|| not_found(call, format!("No insight found for id: {id}.")))?;
            Ok(json!({"insight": wire::insight(&result, call)}))
        }
        other => {
            Err(ServiceError::new("UnknownOperationException", 404, format!("unknown operation {other}")))
        }
    }
}

impl Cluster {
    /// Whether `ListClusters` names it.
    fn is_listed(&self, now: Timestamp) -> bool {
        self.created.is_none_or(|created| created <= now) && self.deleted.is_none_or(|deleted| now < deleted)
    }

    /// Whether it has insights.
    fn is_active(&self, now: Timestamp) -> bool {
        self.is_listed(now)
            && self.active_from.is_none_or(|active| active <= now)
            && self.deleting_from.is_none_or(|deleting| now < deleting)
    }
}

fn page(data: &Data, call: &Call, member: &str, items: &[Value]) -> Answer {
    let limit = data.page_size.map_or(PAGE, |size| size.min(PAGE));
    let (page, next) = paginate_at_most(call, items, "nextToken", "maxResults", limit)
        .map_err(|_| check::invalid(call, "Invalid parameter: nextToken"))?;
    let mut output = Map::new();
    output.insert(member.to_owned(), Value::from(page.to_vec()));
    if let Some(next) = next {
        output.insert("nextToken".to_owned(), Value::from(next));
    }
    Ok(Value::Object(output))
}

/// The active cluster that the call names.
fn cluster<'a>(data: &'a Data, call: &Call) -> Result<&'a Cluster, ServiceError> {
    let name = text(call, "name");
    let found = data.clusters.iter().find(|cluster| cluster.name == name && cluster.is_listed(call.now));
    match found {
        Some(cluster) if cluster.is_active(call.now) && !cluster.connected => Ok(cluster),
        Some(cluster) if cluster.connected || cluster.unavailable == Unavailable::InvalidRequest => {
            let message = format!("Cluster {name} is not in a state in which it has insights.");
            Err(check::of_cluster(call, ServiceError::new("InvalidRequestException", 400, message)))
        }
        _ => Err(not_found(call, format!("No cluster found for name: {name}."))),
    }
}

fn not_found(call: &Call, message: String) -> ServiceError {
    check::of_cluster(call, ServiceError::new("ResourceNotFoundException", 404, message))
}

fn text<'a>(call: &'a Call, name: &str) -> &'a str {
    call.input.get(name).and_then(Value::as_str).unwrap_or_default()
}
