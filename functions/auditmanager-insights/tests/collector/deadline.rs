//! The collector when the time of an invocation runs out.

use crate::support::{STORY, World, large};
use futures_util::future::join_all;
use insights_shared::report::RunStatus;
use insights_simulator::{Fault, FaultKind};
use std::time::Duration;

#[tokio::test]
async fn when_time_runs_out_what_came_is_stored_and_the_rest_is_counted_as_not_reached() {
    let check = async |operation: &str, written: u64, not_reached: u64| {
        let mut world = World::of(STORY).await;
        world.set("CONCURRENCY", "1");
        world.simulator.fault(Fault::new(operation, FaultKind::Hang));
        let response = world.invoke_within("{}", Some(Duration::from_millis(2_500))).await.unwrap();
        assert_eq!(response.status, RunStatus::Partial, "{operation}");
        assert!(response.targets[0].issues.is_empty(), "{operation}");
        let counts = (response.counts.written, response.counts.not_reached);
        assert_eq!(counts, (written, not_reached), "{operation}");
        let state = world.of_kind("state").await.into_values().next().unwrap();
        assert!(!state.contains_key("watermark"), "{operation}");
        // With time enough the next run finishes.
        world.simulator.clear_faults();
        world.pass(60);
        let response = world.run().await;
        assert_eq!((response.status, response.counts.written), (RunStatus::Ok, 10 - written), "{operation}");
    };
    let cases = [
        ("GetAccountStatus", 0, 1),
        ("GetInsights", 0, 1),
        // The domains over all assessments have no time left either.
        ("ListAssessments", 1, 2),
        // The account with its domain and control, and none of the three assessments.
        ("GetInsightsByAssessment", 3, 3),
        ("ListControlInsightsByControlDomain", 2, 4),
    ];
    join_all(cases.map(|(operation, written, not_reached)| check(operation, written, not_reached))).await;
}

#[tokio::test]
async fn runs_that_are_cut_short_begin_at_different_places_so_that_together_they_finish() {
    let mut world = World::of(&large(8, 1, 1)).await;
    world.set("CONCURRENCY", "1");
    world.set("AUDITMANAGER_DEPTH", "assessment");
    // In the 300 ms that there are, two or three of the eight.
    world.simulator.fault(Fault::new("GetInsightsByAssessment", FaultKind::Slow(Duration::from_millis(100))));
    let mut runs = 0;
    while world.of_kind("auditmanager.assessment").await.len() < 8 {
        runs += 1;
        assert!(runs <= 30, "still not finished");
        let response = world.invoke_within("{}", Some(Duration::from_millis(800))).await.unwrap();
        assert_eq!(response.status, RunStatus::Partial);
        assert!(response.counts.not_reached > 0);
        world.pass(61);
    }
    assert!(runs > 1, "one run was enough, which shows nothing");
}
