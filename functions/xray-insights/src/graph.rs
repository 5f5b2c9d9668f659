//! The impact graph: which six hours are requested, and how the response is converted to a detail. No I/O.

use aws_sdk_xray::types::{InsightImpactGraphEdge, InsightImpactGraphService as Service};
use aws_smithy_types::DateTime;
use insights_shared::payload::Window;
use insights_shared::sdk::time_value;
use insights_shared::time::Timestamp;
use insights_shared::value::{Map, MapBuilder, Value, write_canonical_map};
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// The response to GetInsightImpactGraph, with all pages joined.
#[derive(Clone, Debug, Default)]
pub struct ImpactGraph {
    /// The id of the insight.
    pub insight_id: Option<String>,
    /// The requested start, as returned in the response.
    pub start_time: Option<DateTime>,
    /// The requested end, as returned in the response.
    pub end_time: Option<DateTime>,
    /// When the graph's data begin.
    pub service_graph_start_time: Option<DateTime>,
    /// When the graph's data end.
    pub service_graph_end_time: Option<DateTime>,
    /// The services of all pages.
    pub services: Option<Vec<Service>>,
}

/// The maximum time span of a graph, in seconds. <https://docs.aws.amazon.com/xray/latest/api/API_GetInsightImpactGraph.html>
const LONGEST_SECONDS: i64 = 6 * 3_600;

/// The six hours before `end`, without the part before `reach`, which X-Ray no longer has; `None` if nothing is left.
pub fn window(end: Timestamp, reach: Timestamp) -> Option<Window> {
    let start = end.plus_seconds(-LONGEST_SECONDS).max(reach);
    (start < end).then_some(Window { start, end })
}

/// Every member of the answer except the page token.
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

/// Every service once, in the order of first appearance, although a page or a service may be returned twice. The reference
/// ids are unique within all pages of an answer.
fn unique(services: &[Service]) -> Vec<Map> {
    let mut groups: Vec<Vec<&Service>> = Vec::with_capacity(services.len());
    let mut places: HashMap<i32, usize> = HashMap::with_capacity(services.len());
    let mut nameless = HashSet::new();
    for service in services {
        let Some(id) = service.reference_id else {
            // Services without a reference id are the same only if they are equal.
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

/// Merges the services with one reference id into one, if the members that they have are equal. Otherwise they are not the
/// same service: those with the same name, account and type are merged, and all others are kept. The result does not depend
/// on the order. The time grows linearly with the number of services.
fn merged(mut group: Vec<&Service>) -> Vec<Service> {
    if group.len() > 1 {
        group.sort_by_cached_key(|service| text(service));
    }
    let is_one = [Service::name, Service::account_id, Service::r#type].iter().all(|member| {
        let mut values = group.iter().filter_map(|service| member(service));
        let first = values.next();
        values.all(|value| Some(value) == first)
    });
    if is_one {
        return vec![joined(&group)];
    }
    let mut services: Vec<Vec<&Service>> = Vec::new();
    let mut places = HashMap::new();
    for service in group {
        let place =
            *places.entry((service.name(), service.account_id(), service.r#type())).or_insert(services.len());
        match services.get_mut(place) {
            Some(known) => known.push(service),
            None => services.push(vec![service]),
        }
    }
    services.iter().map(|services| joined(services)).collect()
}

/// One service with the members of all `services`.
fn joined(services: &[&Service]) -> Service {
    let first = |member: fn(&Service) -> Option<&str>| services.iter().find_map(|service| member(service));
    let names = services.iter().filter_map(|service| service.names.as_deref());
    let edges = services.iter().filter_map(|service| service.edges.as_deref());
    Service::builder()
        .set_reference_id(services.iter().find_map(|service| service.reference_id))
        .set_name(first(Service::name).map(str::to_owned))
        .set_account_id(first(Service::account_id).map(str::to_owned))
        .set_type(first(Service::r#type).map(str::to_owned))
        .set_names(each_once(names, String::clone))
        .set_edges(each_once(edges, |edge| edge.reference_id))
        .build()
}

/// The elements of all lists, each once by its key; `None` if there is no list.
fn each_once<'a, T: Clone + 'a, K: Eq + Hash>(
    lists: impl Iterator<Item = &'a [T]>,
    key: impl Fn(&T) -> K,
) -> Option<Vec<T>> {
    let mut lists = lists.peekable();
    lists.peek()?;
    let mut seen = HashSet::new();
    Some(lists.flatten().filter(|element| seen.insert(key(element))).cloned().collect())
}

/// The canonical text of a service, to compare and sort services independently of the order of the answer.
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

    /// No time limit is needed: with a quadratic algorithm, the test would take minutes.
    #[test]
    fn services_of_one_reference_id_are_merged_in_linear_time() {
        type Make = fn(usize) -> Service;
        let names: Make =
            |number| Service::builder().reference_id(0).name(format!("service{number}")).build();
        let edges: Make = |number| {
            let edge = InsightImpactGraphEdge::builder().reference_id(i32::try_from(number).unwrap()).build();
            Service::builder().reference_id(0).name("checkout").edges(edge).build()
        };
        let both: Make = |number| {
            let service = Service::builder().reference_id(0).names(format!("name{number}"));
            if number == 0 { service.name("other").build() } else { service.name("checkout").build() }
        };
        for (make, expected) in [(names, 40_000), (edges, 1), (both, 2)] {
            let services: Vec<Service> = (0..40_000).map(make).collect();
            assert_eq!(unique(&services).len(), expected);
        }
    }

    #[test]
    fn the_graph_covers_the_last_six_hours_within_the_retention() {
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
