//! Reads the `[xray]` part of a scenario file.

use super::{Data, Event, GraphService, Group, Insight, Listing, ServiceId, Statistics};
use crate::constraint::is_uuid;
use crate::scenario::members::{distinct, each, fault, omit};
use crate::scenario::place::Part;
use crate::scenario::{Context, hash, is_account};
use insights_shared::fields::{Faults, Fields};
use insights_shared::key::hex;
use insights_shared::time::Timestamp;
use serde_json::Value;

const GROUP_MEMBERS: &[&str] = &["GroupName", "GroupARN", "FilterExpression", "InsightsConfiguration"];
const INSIGHT_MEMBERS: &[&str] = &[
    "InsightId",
    "GroupARN",
    "GroupName",
    "RootCauseServiceId",
    "Categories",
    "State",
    "StartTime",
    "EndTime",
    "Summary",
    "ClientRequestImpactStatistics",
    "RootCauseServiceRequestImpactStatistics",
    "TopAnomalousServices",
    "LastUpdateTime",
    "ServiceGraphStartTime",
    "ServiceGraphEndTime",
];
const EVENT_MEMBERS: &[&str] = &[
    "Summary",
    "EventTime",
    "ClientRequestImpactStatistics",
    "RootCauseServiceRequestImpactStatistics",
    "TopAnomalousServices",
];
const SERVICE_MEMBERS: &[&str] = &["ReferenceId", "Type", "Name", "Names", "AccountId", "Edges"];

impl Part for Data {
    fn parse(mut fields: Fields<'_>, context: &Context) -> Self {
        let page_size = fields.integer("page_size");
        if let Some(size) = page_size.filter(|size| *size < 1) {
            fault(&mut fields, "page_size", size, "must be at least 1");
        }
        let page_size = page_size.and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0);
        let listing = match fields.string("listing").as_deref() {
            None | Some("overlap") => Listing::Overlap,
            Some("started") => Listing::Started,
            Some(other) => {
                fault(&mut fields, "listing", other, "must be \"overlap\" or \"started\"");
                Listing::Overlap
            }
        };
        let groups = each(&mut fields, "groups", |fields| group(fields, context));
        let names = groups.iter().map(|group| group.name.clone());
        distinct(&mut fields, "groups", names.filter(|name| !name.is_empty()), "is named twice");
        let insights: Vec<Option<Insight>> = each(&mut fields, "insights", |fields| {
            let insight = insight(fields, context)?;
            if !groups.iter().any(|group| group.name == insight.group) {
                fault(fields, "group", &insight.group, "must be the name of a group");
            }
            Some(insight)
        });
        let ids = insights.iter().flatten().map(|insight| insight.id.clone());
        distinct(&mut fields, "insights", ids, "has the id or name of another insight");
        fields.finish();
        Self { groups, insights: insights.into_iter().flatten().collect(), page_size, listing }
    }
}

fn group(fields: &mut Fields<'_>, context: &Context) -> Group {
    let name = fields.required_string("name").unwrap_or_default();
    if name.chars().count() > 32 {
        fault(fields, "name", &name, "must have at most 32 characters");
    }
    Group {
        arn: fields.string("arn"),
        filter_expression: fields.string("filter_expression"),
        insights_enabled: fields.boolean("insights_enabled"),
        notifications_enabled: fields.boolean("notifications_enabled"),
        omit: omit(fields, "omit", GROUP_MEMBERS),
        tag: tag(context, &name),
        name,
    }
}

/// The last part of a group's ARN; the group `Default` has none.
fn tag(context: &Context, name: &str) -> String {
    if name == "Default" {
        return String::new();
    }
    let hash = hash(context.seed, &format!("xray group {name}"));
    hex::<String>(hash.get(..16).unwrap_or_default()).to_uppercase()
}

fn insight(fields: &mut Fields<'_>, context: &Context) -> Option<Insight> {
    let id = id(fields, context);
    let group = fields.required_string("group");
    let start = context.required_instant(fields, "start");
    let end = context.instant(fields, "end");
    if let (Some(start), Some(end)) = (start, end)
        && end < start
    {
        fault(fields, "end", end, "must not be before the start");
    }
    let root_cause = fields.value("root_cause");
    let root_cause_path = fields.path("root_cause");
    let insight = Insight {
        id: id.clone().unwrap_or_default(),
        group: group.clone().unwrap_or_default(),
        root_cause: root_cause.and_then(|value| service(value, &root_cause_path, fields.faults())),
        categories: fields.strings("categories"),
        summary: fields.string("summary"),
        start: start.unwrap_or(Timestamp::MIN),
        end,
        last_update_time: context.instant(fields, "last_update_time"),
        state: fields.string("state"),
        unlisted: fields.boolean("unlisted").unwrap_or_default(),
        events: events(fields, context),
        graph: graph(fields),
        omit: omit(fields, "omit", INSIGHT_MEMBERS),
    };
    (id.is_some() && group.is_some() && start.is_some()).then_some(insight)
}

/// The id in the file, otherwise the one that is derived from the name.
fn id(fields: &mut Fields<'_>, context: &Context) -> Option<String> {
    let name = fields.string("name");
    match fields.string("id") {
        Some(id) if is_uuid(&id) => Some(id),
        Some(id) => {
            fault(fields, "id", id, "must be a UUID");
            None
        }
        None if name.is_none() => {
            fault(fields, "name", "", "is required where there is no id");
            None
        }
        None => name.map(|name| context.uuid(&format!("xray insight {name}"))),
    }
}

fn events(fields: &mut Fields<'_>, context: &Context) -> Vec<Event> {
    let mut events = each(fields, "events", |fields| Event {
        time: context.required_instant(fields, "time").unwrap_or(Timestamp::MIN),
        summary: fields.string("summary"),
        client: statistics(fields, "client"),
        root_cause: statistics(fields, "root_cause"),
        anomalous: services(fields, "anomalous"),
        omit: omit(fields, "omit", EVENT_MEMBERS),
    });
    events.sort_by_key(|event| event.time);
    events
}

fn statistics(fields: &mut Fields<'_>, name: &'static str) -> Option<Statistics> {
    let mut fields = fields.object(name)?;
    let statistics = Statistics {
        fault: fields.integer("fault"),
        ok: fields.integer("ok"),
        total: fields.integer("total"),
    };
    fields.finish();
    Some(statistics)
}

fn services(fields: &mut Fields<'_>, name: &'static str) -> Option<Vec<ServiceId>> {
    let list = fields.list(name)?;
    Some(list.into_iter().filter_map(|(path, value)| service(value, &path, fields.faults())).collect())
}

/// A service: a table, or a name.
fn service(value: Value, path: &str, faults: &mut Faults) -> Option<ServiceId> {
    if let Value::String(name) = value {
        return Some(ServiceId { names: Some(vec![name.clone()]), name: Some(name), ..ServiceId::default() });
    }
    let mut fields = Fields::new(value, path, faults)?;
    let mut service = service_members(&mut fields);
    if omit(&mut fields, "omit", &["Names"]).iter().any(|name| name == "Names") {
        service.names = None;
    }
    fields.finish();
    Some(service)
}

fn service_members(fields: &mut Fields<'_>) -> ServiceId {
    let name = fields.string("name");
    let names = fields.strings("names").or_else(|| name.clone().map(|name| vec![name]));
    let account_id = fields.string("account_id");
    if let Some(id) = account_id.as_deref().filter(|id| *id != "own" && !is_account(id)) {
        fault(fields, "account_id", id, "must be an account id of 12 digits, or \"own\"");
    }
    ServiceId { name, names, account_id, kind: fields.string("type") }
}

fn graph(fields: &mut Fields<'_>) -> Vec<GraphService> {
    let read = each(fields, "graph", |fields| {
        let service = service_members(fields);
        let edges = (fields.path("edges"), fields.strings("edges"));
        (GraphService { service, edges: None, omit: omit(fields, "omit", SERVICE_MEMBERS) }, edges)
    });
    let (mut graph, edges): (Vec<GraphService>, Vec<_>) = read.into_iter().unzip();
    let names: Vec<Option<String>> = graph.iter().map(|service| service.service.name.clone()).collect();
    for (service, (path, edges)) in graph.iter_mut().zip(edges) {
        service.edges = edges.map(|edges| {
            let position = |name: String| {
                let position = names.iter().position(|other| other.as_deref() == Some(name.as_str()));
                if position.is_none() {
                    fields.faults().add(&path, name, "must be the name of a service in the graph");
                }
                position
            };
            edges.into_iter().filter_map(position).collect()
        });
    }
    graph
}
