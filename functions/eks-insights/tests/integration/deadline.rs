//! An invocation that has not enough time stores what it has, and the next one goes on.

use super::{
    ONE_AT_A_TIME, calls, check_response, counts, issues, row, run, state, story, text, undisturbed,
};
use eks_insights::EksInsights;
use insights_shared::value::Value;
use insights_simulator::eks::Cluster;
use insights_tests::{Lab, invoke_until_done};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_run_stores_its_data_before_the_deadline_and_the_next_run_continues() {
    // What hangs; the number of subjects that were not reached; how many insights are stored; where the next run continues.
    for (hanging, not_reached, stored, next) in [
        ("ListClusters=hang", 1, 0, None),
        // The second page never comes, and there is no time left for the cluster of the first one.
        ("ListClusters=hang@1", 2, 0, None),
        ("ListInsights=hang", 2, 0, Some("prod")),
        // The second page, the check of the first one, and the other cluster.
        ("ListInsights=hang@1", 3, 0, Some("prod")),
        ("ListInsights=hang@2", 1, 1, Some("test")),
        ("DescribeInsight=hang", 2, 0, Some("prod")),
        ("DescribeInsight=hang@1", 1, 1, Some("test")),
    ] {
        let lab = story().await;
        lab.fault(hanging);
        let function = lab.function::<EksInsights>(&[ONE_AT_A_TIME]);
        lab.simulator.clear_log();
        let response = function.invoke_within("{}", Duration::from_millis(1_500)).await.unwrap();
        check_response(&lab, &response);
        assert_eq!((&response["status"], &response["not_reached"]), (&json!("partial"), &json!(not_reached)));
        assert_eq!(issues(&response), [], "{hanging}: time is not a fault");
        assert_eq!(lab.table().await.of_kind("eks.insight").len(), stored, "{hanging}");
        let state_before = state(&lab).await.unwrap();
        assert!(!state_before.contains_key("watermark"), "{hanging}");
        let resume =
            state_before.get("resume").and_then(|resume| resume.at(&["next"])).and_then(Value::as_str);
        assert_eq!(resume, next, "{hanging}");
        lab.simulator.clear_faults();
        lab.advance(60);
        let response = run(&lab).await;
        assert_eq!((&response["status"], &response["not_reached"]), (&json!("ok"), &json!(0)), "{hanging}");
        lab.table().await.assert_same_content(&undisturbed(&lab).await);
        let state = state(&lab).await.unwrap();
        assert!(!state.contains_key("resume"), "{hanging}");
        // Everything was fetched since the first of the two runs, if the second continued it.
        let watermark = if next.is_some() { "2026-03-01T12:00:00.000Z" } else { "2026-03-01T12:01:00.000Z" };
        assert_eq!(text(&state, "watermark"), Some(watermark), "{hanging}");
    }
}

#[tokio::test]
async fn a_run_without_remaining_time_makes_no_calls_and_is_not_reached() {
    let lab = story().await;
    let function = lab.function::<EksInsights>(&[]);
    let response = function.invoke_within("{}", Duration::ZERO).await.unwrap();
    assert_eq!((&response["status"], &response["not_reached"]), (&json!("partial"), &json!(1)));
    assert_eq!(calls(&lab), [0; 3]);
    assert!(lab.table().await.0.is_empty());
}

/// So many clusters with one check that does not pass.
fn clusters(count: usize) -> String {
    let cluster = |number: usize| {
        format!(
            "[[eks.clusters]]\nname = \"cluster{number}\"\n[[eks.clusters.insights]]\nid = \"a\"\nname = \"a\"\n\
             category = \"MISCONFIGURATION\"\nstatus = \"ERROR\"\nsince = \"-9d\"\n"
        )
    };
    (0..count).map(cluster).collect()
}

#[tokio::test]
async fn a_large_account_is_completed_by_several_invocations() {
    let lab = Lab::new(&clusters(9)).await;
    // Of nine clusters, the two seconds that there are allow four at the most, also where the machine is slow.
    lab.fault("DescribeInsight=slow-0.5");
    let responses =
        invoke_until_done::<EksInsights>(&lab, &[ONE_AT_A_TIME], Duration::from_millis(2_500)).await;
    assert!(responses.len() >= 3, "that was not several: {}", responses.len());
    let table = lab.table().await;
    assert_eq!(table.of_kind("eks.insight").len(), 9);
    assert!((0..9).all(|number| row(&table, &format!("cluster{number}")).is_some()));
    let watermark = state(&lab).await.unwrap()["watermark"].clone();
    assert_eq!(watermark.as_str(), Some("2026-03-01T12:00:00.000Z"), "the start of the first run");
}

#[tokio::test]
async fn a_cluster_that_failed_in_a_sweep_stops_the_watermark_until_the_next_sweep() {
    let lab = story().await;
    // A cluster whose checks all pass; the next one's check is denied; the last one's never answers.
    super::change(&lab, |data| {
        data.clusters.insert(0, Cluster { name: "a".to_owned(), ..Cluster::default() });
    });
    lab.fault("DescribeInsight=denied:1");
    lab.fault("DescribeInsight=hang");
    let function = lab.function::<EksInsights>(&[ONE_AT_A_TIME]);
    let response = function.invoke_within("{}", Duration::from_millis(1_500)).await.unwrap();
    assert_eq!((&response["status"], counts(&response)[6]), (&json!("partial"), 1), "{response}");
    lab.simulator.clear_faults();
    lab.advance(60);
    // The rest of the sweep is complete, and the sweep is not.
    let response = run(&lab).await;
    assert_eq!((&response["status"], counts(&response)), (&json!("ok"), [2, 2, 0, 0, 0, 0, 0]));
    assert!(!state(&lab).await.unwrap().contains_key("watermark"));
    lab.advance(60);
    assert_eq!(counts(&run(&lab).await), [3, 2, 1, 0, 0, 0, 0]);
    assert_eq!(text(&state(&lab).await.unwrap(), "watermark"), Some("2026-03-01T12:02:00.000Z"));
    assert_eq!(lab.table().await.of_kind("eks.insight").len(), 2);
}
