//! Reads the `[xray]` part of a scenario file.

use super::{Data, Event, GraphService, Group, Insight, Listing, ServiceId, Statistics};
use crate::constraint::is_uuid;
use crate::scenario::place::Part;
use crate::scenario::{Context, hash, hex, is_account};
use insights_shared::fields::{Faults, Fields};
use insights_shared::time::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;

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
        let page_size = positive(&mut fields, "page_size");
        let listing = match fields.string("listing").as_deref() {
            None | Some("overlap") => Listing::Overlap,
            Some("started") => Listing::Started,
            Some(other) => {
                let path = fields.path("listing");
                fields.faults().add(path, other, "must be \"overlap\" or \"started\"");
                Listing::Overlap
            }
        };
        let mut groups: Vec<Group> = Vec::new();
        for (path, value) in fields.list("groups").unwrap_or_default() {
            let Some(group) = group(value, &path, fields.faults(), context) else { continue };
            if groups.iter().any(|other| other.name == group.name) {
                fields.faults().add(path, &group.name, "is named twice");
            }
            groups.push(group);
        }
        let mut insights = Vec::new();
        let mut ids = BTreeSet::new();
        for (path, value) in fields.list("insights").unwrap_or_default() {
            let Some(insight) = insight(value, &path, fields.faults(), context) else { continue };
            if !groups.iter().any(|group| group.name == insight.group) {
                fields.faults().add(format!("{path}.group"), &insight.group, "must be the name of a group");
            }
            if !ids.insert(insight.id.clone()) {
                fields.faults().add(path, &insight.id, "has the id or name of another insight");
            }
            insights.push(insight);
        }
        fields.finish();
        Data { groups, insights, page_size, listing }
    }
}

fn group(value: Value, path: &str, faults: &mut Faults, context: &Context) -> Option<Group> {
    let mut fields = Fields::new(value, path, faults)?;
    let name = fields.required_string("name");
    if let Some(name) = name.as_deref().filter(|name| name.chars().count() > 32) {
        let path = fields.path("name");
        fields.faults().add(path, name, "must have at most 32 characters");
    }
    let group = Group {
        arn: fields.string("arn"),
        filter_expression: fields.string("filter_expression"),
        insights_enabled: fields.boolean("insights_enabled"),
        notifications_enabled: fields.boolean("notifications_enabled"),
        omit: omit(&mut fields, GROUP_MEMBERS),
        tag: name.as_deref().map(|name| tag(context, name)).unwrap_or_default(),
        name: name.clone().unwrap_or_default(),
    };
    fields.finish();
    name.map(|_| group)
}

/// The last part of a group's ARN; the group `Default` has none.
fn tag(context: &Context, name: &str) -> String {
    if name == "Default" {
        return String::new();
    }
    let hash = hash(context.seed, &format!("xray group {name}"));
    hex(hash.get(..16).unwrap_or_default()).to_uppercase()
}

fn insight(value: Value, path: &str, faults: &mut Faults, context: &Context) -> Option<Insight> {
    let mut fields = Fields::new(value, path, faults)?;
    let id = id(&mut fields, context);
    let group = fields.required_string("group");
    let start = context.required_instant(&mut fields, "start");
    let end = context.instant(&mut fields, "end");
    if let (Some(start), Some(end)) = (start, end)
        && end < start
    {
        let path = fields.path("end");
        fields.faults().add(path, end, "must not be before the start");
    }
    let root_cause = fields.value("root_cause");
    let root_cause_path = fields.path("root_cause");
    let root_cause = root_cause.and_then(|value| service(value, &root_cause_path, fields.faults()));
    let categories = fields.strings("categories");
    let summary = fields.string("summary");
    let last_update_time = context.instant(&mut fields, "last_update_time");
    let state = fields.string("state");
    let unlisted = fields.boolean("unlisted").unwrap_or_default();
    let events = events(&mut fields, context);
    let graph = graph(&mut fields);
    let omit = omit(&mut fields, INSIGHT_MEMBERS);
    fields.finish();
    Some(Insight {
        id: id?,
        group: group?,
        root_cause,
        categories,
        summary,
        start: start?,
        end,
        last_update_time,
        state,
        unlisted,
        events,
        graph,
        omit,
    })
}

/// The id in the file, or the one that belongs to the name.
fn id(fields: &mut Fields<'_>, context: &Context) -> Option<String> {
    let name = fields.string("name");
    match fields.string("id") {
        Some(id) if is_uuid(&id) => Some(id),
        Some(id) => {
            let path = fields.path("id");
            fields.faults().add(path, id, "must be a UUID");
            None
        }
        None if name.is_none() => {
            let path = fields.path("name");
            fields.faults().add(path, "", "is required where there is no id");
            None
        }
        None => name.map(|name| context.uuid(&format!("xray insight {name}"))),
    }
}

fn events(fields: &mut Fields<'_>, context: &Context) -> Vec<Event> {
    let mut events = Vec::new();
    for (path, value) in fields.list("events").unwrap_or_default() {
        let Some(mut fields) = Fields::new(value, path, fields.faults()) else { continue };
        let time = context.required_instant(&mut fields, "time");
        let event = Event {
            time: time.unwrap_or(Timestamp::MIN),
            summary: fields.string("summary"),
            client: statistics(&mut fields, "client"),
            root_cause: statistics(&mut fields, "root_cause"),
            anomalous: services(&mut fields, "anomalous"),
            omit: omit(&mut fields, EVENT_MEMBERS),
        };
        fields.finish();
        events.push(event);
    }
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
    if omit(&mut fields, &["Names"]).iter().any(|name| name == "Names") {
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
        let path = fields.path("account_id");
        fields.faults().add(path, id, "must be an account id of 12 digits, or \"own\"");
    }
    ServiceId { name, names, account_id, kind: fields.string("type") }
}

fn graph(fields: &mut Fields<'_>) -> Vec<GraphService> {
    let mut graph = Vec::new();
    let mut edges = Vec::new();
    for (path, value) in fields.list("graph").unwrap_or_default() {
        let Some(mut fields) = Fields::new(value, path, fields.faults()) else { continue };
        let service = service_members(&mut fields);
        edges.push((fields.path("edges"), fields.strings("edges")));
        let omit = omit(&mut fields, SERVICE_MEMBERS);
        fields.finish();
        graph.push(GraphService { service, edges: None, omit });
    }
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

/// The members to omit, each one of `known`.
fn omit(fields: &mut Fields<'_>, known: &[&str]) -> Vec<String> {
    let omitted = fields.strings("omit").unwrap_or_default();
    let path = fields.path("omit");
    for name in omitted.iter().filter(|name| !known.contains(&name.as_str())) {
        fields.faults().add(&path, name, format!("must be among {}", known.join(", ")));
    }
    omitted
}

fn positive(fields: &mut Fields<'_>, name: &'static str) -> Option<usize> {
    let number = fields.integer(name)?;
    if number < 1 {
        let path = fields.path(name);
        fields.faults().add(path, number, "must be at least 1");
    }
    usize::try_from(number).ok().filter(|number| *number > 0)
}
