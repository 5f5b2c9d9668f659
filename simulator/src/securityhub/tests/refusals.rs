//! Refused calls, and faults of the scenario file.

use super::{ANCHOR, BUCKETS, Data, ask, insights, read};
use serde_json::{Value, json};

#[test]
fn an_account_that_is_not_subscribed_is_refused() {
    let check = |data: &Data, now: &str| {
        for operation in ["GetInsights", "GetInsightResults"] {
            let error = ask(data, operation, now, json!({"MaxResults": 0})).unwrap_err();
            assert_eq!((error.code, error.status), ("InvalidAccessException", 401), "{operation}");
            assert_eq!(error.message, "Account 123456789012 is not subscribed to AWS Security Hub");
            assert_eq!(error.members["Code"], "InvalidAccessException");
        }
    };
    check(&Data::default(), ANCHOR);
    check(&read(json!({"subscribed": false})).unwrap(), ANCHOR);
    let later = read(json!({"subscribed_from": "+1s"})).unwrap();
    check(&later, ANCHOR);
    assert_eq!(ask(&later, "GetInsights", "2026-03-10T12:00:01Z", json!({})), Ok(json!({"Insights": []})));
}

#[test]
fn what_the_model_does_not_allow_is_refused() {
    let data = read(insights()).unwrap();
    let check = |operation, input: Value, expected: &str| {
        let error = ask(&data, operation, ANCHOR, input.clone()).unwrap_err();
        assert_eq!((error.code, error.status), ("InvalidInputException", 400), "{input}");
        assert_eq!(error.members["Code"], "InvalidInputException");
        assert!(error.message.contains(expected), "{input}: {}", error.message);
    };
    check(
        "GetInsights",
        json!({"InsightArns": [BUCKETS, " "], "MaxResults": 101}),
        r"2 validation errors detected: Value ' ' at 'insightArns.2.member' failed to satisfy constraint: Member must satisfy regular expression pattern: .*\S.*; Value '101' at 'maxResults'",
    );
    check("GetInsights", json!({"MaxResults": 0}), "greater than or equal to 1");
    check("GetInsights", json!({"InsightArns": ["x"]}), "x is not the ARN of an insight");
    check("GetInsights", json!({"NextToken": "AAAA"}), "Invalid parameter 'NextToken'");
    check("GetInsightResults", json!({"InsightArn": "\n"}), "regular expression pattern");
    check("GetInsightResults", json!({"InsightArn": "arn:aws:s3:::insight"}), "not the ARN of an insight");
}

#[test]
fn an_insight_that_does_not_exist_is_not_found() {
    let data = read(insights()).unwrap();
    let arn_of = |index: usize| data.insights[index].arn(&super::call("GetInsights", ANCHOR, json!({})));
    let check = |now: &str, arn: &str| {
        let error = ask(&data, "GetInsightResults", now, json!({"InsightArn": arn})).unwrap_err();
        assert_eq!((error.code, error.status), ("ResourceNotFoundException", 404), "{arn}");
        assert_eq!(error.message, format!("Insight {arn} was not found."));
    };
    check(ANCHOR, &BUCKETS.replace("123456789012", "111122223333"));
    check("2026-03-10T13:00:00Z", &arn_of(1));
    check(ANCHOR, &arn_of(2));
    assert!(ask(&data, "GetInsightResults", ANCHOR, json!({"InsightArn": arn_of(1)})).is_ok());
}

#[test]
fn every_fault_of_the_scenario_is_reported_with_its_path() {
    let faults = read(json!({
        "subscribed": 1,
        "page_size": 0,
        "unknown_arns": "ignored",
        "colour": "red",
        "insights": [
            {"name": "a", "id": "x", "created": "now", "deleted": "-1h", "filters": {"Type": "x"}, "omit": ["Id"]},
            {"group_by": "Type", "managed": 0, "id": "a1b2c3d4-5678-40ab-8def-111122223333", "filters": [], "values": [
                {"value": "x"}, {"count": 1}, {"value": "{n}", "count": -1}, {"value": "y", "count": 1, "number": 1},
                {"value": "x", "count": [{"at": "now"}], "from": 1},
            ]},
            {"name": "b", "group_by": "Type"},
            {"name": "b", "group_by": "Type"},
            {"name": "c", "group_by": "Type", "managed": 3, "id": "a1b2c3d4-5678-40ab-8def-111122223333"},
        ],
    }))
    .unwrap_err();
    for expected in [
        "securityhub.subscribed is 1: must be true or false",
        "securityhub.page_size is 0: must be a whole number between 1 and 100",
        "securityhub.unknown_arns is ignored: must be one of omitted, not_found",
        "securityhub.colour is \"red\": unknown key",
        "securityhub.insights[0].id is x: must be a UUID",
        "securityhub.insights[0].deleted is 2026-03-10T11:00:00.000Z: must not be before created",
        "securityhub.insights[0].filters.Type is \"x\": must be a list of tables",
        "securityhub.insights[0].omit is Id: must be among InsightArn, Name, Filters, GroupByAttribute",
        "securityhub.insights[0].group_by: is required",
        "securityhub.insights[1].name: is required",
        "securityhub.insights[1].managed is 0: must be a whole number between 1 and 1000",
        "securityhub.insights[1].filters is []: must be a table",
        "securityhub.insights[1].values[0].count: is required",
        "securityhub.insights[1].values[1].value: is required",
        "securityhub.insights[1].values[2].count is -1: must be a whole number",
        "securityhub.insights[1].values[2].value is {n}: must contain {n} if, and only if, there is a number",
        "securityhub.insights[1].values[3].value is y: must contain {n} if, and only if, there is a number",
        "securityhub.insights[1].values[4].count[0].value: is required",
        "securityhub.insights[1].values[4].from is 1: unknown key",
        "securityhub.insights[1].values[4] is x: is the value of an earlier element",
        "securityhub.insights[3] is custom ",
        "securityhub.insights[4].id: must not be given with managed",
    ] {
        assert!(faults.contains(expected), "{expected} not in {faults}");
    }
}
