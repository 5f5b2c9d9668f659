//! The impact graph: which six hours are asked for, and how the answer becomes a detail. Pure.

use crate::fetch::ImpactGraph;
use aws_sdk_xray::types::{InsightImpactGraphEdge, InsightImpactGraphService as Service};
use insights_shared::payload::Window;
use insights_shared::sdk::time_value;
use insights_shared::time::Timestamp;
use insights_shared::value::{Map, MapBuilder, Value, write_canonical_map};
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// The longest span of one graph.
/// <https://docs.aws.amazon.com/xray/latest/api/API_GetInsightImpactGraph.html>
const LONGEST_SECONDS: i64 = 6 * 3_600;

/// The six hours up to `end`, as far as X-Ray still has them; `None` beyond its reach.
pub fn window(end: Timestamp, reach: Timestamp) -> Option<Window> {
    let start = end.plus_seconds(-LONGEST_SECONDS).max(reach);
    (start < end).then_some(Window { start, end })
}

/// Every member of the answer but the page token.
pub fn detail(graph: &ImpactGraph) -> Map {
    let services = graph.services.as_deref().map(unique);
    MapBuilder::new()
        .with("end_time", graph.end_time.as_ref().map(time_value))
        .with("insight_id", graph.insight_id.as_deref())
        .with("service_graph_end_time", graph.service_graph_end_time.as_ref().map(time_value))
        .with("service_graph_start_time", graph.service_graph_start_time.as_ref().map(time_value))
        .with("services", services.map(|services| services.into_iter().collect::<Value>()))
        .with("start_time", graph.start_time.as_ref().map(time_value))
        .build()
}

/// Every service once, in the order in which they first come, although a page or a service may come twice. All pages of an
/// answer share one map, in which a reference id names one service.
fn unique(services: &[Service]) -> Vec<Map> {
    let mut groups: Vec<Vec<&Service>> = Vec::with_capacity(services.len());
    let mut places: HashMap<i32, usize> = HashMap::with_capacity(services.len());
    let mut nameless = HashSet::new();
    for service in services {
        let Some(id) = service.reference_id else {
            // Nothing tells whether two of these are one service, unless they are equal.
            if nameless.insert(text(service)) {
                groups.push(vec![service]);
            }
            continue;
        };
        if let Some(group) = places.get(&id).and_then(|place| groups.get_mut(*place)) {
            group.push(service);
        } else {
            places.insert(id, groups.len());
            groups.push(vec![service]);
        }
    }
    groups.into_iter().flat_map(merged).map(|service| detail_of(&service)).collect()
}

/// The services of one reference id as one. Those that contradict each other cannot be one, and all of them stay. The order in
/// which they come makes no difference.
fn merged(mut group: Vec<&Service>) -> Vec<Service> {
    if group.len() > 1 {
        group.sort_by_cached_key(|service| text(service));
    }
    let mut merged: Vec<Service> = Vec::with_capacity(1);
    for service in group {
        if let Some(known) = merged.iter_mut().find(|known| may_be_same(known, service)) {
            absorb(known, service);
        } else {
            let mut service = service.clone();
            service.edges = service.edges.map(|edges| joined(edges, &[], |edge| edge.reference_id));
            merged.push(service);
        }
    }
    merged
}

fn may_be_same(left: &Service, right: &Service) -> bool {
    let agree =
        |left: Option<&str>, right: Option<&str>| left.zip(right).is_none_or(|(one, other)| one == other);
    agree(left.name(), right.name())
        && agree(left.account_id(), right.account_id())
        && agree(left.r#type(), right.r#type())
}

/// Adds to a service what the same service has elsewhere.
fn absorb(known: &mut Service, other: &Service) {
    let fill = |known: &mut Option<String>, other: &Option<String>| {
        if known.is_none() {
            known.clone_from(other);
        }
    };
    fill(&mut known.name, &other.name);
    fill(&mut known.account_id, &other.account_id);
    fill(&mut known.r#type, &other.r#type);
    if let Some(names) = &other.names {
        known.names = Some(joined(known.names.take().unwrap_or_default(), names, String::clone));
    }
    if let Some(edges) = &other.edges {
        let own = known.edges.take().unwrap_or_default();
        known.edges = Some(joined(own, edges, |edge| edge.reference_id));
    }
}

/// The elements of both lists, each once by its key.
fn joined<T: Clone, K: Eq + Hash>(list: Vec<T>, more: &[T], key: impl Fn(&T) -> K) -> Vec<T> {
    let mut seen = HashSet::new();
    list.into_iter().chain(more.iter().cloned()).filter(|element| seen.insert(key(element))).collect()
}

/// What tells one service from another, and puts them in an order that does not depend on that of the answer.
fn text(service: &Service) -> String {
    let mut text = String::new();
    write_canonical_map(&detail_of(service), &mut text);
    text
}

fn detail_of(service: &Service) -> Map {
    let edges = service.edges.as_ref();
    MapBuilder::new()
        .with("account_id", service.account_id.as_deref())
        .with("edges", edges.map(|edges| edges.iter().map(edge).collect::<Value>()))
        .with("name", service.name.as_deref())
        .with("names", service.names.as_deref())
        .with("reference_id", service.reference_id)
        .with("type", service.r#type.as_deref())
        .build()
}

fn edge(edge: &InsightImpactGraphEdge) -> Map {
    MapBuilder::new().with("reference_id", edge.reference_id).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_graph_covers_the_last_six_hours_within_reach() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let end = time("2023-11-14T22:23:20Z");
        for (reach, expected) in [
            ("2023-11-01T00:00:00Z", Some("2023-11-14T16:23:20.000Z")),
            ("2023-11-14T20:00:00Z", Some("2023-11-14T20:00:00.000Z")),
            ("2023-11-14T22:23:20Z", None),
            ("2023-11-15T00:00:00Z", None),
        ] {
            let start = window(end, time(reach)).map(|window| window.start.to_string());
            assert_eq!(start.as_deref(), expected, "{reach}");
        }
    }
}
