//! What X-Ray gave of an insight: how the share of faults developed, which services it touched, and what was said at each
//! look. The root cause is what X-Ray calls so; anomalous is what else is unusual. Neither is concluded here.

use super::chart::graph::{Mark, Node, placed};
use super::chart::{Sign, canvas, clock, legend};
use super::insight::{Setting, fact};
use super::number::real;
use super::text::{as_table, cell, line, table, time};
use insights_query::format::{count, percent, plain, thousands};
use insights_query::nearest::{MOST_SERVICES, nearest};
use insights_shared::number::Number;
use insights_shared::record::Stored;
use insights_shared::time::Timestamp;
use insights_shared::value::Value;
use maud::{Markup, html};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// One look at the insight.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Look {
    at: Timestamp,
    /// The share of faults in the root cause's requests, in percent.
    root_cause: Option<f64>,
    /// The same of the clients' requests.
    clients: Option<f64>,
}

/// Which requests are counted.
const ROOT_CAUSE: &str = "root_cause_service_request_impact_statistics";
const CLIENTS: &str = "client_request_impact_statistics";

/// All of it.
pub fn drawn(record: &Stored, events: &[Stored], graph: Option<&Stored>, setting: Setting<'_>) -> Markup {
    let detail = record.0.get("detail");
    let root_cause = detail.and_then(|detail| detail.at(&["root_cause_service_id"]));
    let anomalous: Vec<&Value> = list(detail, "top_anomalous_services")
        .iter()
        .filter_map(|service| service.at(&["service_id"]))
        .collect();
    html! {
        dl.facts {
            (fact("Root cause", root_cause.map(|service| html! { b { (named(service)) } })))
            (fact("Anomalous", Some(html! {
                @if anomalous.is_empty() { "no service is named" }
                @for (nth, service) in anomalous.iter().enumerate() { @if nth > 0 { ", " } (named(service)) }
            })))
            (fact("Group", detail.and_then(|detail| detail.at(&["group_name"])).and_then(Value::as_str).map(cell)))
            (fact("Faults at the root cause", counted(record, ROOT_CAUSE)))
            (fact("Faults at the clients", counted(record, CLIENTS)))
        }
        (development(record, events, setting))
        (services(graph, root_cause, &anomalous))
    }
}

fn development(record: &Stored, events: &[Stored], setting: Setting<'_>) -> Markup {
    let mut looks: Vec<(Look, &Stored)> =
        events.iter().filter_map(|event| Some((look(event)?, event))).collect();
    looks.sort_by_key(|(look, _)| look.at);
    let Some((first, _)) = looks.first() else {
        return html! { p.quiet { "X-Ray gave no events of it, so how it developed is unknown." } };
    };
    let from = record.timestamp("started_at").unwrap_or(first.at).min(first.at);
    let until = record.timestamp("ended_at").unwrap_or(setting.now);
    let last = looks.last().map_or(until, |(look, _)| look.at);
    let at = |instant| clock(instant, setting.zone);
    let only = looks.iter().map(|(look, _)| (at(look.at), look.root_cause, look.clients));
    let data = json!({ "from": at(from), "until": at(until.max(last)), "looks": only.collect::<Vec<_>>() });
    let label =
        format!("Share of faulty requests of {} over the life of the insight", line(record, "entity"));
    let columns = [("When", false), ("Root cause", true), ("Clients", true), ("What X-Ray said", false)];
    let row = |(look, event): &(Look, &Stored)| {
        let share =
            |share: Option<f64>| cell(share.map_or_else(|| "–".to_owned(), |share| percent(share, 100.0)));
        let said = event.0.get("detail").and_then(|detail| detail.at(&["summary"])).and_then(Value::as_str);
        vec![
            time(look.at, setting.zone),
            share(look.root_cause),
            share(look.clients),
            cell(said.map(plain).unwrap_or_default()),
        ]
    };
    let rows: Vec<Vec<Markup>> = looks.iter().rev().map(row).collect();
    html! {
        figure {
            figcaption { "Share of requests with faults " span { "at each of X-Ray's " (looks.len()) " looks" } }
            (canvas("shares", &label, &data))
            (legend(&[(Sign::Line("line root-cause"), "root cause"), (Sign::Line("line clients"), "clients")]))
            (as_table("The same as a table, with what X-Ray said", &table("Share of requests with faults, newest first", &columns, &rows)))
        }
    }
}

fn look(event: &Stored) -> Option<Look> {
    let at: Timestamp = event.timestamp("started_at")?;
    Some(Look { at, root_cause: share(event, ROOT_CAUSE), clients: share(event, CLIENTS) })
}

fn statistic(record: &Stored, of: &str, name: &str) -> Option<i64> {
    record.0.get("detail")?.at(&[of, name])?.as_number().and_then(Number::as_i64)
}

/// The share of faults, in percent; none where nothing was counted.
fn share(record: &Stored, of: &str) -> Option<f64> {
    let faults = statistic(record, of, "fault_count")?;
    let total = statistic(record, of, "total_count").filter(|total| *total > 0)?;
    Some(100.0 * real(faults) / real(total))
}

fn counted(record: &Stored, of: &str) -> Option<Markup> {
    let faults = statistic(record, of, "fault_count")?;
    let total = statistic(record, of, "total_count");
    Some(html! {
        (thousands(faults))
        @if let Some(total) = total { " of " (thousands(total)) " requests (" (percent(real(faults), real(total))) ")" }
    })
}

fn services(graph: Option<&Stored>, root_cause: Option<&Value>, anomalous: &[&Value]) -> Markup {
    let services = list(graph.and_then(|graph| graph.0.get("detail")), "services");
    if services.is_empty() {
        return html! { p.quiet { "X-Ray gave no impact graph of it." } };
    }
    let causes: BTreeSet<String> = root_cause.into_iter().filter_map(name).collect();
    let unusual: BTreeSet<String> = anomalous.iter().filter_map(|service| name(service)).collect();
    let node = |(nth, service): (usize, &Value)| {
        let name = name(service).unwrap_or_else(|| "unnamed".to_owned());
        let mark = if causes.contains(&name) {
            Mark::RootCause
        } else if unusual.contains(&name) {
            Mark::Anomalous
        } else {
            Mark::None
        };
        let number =
            |value: &Value| value.at(&["reference_id"]).and_then(Value::as_number).and_then(Number::as_i64);
        // One without a number is called by nobody: it gets one that no other has.
        let id = number(service).unwrap_or_else(|| -1 - i64::try_from(nth).unwrap_or_default());
        let calls = service.at(&["edges"]).and_then(Value::as_list).unwrap_or_default();
        let calls = calls.iter().filter_map(number).collect();
        Node { id, name, kind: text(service, "type"), mark, calls }
    };
    let all: Vec<Node> = services.iter().enumerate().map(node).collect();
    let nodes = around_the_cause(&all);
    let columns = [("Service", false), ("Type", false), ("Calls", false), ("", false)];
    let row = |node: &Node| {
        let called =
            nodes.iter().filter(|other| node.calls.contains(&other.id)).map(|other| other.name.as_str());
        let called: Vec<&str> = called.collect();
        let mark = match node.mark {
            Mark::RootCause => "root cause",
            Mark::Anomalous => "anomalous",
            Mark::None => "",
        };
        vec![cell(&node.name), cell(&node.kind), cell(called.join(", ")), cell(mark)]
    };
    let rows: Vec<Vec<Markup>> = nodes.iter().map(row).collect();
    html! {
        figure {
            figcaption { "Impact graph " span { "callers above what they call" } }
            (canvas("graph", "Impact graph: which service calls which, as in the table below", &json!({ "nodes": placed(&nodes) })))
            @if nodes.len() < all.len() {
                p.quiet {
                    (count(nodes.len() as u64)) " of " (count(all.len() as u64)) " services are shown"
                    @if !causes.is_empty() { ", those nearest to the root cause" }
                    "; " code { "insights show ID --output json" } " has all"
                }
            }
            (as_table("The same as a table", &table("Services of the impact graph", &columns, &rows)))
        }
    }
}

/// Of a large graph, the services nearest to the root cause, then to what is anomalous, with the calls between them.
fn around_the_cause(all: &[Node]) -> Vec<Node> {
    let place: BTreeMap<i64, usize> = all.iter().enumerate().map(|(nth, node)| (node.id, nth)).collect();
    let called = |node: &Node| node.calls.iter().filter_map(|id| place.get(id).copied()).collect();
    let calls: Vec<Vec<usize>> = all.iter().map(called).collect();
    let marked = [Mark::RootCause, Mark::Anomalous].into_iter().flat_map(|mark| {
        all.iter().enumerate().filter(move |(_, node)| node.mark == mark).map(|(nth, _)| nth)
    });
    let shown = nearest(&calls, &marked.collect::<Vec<usize>>(), MOST_SERVICES);
    let is_shown = |id: &i64| place.get(id).is_none_or(|nth| shown.contains(nth));
    let node = |node: &Node| Node {
        calls: node.calls.iter().filter(|id| shown.len() == all.len() || is_shown(id)).copied().collect(),
        ..node.clone()
    };
    shown.iter().filter_map(|nth| all.get(*nth)).map(node).collect()
}

fn list<'a>(value: Option<&'a Value>, name: &str) -> &'a [Value] {
    value.and_then(|value| value.at(&[name])).and_then(Value::as_list).unwrap_or_default()
}

fn text(service: &Value, name: &str) -> String {
    service.at(&[name]).and_then(Value::as_str).map(plain).unwrap_or_default()
}

fn name(service: &Value) -> Option<String> {
    service.at(&["name"]).and_then(Value::as_str).map(plain)
}

/// `payments (AWS::Lambda::Function)`.
fn named(service: &Value) -> Markup {
    let kind = text(service, "type");
    html! { (name(service).unwrap_or_else(|| "unnamed".to_owned())) @if !kind.is_empty() { span.quiet { " (" (kind) ")" } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(services: i64, calls: impl Fn(i64) -> Vec<i64>) -> Stored {
        let service = |nth: i64| {
            let edges: Vec<String> =
                calls(nth).iter().map(|called| format!(r#"{{"reference_id":{called}}}"#)).collect();
            format!(r#"{{"reference_id":{nth},"name":"s{nth}","edges":[{}]}}"#, edges.join(","))
        };
        let services = (1..=services).map(service).collect::<Vec<_>>().join(",");
        let json = format!(r#"{{"detail":{{"services":[{services}]}}}}"#);
        let Value::Map(map) = Value::from_json(&json).unwrap() else { panic!("not an object") };
        Stored(map)
    }

    #[test]
    fn of_a_large_graph_the_page_shows_what_is_nearest_to_the_cause_and_says_so() {
        type Calls = fn(i64) -> Vec<i64>;
        let shapes: [(&str, Calls); 4] = [
            ("a chain", |nth| vec![nth + 1]),
            ("one calls all", |nth| if nth == 4_000 { (1..=8_000).collect() } else { Vec::new() }),
            ("all call one", |_| vec![4_000]),
            ("each calls the next hundred", |nth| (nth + 1..nth + 100).collect()),
        ];
        let cause = Value::from_json(r#"{"name":"s4000"}"#).unwrap();
        for (shape, calls) in shapes {
            let page = services(Some(&graph(8_000, calls)), Some(&cause), &[]).into_string();
            assert!(page.len() < 100_000, "{shape}: {} bytes", page.len());
            assert!(
                page.contains("60 of 8,000 services are shown, those nearest to the root cause"),
                "{shape}"
            );
            assert!(page.contains("--output json"), "{shape}");
            assert!(page.contains(r#"<td class="">s4000</td>"#), "{shape}: {page}");
            assert_eq!(page.matches("<tr").count(), 61, "{shape}: a heading and 60 services");
        }
        let page = services(Some(&graph(60, |nth| vec![nth + 1])), Some(&cause), &[]).into_string();
        assert!(!page.contains("services are shown"), "{page}");
    }
}
