//! The view of X-Ray's records. The root cause and the anomalous services are those that X-Ray names; the view draws no
//! conclusions.
//!
//! X-Ray documents links into its console (`service-map?timeRange=start~end` in UTC, at most six hours), but none to the page
//! of an insight. <https://docs.aws.amazon.com/xray/latest/devguide/xray-console.html#xray-console-deeplinks>

use super::{IMPACT_GRAPH, INSIGHT_EVENT, SOURCE};
use crate::view::console::{Link, encoded, home};
use crate::view::{
    Column, CorrelationKeys, Fact, Graph, Judgement, Log, LogChart, Mark, Names, Node, Section, ShareChart,
    Subject, Table, Value, View, aws_command, counted, list, service_name, text,
};
use insights_records::number::Number;
use insights_records::record::{Stored, one_line};
use insights_records::time::Timestamp;
use insights_records::value::Value as Json;
use std::collections::BTreeSet;

/// The view of X-Ray.
pub static VIEW: View = View {
    source: SOURCE,
    needs_partition: true,
    related: |_| Vec::new(),
    sections,
    controls: |_| None,
    judgement,
    subject: |insight| Subject {
        what: "faults".to_owned(),
        relation: "in",
        place: insight.text("entity").map(str::to_owned),
        unusual: None,
    },
    title_is_message: true,
    correlation_items: &[GRAPH_SORT_KEY],
    correlation,
    lane: |record| record.text("entity").unwrap_or_default(),
    link,
    further_links,
    names: |_| Names::default(),
    follow_up,
    // It has no metric series.
    unavailable: |_, _| "it is not available".to_owned(),
};

/// The traces with faults of the root cause, of the time for which X-Ray accepts a request: at most six hours.
/// <https://docs.aws.amazon.com/xray/latest/api/API_GetTraceSummaries.html>
fn follow_up(insight: &Stored) -> Vec<String> {
    let (Some(began), Some(entity)) = (insight.timestamp("started_at"), insight.text("entity")) else {
        return Vec::new();
    };
    let end = insight.timestamp("ended_at").or_else(|| insight.timestamp("updated_at")).unwrap_or(began);
    let until = end.clamp(began, began.plus_seconds(MOST_TRACES)).to_string();
    let name = entity.replace('\\', "\\\\").replace('"', "\\\"");
    let filter = format!("service(\"{name}\") {{ fault = true }}");
    let began = began.to_string();
    let words = [
        "xray",
        "get-trace-summaries",
        "--start-time",
        &began,
        "--end-time",
        &until,
        "--filter-expression",
        &filter,
    ];
    aws_command(insight, words)
}

/// The longest time of one request for traces, in seconds.
const MOST_TRACES: i64 = 6 * 3_600;

/// The sort key of an insight's impact graph.
const GRAPH_SORT_KEY: &str = "graph";
/// The maximum time span of X-Ray's service map, in seconds.
const LONGEST_MAP: i64 = 6 * 3_600;
/// The members of the root cause's and of the clients' statistics.
const ROOT_CAUSE: &str = "root_cause_service_request_impact_statistics";
const CLIENTS: &str = "client_request_impact_statistics";

fn sections(insight: &Stored, items: &[Stored]) -> Vec<Section> {
    vec![facts(insight), development(insight, items), graph(insight, items)]
}

fn facts(insight: &Stored) -> Section {
    let detail = insight.0.get("detail");
    let mut facts = Vec::new();
    if let Some(cause) = root_cause(insight) {
        facts.push(Fact { name: "Root cause", value: named(cause, true) });
    }
    let anomalous: Vec<Value> = anomalous(insight).map(|service| named(service, false)).collect();
    let none = || Value::Text("no service is named".to_owned());
    let value = if anomalous.is_empty() { none() } else { Value::List(anomalous) };
    facts.push(Fact { name: "Anomalous", value });
    if let Some(group) = detail.and_then(|detail| text(detail, "group_name")) {
        facts.push(Fact { name: "Group", value: Value::Text(group.to_owned()) });
    }
    for (name, of) in [("Faults at the root cause", ROOT_CAUSE), ("Faults at the clients", CLIENTS)] {
        if let Some(part) = statistic(insight, of, "fault_count") {
            let whole = statistic(insight, of, "total_count");
            facts.push(Fact { name, value: Value::Part { part, whole, unit: "requests" } });
        }
    }
    Section::Facts(facts)
}

fn development(insight: &Stored, items: &[Stored]) -> Section {
    let is_event = |item: &&Stored| item.text("kind") == Some(INSIGHT_EVENT.as_str());
    let mut events: Vec<(Timestamp, &Stored)> = items
        .iter()
        .filter(is_event)
        .filter_map(|event| Some((event.timestamp("started_at")?, event)))
        .collect();
    events.sort_by_key(|(at, _)| *at);
    if events.is_empty() {
        return Section::Note(
            "X-Ray returned no events, so the history of the insight is unknown.".to_owned(),
        );
    }
    let points =
        events.iter().map(|(at, event)| (*at, [ROOT_CAUSE, CLIENTS].map(|of| percentage(event, of))));
    let entity = insight.text("entity").unwrap_or_default();
    let chart = ShareChart {
        title: "Share of requests with faults",
        label: format!("Share of faulty requests of {entity} over the life of the insight"),
        names: ["root cause", "clients"],
        points: points.collect(),
    };
    let columns = vec![
        Column::text("Time"),
        Column::number("Faults"),
        Column::number("Requests"),
        Column::number("Share"),
        Column::number("Clients").optional(),
        Column::text("What"),
    ];
    let rows = events.into_iter().map(|(at, event)| {
        // The root cause's statistics if it has requests, otherwise those of the clients, as in the severity rule.
        let of = [ROOT_CAUSE, CLIENTS].into_iter().find(|of| statistic(event, of, "total_count").is_some());
        let count = |name| statistic(event, of?, name);
        let (faults, total) = (count("fault_count"), count("total_count"));
        let whole = |part: Option<i64>, whole: Option<i64>| match (part, whole) {
            (Some(part), Some(whole)) => Value::Share { part, whole },
            _ => Value::None,
        };
        let [clients_faults, clients_total] =
            ["fault_count", "total_count"].map(|name| statistic(event, CLIENTS, name));
        let summary = event.0.get("detail").and_then(|detail| text(detail, "summary"));
        let title = summary.map_or_else(|| event.text("title").unwrap_or_default().to_owned(), one_line);
        let unusual: Vec<&str> = anomalous(event).filter_map(name).collect();
        let mut said = vec![Value::Text(title)];
        if !unusual.is_empty() {
            said.push(Value::Text(format!("anomalous: {}", unusual.join(", "))));
        }
        let number = |number: Option<i64>| number.map_or(Value::None, Value::Count);
        vec![
            Value::Time(at),
            number(faults),
            number(total),
            whole(faults, total),
            whole(clients_faults, clients_total),
            Value::List(said),
        ]
    });
    let table = Table { title: "History".to_owned(), columns, rows: rows.collect() };
    Section::Log(Log { table, chart: Some(LogChart::Shares(chart)) })
}

fn graph(insight: &Stored, items: &[Stored]) -> Section {
    let graph = items.iter().find(|item| item.text("kind") == Some(IMPACT_GRAPH.as_str()));
    let services = list(graph.and_then(|graph| graph.0.get("detail")), "services");
    if services.is_empty() {
        return Section::Note("X-Ray returned no impact graph.".to_owned());
    }
    let causes: BTreeSet<&str> =
        root_cause(insight).and_then(name).or_else(|| insight.text("entity")).into_iter().collect();
    let unusual: BTreeSet<&str> = anomalous(insight).filter_map(name).collect();
    let node = |(nth, service): (usize, &Json)| {
        let position = i64::try_from(nth).unwrap_or_default();
        let known = name(service);
        let mark = match known {
            Some(name) if causes.contains(name) => Mark::RootCause,
            Some(name) if unusual.contains(name) => Mark::Anomalous,
            _ => Mark::None,
        };
        Node {
            // A service without a reference id is called by no other, so it gets a unique negative id.
            id: reference(service).unwrap_or(-1 - position),
            name: known.map_or_else(|| format!("service {}", nth + 1), str::to_owned),
            kind: text(service, "type").unwrap_or_default().to_owned(),
            mark,
            calls: list(Some(service), "edges").iter().filter_map(reference).collect(),
        }
    };
    Section::Graph(Graph { title: "Service graph", nodes: services.iter().enumerate().map(node).collect() })
}

fn judgement(record: &Stored) -> Option<Judgement> {
    let (part, whole) = (counted(record, "fault_count")?, counted(record, "total_count"));
    Some(Judgement::Share { part, whole, what: "requests had faults", apart: None })
}

fn correlation(insight: &Stored, items: &[&Stored]) -> CorrelationKeys {
    let mut services: BTreeSet<String> =
        root_cause(insight).map(names).unwrap_or_default().into_iter().collect();
    services.extend(anomalous(insight).flat_map(names));
    for item in items {
        services.extend(list(item.0.get("detail"), "services").iter().flat_map(names));
    }
    let about = insight.text("entity").map(service_name).unwrap_or_default();
    CorrelationKeys { about, services, callers: BTreeSet::new() }
}

fn link(record: &Stored) -> Option<Link> {
    let url = format!("{}#/service-map?timeRange={}", home(record, "xray")?, time_range(record)?);
    Some(Link { shows: "the service map of that time", url })
}

/// The traces with faults of the root cause, by a filter expression.
fn further_links(record: &Stored) -> Vec<Link> {
    let traces = || {
        let name = record.text("entity")?.replace('\\', "\\\\").replace('"', "\\\"");
        let filter = encoded(&format!("service(\"{name}\") {{ fault = true }}"));
        let url =
            format!("{}#/traces?timeRange={}&filter={filter}", home(record, "xray")?, time_range(record)?);
        Some(Link { shows: "the traces with faults of that time", url })
    };
    traces().into_iter().collect()
}

/// The time of an insight, at most as long as the console shows.
fn time_range(record: &Stored) -> Option<String> {
    let from = record.timestamp("started_at")?;
    let ended_at = record.timestamp("ended_at").or_else(|| record.timestamp("updated_at"));
    let until = ended_at.unwrap_or(from).clamp(from.plus_seconds(60), from.plus_seconds(LONGEST_MAP));
    Some(format!("{}~{}", without_zone(from), without_zone(until)))
}

/// X-Ray expects times in UTC without a time zone.
fn without_zone(timestamp: Timestamp) -> String {
    let mut text = timestamp.to_string();
    text.truncate("2026-03-01T12:00:00".len());
    text
}

fn root_cause(record: &Stored) -> Option<&Json> {
    record.0.get("detail")?.at(&["root_cause_service_id"])
}

fn anomalous(record: &Stored) -> impl Iterator<Item = &Json> {
    let services = list(record.0.get("detail"), "top_anomalous_services").iter();
    services.filter_map(|service| service.at(&["service_id"]))
}

fn named(service: &Json, is_main: bool) -> Value {
    let kind = text(service, "type").filter(|kind| !kind.is_empty()).map(str::to_owned);
    Value::Named { name: name(service).unwrap_or("unnamed").to_owned(), kind, is_main }
}

fn name(service: &Json) -> Option<&str> {
    text(service, "name").or_else(|| list(Some(service), "names").first()?.as_str())
}

fn reference(value: &Json) -> Option<i64> {
    value.at(&["reference_id"])?.as_number()?.as_i64()
}

fn statistic(record: &Stored, of: &str, name: &str) -> Option<i64> {
    record.0.get("detail")?.at(&[of, name])?.as_number().and_then(Number::as_i64)
}

/// The share of requests with faults, in percent; `None` if there are no requests.
fn percentage(record: &Stored, of: &str) -> Option<f64> {
    let faults = statistic(record, of, "fault_count")?;
    let total = statistic(record, of, "total_count").filter(|total| *total > 0)?;
    #[expect(clippy::cast_precision_loss, reason = "a share is shown to three digits")]
    Some(100.0 * faults as f64 / total as f64)
}

/// The possible names of a service: its own names, and the AWS service of its type (`dynamodb` for `AWS::DynamoDB::Table`),
/// which matches CloudTrail's event source.
fn names(service: &Json) -> Vec<String> {
    let aws_service = text(service, "type").and_then(|kind| kind.strip_prefix("AWS::")?.split("::").next());
    let further = list(Some(service), "names").iter().filter_map(Json::as_str);
    text(service, "name").into_iter().chain(aws_service).chain(further).map(service_name).collect()
}
