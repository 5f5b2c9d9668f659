//! Tables for events, graphs, unusable summaries, and keys.

use super::*;
use aws_sdk_xray::types::{InsightImpactGraphEdge, InsightImpactGraphService};

fn event(at: Option<i64>, summary: &str) -> InsightEvent {
    InsightEvent::builder().set_event_time(at.map(seconds)).summary(summary).build()
}

fn sort_keys(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| record.key.sk.as_str()).collect()
}

#[test]
fn an_event_is_a_separate_record_in_the_partition_of_its_insight() {
    let given = InsightEvent::builder()
        .event_time(DateTime::from_secs_f64(1_700_000_300.125))
        .summary("Faults in checkout")
        .client_request_impact_statistics(statistics_of(Some(4), None, Some(10)))
        .root_cause_service_request_impact_statistics(statistics_of(Some(3), Some(7), Some(10)))
        .top_anomalous_services(AnomalousService::builder().build())
        .build();
    let valid = validate(events_of(ID, &[given]).remove(0), 400).unwrap();
    let mut attributes = valid.to_map();
    attributes.remove("content_hash");
    let expected = r#"{
        "pk": "xray#123456789012#eu-west-1#7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f",
        "sk": "event#2023-11-14T22:18:20.125Z",
        "kind": "xray.insight_event", "schema_version": 1, "source": "xray",
        "account_id": "123456789012", "region": "eu-west-1",
        "title": "Faults in checkout",
        "started_at": "2023-11-14T22:18:20.125Z", "updated_at": "2023-11-14T22:18:20.125Z",
        "answered_at": "2023-11-14T22:25:00.000Z", "expires_at": 1734560300,
        "detail": {
            "summary": "Faults in checkout", "event_time": "2023-11-14T22:18:20.125Z",
            "client_request_impact_statistics": {"fault_count": 4, "total_count": 10},
            "root_cause_service_request_impact_statistics": {"fault_count": 3, "ok_count": 7, "total_count": 10},
            "top_anomalous_services": [{}]
        }
    }"#;
    assert_eq!(Value::Map(attributes), Value::from_json(expected).unwrap());
}

#[test]
fn events_of_the_same_time_are_numbered_by_their_content_in_any_order() {
    let (early, late) = (Some(1_700_000_300), Some(1_700_000_301));
    let given = [event(late, "x"), event(early, "b"), event(early, "c"), event(early, "a"), event(late, "x")];
    // The event that occurs twice was on two pages.
    let expected = [
        "event#2023-11-14T22:18:20.000Z",
        "event#2023-11-14T22:18:20.000Z#2",
        "event#2023-11-14T22:18:20.000Z#3",
        "event#2023-11-14T22:18:21.000Z",
    ];
    let records = events_of(ID, &given);
    assert_eq!(sort_keys(&records), expected);
    let titles: Vec<&str> = records.iter().filter_map(|record| record.title.as_deref()).collect();
    assert_eq!(titles, ["a", "b", "c", "x"]);
    let backwards: Vec<InsightEvent> = given.iter().rev().cloned().collect();
    assert_eq!(events_of(ID, &backwards), records);
    assert_eq!(newest_event(&given), Some(time("2023-11-14T22:18:21Z")));
    assert_eq!(newest_event(&[event(None, "x")]), None);
}

#[test]
fn events_a_millisecond_apart_have_different_times_and_closer_ones_the_same() {
    let at = |nanos: u32| {
        let time = DateTime::from_secs_and_nanos(1_700_000_300, nanos);
        InsightEvent::builder().event_time(time).summary(nanos.to_string()).build()
    };
    let records = events_of(ID, &[at(1_000_000), at(1_400_000), at(2_000_000)]);
    let expected = [
        "event#2023-11-14T22:18:20.001Z",
        "event#2023-11-14T22:18:20.001Z#2",
        "event#2023-11-14T22:18:20.002Z",
    ];
    assert_eq!(sort_keys(&records), expected);
}

#[test]
fn events_without_a_time_are_rejected_separately() {
    let records = events_of(ID, &[event(None, "a"), event(Some(1_700_000_300), "b"), event(None, "c")]);
    assert_eq!(sort_keys(&records), ["event#", "event##2", "event#2023-11-14T22:18:20.000Z"]);
    let rejected: Vec<String> = records
        .into_iter()
        .filter_map(|record| validate(record, 400).err())
        .map(|rejected| rejected.raw)
        .collect();
    // An event does not contain the id of its insight, so equal events of two insights are two rejected records.
    let raw = |summary: &str| {
        format!(r#"{{"answer":{{"summary":"{summary}"}},"requested":"xray#123456789012#eu-west-1#{ID}"}}"#)
    };
    assert_eq!(rejected, [raw("a"), raw("c")]);
}

#[test]
fn a_graph_has_the_version_of_its_insight_and_the_requested_time() {
    let service = InsightImpactGraphService::builder()
        .reference_id(0)
        .name("checkout")
        .names("checkout")
        .account_id("123456789012")
        .r#type("AWS::Lambda::Function")
        .edges(InsightImpactGraphEdge::builder().reference_id(1).build())
        .edges(InsightImpactGraphEdge::builder().build())
        .build();
    let given = ImpactGraph {
        insight_id: Some(ID.to_owned()),
        start_time: Some(seconds(1_699_979_000)),
        end_time: Some(seconds(1_700_000_600)),
        service_graph_start_time: Some(seconds(1_700_000_000)),
        service_graph_end_time: Some(seconds(1_700_000_600)),
        services: Some(vec![service, InsightImpactGraphService::builder().build()]),
    };
    let target = target();
    let origin = Origin { target: &target, answered_at: time("2023-11-14T22:25:00Z") };
    let asked = Window { start: time("2023-11-14T16:00:00Z"), end: time("2023-11-14T22:00:00Z") };
    let record = impact_graph(ID, &given, asked, time("2023-11-14T22:23:20.5Z"), origin);
    let mut attributes = validate(record, 400).unwrap().to_map();
    attributes.remove("content_hash");
    let expected = r#"{
        "pk": "xray#123456789012#eu-west-1#7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f", "sk": "graph",
        "kind": "xray.impact_graph", "schema_version": 1, "source": "xray",
        "account_id": "123456789012", "region": "eu-west-1",
        "started_at": "2023-11-14T16:23:20.000Z", "ended_at": "2023-11-14T22:23:20.000Z",
        "updated_at": "2023-11-14T22:23:20.500Z",
        "answered_at": "2023-11-14T22:25:00.000Z", "expires_at": 1734560600,
        "detail": {
            "insight_id": "7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f",
            "start_time": "2023-11-14T16:23:20.000Z", "end_time": "2023-11-14T22:23:20.000Z",
            "service_graph_start_time": "2023-11-14T22:13:20.000Z",
            "service_graph_end_time": "2023-11-14T22:23:20.000Z",
            "services": [
                {"reference_id": 0, "type": "AWS::Lambda::Function", "name": "checkout", "names": ["checkout"],
                 "account_id": "123456789012", "edges": [{"reference_id": 1}, {}]},
                {}
            ]
        }
    }"#;
    assert_eq!(Value::Map(attributes), Value::from_json(expected).unwrap());

    let silent = impact_graph(ID, &ImpactGraph::default(), asked, time("2023-11-14T22:23:20.5Z"), origin);
    assert_eq!((silent.started_at, silent.ended_at), (Some(asked.start), Some(asked.end)));
    assert!(silent.detail.is_empty());
}

#[test]
fn a_summary_without_a_valid_id_is_rejected_with_all_members() {
    let given = InsightSummary::builder()
        .insight_id("no UUID")
        .group_arn("arn")
        .group_name("Default")
        .root_cause_service_id(lambda("checkout", "remote"))
        .categories(InsightCategory::Fault)
        .state(InsightState::Active)
        .start_time(seconds(1_700_000_000))
        .end_time(seconds(1_700_000_001))
        .summary("Faults")
        .client_request_impact_statistics(statistics_of(Some(1), None, None))
        .root_cause_service_request_impact_statistics(statistics_of(None, Some(2), None))
        .top_anomalous_services(AnomalousService::builder().build())
        .last_update_time(seconds(1_700_000_002))
        .build();
    let rejected = unusable_summary(&given, &target());
    let expected = r#"{
        "insight_id": "no UUID", "group_arn": "arn", "group_name": "Default",
        "root_cause_service_id": {"name": "checkout", "names": ["checkout"], "account_id": "123456789012",
            "type": "remote"},
        "categories": ["FAULT"], "state": "ACTIVE",
        "start_time": "2023-11-14T22:13:20.000Z", "end_time": "2023-11-14T22:13:21.000Z", "summary": "Faults",
        "client_request_impact_statistics": {"fault_count": 1},
        "root_cause_service_request_impact_statistics": {"ok_count": 2},
        "top_anomalous_services": [{}], "last_update_time": "2023-11-14T22:13:22.000Z"
    }"#;
    assert_eq!(Value::from_json(&rejected.raw), Value::from_json(expected));
    let violation = "insight_id is no UUID: must be the UUID of an insight";
    assert_eq!(rejected.violations.to_string(), violation);
}

#[test]
fn a_separator_in_an_id_is_encoded_in_the_key() {
    for (id, pk) in [
        (ID, PK),
        ("a#insight", "xray#123456789012#eu-west-1#a%23insight"),
        ("a%23insight", "xray#123456789012#eu-west-1#a%2523insight"),
        ("-", "xray#123456789012#eu-west-1#%2D"),
        ("", "xray#123456789012#eu-west-1#-"),
    ] {
        assert_eq!(insight_key(&target(), id), Key::new(pk, "insight"));
        assert_eq!(events_of(id, &[event(Some(0), "")])[0].key.pk, pk);
    }
}
