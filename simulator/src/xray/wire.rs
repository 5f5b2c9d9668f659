//! The shapes of X-Ray's answers at the time of a call. A member without a value in the scenario is absent, never null.

use super::{Data, Event, GraphService, Group, Insight, ServiceId, Statistics, invalid};
use crate::arn::arn;
use crate::call::{Answer, Call};
use crate::page::paginate_at_most;
use crate::timestamp::seconds;
use insights_shared::time::Timestamp;
use serde_json::{Map, Value, json};

impl Insight {
    /// When it ended, if that is before `now`.
    pub(super) fn ended(&self, now: Timestamp) -> Option<Timestamp> {
        self.end.filter(|end| *end <= now)
    }

    /// Its state at `now`.
    pub(super) fn state(&self, now: Timestamp) -> &str {
        let state = if self.ended(now).is_some() { "CLOSED" } else { "ACTIVE" };
        self.state.as_deref().unwrap_or(state)
    }

    /// Its events until `now`, oldest first.
    pub(super) fn events_so_far(&self, now: Timestamp) -> impl DoubleEndedIterator<Item = &Event> {
        self.events.iter().filter(move |event| event.time <= now)
    }

    fn updated(&self, now: Timestamp) -> Timestamp {
        let newest = self.events_so_far(now).map(|event| event.time).chain(self.ended(now)).max();
        self.last_update_time.or(newest).unwrap_or(self.start)
    }
}

/// The page of `items` that `call` asks for, in the member `list` and in the form of `show`.
pub(super) fn page<T>(
    data: &Data,
    call: &Call,
    (items, show): (&[T], impl Fn(&T) -> Value),
    list: &str,
    size_member: &str,
    limit: usize,
) -> Answer {
    let limit = data.page_size.map_or(limit, |size| size.min(limit));
    let (page, token) = paginate_at_most(call, items, "NextToken", size_member, limit)
        .map_err(|_| invalid("The NextToken is invalid."))?;
    let mut answer = json!({ list: page.iter().map(show).collect::<Vec<_>>() });
    if let (Some(token), Some(members)) = (token, answer.as_object_mut()) {
        members.insert("NextToken".to_owned(), token.into());
    }
    Ok(answer)
}

/// The ARN of `group` in the account and region of `call`.
pub(super) fn group_arn(group: &Group, call: &Call) -> String {
    let name = &group.name;
    let resource =
        if group.tag.is_empty() { format!("group/{name}") } else { format!("group/{name}/{}", group.tag) };
    group.arn.clone().unwrap_or_else(|| arn(call, "xray", &resource))
}

/// The shape `Group`.
pub(super) fn group(group: &Group, call: &Call) -> Value {
    let configuration = Members::default()
        .maybe("InsightsEnabled", group.insights_enabled)
        .maybe("NotificationsEnabled", group.notifications_enabled)
        .some();
    Members::default()
        .maybe("GroupName", Some(group.name.clone()))
        .maybe("GroupARN", Some(group_arn(group, call)))
        .maybe("FilterExpression", group.filter_expression.clone())
        .maybe("InsightsConfiguration", configuration)
        .without(&group.omit)
}

/// The shape `InsightSummary` or `Insight`. Only the summary has `LastUpdateTime`.
pub(super) fn insight(insight: &Insight, group: &Group, call: &Call, summary: bool) -> Value {
    let now = call.now;
    let newest = insight.events_so_far(now).next_back();
    let text = insight.summary.clone().or_else(|| newest.and_then(|event| event.summary.clone()));
    Members::default()
        .maybe("InsightId", Some(insight.id.clone()))
        .maybe("GroupARN", Some(group_arn(group, call)))
        .maybe("GroupName", Some(insight.group.clone()))
        .maybe("RootCauseServiceId", insight.root_cause.as_ref().map(|service| service_id(service, call)))
        .maybe("Categories", insight.categories.clone())
        .maybe("State", Some(insight.state(now)))
        .maybe("StartTime", Some(seconds(insight.start)))
        .maybe("EndTime", insight.ended(now).map(seconds))
        .maybe("Summary", text)
        .event_members(newest, call)
        .maybe("LastUpdateTime", summary.then(|| seconds(insight.updated(now))))
        .without(&insight.omit)
}

/// The shape `InsightEvent`.
pub(super) fn event(event: &Event, call: &Call) -> Value {
    Members::default()
        .maybe("Summary", event.summary.clone())
        .maybe("EventTime", Some(seconds(event.time)))
        .event_members(Some(event), call)
        .without(&event.omit)
}

/// The list of `InsightImpactGraphService`.
pub(super) fn services(graph: &[GraphService], call: &Call) -> Vec<Value> {
    let one = |(index, service): (usize, &GraphService)| {
        let edges: Option<Vec<Value>> = service
            .edges
            .as_ref()
            .map(|edges| edges.iter().map(|edge| json!({ "ReferenceId": edge })).collect());
        let id = &service.service;
        Members::default()
            .maybe("ReferenceId", Some(index))
            .service_members(id, call)
            .maybe("Edges", edges)
            .without(&service.omit)
    };
    graph.iter().enumerate().map(one).collect()
}

fn service_id(service: &ServiceId, call: &Call) -> Value {
    Members::default().service_members(service, call).without(&[])
}

fn statistics(statistics: Statistics) -> Value {
    Members::default()
        .maybe("FaultCount", statistics.fault)
        .maybe("OkCount", statistics.ok)
        .maybe("TotalCount", statistics.total)
        .without(&[])
}

/// The members of a shape.
#[derive(Default)]
struct Members(Map<String, Value>);

impl Members {
    fn maybe(mut self, name: &str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value.into());
        }
        self
    }

    fn event_members(self, event: Option<&Event>, call: &Call) -> Self {
        let client = event.and_then(|event| event.client).map(statistics);
        let root_cause = event.and_then(|event| event.root_cause).map(statistics);
        let anomalous: Option<Vec<Value>> =
            event.and_then(|event| event.anomalous.as_ref()).map(|services| {
                services.iter().map(|service| json!({ "ServiceId": service_id(service, call) })).collect()
            });
        self.maybe("ClientRequestImpactStatistics", client)
            .maybe("RootCauseServiceRequestImpactStatistics", root_cause)
            .maybe("TopAnomalousServices", anomalous)
    }

    fn service_members(self, service: &ServiceId, call: &Call) -> Self {
        let account = service.account_id.as_deref().map(|id| if id == "own" { &call.account } else { id });
        self.maybe("Name", service.name.clone())
            .maybe("Names", service.names.clone())
            .maybe("AccountId", account)
            .maybe("Type", service.kind.clone())
    }

    fn some(self) -> Option<Value> {
        (!self.0.is_empty()).then_some(Value::Object(self.0))
    }

    fn without(mut self, omitted: &[String]) -> Value {
        for name in omitted {
            self.0.remove(name);
        }
        Value::Object(self.0)
    }
}
