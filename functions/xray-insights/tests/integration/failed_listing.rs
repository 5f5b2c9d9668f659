//! After a failed listing no insight counts as unlisted: a missing insight may be in the failed part.

use super::{calls, insight, run, run_with, story, text};
use insights_simulator::xray::Data;
use insights_tests::{Lab, OPEN, STORY};
use std::time::Duration;
use xray_insights::XrayInsights;

fn forget_open(lab: &Lab) {
    lab.simulator.change(|scenario| {
        scenario.everywhere_mut().part_mut::<Data>().insights.retain(|insight| insight.id != OPEN);
    });
}

/// A first run, after which X-Ray no longer knows an insight that is stored as open.
async fn with_an_unlisted_insight() -> Lab {
    let lab = Lab::new(&format!("{STORY}{ANOTHER}")).await;
    run(&lab).await;
    forget_open(&lab);
    lab.advance(60);
    lab
}

/// Without it, the summaries of the first group would be a single page after the open insight disappeared.
const ANOTHER: &str = r#"
[[xray.insights]]
id = "44444444-4444-4444-8444-444444444444"
group = "shop"
start = "-28h"
end = "-27h"
"#;

/// The next complete listing shows that the insight is unlisted.
async fn check_next_run(lab: &Lab, what: &str) {
    lab.simulator.clear_faults();
    lab.advance(60);
    run(lab).await;
    assert_eq!(calls(lab)[2], 1, "{what}");
    let table = lab.table().await;
    assert_eq!(text(insight(&table, OPEN), "status_reason"), Some("no_longer_known"), "{what}");
}

#[tokio::test]
async fn after_a_failed_listing_no_stored_insight_is_requested_or_closed() {
    // There are three pages of groups, two pages of the first group's summaries, and one page of the second group's.
    for fault in [
        "GetGroups=throttle",
        "GetGroups=denied",
        "GetGroups=error500",
        "GetGroups=html503",
        "GetGroups=reset",
        "GetGroups=truncate",
        "GetGroups=wrong-type",
        "GetGroups=null-in-list",
        "GetGroups=repeat-token",
        "GetGroups=denied@1",
        "GetGroups=denied@2",
        "GetInsightSummaries=throttle",
        "GetInsightSummaries=denied",
        "GetInsightSummaries=denied:1",
        "GetInsightSummaries=denied:1@1",
        "GetInsightSummaries=denied:1@2",
        "GetInsightSummaries=truncate:3",
        "GetInsightSummaries=null-in-list:1@1",
        "GetInsightSummaries=repeat-token:1@1",
        "xray:*=denied",
    ] {
        let lab = with_an_unlisted_insight().await;
        let before = lab.table().await;
        lab.fault(fault);
        // A run that fetched nothing fails.
        let _ = run_with(&lab, &[super::ONE_AT_A_TIME], "{}").await;
        assert_eq!(calls(&lab)[2..], [0, 0, 0], "{fault}");
        lab.table().await.assert_same_content(&before);
        check_next_run(&lab, fault).await;
    }
}

#[tokio::test]
async fn after_a_listing_without_enough_time_no_insight_counts_as_unlisted() {
    for fault in
        ["GetGroups=hang", "GetGroups=hang@1", "GetInsightSummaries=hang@1", "GetInsightSummaries=hang@2"]
    {
        let lab = with_an_unlisted_insight().await;
        let before = lab.table().await;
        lab.fault(fault);
        lab.simulator.clear_log();
        let function = lab.function::<XrayInsights>(&[super::ONE_AT_A_TIME]);
        let response = function.invoke_within("{}", Duration::from_millis(1_200)).await.unwrap();
        assert_eq!(response["status"], "partial", "{fault}");
        assert_eq!(calls(&lab)[2], 0, "{fault}");
        assert!(response["not_reached"].as_u64().unwrap() > 0, "{fault}");
        lab.table().await.assert_same_content(&before);
        check_next_run(&lab, fault).await;
    }
}

#[tokio::test]
async fn an_insight_of_an_unlisted_group_is_requested_by_id() {
    type Change = fn(&mut insights_simulator::xray::Data);
    let disable: Change = |data| data.groups[0].insights_enabled = Some(false);
    let unset: Change = |data| data.groups[0].insights_enabled = None;
    let disable_all: Change = |data| data.groups.iter_mut().for_each(|group| group.insights_enabled = None);
    let delete: Change = |data| data.groups.retain(|group| group.name != "shop");
    let recreate: Change = |data| {
        data.groups[0].name = "store".to_owned();
        data.groups[0].tag = "OTHER".to_owned();
    };
    let nothing: Change = |_| ();
    for (what, change, groups, status) in [
        ("insights disabled", disable, None, "ok"),
        ("insights not configured", unset, None, "ok"),
        ("insights disabled everywhere", disable_all, None, "not_enabled"),
        ("group deleted", delete, None, "ok"),
        ("group renamed", recreate, None, "ok"),
        ("another group configured", nothing, Some("pages"), "ok"),
        ("a group without insights configured as well", nothing, Some("pages,Default"), "partial"),
        ("an unknown group configured as well", nothing, Some("pages,nowhere"), "partial"),
        ("no configured group is there", nothing, Some("nowhere"), "partial"),
    ] {
        let lab = story().await;
        run(&lab).await;
        let before = lab.table().await;
        lab.simulator.change(|scenario| change(scenario.everywhere_mut().part_mut()));
        lab.advance(60);
        let groups = groups.map(|groups| ("XRAY_GROUPS", groups));
        let variables: Vec<(&str, &str)> = groups.into_iter().chain([super::ONE_AT_A_TIME]).collect();
        let response = run_with(&lab, &variables, "{}").await.unwrap();
        assert_eq!(response["status"], status, "{what}: {response}");
        // Two insights are open. The one of the group `pages` is listed, unless no group is listed.
        let asked = if ["insights disabled everywhere", "no configured group is there"].contains(&what) {
            2
        } else {
            1
        };
        assert_eq!(calls(&lab)[2], asked, "{what}");
        if what.starts_with("group ") {
            // The answer names the group differently.
            assert_eq!(text(insight(&lab.table().await, OPEN), "status"), Some("open"), "{what}");
        } else {
            lab.table().await.assert_same_content(&before);
        }
        // When X-Ray no longer knows the insight, it is closed.
        forget_open(&lab);
        lab.advance(60);
        run_with(&lab, &variables, "{}").await.unwrap();
        assert_eq!(text(insight(&lab.table().await, OPEN), "status"), Some("closed"), "{what}");
    }
}
