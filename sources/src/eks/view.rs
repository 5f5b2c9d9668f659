//! The view of EKS insights: the check and its status, since when it fails, and what to change before an upgrade.
//!
//! EKS documents no links into its console: `#/clusters/NAME?selectedTab=cluster-upgrade-insights-tab` is the address that
//! the console shows in the browser.

use super::{INSIGHT_EVENT, SOURCE};
use crate::view::console::{Link, encoded, home};
use crate::view::periods::first;
use crate::view::{
    Column, CorrelationKeys, CountLine, Fact, LineChart, Log, LogChart, Names, Related, Section, Subject,
    Table, Value, View, aws_command, list, text,
};
use insights_records::number::Number;
use insights_records::record::Stored;
use insights_records::time::Timestamp;
use insights_records::value::Value as Json;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The view of EKS.
pub static VIEW: View = View {
    source: SOURCE,
    needs_partition: true,
    related: |_| vec![Related::SameId],
    sections,
    controls: |_| None,
    // There is no number. The title contains the status.
    judgement: |_| None,
    subject: |insight| Subject {
        what: detail_text(insight, "name").unwrap_or("EKS check").to_owned(),
        relation: "in cluster",
        place: insight.text("entity").map(str::to_owned),
        unusual: None,
    },
    title_is_message: false,
    correlation_items: &[],
    // A check fails for weeks and names no service, so it would belong to every incident of that time.
    correlation: |_, _| CorrelationKeys::default(),
    lane: |record| record.text("entity").unwrap_or_default(),
    link,
    further_links: |_| Vec::new(),
    names: |insight| Names {
        callers: clients_of(insight)
            .filter_map(|(_, client)| text(client, "user_agent"))
            .map(str::to_owned)
            .collect(),
        ..Names::default()
    },
    follow_up: |insight| match (insight.text("entity"), insight.text("id")) {
        (Some(cluster), Some(id)) => {
            aws_command(insight, ["eks", "describe-insight", "--cluster-name", cluster, "--id", id])
        }
        _ => Vec::new(),
    },
    // It has no metric series.
    unavailable: |_, _| "it is not available".to_owned(),
};

fn sections(insight: &Stored, items: &[Stored]) -> Vec<Section> {
    let mut sections = vec![facts(insight, items)];
    sections.extend(truncated(insight));
    let tables = [resources(insight), deprecations(insight), clients(insight)];
    sections.extend(tables.into_iter().flatten().map(Section::Table));
    sections.extend(development(items));
    sections.extend([addons(insight), links(insight)].into_iter().flatten().map(Section::Table));
    sections
}

fn facts(insight: &Stored, items: &[Stored]) -> Section {
    let said = |name: &str| detail_text(insight, name).map(|text| Value::Text(text.to_owned()));
    let status = |name: &str| {
        let value = insight.0.get("detail")?.at(&["insight_status", name])?.as_str()?;
        Some(Value::Text(value.to_owned()))
    };
    let began = insight.timestamp("started_at");
    let failing_since = first(insight, items).timestamp("started_at").map(Value::Time);
    let facts = [
        ("Cluster", insight.text("entity").map(|name| Value::Text(name.to_owned()))),
        ("Category", detail_text(insight, "category").map(|text| Value::Text(words(text)))),
        ("Kubernetes version", said("kubernetes_version")),
        ("Status", status("status")),
        ("Reason", status("reason")),
        ("Failing since", failing_since),
        ("In this status since", began.map(Value::Time)),
        ("Refreshed", insight.timestamp("updated_at").map(Value::Time)),
        ("Recommendation", said("recommendation")),
        ("Description", said("description")),
    ];
    Section::Facts(facts.into_iter().filter_map(|(name, value)| Some(Fact { name, value: value? })).collect())
}

/// Which lists are not complete, because the record would be too large.
fn truncated(insight: &Stored) -> Option<Section> {
    let names = list(insight.0.get("detail"), "truncated").iter().filter_map(Json::as_str);
    let names: Vec<&str> = names.map(|name| name.rsplit('.').next().unwrap_or(name)).collect();
    let text = format!(
        "The record would be too large, so only the first elements are stored of: {}.",
        names.join(", ")
    );
    (!names.is_empty()).then_some(Section::Note(text))
}

fn resources(insight: &Stored) -> Option<Table> {
    let resource = |resource: &Json| {
        let name = text(resource, "kubernetes_resource_uri").or_else(|| text(resource, "arn"));
        let status = |name| resource.at(&["insight_status", name]).and_then(Json::as_str);
        vec![key(name), words_or_none(status("status")), words_or_none(status("reason"))]
    };
    let columns = vec![Column::text("Resource"), Column::text("Status"), Column::text("Reason").optional()];
    table("Resources", columns, list(insight.0.get("detail"), "resources").iter().map(resource))
}

fn deprecations(insight: &Stored) -> Option<Table> {
    let deprecation = |deprecation: &Json| {
        vec![
            key(text(deprecation, "usage")),
            key(text(deprecation, "replaced_with")),
            words_or_none(text(deprecation, "stop_serving_version")),
            words_or_none(text(deprecation, "start_serving_replacement_version")),
        ]
    };
    let columns = vec![
        Column::text("API"),
        Column::text("Replacement"),
        Column::text("Removed in"),
        Column::text("Replacement since").optional(),
    ];
    table("Deprecated APIs", columns, summary(insight, "deprecation_details").iter().map(deprecation))
}

fn clients(insight: &Stored) -> Option<Table> {
    let rows = clients_of(insight).map(|(api, client)| {
        let last = client.at(&["last_request_time"]).and_then(Json::as_timestamp);
        vec![
            key(text(client, "user_agent")),
            key(api),
            requests(client).map_or(Value::None, Value::Count),
            last.map_or(Value::None, Value::Time),
        ]
    });
    let columns = vec![
        Column::text("Client"),
        Column::text("API"),
        Column::number("Requests in 30 days"),
        Column::text("Last request"),
    ];
    table("Clients that use them", columns, rows)
}

/// The numbers of requests over time, from the stored answers: a line for each client, and a row for each answer.
fn development(items: &[Stored]) -> Option<Section> {
    let is_event = |item: &&Stored| item.text("kind") == Some(INSIGHT_EVENT.as_str());
    let mut events: Vec<(Timestamp, &Stored)> = items
        .iter()
        .filter(is_event)
        .filter_map(|event| Some((event.timestamp("started_at")?, event)))
        .collect();
    events.sort_by_key(|(at, _)| *at);
    if events.iter().all(|(_, event)| clients_of(event).next().is_none()) {
        return None;
    }
    let counted: Vec<(Timestamp, BTreeMap<&str, i64>)> =
        events.into_iter().map(|(at, event)| (at, requests_by_client(event))).collect();
    let rows = counted.iter().map(|(at, counts)| {
        let each = counts.iter().map(|(client, count)| Value::Text(format!("{client}: {count}")));
        vec![Value::Time(*at), Value::Count(sum(counts)), Value::List(each.collect())]
    });
    let columns = vec![Column::text("Refreshed"), Column::number("Requests"), Column::text("By client")];
    let title = REQUESTS.to_owned();
    let table = Table { title, columns, rows: rows.collect() };
    Some(Section::Log(Log { table, chart: Some(LogChart::Counts(request_chart(&counted))) }))
}

/// The heading of the requests over time.
const REQUESTS: &str = "Requests in the 30 days before each refresh";
/// The most clients with a line of their own.
const MOST_LINES: usize = 3;

/// A line for all clients if there are several, and one for each of those with the most requests. A client that an answer does not
/// name sent no request.
fn request_chart(counted: &[(Timestamp, BTreeMap<&str, i64>)]) -> LineChart {
    let mut most: BTreeMap<&str, i64> = BTreeMap::new();
    for (client, count) in counted.iter().flat_map(|(_, counts)| counts) {
        let greatest = most.entry(client).or_default();
        *greatest = (*greatest).max(*count);
    }
    let mut clients: Vec<(&str, i64)> = most.into_iter().collect();
    clients.sort_by_key(|(client, count)| (Reverse(*count), *client));
    let line = |name: &str, value: &dyn Fn(&BTreeMap<&str, i64>) -> i64| CountLine {
        name: name.to_owned(),
        points: counted.iter().map(|(at, counts)| (*at, value(counts))).collect(),
    };
    let mut lines = Vec::new();
    if clients.len() > 1 {
        lines.push(line("all clients", &sum));
    }
    for (client, _) in clients.iter().take(MOST_LINES) {
        lines.push(line(client, &|counts| counts.get(client).copied().unwrap_or_default()));
    }
    let label = "Requests for deprecated APIs in the 30 days before each refresh, by client".to_owned();
    LineChart { title: REQUESTS, label, lines }
}

/// The requests that an answer states for each client, for all deprecated APIs together.
fn requests_by_client(event: &Stored) -> BTreeMap<&str, i64> {
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    for (_, client) in clients_of(event) {
        let Some(number) = requests(client) else { continue };
        let count = counts.entry(text(client, "user_agent").unwrap_or("unnamed")).or_default();
        *count = count.saturating_add(number);
    }
    counts
}

fn sum(counts: &BTreeMap<&str, i64>) -> i64 {
    counts.values().fold(0, |sum: i64, count| sum.saturating_add(*count))
}

fn addons(insight: &Stored) -> Option<Table> {
    let addon = |addon: &Json| {
        let versions = list(Some(addon), "compatible_versions").iter().filter_map(Json::as_str);
        let versions = versions.map(|version| Value::Text(version.to_owned()));
        vec![words_or_none(text(addon, "name")), Value::List(versions.collect())]
    };
    let columns = vec![Column::text("Add-on"), Column::text("Compatible versions")];
    table("Add-ons", columns, summary(insight, "addon_compatibility_details").iter().map(addon))
}

fn links(insight: &Stored) -> Option<Table> {
    let links = insight.0.get("detail").and_then(|detail| detail.at(&["additional_info"]));
    let links = links.and_then(Json::as_map).into_iter().flatten();
    let rows = links.map(|(title, address)| vec![Value::Text(title.to_string()), key(address.as_str())]);
    table("Further information", vec![Column::text("Title"), Column::text("Address")], rows)
}

fn link(record: &Stored) -> Option<Link> {
    let cluster = encoded(record.text("entity")?);
    let home = home(record, "eks")?;
    let url = format!("{home}#/clusters/{cluster}?selectedTab=cluster-upgrade-insights-tab");
    Some(Link { shows: "the upgrade insights of the cluster", url })
}

/// The clients of all deprecated APIs, each with the API.
fn clients_of(record: &Stored) -> impl Iterator<Item = (Option<&str>, &Json)> {
    summary(record, "deprecation_details").iter().flat_map(|deprecation| {
        list(Some(deprecation), "client_stats").iter().map(|client| (text(deprecation, "usage"), client))
    })
}

fn requests(client: &Json) -> Option<i64> {
    client.at(&["number_of_requests_last30_days"]).and_then(Json::as_number).and_then(Number::as_i64)
}

/// A list that EKS returns only in some categories.
fn summary<'a>(record: &'a Stored, name: &str) -> &'a [Json] {
    let summary = record.0.get("detail").and_then(|detail| detail.at(&["category_specific_summary"]));
    list(summary, name)
}

fn detail_text<'a>(record: &'a Stored, name: &str) -> Option<&'a str> {
    text(record.0.get("detail")?, name)
}

/// The category in words, for example `upgrade readiness` for `UPGRADE_READINESS`.
fn words(category: &str) -> String {
    category.to_lowercase().replace('_', " ")
}

fn key(text: Option<&str>) -> Value {
    text.map_or(Value::None, |text| Value::Key(text.to_owned()))
}

fn words_or_none(text: Option<&str>) -> Value {
    text.map_or(Value::None, |text| Value::Text(text.to_owned()))
}

/// A table; `None` if it has no rows.
fn table(title: &str, columns: Vec<Column>, rows: impl Iterator<Item = Vec<Value>>) -> Option<Table> {
    let rows: Vec<Vec<Value>> = rows.collect();
    (!rows.is_empty()).then(|| Table { title: title.to_owned(), columns, rows })
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
