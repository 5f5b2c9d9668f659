//! The impact graph: which six hours are asked for, and how the answer becomes a detail. Pure.

use crate::fetch::ImpactGraph;
use aws_sdk_xray::types::{InsightImpactGraphEdge, InsightImpactGraphService};
use insights_shared::payload::Window;
use insights_shared::sdk::time_value;
use insights_shared::time::Timestamp;
use insights_shared::value::{Map, MapBuilder, Value};

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
    let services = graph.services.as_ref();
    MapBuilder::new()
        .with("end_time", graph.end_time.as_ref().map(time_value))
        .with("insight_id", graph.insight_id.as_deref())
        .with("service_graph_end_time", graph.service_graph_end_time.as_ref().map(time_value))
        .with("service_graph_start_time", graph.service_graph_start_time.as_ref().map(time_value))
        .with("services", services.map(|services| services.iter().map(service).collect::<Value>()))
        .with("start_time", graph.start_time.as_ref().map(time_value))
        .build()
}

fn service(service: &InsightImpactGraphService) -> Map {
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
