//! The managed insights that the configuration names.

use crate::support::{BUCKETS, KEYS, MANAGED, SCENARIO, issues, measures, snapshot, stored};
use insights_tests::Lab;
use insights_tests::response::counts;
use securityhub_insights::SecurityhubInsights;
use serde_json::Value;

const DAY: &str = "2026-03-01";
const UNKNOWN: &str = "arn:aws:securityhub:::insight/securityhub/default/99";

async fn run(lab: &Lab, arns: &str) -> Value {
    lab.simulator.clear_log();
    let variables = [("SECURITYHUB_INSIGHTS", arns), ("CONCURRENCY", "1")];
    lab.function::<SecurityhubInsights>(&variables).invoke("{}").await.unwrap()
}

#[tokio::test]
async fn without_the_variable_only_custom_insights_are_collected() {
    let lab = Lab::new(SCENARIO).await;
    let response = lab.function::<SecurityhubInsights>(&[]).invoke("{}").await.unwrap();
    assert_eq!((&response["status"], counts(&response)), (&"ok".into(), [2, 2, 0, 0, 0, 0, 0]));
    let ids: Vec<String> = stored(&lab.table().await).into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, [BUCKETS, KEYS]);
}

#[tokio::test]
async fn a_configured_insight_that_does_not_exist_is_an_issue_and_does_not_affect_the_others() {
    // Whether Security Hub omits an unknown ARN or answers with an error, the result is the same.
    for (unknown_arns, requests) in [("omitted", 3), ("not_found", 5)] {
        let scenario = SCENARIO.replacen(
            "page_size = 1",
            &format!("page_size = 1\nunknown_arns = \"{unknown_arns}\""),
            1,
        );
        let lab = Lab::new(&scenario).await;
        let response = run(&lab, &format!("{UNKNOWN},{MANAGED}")).await;
        assert_eq!(response["status"], "partial", "{unknown_arns}");
        assert_eq!(counts(&response), [3, 3, 0, 0, 0, 0, 0], "{unknown_arns}");
        assert_eq!(issues(&response), [("GetInsights", UNKNOWN, "Request.Invalid")], "{unknown_arns}");
        let message = &response["targets"][0]["issues"][0]["message"];
        assert_eq!(message, "SECURITYHUB_INSIGHTS names it, but Security Hub has no such insight");
        assert_eq!(response["api_calls"]["GetInsights"], requests, "{unknown_arns}");
        assert!(!lab.table().await.of_kind("state")[0].contains_key("watermark"), "{unknown_arns}");

        let alone = run(&lab, UNKNOWN).await;
        assert_eq!(issues(&alone), [("GetInsights", UNKNOWN, "Request.Invalid")], "{unknown_arns}");
    }
}

#[tokio::test]
async fn of_more_than_a_hundred_values_the_counts_are_lower_bounds() {
    let value = "values = [{ value = \"type {n}\", count = 2, number = 150 }]";
    let scenario = SCENARIO.replacen(
        "values = [{ value = \"Software and Configuration Checks\", count = 7 }]",
        value,
        1,
    );
    let lab = Lab::new(&scenario).await;
    run(&lab, MANAGED).await;
    let table = lab.table().await;
    let snapshot = snapshot(&table, MANAGED, DAY);
    assert_eq!(measures(snapshot), [200, 100]);
    assert_eq!(
        snapshot["title"],
        "Finding types: at least 200 findings in at least 100 finding types".into()
    );
}
