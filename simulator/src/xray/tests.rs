//! Tests of X-Ray's answers over time, without HTTP.

use super::*;
use crate::scenario::Scenario;
use serde_json::{Value, json};

const ANCHOR: &str = "2026-03-01T12:00:00Z";
const OPEN: &str = "11111111-1111-4111-8111-111111111111";
const CLOSED: &str = "22222222-2222-4222-8222-222222222222";

const STORY: &str = r#"
[[xray.groups]]
name = "shop"
insights_enabled = true
[[xray.groups]]
name = "Default"

[[xray.insights]]
id = "11111111-1111-4111-8111-111111111111"
group = "shop"
start = "-2h"
end = "+2h"
root_cause = { name = "pay", account_id = "own", type = "remote" }
events = [
    { time = "-1h", summary = "first", client = { fault = 1, ok = 2, total = 3 } },
    { time = "+1h", summary = "second", client = { fault = 10 }, anomalous = ["pay"] },
]
graph = [
    { name = "shop", edges = ["pay"] },
    { name = "pay", account_id = "111122223333", omit = ["Names"] },
]

[[xray.insights]]
id = "22222222-2222-4222-8222-222222222222"
group = "shop"
start = "-2d"
end = "-1d"
categories = ["FAULT"]
omit = ["GroupARN"]
events = [
    { time = "-1d 12h", summary = "a" },
    { time = "-1d 6h", summary = "b", omit = ["EventTime"] },
    { time = "-1d 3h", summary = "c" },
]
"#;

fn ask_at(now: &str, operation: &'static str, input: Value) -> Answer {
    let scenario = Scenario::parse(STORY, ANCHOR.parse().unwrap()).unwrap();
    let Value::Object(input) = input else { panic!("an object") };
    let (account, region) = ("123456789012".to_owned(), "eu-west-1".to_owned());
    let call = Call { operation, account, region, now: now.parse().unwrap(), input };
    answer(scenario.place(&call.account, &call.region).part(), &call)
}

fn ask(operation: &'static str, input: Value) -> Answer {
    ask_at(ANCHOR, operation, input)
}

fn epoch(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().seconds()
}

fn listed(now: &str, from: &str, until: &str) -> Vec<String> {
    let input = json!({"GroupName": "shop", "StartTime": epoch(from), "EndTime": epoch(until)});
    let answer = ask_at(now, "GetInsightSummaries", input).unwrap();
    let summaries = answer["InsightSummaries"].as_array().unwrap();
    summaries.iter().map(|summary| summary["InsightId"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_insight_grows_and_closes_as_the_clock_moves() {
    let check = |now: &str, expected: Value| {
        let answer = ask_at(now, "GetInsight", json!({ "InsightId": OPEN })).unwrap();
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&answer["Insight"][name], value, "{name} at {now}");
        }
    };
    check(
        ANCHOR,
        json!({"State": "ACTIVE", "EndTime": null, "Summary": "first",
        "ClientRequestImpactStatistics": {"FaultCount": 1, "OkCount": 2, "TotalCount": 3},
        "RootCauseServiceId": {"Name": "pay", "Names": ["pay"], "AccountId": "123456789012", "Type": "remote"},
        "TopAnomalousServices": null, "LastUpdateTime": null}),
    );
    check(
        "2026-03-01T13:30:00Z",
        json!({"State": "ACTIVE", "Summary": "second",
        "ClientRequestImpactStatistics": {"FaultCount": 10},
        "TopAnomalousServices": [{"ServiceId": {"Name": "pay", "Names": ["pay"]}}]}),
    );
    check("2026-03-01T14:00:00Z", json!({"State": "CLOSED", "EndTime": epoch("2026-03-01T14:00:00Z")}));
    let before = ask_at("2026-03-01T09:59:59Z", "GetInsight", json!({ "InsightId": OPEN }));
    assert_eq!(before.unwrap_err().code, "InvalidRequestException");
}

#[test]
fn only_summaries_have_the_time_of_the_last_update() {
    let input =
        json!({"GroupName": "shop", "StartTime": epoch("2026-02-20T00:00:00Z"), "EndTime": epoch(ANCHOR)});
    let answer = ask("GetInsightSummaries", input).unwrap();
    let summary = &answer["InsightSummaries"][0];
    assert_eq!(summary["LastUpdateTime"], epoch("2026-03-01T11:00:00Z"));
    let group_arn = summary["GroupARN"].as_str().unwrap();
    assert!(group_arn.starts_with("arn:aws:xray:eu-west-1:123456789012:group/shop/"), "{group_arn}");
    assert_eq!(answer["InsightSummaries"][1].get("GroupARN"), None);
    assert_eq!(answer["InsightSummaries"][1]["LastUpdateTime"], epoch("2026-02-28T12:00:00Z"));
}

#[test]
fn the_frame_selects_insights_that_were_active_in_it() {
    let check = |now: &str, from: &str, until: &str, expected: &[&str]| {
        assert_eq!(listed(now, from, until), expected, "{now}: {from} to {until}");
    };
    check(ANCHOR, "2026-02-20T00:00:00Z", ANCHOR, &[OPEN, CLOSED]);
    check(ANCHOR, "2026-02-28T12:00:01Z", ANCHOR, &[OPEN]);
    check(ANCHOR, "2026-02-20T00:00:00Z", "2026-02-27T12:00:00Z", &[CLOSED]);
    check(ANCHOR, "2026-02-20T00:00:00Z", "2026-02-27T11:59:59Z", &[]);
    // 30 days after its end the closed insight no longer exists.
    check("2026-03-30T11:59:59Z", "2026-02-28T12:00:00Z", "2026-03-30T11:59:59Z", &[OPEN, CLOSED]);
    check("2026-03-30T12:00:01Z", "2026-02-28T12:00:01Z", "2026-03-30T12:00:01Z", &[OPEN]);
    let gone = ask_at("2026-03-30T12:00:01Z", "GetInsight", json!({ "InsightId": CLOSED }));
    assert_eq!(gone.unwrap_err().message, "The insight was not found.");
}

#[test]
fn events_come_newest_first_in_pages_whose_token_is_bound_to_the_insight() {
    let page = |input: Value| ask("GetInsightEvents", input).unwrap();
    let first = page(json!({"InsightId": CLOSED, "MaxResults": 2}));
    let summaries = |page: &Value| -> Vec<String> {
        let events = page["InsightEvents"].as_array().unwrap();
        events.iter().map(|event| event["Summary"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(summaries(&first), ["c", "b"]);
    assert_eq!(first["InsightEvents"][1].get("EventTime"), None);
    let last = page(json!({"InsightId": CLOSED, "MaxResults": 2, "NextToken": first["NextToken"]}));
    assert_eq!((summaries(&last), last.get("NextToken")), (vec!["a".to_owned()], None));
    let foreign = ask("GetInsightEvents", json!({"InsightId": OPEN, "NextToken": first["NextToken"]}));
    assert_eq!(foreign.unwrap_err().message, "The NextToken is invalid.");
}

#[test]
fn the_impact_graph_covers_the_part_of_the_frame_in_which_the_insight_was_active() {
    let (from, until) = (epoch("2026-03-01T09:00:00Z"), epoch("2026-03-01T15:00:00Z"));
    let graph = |from: i64, until: i64| {
        ask("GetInsightImpactGraph", json!({"InsightId": OPEN, "StartTime": from, "EndTime": until})).unwrap()
    };
    assert_eq!(
        graph(from, until),
        json!({
            "InsightId": OPEN, "StartTime": from, "EndTime": until,
            "ServiceGraphStartTime": epoch("2026-03-01T10:00:00Z"), "ServiceGraphEndTime": epoch(ANCHOR),
            "Services": [
                {"ReferenceId": 0, "Name": "shop", "Names": ["shop"], "Edges": [{"ReferenceId": 1}]},
                {"ReferenceId": 1, "Name": "pay", "AccountId": "111122223333"},
            ],
        })
    );
    let before = graph(epoch("2026-03-01T04:00:00Z"), epoch("2026-03-01T10:00:00Z"));
    assert_eq!((before["Services"].clone(), before.get("ServiceGraphStartTime")), (json!([]), None));
}

#[test]
fn requests_that_aws_rejects_are_rejected() {
    let check = |operation, input: Value, expected: &str| {
        let error = ask(operation, input.clone()).unwrap_err();
        assert_eq!((error.code, error.status), ("InvalidRequestException", 400), "{input}");
        assert!(error.message.contains(expected), "{input}: {}", error.message);
    };
    let now = epoch(ANCHOR);
    let month = 30 * 86_400;
    check("GetGroup", json!({}), "One of GroupName or GroupARN");
    check("GetGroup", json!({"GroupName": "none"}), "Group not found");
    check("GetGroup", json!({"GroupName": "a".repeat(33)}), "less than or equal to 32");
    check("GetGroups", json!({"NextToken": "a".repeat(101)}), "less than or equal to 100");
    check("GetGroups", json!({"NextToken": "AAAA"}), "NextToken is invalid");
    check("GetInsight", json!({}), "Value null at 'insightId'");
    check("GetInsight", json!({"InsightId": "1"}), "regular expression pattern");
    check("GetInsight", json!({"InsightId": OPEN.replace('1', "3")}), "not found");
    check("GetInsightEvents", json!({"InsightId": OPEN, "MaxResults": 51}), "less than or equal to 50");
    check("GetInsightSummaries", json!({}), "2 validation errors detected");
    let frame = |start: i64, end: i64| json!({"GroupName": "shop", "StartTime": start, "EndTime": end});
    check("GetInsightSummaries", frame(now - month - 1, now), "30 days");
    check("GetInsightSummaries", frame(now, now), "EndTime must be after");
    let mut unnamed = frame(now - 60, now);
    unnamed.as_object_mut().unwrap().remove("GroupName");
    check("GetInsightSummaries", unnamed, "One of GroupName");
    let mut states = frame(now - 60, now);
    states["States"] = json!(["ACTIVE", "CLOSED"]);
    check("GetInsightSummaries", states, "length less than or equal to 1");
    let graph = |start: i64, end: i64| json!({"InsightId": OPEN, "StartTime": start, "EndTime": end});
    check("GetInsightImpactGraph", graph(now - 6 * 3_600 - 1, now), "6 hours");
    check("GetInsightImpactGraph", graph(now - month - 1, now - month + 60), "30 days");
    check("GetInsightImpactGraph", json!({"InsightId": "x"}), "3 validation errors detected");
}

#[test]
fn every_fault_of_the_scenario_is_reported_with_its_path() {
    let text = r#"
[xray]
listing = "some"
page_size = 0
[[xray.groups]]
name = "a"
colour = "red"
[[xray.groups]]
name = "a"
[[xray.insights]]
group = "b"
start = "-1h"
end = "-2h"
[[xray.insights]]
id = "not a uuid"
group = "a"
events = [{ time = "soon", client = { faults = 1 } }]
graph = [{ name = "x", edges = ["y"] }]
omit = ["Endtime"]
"#;
    let faults = Scenario::parse(text, ANCHOR.parse().unwrap()).unwrap_err().to_string();
    for expected in [
        "xray.listing is some: must be \"overlap\" or \"started\"",
        "xray.page_size is 0: must be at least 1",
        "xray.groups[0].colour is \"red\": unknown key",
        "xray.groups[1] is a: is named twice",
        "xray.insights[0].name: is required where there is no id",
        "xray.insights[0].end is 2026-03-01T10:00:00.000Z: must not be before the start",
        "xray.insights[1].id is not a uuid: must be a UUID",
        "xray.insights[1].start: is required",
        "xray.insights[1].events[0].time is \"soon\": must be a span from the anchor",
        "xray.insights[1].events[0].client.faults is 1: unknown key",
        "xray.insights[1].graph[0].edges is y: must be the name of a service in the graph",
        "xray.insights[1].omit is Endtime: must be among InsightId, GroupARN",
    ] {
        assert!(faults.contains(expected), "{expected} not in {faults}");
    }
}
