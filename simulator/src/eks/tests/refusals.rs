//! Refused calls, and faults of the scenario file.

use super::{ANCHOR, APIS, ask, clusters, read};
use serde_json::{Value, json};

#[test]
fn what_the_model_does_not_allow_is_refused() {
    let data = read(clusters()).unwrap();
    let check = |operation, input: Value, code: &str, expected: &str| {
        let error = ask(&data, operation, ANCHOR, input.clone()).unwrap_err();
        assert_eq!((error.code, error.status), (code, 400), "{input}");
        assert!(error.message.contains(expected), "{input}: {}", error.message);
        let cluster = error.members.get("clusterName").and_then(Value::as_str);
        let is_read = code != "SerializationException";
        assert_eq!(cluster, input.get("name").and_then(Value::as_str).filter(|_| is_read), "{input}");
    };
    let invalid = "InvalidParameterException";
    check("ListClusters", json!({"maxResults": 0}), invalid, "greater than or equal to 1");
    check("ListClusters", json!({"maxResults": 101}), invalid, "less than or equal to 100");
    check("ListClusters", json!({"nextToken": "AAAA"}), invalid, "Invalid parameter: nextToken");
    let insights = |filter: Value| json!({"name": "shop", "filter": filter});
    check(
        "ListInsights",
        insights(json!({"statuses": ["ERROR", "BAD"], "categories": ["COST"]})),
        invalid,
        "2 validation errors detected: Value 'COST' at 'filter.categories.1.member' failed to satisfy constraint: \
         Member must satisfy enum value set: [UPGRADE_READINESS, MISCONFIGURATION, ROLLBACK_READINESS]; \
         Value 'BAD' at 'filter.statuses.2.member'",
    );
    check("ListInsights", json!({"name": "shop", "maxResults": 101}), invalid, "less than or equal to 100");
    let unreadable = "SerializationException";
    check(
        "ListInsights",
        insights(json!({"statuses": "ERROR"})),
        unreadable,
        "statuses can not be converted",
    );
    check("ListInsights", insights(json!({"kubernetesVersions": [1]})), unreadable, "to LIST_VALUE: [1]");
    let null = ask(&data, "ListInsights", ANCHOR, insights(json!({"statuses": null}))).unwrap();
    assert_eq!(null["insights"].as_array().unwrap().len(), 3);
}

#[test]
fn a_cluster_that_is_not_active_has_no_insights() {
    let data = read(clusters()).unwrap();
    let check = |now: &str, name: &str, expected: Option<(&str, u16)>| {
        for (operation, id) in [("ListInsights", Value::Null), ("DescribeInsight", json!(APIS))] {
            let error = ask(&data, operation, now, json!({"name": name, "id": id})).err();
            let error = error.filter(|error| !error.message.starts_with("No insight found"));
            assert_eq!(error.as_ref().map(|error| (error.code, error.status)), expected, "{now} {name}");
            if let Some(error) = error {
                assert_eq!(error.members["clusterName"], name);
                assert!(error.message.contains(name), "{}", error.message);
            }
        }
    };
    let not_found = Some(("ResourceNotFoundException", 404));
    let invalid = Some(("InvalidRequestException", 400));
    check(ANCHOR, "shop", None);
    check(ANCHOR, "none", not_found);
    check(ANCHOR, "new", not_found);
    check("2026-03-10T12:05:00Z", "new", None);
    check("2026-03-10T11:58:59Z", "old", None);
    check(ANCHOR, "old", invalid);
    check("2026-03-10T12:05:00Z", "old", not_found);
    check(ANCHOR, "future", not_found);
    check(ANCHOR, "outside", invalid);
}

#[test]
fn an_insight_that_does_not_exist_is_not_found() {
    let data = read(clusters()).unwrap();
    let check = |id: &str| {
        let error = ask(&data, "DescribeInsight", ANCHOR, json!({"name": "shop", "id": id})).unwrap_err();
        assert_eq!((error.code, error.status), ("ResourceNotFoundException", 404), "{id}");
        assert_eq!(error.message, format!("No insight found for id: {id}."));
    };
    check("none");
    // It is listed, and was deleted since.
    check("gone");
}

#[test]
fn every_fault_of_the_scenario_is_reported_with_its_path() {
    let faults = read(json!({
        "page_size": 101,
        "colour": "red",
        "clusters": [
            {"name": "a b", "created": "now", "deleted": "-1h", "unavailable": "gone", "refreshed_at": "25h"},
            {"name": "c", "insights": [
                {"name": "x", "statuses": [{"from": "now", "status": "ERROR"}, {"from": "-1h", "status": "BAD"}]},
                {"name": "x", "id": "", "additional_info": {"a": 1}, "omit": ["Id"], "resources": [{"url": "x"}]},
                {"status": "PASSING", "category": "COST", "deprecations": [{"clients": [
                    {"user_agent": "helm"}, {"requests": [{"at": "soon", "value": -1}]},
                ]}]},
                {"name": "x", "status": "PASSING"},
            ]},
            {"name": "c"},
        ],
    }))
    .unwrap_err();
    for expected in [
        "eks.page_size is 101: must be a whole number between 1 and 100",
        "eks.colour is \"red\": unknown key; known keys are page_size, clusters",
        "eks.clusters[0].name is a b: must be at most 100 characters",
        "eks.clusters[0].created is a b: created, active_from, deleting_from and deleted must be in this order",
        "eks.clusters[0].unavailable is gone: must be one of not_found, invalid_request",
        "eks.clusters[0].refreshed_at is 25h: must be a span after midnight UTC",
        "eks.clusters[1].insights[0].statuses[1].status is BAD: must be one of PASSING, WARNING, ERROR, UNKNOWN",
        "eks.clusters[1].insights[0].statuses is 2: must be in the order of time",
        "eks.clusters[1].insights[1].statuses: is required",
        "eks.clusters[1].insights[1].id: must not be empty",
        "eks.clusters[1].insights[1].additional_info.a is 1: must be a string",
        "eks.clusters[1].insights[1].omit is Id: must be among id, name",
        "eks.clusters[1].insights[1].resources[0].url is \"x\": unknown key",
        "eks.clusters[1].insights[2].name: is required",
        "eks.clusters[1].insights[2].category is COST: must be one of UPGRADE_READINESS",
        "eks.clusters[1].insights[2].deprecations[0].clients[0].requests: is required",
        "eks.clusters[1].insights[2].deprecations[0].clients[1].requests[0].at is \"soon\": must be a span",
        "eks.clusters[1].insights[2].deprecations[0].clients[1].requests[0].value is -1: must be a whole number",
        "eks.clusters[1].insights[3] is ",
        "eks.clusters[2] is c: is the name of another cluster",
    ] {
        assert!(faults.contains(expected), "{expected} not in {faults}");
    }
}
