//! X-Ray as far as insights go: groups, and the insights in them with their events and impact graphs. What is here is a
//! function of the scenario and the instant of the call: an insight that has not begun yet is not there, and one that has
//! not ended yet has the numbers of its newest event so far.

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

/// What X-Ray knows in one account and region.
#[derive(Clone, Debug, Default)]
pub struct Data {
    /// The groups.
    pub groups: Vec<Group>,
    /// The insights of all groups.
    pub insights: Vec<Insight>,
    /// The most items on a page, where a story wants many pages; the service's own limits hold beside it.
    pub page_size: Option<usize>,
    /// Which insights a time frame selects.
    pub listing: Listing,
}

/// Which insights `GetInsightSummaries` takes a time frame to select, which AWS does not document beyond doubt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listing {
    /// Those that were going on at some time in the frame.
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
    /// Its ARN, if not one made of account, region, name and tag.
    pub arn: Option<String>,
    /// What selects its traces.
    pub filter_expression: Option<String>,
    /// Whether it has insights.
    pub insights_enabled: Option<bool>,
    /// Whether its insights are sent as events.
    pub notifications_enabled: Option<bool>,
    /// Members to leave out of answers.
    pub omit: Vec<String>,
}

/// An insight.
#[derive(Clone, Debug)]
pub struct Insight {
    /// Its id, a UUID.
    pub id: String,
    /// The name of its group.
    pub group: String,
    /// The service that causes it.
    pub root_cause: Option<ServiceId>,
    /// What kinds of insight it is.
    pub categories: Option<Vec<String>>,
    /// What it says of itself, if not what its newest event says.
    pub summary: Option<String>,
    /// When it begins.
    pub start: Timestamp,
    /// When it ends, if it does.
    pub end: Option<Timestamp>,
    /// When it was last changed, if not when its newest event came or it ended.
    pub last_update_time: Option<Timestamp>,
    /// A state in place of `ACTIVE` and `CLOSED`.
    pub state: Option<String>,
    /// Whether it can be asked for by id but is in no listing.
    pub unlisted: bool,
    /// What happens to it, oldest first.
    pub events: Vec<Event>,
    /// The services that it touches.
    pub graph: Vec<GraphService>,
    /// Members to leave out of answers.
    pub omit: Vec<String>,
}

/// A notable change of an insight.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When it is noted.
    pub time: Timestamp,
    /// What it says.
    pub summary: Option<String>,
    /// What clients saw.
    pub client: Option<Statistics>,
    /// What the root cause saw.
    pub root_cause: Option<Statistics>,
    /// The services that behave most unusually.
    pub anomalous: Option<Vec<ServiceId>>,
    /// Members to leave out of answers.
    pub omit: Vec<String>,
}

/// Numbers of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Those that failed on the server's side.
    pub fault: Option<i64>,
    /// Those that went well.
    pub ok: Option<i64>,
    /// All.
    pub total: Option<i64>,
}

/// A service as X-Ray names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceId {
    /// Its name.
    pub name: Option<String>,
    /// All its names.
    pub names: Option<Vec<String>>,
    /// Its account; `own` is the one that asks.
    pub account_id: Option<String>,
    /// Such as `AWS::Lambda::Function`.
    pub kind: Option<String>,
}

/// A service in an impact graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GraphService {
    /// Which service.
    pub service: ServiceId,
    /// The positions in the graph of the services that it calls.
    pub edges: Option<Vec<usize>>,
    /// Members to leave out of answers.
    pub omit: Vec<String>,
}

/// Answers one call.
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

/// The one error that X-Ray has for whatever is wrong with a call.
fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::new("InvalidRequestException", 400, message)
}
