//! Answers over time.

use super::{ANCHOR, APIS, ask, clusters, instant, read};
use crate::timestamp::seconds;
use serde_json::{Value, json};

fn describe(now: &str) -> Value {
    let data = read(clusters()).unwrap();
    ask(&data, "DescribeInsight", now, json!({"name": "shop", "id": APIS})).unwrap()["insight"].clone()
}

fn epoch(text: &str) -> Value {
    seconds(instant(text))
}

#[test]
fn an_insight_is_described_as_of_its_last_refresh() {
    assert_eq!(
        describe(ANCHOR),
        json!({
            "id": APIS,
            "name": "Deprecated APIs",
            "category": "UPGRADE_READINESS",
            "kubernetesVersion": "1.32",
            // 2026-03-10T06:00:00.5Z and 2026-03-05T08:30:00.5Z
            "lastRefreshTime": 1_773_122_400.5,
            "lastTransitionTime": 1_772_699_400.5,
            "description": "Checks for deprecated APIs.",
            "insightStatus": {"status": "ERROR", "reason": "Use."},
            "recommendation": "Update manifests.",
            "additionalInfo": {"Guide": "https://docs.aws.amazon.com/eks/"},
            "resources": [
                {"arn": "arn:aws:eks:eu-west-1:123456789012:nodegroup/shop/b", "insightStatus": {"reason": "old"}},
            ],
            "categorySpecificSummary": {"deprecationDetails": [{
                "usage": "/apis/batch/v1beta1/cronjobs",
                "replacedWith": "/apis/batch/v1/cronjobs",
                "stopServingVersion": "1.25",
                "startServingReplacementVersion": "1.21",
                "clientStats": [
                    {"userAgent": "helm", "numberOfRequestsLast30Days": 120, "lastRequestTime": 1_772_928_000},
                ],
            }]},
        })
    );
}

#[test]
fn status_and_requests_change_with_time() {
    let check = |now: &str, status: &str, transition: Option<&str>, refresh: &str, requests: Option<i64>| {
        let insight = describe(now);
        assert_eq!(insight["insightStatus"]["status"], status, "{now}");
        assert_eq!(insight.get("lastTransitionTime").cloned(), transition.map(epoch), "{now}");
        assert_eq!(insight["lastRefreshTime"], epoch(refresh), "{now}");
        let client = &insight["categorySpecificSummary"]["deprecationDetails"][0]["clientStats"][0];
        assert_eq!(client.get("numberOfRequestsLast30Days").and_then(Value::as_i64), requests, "{now}");
    };
    let error = Some("2026-03-05T08:30:00.5Z");
    check("2026-03-05T08:30:00.4Z", "PASSING", None, "2026-03-05T06:00:00.5Z", Some(240));
    // A new status is a refresh.
    check("2026-03-05T08:30:00.5Z", "ERROR", error, "2026-03-05T08:30:00.5Z", Some(240));
    check("2026-03-06T06:00:00.4Z", "ERROR", error, "2026-03-05T08:30:00.5Z", Some(240));
    check("2026-03-06T06:00:00.5Z", "ERROR", error, "2026-03-06T06:00:00.5Z", Some(240));
    // Between two refreshes nothing changes.
    check("2026-03-09T06:00:00.5Z", "ERROR", error, "2026-03-09T06:00:00.5Z", Some(180));
    check("2026-03-10T06:00:00.4Z", "ERROR", error, "2026-03-09T06:00:00.5Z", Some(180));
    check("2026-03-11T23:00:00Z", "ERROR", error, "2026-03-11T06:00:00.5Z", Some(60));
    let passing = Some("2026-03-12T05:00:00Z");
    // 60 less 23/24 of 60.
    check("2026-03-12T05:00:00Z", "PASSING", passing, "2026-03-12T05:00:00Z", Some(2));
    check("2026-03-13T00:00:00Z", "PASSING", passing, "2026-03-12T06:00:00.5Z", None);
}

#[test]
fn a_resource_is_part_of_the_insight_from_its_start_to_its_end() {
    let check = |now: &str, expected: &[bool]| {
        let resources = describe(now)["resources"].as_array().unwrap().clone();
        let found: Vec<bool> = resources.iter().map(|one| one.get("arn").is_some()).collect();
        assert_eq!(found, expected, "{now}");
    };
    check("2026-03-08T12:00:00Z", &[false]);
    check("2026-03-09T12:00:00Z", &[false, true]);
    check("2026-03-10T12:00:00Z", &[true]);
}

#[test]
fn a_listing_has_the_summaries_of_the_checks_that_exist() {
    let data = read(clusters()).unwrap();
    let list = |now: &str, filter: Value| -> Vec<Value> {
        let answer = ask(&data, "ListInsights", now, json!({"name": "shop", "filter": filter})).unwrap();
        answer["insights"].as_array().unwrap().clone()
    };
    let names = |now: &str, filter: Value| -> Vec<String> {
        list(now, filter).iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    let all = list(ANCHOR, json!({}));
    assert_eq!(
        all[1],
        json!({
            "id": all[1]["id"], "name": "Add-ons", "category": "MISCONFIGURATION",
            "lastRefreshTime": epoch("2026-03-10T11:00:00Z"), "insightStatus": {"status": "WARNING"},
        })
    );
    assert!(crate::constraint::is_uuid(all[1]["id"].as_str().unwrap()));
    for member in ["recommendation", "additionalInfo", "resources", "categorySpecificSummary"] {
        assert_eq!(all[0].get(member), None, "{member} is in the description only");
    }
    assert_eq!(names(ANCHOR, json!({})), ["Deprecated APIs", "Add-ons", "Gone"]);
    assert_eq!(names("2026-03-10T10:59:59Z", json!({})), ["Deprecated APIs", "Gone"]);
    assert_eq!(names("2026-03-11T12:00:00Z", json!({})), ["Deprecated APIs", "Rollback", "Gone"]);
    let check = |filter: Value, expected: &[&str]| {
        assert_eq!(names(ANCHOR, filter.clone()), expected, "{filter}");
    };
    check(json!({"statuses": ["ERROR", "WARNING"]}), &["Deprecated APIs", "Add-ons"]);
    check(json!({"statuses": []}), &["Deprecated APIs", "Add-ons", "Gone"]);
    check(json!({"categories": ["MISCONFIGURATION"]}), &["Add-ons"]);
    check(json!({"kubernetesVersions": ["1.32", "1.33"]}), &["Deprecated APIs"]);
    check(json!({"statuses": ["ERROR"], "categories": ["MISCONFIGURATION"]}), &[]);
}

#[test]
fn clusters_are_listed_from_their_creation_until_they_are_deleted() {
    let data = read(clusters()).unwrap();
    let check = |now: &str, include: Value, expected: &[&str]| {
        let answer = ask(&data, "ListClusters", now, json!({"include": include})).unwrap();
        assert_eq!(answer, json!({"clusters": expected}), "{now}");
    };
    check(ANCHOR, json!([]), &["shop", "new", "old"]);
    check(ANCHOR, json!(["all"]), &["shop", "new", "old", "outside"]);
    check("2026-03-10T12:01:00Z", json!([]), &["shop", "new", "old", "future"]);
    check("2026-03-10T12:05:00Z", json!([]), &["shop", "new", "future"]);
    assert_eq!(
        ask(&read(json!({})).unwrap(), "ListClusters", ANCHOR, json!({})),
        Ok(json!({"clusters": []}))
    );
}

#[test]
fn every_page_is_reached_and_a_token_is_valid_for_its_parameters_only() {
    let mut scenario = clusters();
    scenario["page_size"] = json!(2);
    let data = read(scenario).unwrap();
    let first = ask(&data, "ListClusters", ANCHOR, json!({"maxResults": 100})).unwrap();
    assert_eq!(first["clusters"], json!(["shop", "new"]));
    let last = json!({"nextToken": first["nextToken"]});
    assert_eq!(ask(&data, "ListClusters", ANCHOR, last), Ok(json!({"clusters": ["old"]})));
    let one = ask(&data, "ListInsights", ANCHOR, json!({"name": "shop", "maxResults": 1})).unwrap();
    assert_eq!(one["insights"].as_array().unwrap().len(), 1);
    let filtered = json!({"name": "shop", "filter": {"statuses": ["ERROR"]}, "nextToken": one["nextToken"]});
    let error = ask(&data, "ListInsights", ANCHOR, filtered).unwrap_err();
    assert_eq!(
        (error.code, error.message.as_str()),
        ("InvalidParameterException", "Invalid parameter: nextToken")
    );
}
