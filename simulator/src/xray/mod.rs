//! AWS X-Ray: groups, and their insights with events and impact graphs. Answers depend on the scenario and the time of the
//! call: an insight does not exist before its start, and until its end it has the statistics of its newest event.

use crate::call::{Answer, Call, ServiceError};
use insights_shared::time::Timestamp;

mod groups;
mod insights;
mod scenario;
mod service;
#[cfg(test)]
mod tests;
mod wire;

pub use service::SERVICE;

/// What exists in one account and region.
#[derive(Clone, Debug, Default)]
pub struct Data {
    /// The groups.
    pub groups: Vec<Group>,
    /// The insights of all groups.
    pub insights: Vec<Insight>,
    /// The maximum page size, if it is below the service's limit.
    pub page_size: Option<usize>,
    /// Which insights a time frame selects.
    pub listing: Listing,
}

/// Which insights `GetInsightSummaries` returns for a time frame. The AWS documentation does not state it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listing {
    /// Those that were active at some time in the frame.
    #[default]
    Overlap,
    /// Those that started in the frame.
    Started,
}

/// A group of traces.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// The last part of its ARN.
    pub tag: String,
    /// Its ARN; by default it consists of account, region, name and tag.
    pub arn: Option<String>,
    /// The filter expression of its traces.
    pub filter_expression: Option<String>,
    /// Whether insights are enabled.
    pub insights_enabled: Option<bool>,
    /// Whether insight notifications are enabled.
    pub notifications_enabled: Option<bool>,
    /// Members that answers omit.
    pub omit: Vec<String>,
}

/// An insight.
#[derive(Clone, Debug)]
pub struct Insight {
    /// Its id, a UUID.
    pub id: String,
    /// The name of its group.
    pub group: String,
    /// The root cause service.
    pub root_cause: Option<ServiceId>,
    /// Its categories.
    pub categories: Option<Vec<String>>,
    /// Its summary; by default that of its newest event.
    pub summary: Option<String>,
    /// When it starts.
    pub start: Timestamp,
    /// When it ends, if it does.
    pub end: Option<Timestamp>,
    /// When it was last updated; by default the time of its newest event, or its end.
    pub last_update_time: Option<Timestamp>,
    /// Its state; by default `ACTIVE` or `CLOSED`.
    pub state: Option<String>,
    /// Whether `GetInsight` returns it although no listing does.
    pub unlisted: bool,
    /// Its events, oldest first.
    pub events: Vec<Event>,
    /// The services of its impact graph.
    pub graph: Vec<GraphService>,
    /// Members that answers omit.
    pub omit: Vec<String>,
}

/// An event of an insight.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When it occurs.
    pub time: Timestamp,
    /// Its summary.
    pub summary: Option<String>,
    /// The statistics of clients' requests.
    pub client: Option<Statistics>,
    /// The statistics of the root cause's requests.
    pub root_cause: Option<Statistics>,
    /// The most anomalous services.
    pub anomalous: Option<Vec<ServiceId>>,
    /// Members that answers omit.
    pub omit: Vec<String>,
}

/// Request counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Requests with a fault (5xx).
    pub fault: Option<i64>,
    /// Successful requests.
    pub ok: Option<i64>,
    /// All requests.
    pub total: Option<i64>,
}

/// The id of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceId {
    /// Its name.
    pub name: Option<String>,
    /// All its names.
    pub names: Option<Vec<String>>,
    /// Its account; `own` is the caller's.
    pub account_id: Option<String>,
    /// Such as `AWS::Lambda::Function`.
    pub kind: Option<String>,
}

/// A service in an impact graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GraphService {
    /// The service.
    pub service: ServiceId,
    /// The services that it calls, as indexes of the graph.
    pub edges: Option<Vec<usize>>,
    /// Members that answers omit.
    pub omit: Vec<String>,
}

/// Answers a call.
pub fn answer(data: &Data, call: &Call) -> Answer {
    match call.operation {
        "GetGroups" => groups::list(data, call),
        "GetGroup" => groups::get(data, call),
        "GetInsightSummaries" => insights::summaries(data, call),
        "GetInsight" => insights::get(data, call),
        "GetInsightEvents" => insights::events(data, call),
        "GetInsightImpactGraph" => insights::impact_graph(data, call),
        other => Err(invalid(format!("{other} is not an operation of the simulated X-Ray"))),
    }
}

/// The only error that X-Ray has for invalid calls.
fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::new("InvalidRequestException", 400, message)
}
