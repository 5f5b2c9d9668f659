//! LookupEvents and ListInsightsData.

use super::{ACCOUNT, ask, built_in, call, data, now, pages, refused};
use crate::cloudtrail::{Data, answer};
use insights_shared::time::Timestamp;
use serde_json::{Value, json};

const ONE: &str = r#"
[[cloudtrail.trails]]
name = "object-access"
insight_selectors = [{ type = "ApiErrorRateInsight", categories = ["Data"] }]
[[cloudtrail.trails]]
name = "organization"
arn = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/organization"
organization = true
[[cloudtrail.insights]]
id = "fccb064f-dd07-4822-97c0-11115d8b91d4"
event_source = "ec2.amazonaws.com"
event_name = "RunInstances"
insight_type = "ApiCallRateInsight"
start = "2026-02-20T22:16:00Z"
end = "2026-02-20T22:23:00Z"
baseline = 0.02
start_average = 1.2
average = 6
start_duration = 7
baseline_duration = 11092
attributions = [{ attribute = "userIdentityArn", insight = [{ value = "arn:aws:iam::{account}:user/a", average = 6 }] }]
[[cloudtrail.insights]]
event_source = "s3.amazonaws.com"
event_name = "GetObject"
insight_type = "ApiErrorRateInsight"
error_code = "AccessDenied"
trail = "object-access"
start = "-1h"
average = 3
read_only = true
omit = ["recipientAccountId", "insightDuration", "EventName"]
"#;

fn insight_events(data: &Data, mut input: Value) -> Vec<Value> {
    input["EventCategory"] = json!("insight");
    ask(data, "LookupEvents", input).unwrap()["Events"].as_array().unwrap().clone()
}

fn record(event: &Value) -> Value {
    serde_json::from_str(event["CloudTrailEvent"].as_str().unwrap()).unwrap()
}

#[test]
fn an_insight_has_the_two_events_that_cloudtrail_gives_it() {
    let events = insight_events(&data(ONE), json!({}));
    let [end, start] = events.as_slice() else { panic!("two events, not {events:?}") };
    let (start_record, end_record) = (record(start), record(end));
    assert_ne!(start["EventId"], end["EventId"]);
    assert_eq!(
        start_record,
        json!({
            "eventVersion": "1.09",
            "eventTime": "2026-02-20T22:16:00Z",
            "awsRegion": "eu-west-1",
            "eventID": start["EventId"],
            "eventType": "AwsCloudTrailInsight",
            "recipientAccountId": ACCOUNT,
            "sharedEventID": "fccb064f-dd07-4822-97c0-11115d8b91d4",
            "insightDetails": {
                "state": "Start",
                "eventSource": "ec2.amazonaws.com",
                "eventName": "RunInstances",
                "insightType": "ApiCallRateInsight",
                "sourceEventCategory": "Management",
                "insightContext": {
                    "statistics": {
                        "baseline": {"average": 0.02},
                        "insight": {"average": 1.2},
                        "insightDuration": 7,
                        "baselineDuration": 11092,
                    },
                    "attributions": [{
                        "attribute": "userIdentityArn",
                        "insight": [{"value": "arn:aws:iam::123456789012:user/a", "average": 6}],
                        "baseline": [],
                    }],
                },
            },
            "eventCategory": "Insight",
        })
    );
    assert_eq!(end_record["insightDetails"]["state"], "End");
    assert_eq!(end_record["sharedEventID"], start_record["sharedEventID"]);
    assert_eq!(
        end_record["insightDetails"]["insightContext"]["statistics"]["insight"],
        json!({"average": 6})
    );
    let mut lookup = start.clone();
    lookup.as_object_mut().unwrap().remove("CloudTrailEvent");
    assert_eq!(
        lookup,
        json!({
            "EventId": start["EventId"], "EventName": "RunInstances", "EventSource": "ec2.amazonaws.com",
            "EventTime": 1_771_625_760, "Resources": [],
        })
    );
}

#[test]
fn insights_of_data_events_are_listed_for_their_trail_only_and_lack_what_the_scenario_omits() {
    let data = data(ONE);
    let source = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/object-access";
    let input = json!({"InsightSource": source, "DataType": "InsightsEvents"});
    let answer = ask(&data, "ListInsightsData", input).unwrap();
    let [event] = answer["Events"].as_array().unwrap().as_slice() else { panic!("one event in {answer}") };
    let details = &record(event)["insightDetails"];
    assert_eq!(details["sourceEventCategory"], "Data");
    assert_eq!(details["insightSource"], source);
    assert_eq!(details["errorCode"], "AccessDenied");
    assert_eq!(event["ReadOnly"], "true");
    assert_eq!(details["insightContext"]["statistics"].get("insightDuration"), None);
    assert_eq!(record(event).get("recipientAccountId"), None);
    assert_eq!(event.get("EventName"), None);
    assert!(insight_events(&data, json!({})).iter().all(|event| event["EventSource"] != "s3.amazonaws.com"));
}

#[test]
fn events_come_newest_first_and_both_bounds_are_inclusive() {
    let check = |start: i64, end: i64, expected: usize| {
        let found = insight_events(&data(ONE), json!({"StartTime": start, "EndTime": end}));
        assert_eq!(found.len(), expected, "{start} to {end}");
    };
    let (start, end) = (1_771_625_760, 1_771_626_180);
    check(start, end, 2);
    check(start + 1, end, 1);
    check(start, end - 1, 1);
    check(start + 1, end - 1, 0);
    let times: Vec<i64> = insight_events(&built_in(), json!({}))
        .iter()
        .map(|event| event["EventTime"].as_i64().unwrap())
        .collect();
    assert!(times.len() > 15 && times.is_sorted_by(|newer, older| newer >= older), "{times:?}");
}

#[test]
fn an_event_exists_from_its_time_plus_the_lag_for_ninety_days() {
    let visible = |part: &str, at: &str| {
        let mut call = call("LookupEvents", json!({"EventCategory": "insight"}));
        call.now = at.parse::<Timestamp>().unwrap();
        answer(&data(part), &call).unwrap()["Events"].as_array().unwrap().len()
    };
    assert_eq!(visible(ONE, "2026-02-20T22:15:59.999Z"), 0);
    assert_eq!(visible(ONE, "2026-02-20T22:16:00Z"), 1);
    assert_eq!(visible(ONE, "2026-02-20T22:23:00Z"), 2);
    assert_eq!(visible(ONE, "2026-05-21T22:16:00Z"), 2);
    assert_eq!(visible(ONE, "2026-05-21T22:16:01Z"), 1);
    let lagging = format!("lag = \"15m\"\n{ONE}");
    assert_eq!(visible(&lagging, "2026-02-20T22:30:59Z"), 0);
    assert_eq!(visible(&lagging, "2026-02-20T22:31:00Z"), 1);
}

#[test]
fn one_attribute_or_dimension_selects_events() {
    let data = built_in();
    let all = insight_events(&data, json!({}));
    let id = all[0]["EventId"].as_str().unwrap();
    let check = |key: &str, value: &str, expected: usize| {
        let attributes = json!([{"AttributeKey": key, "AttributeValue": value}]);
        let found = insight_events(&data, json!({"LookupAttributes": attributes}));
        assert_eq!(found.len(), expected, "{key} {value}");
    };
    check("EventId", id, 1);
    check("EventName", "RunInstances", 6);
    check("EventSource", "secretsmanager.amazonaws.com", 3);
    check("EventSource", "s3.amazonaws.com", 0);
    let source = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/object-access";
    let input = json!({"InsightSource": source, "DataType": "InsightsEvents", "Dimensions": {"EventName": "DeleteObject"}});
    assert_eq!(ask(&data, "ListInsightsData", input).unwrap()["Events"].as_array().unwrap().len(), 2);
}

#[test]
fn pages_hold_every_event_once_and_their_tokens_are_bound_to_the_parameters() {
    let data = built_in();
    let input = json!({"EventCategory": "insight"});
    let all = insight_events(&data, json!({}));
    for size in [1, 7, 50] {
        assert_eq!(pages(&data, "LookupEvents", &input, size, "Events"), all, "pages of {size}");
    }
    let first = ask(&data, "LookupEvents", json!({"EventCategory": "insight", "MaxResults": 3})).unwrap();
    let other = json!({"EventCategory": "insight", "StartTime": 0, "NextToken": first["NextToken"]});
    refused(&data, "LookupEvents", &other, "InvalidNextTokenException");
    let source = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/object-access";
    let list = json!({"InsightSource": source, "DataType": "InsightsEvents"});
    assert_eq!(pages(&data, "ListInsightsData", &list, 1, "Events").len(), 4);
    let mixed =
        json!({"InsightSource": source, "DataType": "InsightsEvents", "NextToken": first["NextToken"]});
    refused(&data, "ListInsightsData", &mixed, "InvalidParameterException");
}

#[test]
fn without_a_category_there_are_only_management_events_of_which_there_are_none() {
    let attribute = json!([{"AttributeKey": "Username", "AttributeValue": "root"}]);
    for input in [json!({}), json!({"LookupAttributes": attribute})] {
        assert_eq!(ask(&built_in(), "LookupEvents", input), Ok(json!({"Events": []})));
    }
}

#[test]
fn a_look_up_that_aws_rejects_is_rejected_with_the_same_code() {
    let data = data(ONE);
    let check = |mut input: Value, code: &str| {
        if input.get("EventCategory").is_none() {
            input["EventCategory"] = json!("insight");
        }
        refused(&data, "LookupEvents", &input, code);
    };
    let attribute = |key: &str, value: &str| json!({"AttributeKey": key, "AttributeValue": value});
    check(json!({"EventCategory": "management"}), "InvalidEventCategoryException");
    for attributes in [
        json!([attribute("Username", "root")]),
        json!([attribute("Colour", "red")]),
        json!([attribute("EventName", "")]),
        json!([attribute("EventName", &"x".repeat(2_001))]),
        json!([attribute("EventName", "A"), attribute("EventSource", "b")]),
        json!([{"AttributeKey": "EventName"}]),
    ] {
        check(json!({"LookupAttributes": attributes}), "InvalidLookupAttributesException");
    }
    for size in [0, 51, -1] {
        check(json!({"MaxResults": size}), "InvalidMaxResultsException");
    }
    let clock = now().seconds();
    check(json!({"StartTime": clock, "EndTime": clock - 1}), "InvalidTimeRangeException");
    check(json!({"EndTime": clock - 91 * 86_400}), "InvalidTimeRangeException");
    check(json!({"NextToken": "made up"}), "InvalidNextTokenException");
}

#[test]
fn a_listing_that_aws_rejects_is_rejected() {
    let data = data(ONE);
    let source = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/object-access";
    let check = |change: Value, code: &str| {
        let mut input = json!({"InsightSource": source, "DataType": "InsightsEvents"});
        for (name, value) in change.as_object().unwrap() {
            input[name] = value.clone();
        }
        let members = input.as_object_mut().unwrap();
        members.retain(|_, value| !value.is_null());
        refused(&data, "ListInsightsData", &input, code);
    };
    let parameter = "InvalidParameterException";
    check(json!({"InsightSource": null}), parameter);
    check(json!({"DataType": null}), parameter);
    check(json!({"DataType": "Everything"}), parameter);
    check(json!({"InsightSource": "object-access"}), parameter);
    check(json!({"InsightSource": format!("{source} ")}), parameter);
    check(json!({"InsightSource": format!("{source}2")}), parameter);
    check(json!({"Dimensions": {}}), parameter);
    check(json!({"Dimensions": {"EventName": "A", "EventId": "b"}}), parameter);
    check(json!({"Dimensions": {"Username": "A"}}), parameter);
    check(json!({"Dimensions": {"EventName": ""}}), parameter);
    check(json!({"MaxResults": 51}), parameter);
    check(json!({"NextToken": "abc"}), parameter);
    check(json!({"StartTime": 2, "EndTime": 1}), parameter);
    let store = "arn:aws:cloudtrail:eu-west-1:123456789012:eventdatastore/7";
    check(json!({"InsightSource": store}), "UnsupportedOperationException");
    let organization = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/organization";
    check(json!({"InsightSource": organization}), "OperationNotPermittedException");
}

#[test]
fn each_account_and_region_has_events_of_its_own_and_always_the_same_ones() {
    let ids = |account: &str, region: &str| {
        let mut call = call("LookupEvents", json!({"EventCategory": "insight"}));
        (call.account, call.region) = (account.to_owned(), region.to_owned());
        let answer = answer(&built_in(), &call).unwrap();
        let events = answer["Events"].as_array().unwrap();
        events.iter().map(|event| event["EventId"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let own = ids(ACCOUNT, "eu-west-1");
    assert_eq!(own, ids(ACCOUNT, "eu-west-1"));
    for other in [ids(ACCOUNT, "us-east-1"), ids("111122223333", "eu-west-1")] {
        assert!(other.len() == own.len() && other.iter().all(|id| !own.contains(id)));
    }
}
