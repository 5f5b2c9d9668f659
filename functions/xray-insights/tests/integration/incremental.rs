//! Unchanged insights are not requested again, and changed ones are fetched once.

use super::{
    ALL, ONE_AT_A_TIME, calls, counts, insight, issues, last_update_time, partition, run, run_with, state,
    story, text, undisturbed,
};
use insights_shared::key::Key;
use insights_shared::time::{Clock, DAY_SECONDS};
use insights_simulator::xray::Data;
use insights_sources::xray;
use insights_tests::{ACCOUNT, CLOSED, GROWING, Lab, OPEN, REGION, Table};

#[tokio::test]
async fn a_second_run_writes_only_run_and_state_and_requests_no_insight() {
    let lab = story().await;
    run(&lab).await;
    let before = lab.table().await;
    lab.advance(60);
    let response = run(&lab).await;
    assert_eq!(response["status"], "ok");
    assert_eq!(counts(&response), [3, 0, 3, 0, 0, 0, 0]);
    assert_eq!(calls(&lab), [3, 3, 0, 0, 0]);
    assert_eq!((lab.calls("PutItem"), lab.calls("UpdateItem")), (1, 1));
    let after = lab.table().await;
    after.assert_same_content(&before);
    assert_eq!(after.0.len(), before.0.len() + 1, "one more run");
    for item in after.0.values().filter(|item| !["run", "state"].contains(&text(item, "kind").unwrap())) {
        assert_eq!(text(item, "observed_at"), Some("2026-03-01T12:00:00.000Z"), "not touched");
    }
    assert_eq!(text(&state(&lab).await.unwrap(), "watermark"), Some("2026-03-01T12:01:00.000Z"));
}

#[tokio::test]
async fn a_first_run_reads_only_the_state() {
    let lab = story().await;
    run(&lab).await;
    assert_eq!(lab.calls("BatchGetItem"), 1);
}

#[tokio::test]
async fn a_first_run_that_finds_items_of_a_killed_run_reads_before_writing() {
    let lab = story().await;
    run(&lab).await;
    let before = lab.table().await;
    // As after a run that was killed.
    for kind in ["run", "state"] {
        for item in before.of_kind(kind) {
            lab.delete(&Key::new(text(item, "pk").unwrap(), text(item, "sk").unwrap())).await;
        }
    }
    lab.advance(60);
    // A dry run reports what is new, so it must read.
    let response = run_with(&lab, &[], r#"{"dry_run": true}"#).await.unwrap();
    assert_eq!((counts(&response), calls(&lab)[2]), ([3, 0, 3, 0, 0, 0, 0], 0));
    let response = run_with(&lab, &[ONE_AT_A_TIME], "{}").await.unwrap();
    assert_eq!(response["status"], "ok");
    // The insight of the first page with its events and graph, and the insights that the other pages list.
    assert_eq!(counts(&response)[1..3], [0, counts(&response)[0]]);
    assert_eq!(calls(&lab)[2], 1, "insights that were asked for");
    lab.table().await.assert_same_content(&before);
}

#[tokio::test]
async fn a_run_after_one_change_fetches_and_writes_only_this_change() {
    let lab = story().await;
    run(&lab).await;
    lab.advance(30 * 60);
    let response = run(&lab).await;
    // The insight, its new event and its graph; older events and other insights are unchanged.
    assert_eq!(counts(&response), [8, 3, 5, 0, 0, 0, 0]);
    assert_eq!(calls(&lab), [3, 3, 1, 4, 1]);
    assert_eq!(lab.calls("PutItem"), 4);
    let table = lab.table().await;
    let grown = insight(&table, GROWING);
    assert_eq!((text(grown, "severity"), text(grown, "status")), (Some("critical"), Some("open")));
    assert!(table.get(&partition(GROWING), "event#2026-03-01T12:30:00.000Z").is_some());
    table.assert_same_content(&undisturbed(&lab).await);
}

#[tokio::test]
async fn a_closed_insight_leaves_the_open_index_with_the_end_of_x_ray() {
    let lab = story().await;
    run(&lab).await;
    lab.advance(2 * 3_600);
    run(&lab).await;
    let table = lab.table().await;
    let closed = insight(&table, GROWING);
    assert_eq!(
        (text(closed, "status"), text(closed, "ended_at")),
        (Some("closed"), Some("2026-03-01T13:00:00.000Z"))
    );
    assert_eq!(text(closed, "ended_pk"), Some("xray.insight#2026-03"));
    assert!(closed.contains_key("expires_at") && !closed.contains_key("open_pk"));
    table.assert_same_content(&undisturbed(&lab).await);
}

#[tokio::test]
async fn an_older_summary_than_the_stored_insight_is_stale_and_not_requested() {
    let lab = story().await;
    lab.advance(30 * 60);
    run(&lab).await;
    let before = lab.table().await;
    // X-Ray answers from a stale replica.
    lab.simulator.set_clock(Clock::Fixed(lab.now().plus_seconds(-600)));
    let response = run(&lab).await;
    assert_eq!(counts(&response), [3, 0, 2, 1, 0, 0, 0]);
    assert_eq!(calls(&lab)[2..], [0, 0, 0]);
    lab.table().await.assert_same_content(&before);
}

#[tokio::test]
async fn an_insight_with_failed_events_or_graph_is_stored_without_version_and_requested_again() {
    for (fault, missing) in [
        ("GetInsightEvents=denied:1", "event#2026-03-01T10:00:00.000Z"),
        ("GetInsightImpactGraph=denied:1", "graph"),
    ] {
        let lab = story().await;
        // The newest insight of the first group is requested first.
        lab.fault(fault);
        let response = run(&lab).await;
        let operation = fault.split('=').next().unwrap();
        assert_eq!(response["status"], "partial", "{fault}");
        assert_eq!(issues(&response), [(operation, OPEN, "AccessDeniedException")]);
        let table = lab.table().await;
        assert_eq!(last_update_time(&table, OPEN), None, "{fault}");
        assert_eq!(text(insight(&table, OPEN), "updated_at"), Some("2026-03-01T11:00:00.000Z"));
        assert!(table.get(&partition(OPEN), missing).is_none(), "{fault}");
        assert!(last_update_time(&table, CLOSED).is_some(), "it costs no other");
        let state = state(&lab).await.unwrap();
        assert!(!state.contains_key("watermark") && !state.contains_key("last_success_at"), "{fault}");

        lab.advance(60);
        let response = run(&lab).await;
        assert_eq!(response["status"], "ok");
        assert_eq!(calls(&lab)[2], 1, "only the one that was not whole");
        lab.table().await.assert_same_content(&undisturbed(&lab).await);
    }
}

#[tokio::test]
async fn an_insight_with_repeatedly_failing_parts_keeps_stored_data() {
    let lab = story().await;
    run(&lab).await;
    lab.advance(30 * 60);
    lab.fault("GetInsightEvents=denied");
    run(&lab).await;
    let table = lab.table().await;
    assert_eq!(last_update_time(&table, GROWING), None);
    assert_eq!(text(insight(&table, GROWING), "severity"), Some("critical"), "the insight itself came");
    assert!(table.get(&partition(GROWING), "event#2026-03-01T11:45:00.000Z").is_some(), "from the first run");
    lab.advance(60);
    run(&lab).await;
    lab.simulator.clear_faults();
    lab.advance(60);
    run(&lab).await;
    lab.table().await.assert_same_content(&undisturbed(&lab).await);
}

#[tokio::test]
async fn an_insight_without_time_in_the_summary_is_always_fetched_and_written_once() {
    let scenario = r#"
        [xray]
        groups = [{ name = "shop", insights_enabled = true }]
        [[xray.insights]]
        name = "a"
        group = "shop"
        start = "-3h"
        omit = ["LastUpdateTime"]
        events = [{ time = "-2h", summary = "a" }, { time = "-1h", summary = "b" }]
    "#;
    let lab = Lab::new(scenario).await;
    run(&lab).await;
    let table = lab.table().await;
    let stored = table.of_kind("xray.insight")[0];
    assert_eq!(text(stored, "updated_at"), Some("2026-03-01T11:00:00.000Z"), "its newest event's");
    assert_eq!(stored["detail"].at(&["last_update_time"]), None);
    lab.advance(60);
    let response = run(&lab).await;
    assert_eq!(calls(&lab), [1, 1, 1, 1, 1]);
    assert_eq!(counts(&response), [4, 0, 4, 0, 0, 0, 0]);
}

#[tokio::test]
async fn expired_insights_are_not_requested_or_counted() {
    let lab = story().await;
    // The closed insight ended 25 hours ago.
    let response = run_with(&lab, &[ONE_AT_A_TIME, ("RETENTION_DAYS", "1")], "{}").await.unwrap();
    assert_eq!(calls(&lab)[2], 2);
    assert_eq!(response["status"], "ok");
    assert_eq!(counts(&response)[0], 9);
    assert!(lab.table().await.get(&partition(CLOSED), "insight").is_none());
}

#[tokio::test]
async fn an_insight_that_ended_before_its_retention_does_not_stay_open() {
    let lab = story().await;
    let retention = [ONE_AT_A_TIME, ("RETENTION_DAYS", "1")];
    run_with(&lab, &retention, "{}").await.unwrap();
    // No run sees its end, and the next run is after its retention.
    lab.advance(3 * DAY_SECONDS);
    let response = run_with(&lab, &retention, "{}").await.unwrap();
    assert_eq!(response["status"], "ok", "{response}");
    let open = lab.store(|_| ()).open_insights(xray::SOURCE, ACCOUNT, REGION).await.unwrap();
    let open: Vec<&str> = open.iter().filter_map(|stored| stored.text("id")).collect();
    assert_eq!(open, [OPEN]);
}

#[tokio::test]
async fn two_concurrent_runs_store_the_same_as_one() {
    let lab = story().await;
    let function = lab.function::<xray_insights::XrayInsights>(&[]);
    let (one, other) = tokio::join!(function.invoke("{}"), function.invoke("{}"));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!((&one["status"], &other["status"]), (&"ok".into(), &"ok".into()));
    let table: Table = lab.table().await;
    table.assert_same_content(&undisturbed(&lab).await);
    assert_eq!(table.of_kind("xray.insight").len(), ALL.len());
}

#[tokio::test]
async fn a_slow_listing_stays_within_the_retention_of_x_ray() {
    let lab = story().await;
    // X-Ray's clock is more than a whole invocation ahead of the start of the run.
    lab.simulator.set_clock(Clock::Fixed(lab.now().plus_seconds(20 * 60)));
    assert_eq!(run(&lab).await["status"], "ok");
}

#[tokio::test]
async fn an_insight_whose_summary_loses_its_time_keeps_the_stored_version_if_unchanged() {
    let lab = story().await;
    run(&lab).await;
    let before = lab.table().await;
    lab.simulator.change(|scenario| {
        for insight in &mut scenario.everywhere_mut().part_mut::<Data>().insights {
            insight.omit = vec!["LastUpdateTime".to_owned()];
        }
    });
    for _ in 0..2 {
        lab.advance(60);
        let response = run(&lab).await;
        assert_eq!((calls(&lab)[2], counts(&response)[1]), (3, 0), "{response}");
        lab.table().await.assert_same_content(&before);
    }
}

#[tokio::test]
async fn the_graph_covers_the_last_six_hours_of_open_and_closed_insights() {
    // The members in addition to the start, ten hours ago, and the end of the graph, if there is one.
    for (members, end) in [
        ("", Some("-10h")),
        ("last_update_time = \"-1h\"", Some("-1h")),
        ("end = \"-4h\"\nlast_update_time = \"-1h\"", Some("-4h")),
        ("end = \"-4h\"\nlast_update_time = \"-1h\"\nstate = \"RESOLVING\"", Some("-4h")),
        ("end = \"-4h\"\nlast_update_time = \"-1h\"\nomit = [\"EndTime\"]", Some("-1h")),
    ] {
        let scenario = format!(
            "[xray]\ngroups = [{{ name = \"a\", insights_enabled = true }}]\n\
             [[xray.insights]]\nname = \"x\"\ngroup = \"a\"\nstart = \"-10h\"\n{members}"
        );
        let lab = Lab::new(&scenario).await;
        run(&lab).await;
        let log = lab.simulator.log();
        let asked = log.iter().find(|call| call.operation == "GetInsightImpactGraph");
        let time = |name: &str| asked.and_then(|call| call.input[name].as_i64());
        let hours = end.map(|end| end[1..end.len() - 1].parse::<i64>().unwrap());
        let expected = hours.map(|hours| lab.now().plus_seconds(-hours * 3_600).seconds());
        assert_eq!(time("EndTime"), expected, "{members}");
        assert_eq!(time("StartTime"), expected.map(|end| end - 6 * 3_600), "{members}");
    }
}

#[tokio::test]
async fn a_graph_before_the_retention_of_the_service_is_not_requested_and_no_issue() {
    // It ended more than 30 days ago; the summary was updated later.
    let scenario = "[xray]\ngroups = [{ name = \"a\", insights_enabled = true }]\n\
        [[xray.insights]]\nname = \"x\"\ngroup = \"a\"\nstart = \"-40d\"\nlast_update_time = \"-1h\"\n\
        state = \"RESOLVING\"";
    let lab = Lab::new(scenario).await;
    let sdk = insights_tests::edited(&lab.sdk(), |sent, answer| {
        if sent.operation == "GetInsight" {
            answer["Insight"]["EndTime"] = 1_769_000_000.into();
        }
        sent.operation == "GetInsight"
    });
    let function = lab.function_with::<xray_insights::XrayInsights>(&sdk, &[ONE_AT_A_TIME]).unwrap();
    let response = function.invoke("{}").await.unwrap();
    assert_eq!((&response["status"], lab.calls("GetInsightImpactGraph")), (&"ok".into(), 0), "{response}");
    let table = lab.table().await;
    assert!(table.of_kind("xray.insight")[0]["detail"].at(&["last_update_time"]).is_some());
}
