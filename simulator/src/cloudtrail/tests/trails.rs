//! DescribeTrails, ListTrails, GetTrail and GetInsightSelectors.

use super::{ACCOUNT, ask, built_in, call, data, refused};
use crate::cloudtrail::{Data, answer};
use serde_json::{Value, json};

const FOUR: &str = r#"
trails = [
    { name = "here", insight_selectors = [{ type = "ApiCallRateInsight" }, { type = "ApiErrorRateInsight", categories = ["Data"] }] },
    { name = "there", home_region = "us-east-1" },
    { name = "everywhere", home_region = "us-east-1", multi_region = true, prefix = "logs" },
    { name = "ours", arn = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/ours", organization = true, bucket = "ours" },
]
"#;

fn names(answer: &Value, list: &str) -> Vec<String> {
    let trails = answer[list].as_array().unwrap();
    trails.iter().map(|trail| trail["Name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_region_describes_its_own_trails_and_the_shadows_of_others() {
    let data = data(FOUR);
    let check = |input: Value, expected: &[&str]| {
        let answer = ask(&data, "DescribeTrails", input.clone()).unwrap();
        assert_eq!(names(&answer, "trailList"), expected, "{input}");
    };
    check(json!({}), &["here", "everywhere", "ours"]);
    check(json!({"trailNameList": [], "includeShadowTrails": true}), &["here", "everywhere", "ours"]);
    check(json!({"includeShadowTrails": false}), &["here"]);
    check(json!({"trailNameList": ["here", "there", "everywhere", "nowhere"]}), &["here"]);
    let everywhere = "arn:aws:cloudtrail:us-east-1:123456789012:trail/everywhere";
    check(json!({"trailNameList": [everywhere]}), &["everywhere"]);
    assert_eq!(names(&ask(&data, "ListTrails", json!({})).unwrap(), "Trails").len(), 4);
}

#[test]
fn a_trail_is_described_with_what_the_scenario_gives_it() {
    let data = data(FOUR);
    let name = "arn:aws:cloudtrail:us-east-1:123456789012:trail/everywhere";
    assert_eq!(
        ask(&data, "GetTrail", json!({"Name": name})).unwrap(),
        json!({"Trail": {
            "Name": "everywhere", "TrailARN": name, "HomeRegion": "us-east-1",
            "S3BucketName": "trail-logs-123456789012", "S3KeyPrefix": "logs",
            "IsMultiRegionTrail": true, "IsOrganizationTrail": false, "IncludeGlobalServiceEvents": true,
            "LogFileValidationEnabled": false, "HasCustomEventSelectors": false, "HasInsightSelectors": false,
        }})
    );
    assert_eq!(
        ask(&data, "GetTrail", json!({"Name": "here"})).unwrap()["Trail"]["HasInsightSelectors"],
        true
    );
}

#[test]
fn a_deleted_trail_is_not_found_by_any_operation() {
    let deleted = FOUR.replace("name = \"here\"", "name = \"here\", deleted = \"+1h\"");
    let arn = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/here";
    for (hours, expected) in [(0, vec!["here", "everywhere", "ours"]), (1, vec!["everywhere", "ours"])] {
        let ask = |operation: &'static str, input: Value| {
            let mut call = call(operation, input);
            call.now = call.now.plus_seconds(hours * 3_600);
            answer(&data(&deleted), &call)
        };
        assert_eq!(names(&ask("DescribeTrails", json!({})).unwrap(), "trailList"), expected);
        assert_eq!(names(&ask("ListTrails", json!({})).unwrap(), "Trails").len(), expected.len() + 1);
        for name in ["here", arn] {
            let found = ask("GetInsightSelectors", json!({"TrailName": name}));
            assert_eq!(found.map_err(|error| error.code).is_ok(), hours == 0, "{name}");
        }
        let events = ask("ListInsightsData", json!({"InsightSource": arn, "DataType": "InsightsEvents"}));
        assert_eq!(
            events.map_err(|error| error.code).err(),
            (hours > 0).then_some("InvalidParameterException")
        );
        let points = ask(
            "ListInsightsMetricData",
            json!({"EventSource": "s3.amazonaws.com", "EventName": "GetObject", "InsightType": "ApiCallRateInsight",
                "TrailName": arn}),
        );
        assert_eq!(
            points.map_err(|error| error.code).err(),
            (hours > 0).then_some("InvalidTrailNameException")
        );
    }
}

#[test]
fn insight_selectors_are_returned_or_not_enabled() {
    let data = data(FOUR);
    assert_eq!(
        ask(&data, "GetInsightSelectors", json!({"TrailName": "here"})).unwrap(),
        json!({
            "TrailARN": "arn:aws:cloudtrail:eu-west-1:123456789012:trail/here",
            "InsightSelectors": [
                {"InsightType": "ApiCallRateInsight"},
                {"InsightType": "ApiErrorRateInsight", "EventCategories": ["Data"]},
            ],
        })
    );
    let everywhere = "arn:aws:cloudtrail:us-east-1:123456789012:trail/everywhere";
    let check = |input: Value, code: &str| refused(&data, "GetInsightSelectors", &input, code);
    check(json!({"TrailName": everywhere}), "InsightNotEnabledException");
    check(json!({"TrailName": "nowhere"}), "TrailNotFoundException");
    check(json!({"TrailName": "a"}), "InvalidTrailNameException");
    check(json!({"TrailName": "arn:aws:cloudtrail:eu-west-1:1:trail/here"}), "CloudTrailARNInvalidException");
    check(json!({}), "InvalidParameterCombinationException");
    check(json!({"TrailName": "here", "EventDataStore": "store"}), "InvalidParameterCombinationException");
    check(json!({"EventDataStore": "store"}), "UnsupportedOperationException");
}

#[test]
fn names_that_no_trail_can_have_are_refused() {
    let data = data(FOUR);
    for name in
        ["", "ab", "-abc", "abc.", "my--trail", "my-_trail", "192.168.5.4", "trail name", &"x".repeat(129)]
    {
        refused(&data, "GetTrail", &json!({"Name": name}), "InvalidTrailNameException");
        refused(&data, "DescribeTrails", &json!({"trailNameList": [name]}), "InvalidTrailNameException");
    }
    refused(&data, "GetTrail", &json!({}), "InvalidTrailNameException");
    refused(&data, "GetTrail", &json!({"Name": "nowhere"}), "TrailNotFoundException");
    for arn in
        ["arn:aws:s3:::trail", "arn:aws:cloudtrail:eu-west-1:123456789012:trail/", "arn:aws:cloudtrail"]
    {
        refused(&data, "GetTrail", &json!({"Name": arn}), "CloudTrailARNInvalidException");
    }
}

#[test]
fn an_account_without_cloudtrail_has_nothing_and_an_unknown_operation_is_unsupported() {
    let data = Data::default();
    assert_eq!(ask(&data, "DescribeTrails", json!({})), Ok(json!({"trailList": []})));
    assert_eq!(ask(&data, "ListTrails", json!({})), Ok(json!({"Trails": []})));
    assert_eq!(ask(&data, "LookupEvents", json!({"EventCategory": "insight"})), Ok(json!({"Events": []})));
    refused(&data, "CreateTrail", &json!({}), "UnsupportedOperationException");
}

#[test]
fn many_trails_are_listed_in_pages() {
    let trails: Vec<String> = (0..60).map(|turn| format!("{{ name = \"trail-{turn}\" }}")).collect();
    let data = data(&format!("trails = [{}]", trails.join(", ")));
    let first = ask(&data, "ListTrails", json!({})).unwrap();
    let second = ask(&data, "ListTrails", json!({"NextToken": first["NextToken"]})).unwrap();
    assert_eq!(names(&first, "Trails").len() + names(&second, "Trails").len(), 60);
    assert_eq!(second.get("NextToken"), None);
    refused(&data, "ListTrails", &json!({"NextToken": "made up"}), "ValidationException");
}

#[test]
fn an_arn_names_the_partition_account_and_region_of_the_caller() {
    let mut call = call("GetTrail", json!({"Name": "archive"}));
    call.region = "us-gov-west-1".to_owned();
    let arn = format!("arn:aws-us-gov:cloudtrail:us-gov-west-1:{ACCOUNT}:trail/archive");
    assert_eq!(answer(&built_in(), &call).unwrap()["Trail"]["TrailARN"], arn);
}
