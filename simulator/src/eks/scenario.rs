//! Reads the `[eks]` part of a scenario file.

use super::check::{CATEGORIES, STATUSES};
use super::{Addon, Client, Cluster, Data, Deprecation, Insight, Resource, Status, Unavailable};
use crate::scenario::Context;
use crate::scenario::curve::curve;
use crate::scenario::members::{choice, distinct, each, fault, omit, text, time_of_day, whole};
use crate::scenario::place::Part;
use insights_shared::fields::Fields;
use serde_json::{Map, Value};

/// The most requests of a client.
const MOST: i64 = i32::MAX as i64;
const MEMBERS: &[&str] = &[
    "id",
    "name",
    "category",
    "kubernetesVersion",
    "lastRefreshTime",
    "lastTransitionTime",
    "description",
    "insightStatus",
    "recommendation",
    "additionalInfo",
    "resources",
    "categorySpecificSummary",
];

impl Part for Data {
    fn parse(mut fields: Fields<'_>, context: &Context) -> Self {
        let page_size = whole(&mut fields, "page_size", 1..=100);
        let clusters = each(&mut fields, "clusters", |fields| cluster(fields, context));
        let names = clusters.iter().map(|cluster| cluster.name.clone());
        distinct(&mut fields, "clusters", names, "is the name of another cluster");
        fields.finish();
        Self { clusters, page_size: page_size.and_then(|size| usize::try_from(size).ok()) }
    }
}

fn cluster(fields: &mut Fields<'_>, context: &Context) -> Cluster {
    let name = text(fields, "name", 100, is_cluster_name).unwrap_or_default();
    let [created, active_from, deleting_from, deleted] =
        ["created", "active_from", "deleting_from", "deleted"].map(|name| context.instant(fields, name));
    let times = [created, active_from, deleting_from, deleted].into_iter().flatten();
    if !times.is_sorted() {
        let rule = "created, active_from, deleting_from and deleted must be in this order";
        fault(fields, "created", &name, rule);
    }
    let unavailable = choice(fields, "unavailable", &["not_found", "invalid_request"]);
    let insights = each(fields, "insights", |fields| insight(fields, context, &name));
    let ids = insights.iter().map(|insight| insight.id.clone());
    distinct(fields, "insights", ids, "is the id, or is made of the name, of another insight");
    Cluster {
        name,
        connected: fields.boolean("connected").unwrap_or_default(),
        created,
        active_from,
        deleting_from,
        deleted,
        unavailable: match unavailable.as_deref() {
            Some("invalid_request") => Unavailable::InvalidRequest,
            _ => Unavailable::NotFound,
        },
        refreshed_at: time_of_day(fields, "refreshed_at").unwrap_or_default(),
        insights,
    }
}

fn is_cluster_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    name.bytes().all(allowed) && name.starts_with(|first: char| first.is_ascii_alphanumeric())
}

fn insight(fields: &mut Fields<'_>, context: &Context, cluster: &str) -> Insight {
    let name = fields.required_string("name").unwrap_or_default();
    let id = fields.string("id");
    if let Some(id) = id.as_ref().filter(|id| id.is_empty()) {
        fault(fields, "id", id, "must not be empty");
    }
    Insight {
        id: id.unwrap_or_else(|| context.uuid(&format!("eks insight {cluster}\n{name}"))),
        category: choice(fields, "category", CATEGORIES),
        kubernetes_version: fields.string("kubernetes_version"),
        description: fields.string("description"),
        recommendation: fields.string("recommendation"),
        additional_info: additional_info(fields),
        statuses: statuses(fields, context),
        deleted: context.instant(fields, "deleted"),
        undescribed: fields.boolean("undescribed").unwrap_or_default(),
        resources: each(fields, "resources", |fields| resource(fields, context)),
        deprecations: each_if_present(fields, "deprecations", |fields| deprecation(fields, context)),
        addons: each_if_present(fields, "addons", |fields| Addon {
            name: fields.string("name"),
            compatible_versions: fields.strings("compatible_versions"),
        }),
        omit: omit(fields, "omit", MEMBERS),
        name,
    }
}

fn additional_info(fields: &mut Fields<'_>) -> Option<Map<String, Value>> {
    match fields.value("additional_info")? {
        Value::Object(links) => {
            for (title, link) in links.iter().filter(|(_, link)| !link.is_string()) {
                fault(fields, &format!("additional_info.{title}"), link, "must be a string");
            }
            Some(links)
        }
        other => {
            fault(fields, "additional_info", other, "must be a table of title to link");
            None
        }
    }
}

/// The statuses in the order of time. `status` is one that the insight always has.
fn statuses(fields: &mut Fields<'_>, context: &Context) -> Vec<Status> {
    if fields.has("status") {
        return vec![status(fields, context, "since")];
    }
    if !fields.has("statuses") {
        fields.missing("statuses");
    }
    let statuses = each(fields, "statuses", |fields| status(fields, context, "from"));
    let in_order = statuses.windows(2).all(|pair| matches!(pair, [a, b] if a.from < b.from));
    if !in_order {
        fault(fields, "statuses", statuses.len(), "must be in the order of time");
    }
    statuses
}

fn status(fields: &mut Fields<'_>, context: &Context, from: &'static str) -> Status {
    Status {
        from: context.instant(fields, from),
        status: choice(fields, "status", STATUSES),
        reason: fields.string("reason"),
    }
}

fn resource(fields: &mut Fields<'_>, context: &Context) -> Resource {
    Resource {
        status: choice(fields, "status", STATUSES),
        reason: fields.string("reason"),
        uri: fields.string("uri"),
        arn: fields.string("arn"),
        from: context.instant(fields, "from"),
        to: context.instant(fields, "to"),
    }
}

fn deprecation(fields: &mut Fields<'_>, context: &Context) -> Deprecation {
    Deprecation {
        usage: fields.string("usage"),
        replaced_with: fields.string("replaced_with"),
        stop_serving_version: fields.string("stop_serving_version"),
        start_serving_replacement_version: fields.string("start_serving_replacement_version"),
        clients: each_if_present(fields, "clients", |fields| client(fields, context)),
    }
}

fn client(fields: &mut Fields<'_>, context: &Context) -> Client {
    if !fields.has("requests") {
        fields.missing("requests");
    }
    Client {
        user_agent: fields.string("user_agent"),
        requests: curve(fields, "requests", context, MOST).unwrap_or_default(),
        last_request: context.instant(fields, "last_request"),
    }
}

/// The elements of the list `name`, if it is present.
fn each_if_present<T>(
    fields: &mut Fields<'_>,
    name: &'static str,
    read: impl FnMut(&mut Fields<'_>) -> T,
) -> Option<Vec<T>> {
    fields.has(name).then(|| each(fields, name, read))
}
