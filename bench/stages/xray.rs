//! X-Ray: an insight alone, and an insight with its events and its graph.

use crate::{BEGAN, ROUND, answered_at, id, table, target};
use aws_sdk_xray::types::{
    AnomalousService, Insight, InsightCategory, InsightEvent, InsightImpactGraphEdge,
    InsightImpactGraphService, InsightState, RequestImpactStatistics, ServiceId,
};
use aws_smithy_types::DateTime;
use divan::Bencher;
use divan::counter::ItemsCount;
use insights_shared::payload::Window;
use insights_shared::time::Timestamp;
use xray_insights::graph::ImpactGraph;
use xray_insights::normalize::{self, Origin, Version};

/// The answers about one insight.
struct Answer {
    id: String,
    insight: Insight,
    events: Vec<InsightEvent>,
    graph: ImpactGraph,
}

fn service(name: &str) -> ServiceId {
    let service = ServiceId::builder().name(name).names(name).names(format!("{name}.internal"));
    service.account_id("123456789012").r#type("AWS::ECS::Container").build()
}

fn statistics(fault: i64) -> RequestImpactStatistics {
    RequestImpactStatistics::builder().fault_count(fault).ok_count(100 - fault).total_count(100).build()
}

fn answer(number: usize) -> Answer {
    let id = id(number);
    let began = BEGAN + i64::try_from(number).unwrap_or_default();
    let end = DateTime::from_secs(began + 600);
    let insight = Insight::builder()
        .insight_id(&id)
        .group_arn("arn:aws:xray:eu-west-1:123456789012:group/shop/ABCDEF")
        .group_name("shop")
        .root_cause_service_id(service("checkout"))
        .categories(InsightCategory::Fault)
        .state(InsightState::Closed)
        .start_time(DateTime::from_secs(began))
        .end_time(end)
        .summary("In 10 minutes, 60 of 100 requests to checkout failed; most of them came from shop.")
        .client_request_impact_statistics(statistics(40))
        .root_cause_service_request_impact_statistics(statistics(60))
        .top_anomalous_services(AnomalousService::builder().service_id(service("checkout")).build())
        .build();
    let event = |minutes: i64, fault: i64| {
        InsightEvent::builder()
            .summary(format!("{fault} of 100 requests to checkout failed."))
            .event_time(DateTime::from_secs(began + minutes * 60))
            .client_request_impact_statistics(statistics(fault / 2))
            .root_cause_service_request_impact_statistics(statistics(fault))
            .top_anomalous_services(AnomalousService::builder().service_id(service("checkout")).build())
            .build()
    };
    let vertex = |reference: i32, name: &str| {
        InsightImpactGraphService::builder()
            .reference_id(reference)
            .name(name)
            .names(name)
            .r#type("AWS::ECS::Container")
            .account_id("123456789012")
    };
    let edge = InsightImpactGraphEdge::builder().reference_id(1).build();
    let graph = ImpactGraph {
        insight_id: Some(id.clone()),
        start_time: Some(DateTime::from_secs(began - 21_000)),
        end_time: Some(end),
        service_graph_start_time: Some(DateTime::from_secs(began - 21_000)),
        service_graph_end_time: Some(end),
        services: Some(vec![vertex(0, "shop").edges(edge).build(), vertex(1, "checkout").build()]),
    };
    Answer { id, insight, events: vec![event(0, 10), event(10, 60)], graph }
}

fn answers() -> Vec<Answer> {
    (0..ROUND).map(answer).collect()
}

/// The answer of GetInsight, with the version from the listing.
#[divan::bench]
fn insight(bencher: Bencher) {
    let target = target();
    let origin = Origin { target: &target, answered_at: answered_at() };
    let version = Version::Summary(answered_at());
    let to_items = |answers: &[Answer]| {
        table::items(answers.iter().map(|answer| normalize::insight(&answer.insight, version, origin)), ROUND)
    };
    bencher
        .counter(ItemsCount::new(ROUND))
        .with_inputs(answers)
        .bench_local_refs(|answers| to_items(answers));
}

/// An insight with two events and a graph of two services: four records, counted in insights.
#[divan::bench]
fn insight_with_events_and_graph(bencher: Bencher) {
    let target = target();
    let origin = Origin { target: &target, answered_at: answered_at() };
    let version = Version::Summary(answered_at());
    let window = Window { start: Timestamp::from_seconds(BEGAN), end: answered_at() };
    let records = |answer: &Answer| {
        let mut records = normalize::events(&answer.id, &answer.events, origin);
        records.push(normalize::impact_graph(&answer.id, &answer.graph, window, answered_at(), origin));
        records.push(normalize::insight(&answer.insight, version, origin));
        records
    };
    bencher
        .counter(ItemsCount::new(ROUND))
        .with_inputs(answers)
        .bench_local_refs(|answers| table::items(answers.iter().flat_map(records), 4 * ROUND));
}
