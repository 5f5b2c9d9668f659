//! Tests of the view of EKS insights.

use super::*;

fn stored(json: &str) -> Stored {
    let Json::Map(map) = Json::from_json(json).unwrap() else { panic!("not an object: {json}") };
    Stored(map)
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn period(id: &str, start: &str, end: Option<&str>) -> Stored {
    let end = end.map(|end| format!(r#","ended_at":"{end}""#)).unwrap_or_default();
    stored(&format!(
        r#"{{"kind":"eks.insight","region":"eu-west-1","entity":"prod","id":"{id}","started_at":"{start}"{end}}}"#
    ))
}

#[test]
fn a_failure_began_with_the_first_of_the_periods_that_touch() {
    let (first, second, third) = ("2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z", "2026-01-07T00:00:00Z");
    let insight = period("a", third, None);
    for (earlier, expected) in [
        (vec![], third),
        (vec![period("a", second, Some(third))], second),
        (vec![period("a", first, Some(second)), period("a", second, Some(third))], first),
        (vec![period("a", second, Some(third)), period("a", first, Some(second))], first),
        // The check passed between them.
        (
            vec![period("a", first, Some("2026-01-02T23:59:59.999Z")), period("a", second, Some(third))],
            second,
        ),
        (vec![period("a", second, Some("2026-01-06T00:00:00Z"))], third),
        // A period of another check, and the insight itself.
        (vec![period("b", second, Some(third)), insight.clone()], third),
    ] {
        assert_eq!(
            crate::view::periods::first(&insight, &earlier).timestamp("started_at"),
            Some(at(expected)),
            "{earlier:?}"
        );
    }
}

const INSIGHT_JSON: &str = r#"{
    "kind": "eks.insight", "source": "eks", "region": "eu-west-1", "entity": "prod", "id": "a",
    "started_at": "2026-01-03T00:00:00Z", "updated_at": "2026-01-05T00:00:00Z",
    "detail": {
        "name": "Deprecated APIs removed in Kubernetes v1.29", "category": "UPGRADE_READINESS",
        "kubernetes_version": "1.29", "recommendation": "Update manifests.", "description": "Checks.",
        "insight_status": {"status": "ERROR", "reason": "Usage detected."},
        "additional_info": {"Update documentation": "https://docs.aws.amazon.com/eks/"},
        "resources": [
            {"kubernetes_resource_uri": "/apis/apps/v1/x", "insight_status": {"status": "ERROR", "reason": "old"}},
            {"arn": "arn:aws:eks:eu-west-1:123456789012:nodegroup/prod/a/b"}
        ],
        "category_specific_summary": {
            "deprecation_details": [{
                "usage": "/apis/flows/v1beta2", "replaced_with": "/apis/flows/v1beta3",
                "stop_serving_version": "1.29", "start_serving_replacement_version": "1.26",
                "client_stats": [{
                    "user_agent": "kubectl/v1.25", "number_of_requests_last30_days": 12,
                    "last_request_time": "2026-01-04T19:26:40Z"
                }]
            }],
            "addon_compatibility_details": [{"name": "vpc-cni", "compatible_versions": ["v1.18", "v1.17"]}]
        }
    }
}"#;

/// An event at `time`, with the number of requests of each client.
fn event(time: &str, clients: &[(&str, i64)]) -> Stored {
    let client = |(name, count): &(&str, i64)| {
        format!(r#"{{"user_agent":"{name}","number_of_requests_last30_days":{count}}}"#)
    };
    let clients: Vec<String> = clients.iter().map(client).collect();
    let stats = format!(r#"[{{"client_stats":[{}]}}]"#, clients.join(","));
    stored(&format!(
        r#"{{"kind":"eks.insight_event","started_at":"{time}",
            "detail":{{"category_specific_summary":{{"deprecation_details":{stats}}}}}}}"#
    ))
}

#[test]
fn an_insight_shows_everything_that_must_be_changed() {
    let insight = stored(INSIGHT_JSON);
    let items = [
        event("2026-01-05T00:00:00Z", &[("kubectl/v1.25", 12)]),
        event("2026-01-04T00:00:00Z", &[("kubectl/v1.25", 12), ("helm", 7)]),
        period("a", "2026-01-01T00:00:00Z", Some("2026-01-03T00:00:00Z")),
    ];
    let plain = |text: &str| Value::Text(text.to_owned());
    let code = |text: &str| Value::Key(text.to_owned());
    let sections = sections(&insight, &items);
    let [Section::Facts(facts), rest @ ..] = &sections[..] else { panic!("{sections:?}") };
    let facts: Vec<(&str, &Value)> = facts.iter().map(|fact| (fact.name, &fact.value)).collect();
    let expected = [
        ("Cluster", plain("prod")),
        ("Category", plain("upgrade readiness")),
        ("Kubernetes version", plain("1.29")),
        ("Status", plain("ERROR")),
        ("Reason", plain("Usage detected.")),
        ("Failing since", Value::Time(at("2026-01-01T00:00:00Z"))),
        ("In this status since", Value::Time(at("2026-01-03T00:00:00Z"))),
        ("Refreshed", Value::Time(at("2026-01-05T00:00:00Z"))),
        ("Recommendation", plain("Update manifests.")),
        ("Description", plain("Checks.")),
    ];
    assert_eq!(facts, expected.iter().map(|(name, value)| (*name, value)).collect::<Vec<_>>());
    let rows = |section: &Section| match section {
        Section::Table(table) | Section::Log(Log { table, .. }) => (table.title.clone(), table.rows.clone()),
        other => panic!("{other:?}"),
    };
    let arn = "arn:aws:eks:eu-west-1:123456789012:nodegroup/prod/a/b";
    let expected: [(&str, Vec<Vec<Value>>); 6] = [
        (
            "Resources",
            vec![
                vec![code("/apis/apps/v1/x"), plain("ERROR"), plain("old")],
                vec![code(arn), Value::None, Value::None],
            ],
        ),
        (
            "Deprecated APIs",
            vec![vec![
                code("/apis/flows/v1beta2"),
                code("/apis/flows/v1beta3"),
                plain("1.29"),
                plain("1.26"),
            ]],
        ),
        (
            "Clients that use them",
            vec![vec![
                code("kubectl/v1.25"),
                code("/apis/flows/v1beta2"),
                Value::Count(12),
                Value::Time(at("2026-01-04T19:26:40Z")),
            ]],
        ),
        (
            "Requests in the 30 days before each refresh",
            vec![
                vec![
                    Value::Time(at("2026-01-04T00:00:00Z")),
                    Value::Count(19),
                    Value::List(vec![plain("helm: 7"), plain("kubectl/v1.25: 12")]),
                ],
                vec![
                    Value::Time(at("2026-01-05T00:00:00Z")),
                    Value::Count(12),
                    Value::List(vec![plain("kubectl/v1.25: 12")]),
                ],
            ],
        ),
        ("Add-ons", vec![vec![plain("vpc-cni"), Value::List(vec![plain("v1.18"), plain("v1.17")])]]),
        (
            "Further information",
            vec![vec![plain("Update documentation"), code("https://docs.aws.amazon.com/eks/")]],
        ),
    ];
    let shown: Vec<_> = rest.iter().map(rows).collect();
    assert_eq!(shown, expected.map(|(title, rows)| (title.to_owned(), rows)));
}

#[test]
fn the_requests_of_each_client_are_a_line_over_time() {
    let (first, second) = ("2026-01-04T00:00:00Z", "2026-01-05T00:00:00Z");
    let events = [event(second, &[("kubectl", 12)]), event(first, &[("kubectl", 30), ("helm", 7)])];
    let line = |name: &str, counts: [i64; 2]| CountLine {
        name: name.to_owned(),
        points: [first, second].map(at).into_iter().zip(counts).collect(),
    };
    let chart = |events: &[Stored]| match development(events) {
        Some(Section::Log(Log { chart: Some(LogChart::Counts(chart)), .. })) => chart.lines,
        other => panic!("{other:?}"),
    };
    // In the second answer helm sent no request.
    let expected = [line("all clients", [37, 12]), line("kubectl", [30, 12]), line("helm", [7, 0])];
    assert_eq!(chart(&events), expected);
    // One client needs no sum.
    assert_eq!(
        chart(&events[..1]),
        [CountLine { name: "kubectl".to_owned(), points: vec![(at(second), 12)] }]
    );
}

#[test]
fn an_insight_with_few_members_has_no_empty_tables() {
    let insight = stored(r#"{"kind":"eks.insight","entity":"prod"}"#);
    let sections = sections(&insight, &[event("2026-01-05T00:00:00Z", &[])]);
    assert_eq!(
        sections,
        [Section::Facts(vec![Fact { name: "Cluster", value: Value::Text("prod".to_owned()) }])]
    );
    assert_eq!((VIEW.subject)(&insight).to_string(), "EKS check in cluster prod");
}

#[test]
fn the_link_leads_to_the_upgrade_insights_of_the_cluster() {
    let url = link(&stored(INSIGHT_JSON)).map(|link| link.url);
    let expected = "https://eu-west-1.console.aws.amazon.com/eks/home?region=eu-west-1#/clusters/prod?selectedTab=cluster-upgrade-insights-tab";
    assert_eq!(url.as_deref(), Some(expected));
    assert_eq!(link(&stored(r#"{"region":"eu-west-1"}"#)), None);
    let hostile = link(&stored(r#"{"region":"eu-west-1","entity":"a/../b?x"}"#)).unwrap();
    assert!(hostile.url.contains("/clusters/a%2F..%2Fb%3Fx?selectedTab="), "{}", hostile.url);
}
