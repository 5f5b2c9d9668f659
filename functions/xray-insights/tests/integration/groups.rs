//! Which groups are listed.

use super::{calls, issues, run, run_with, state, story, text};
use insights_tests::{GROWING, Lab};
use serde_json::json;

#[tokio::test]
async fn only_configured_groups_are_listed() {
    let lab = story().await;
    let response = run_with(&lab, &[("XRAY_GROUPS", "pages")], "{}").await.unwrap();
    assert_eq!(response["status"], "ok");
    assert_eq!(calls(&lab), [3, 1, 1, 3, 1]);
    let table = lab.table().await;
    let stored: Vec<_> = table.of_kind("xray.insight").iter().map(|item| text(item, "id").unwrap()).collect();
    assert_eq!(stored, [GROWING]);
}

#[tokio::test]
async fn a_configured_group_that_is_unknown_or_has_no_insights_is_an_issue_and_does_not_affect_others() {
    let lab = story().await;
    let response = run_with(&lab, &[("XRAY_GROUPS", "Default,pages,nowhere")], "{}").await.unwrap();
    assert_eq!(response["status"], "partial");
    let expected = [("GetGroups", "Default", "Request.Invalid"), ("GetGroups", "nowhere", "Request.Invalid")];
    assert_eq!(issues(&response), expected);
    assert_eq!(response["written"], 5);
    assert!(!state(&lab).await.unwrap().contains_key("watermark"));
}

#[tokio::test]
async fn only_unknown_groups_are_a_configuration_error() {
    let lab = story().await;
    let error = run_with(&lab, &[("XRAY_GROUPS", "Default,nowhere")], "{}").await.unwrap_err();
    assert_eq!(error.error_type, "Config.Invalid");
    assert!(error.message.contains("XRAY_GROUPS names it, but"), "{error}");
    // If another call failed, the unknown groups may not be the cause.
    lab.simulator.fault("GetGroups=denied:1".parse().unwrap());
    let error = run_with(&lab, &[("XRAY_GROUPS", "Default,nowhere")], "{}").await.unwrap_err();
    assert_eq!(error.error_type, "Source.Denied");
}

#[tokio::test]
async fn without_groups_that_have_insights_the_source_is_not_enabled() {
    for scenario in [
        "",
        "[xray]\ngroups = [{ name = \"Default\" }, { name = \"a\", insights_enabled = false }]",
        "[xray]\ngroups = [{ name = \"a\", insights_enabled = true, omit = [\"InsightsConfiguration\"] }]",
    ] {
        let lab = Lab::new(scenario).await;
        let response = run(&lab).await;
        assert_eq!(response["status"], "not_enabled", "{scenario}");
        assert_eq!(response["targets"][0]["issues"], json!([]));
        assert_eq!(calls(&lab)[1], 0);
        let state = state(&lab).await.unwrap();
        assert_eq!(text(&state, "last_status"), Some("not_enabled"));
        assert!(state.contains_key("last_success_at"));
    }
}

#[tokio::test]
async fn a_group_with_insights_enabled_but_without_any_is_enabled() {
    let lab = Lab::new("[xray]\ngroups = [{ name = \"a\", insights_enabled = true }]").await;
    let response = run(&lab).await;
    assert_eq!(response["status"], "ok");
    assert_eq!(calls(&lab), [1, 1, 0, 0, 0]);
}

#[tokio::test]
async fn a_group_is_identified_by_arn_otherwise_by_name() {
    let scenario = |omit: &str| {
        format!(
            "[xray]\ngroups = [{{ name = \"a\", insights_enabled = true, omit = [{omit}] }}]\n\
             [[xray.insights]]\nname = \"x\"\ngroup = \"a\"\nstart = \"-1h\""
        )
    };
    for (omit, named_by) in [("", "GroupARN"), ("\"GroupName\"", "GroupARN"), ("\"GroupARN\"", "GroupName")] {
        let lab = Lab::new(&scenario(omit)).await;
        let response = run(&lab).await;
        assert_eq!((&response["status"], &response["written"]), (&json!("ok"), &json!(2)), "{omit}");
        let log = lab.simulator.log();
        let call = log.iter().find(|call| call.operation == "GetInsightSummaries").unwrap();
        for name in ["GroupARN", "GroupName"] {
            assert_eq!(call.input.contains_key(name), name == named_by, "{omit}: {name}");
        }
    }
}

#[tokio::test]
async fn a_failing_group_does_not_affect_others() {
    let lab = story().await;
    // Two pages of the first group, then the second group.
    lab.fault("GetInsightSummaries=denied:1@2");
    let response = run(&lab).await;
    assert_eq!(response["status"], "partial");
    assert_eq!(issues(&response), [("GetInsightSummaries", "pages", "AccessDeniedException")]);
    assert_eq!(lab.table().await.of_kind("xray.insight").len(), 2);
}

#[tokio::test]
async fn a_listing_starts_at_the_look_back() {
    let lab = story().await;
    run_with(&lab, &[("LOOKBACK_DAYS", "1")], "{}").await.unwrap();
    let log = lab.simulator.log();
    for call in log.iter().filter(|call| call.operation == "GetInsightSummaries") {
        let span = call.input["EndTime"].as_i64().unwrap() - call.input["StartTime"].as_i64().unwrap();
        assert_eq!(span, 86_400);
    }
    assert_eq!(
        lab.table().await.of_kind("xray.insight").len(),
        2,
        "the one that ended 25 hours ago is out of it"
    );
}
