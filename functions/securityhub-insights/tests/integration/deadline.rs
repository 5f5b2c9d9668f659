//! The collector when the time of an invocation runs out.

use crate::support::{ONE_AT_A_TIME, SCENARIO, WITH_MANAGED, check_response, issues, run, stored};
use insights_tests::Lab;
use securityhub_insights::SecurityhubInsights;
use std::time::Duration;

#[tokio::test]
async fn without_enough_time_fetched_counts_are_stored_and_the_others_are_not_reached() {
    let check = async |hanging: &str, written: u64, not_reached: u64| {
        let lab = Lab::new(SCENARIO).await;
        lab.fault(hanging);
        let function = lab.function::<SecurityhubInsights>(&[ONE_AT_A_TIME, WITH_MANAGED]);
        let response = function.invoke_within("{}", Duration::from_millis(2_500)).await.unwrap();
        check_response(&lab, &response);
        assert_eq!((&response["status"], issues(&response)), (&"partial".into(), vec![]), "{hanging}");
        let found = (response["written"].as_u64().unwrap(), response["not_reached"].as_u64().unwrap());
        assert_eq!(found, (written, not_reached), "{hanging}");
        assert!(!lab.table().await.of_kind("state")[0].contains_key("watermark"), "{hanging}");
        // With enough time the next run completes the day.
        lab.simulator.clear_faults();
        lab.advance(60);
        let response = run(&lab).await;
        assert_eq!((&response["status"], &response["not_reached"]), (&"ok".into(), &0.into()), "{hanging}");
        assert_eq!(stored(&lab.table().await).len(), 3, "{hanging}");
    };
    tokio::join!(
        // The listing and the managed insight.
        check("securityhub:GetInsights=hang", 0, 2),
        // The rest of the listing, the managed insight, and the counts of the insight on the first page.
        check("securityhub:GetInsights=hang@1", 0, 3),
        check("GetInsightResults=hang", 0, 3),
        check("GetInsightResults=hang@1", 1, 2),
        check("GetInsightResults=hang@2", 2, 1),
    );
}

#[tokio::test]
async fn a_run_without_any_time_requests_and_writes_nothing() {
    let lab = Lab::new(SCENARIO).await;
    let function = lab.function::<SecurityhubInsights>(&[]);
    let response = function.invoke_within("{}", Duration::ZERO).await.unwrap();
    assert_eq!((&response["status"], &response["not_reached"]), (&"partial".into(), &1.into()));
    assert_eq!(lab.calls("GetInsightResults"), 0);
    assert!(lab.table().await.0.is_empty());
}
