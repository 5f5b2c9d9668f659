//! Answers over time.

use super::{ANCHOR, BUCKETS, MANAGED, ask, call, insights, read};
use serde_json::{Value, json};

fn names(now: &str, input: Value) -> Vec<String> {
    let answer = ask(&read(insights()).unwrap(), "GetInsights", now, input).unwrap();
    let rows = answer["Insights"].as_array().unwrap();
    rows.iter().map(|row| row["Name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_listing_without_arns_has_the_custom_insights_that_exist() {
    let answer = ask(&read(insights()).unwrap(), "GetInsights", ANCHOR, json!({})).unwrap();
    assert_eq!(
        answer["Insights"][0],
        json!({
            "InsightArn": BUCKETS, "Name": "Public buckets", "GroupByAttribute": "ResourceId",
            "Filters": {"SeverityLabel": [{"Value": "HIGH", "Comparison": "EQUALS"}]},
        })
    );
    assert_eq!(answer["Insights"][1]["Filters"], json!({}));
    assert_eq!(answer["Insights"][2].get("Filters"), None);
    assert_eq!(names(ANCHOR, json!({})), ["Public buckets", "By account", "Unresolved"]);
    assert_eq!(names(ANCHOR, json!({"InsightArns": []})), ["Public buckets", "By account", "Unresolved"]);
    assert_eq!(names("2026-03-09T11:59:59Z", json!({})), ["Public buckets", "Unresolved"]);
    assert_eq!(names("2026-03-10T13:00:00Z", json!({})), ["Public buckets", "Unresolved"]);
}

#[test]
fn a_listing_by_arn_has_managed_insights_too_and_omits_unknown_arns_unless_the_scenario_refuses_them() {
    let unknown = "arn:aws:securityhub:::insight/securityhub/default/11";
    let arns = json!({"InsightArns": [MANAGED, unknown, BUCKETS]});
    assert_eq!(names(ANCHOR, arns.clone()), ["Public buckets", "Managed"]);
    let mut scenario = insights();
    scenario["unknown_arns"] = json!("not_found");
    let data = read(scenario).unwrap();
    let error = ask(&data, "GetInsights", ANCHOR, arns).unwrap_err();
    assert_eq!((error.code, error.status), ("ResourceNotFoundException", 404));
    assert!(error.message.contains(unknown), "{}", error.message);
}

#[test]
fn the_results_count_the_findings_of_each_value_at_the_time_of_the_call() {
    let data = read(insights()).unwrap();
    let check = |now: &str, expected: &[(&str, i64)]| {
        let answer = ask(&data, "GetInsightResults", now, json!({"InsightArn": BUCKETS})).unwrap();
        let values: Vec<Value> = expected
            .iter()
            .map(|(value, count)| json!({"GroupByAttributeValue": value, "Count": count}))
            .collect();
        let results =
            json!({"InsightArn": BUCKETS, "GroupByAttribute": "ResourceId", "ResultValues": values});
        assert_eq!(answer, json!({"InsightResults": results}), "{now}");
    };
    let (logs, site) = ("arn:aws:s3:::logs", "arn:aws:s3:::site-123456789012");
    let [first, second, third] =
        ["arn:aws:s3:::eu-west-1-1", "arn:aws:s3:::eu-west-1-2", "arn:aws:s3:::eu-west-1-3"];
    check("2026-03-10T02:30:00Z", &[(first, 2), (site, 1), ("", 1)]);
    check("2026-03-10T03:00:00Z", &[(first, 2), (site, 1), (logs, 1), ("", 1)]);
    check("2026-03-10T10:59:59Z", &[(logs, 8), (first, 2), (site, 1), ("", 1)]);
    check("2026-03-10T11:00:00Z", &[(logs, 9), (first, 2), (second, 2), (site, 1), ("", 1)]);
    check("2026-03-11T11:00:00Z", &[(logs, 10), (first, 2), (second, 2), (third, 2), (site, 1), ("", 1)]);
}

#[test]
fn results_have_100_values_at_most() {
    let answer = ask(&read(insights()).unwrap(), "GetInsightResults", ANCHOR, json!({"InsightArn": MANAGED}));
    let values = answer.unwrap()["InsightResults"]["ResultValues"].clone();
    assert_eq!(values.as_array().unwrap().len(), 100);
    assert_eq!(values[99]["GroupByAttributeValue"], "100");
}

#[test]
fn arns_have_the_account_and_the_partition_of_the_call() {
    let data = read(insights()).unwrap();
    let mut china = call("GetInsights", ANCHOR, json!({}));
    china.region = "cn-north-1".into();
    china.account = "111122223333".into();
    let arns: Vec<String> = data.insights.iter().map(|insight| insight.arn(&china)).collect();
    assert_eq!(
        [arns[0].as_str(), arns[3].as_str()],
        [
            "arn:aws-cn:securityhub:cn-north-1:111122223333:insight/111122223333/custom/a1b2c3d4-5678-40ab-8def-111122223333",
            "arn:aws-cn:securityhub:::insight/securityhub/default/10",
        ]
    );
}

#[test]
fn every_page_is_reached_and_a_token_is_valid_for_its_parameters_only() {
    let mut scenario = insights();
    scenario["page_size"] = json!(2);
    let data = read(scenario).unwrap();
    let first = ask(&data, "GetInsights", ANCHOR, json!({"MaxResults": 100})).unwrap();
    assert_eq!(first["Insights"].as_array().unwrap().len(), 2);
    let last = ask(&data, "GetInsights", ANCHOR, json!({"NextToken": first["NextToken"]})).unwrap();
    assert_eq!((&last["Insights"][0]["Name"], last.get("NextToken")), (&json!("Unresolved"), None));
    let other = json!({"InsightArns": [BUCKETS], "NextToken": first["NextToken"]});
    let error = ask(&data, "GetInsights", ANCHOR, other).unwrap_err();
    assert_eq!(
        (error.code, error.message.as_str()),
        ("InvalidInputException", "Invalid parameter 'NextToken'.")
    );
}
