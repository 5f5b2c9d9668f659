//! Runs without enough time.

use crate::support::{STORY, World, large};
use futures_util::future::join_all;
use insights_shared::report::{Response, RunStatus};
use insights_simulator::{Fault, FaultKind};
use std::time::Duration;

#[tokio::test]
async fn without_enough_time_fetched_data_is_stored_and_the_rest_is_not_reached() {
    let check = async |operation: &str, written: u64, not_reached: u64| {
        let mut world = World::of(STORY).await;
        world.set("CONCURRENCY", "1");
        let selector = format!("auditmanager:{operation}");
        world.simulator.fault(Fault::new(&selector, FaultKind::Hang).unwrap());
        let response = world.invoke_within("{}", Some(Duration::from_millis(2_500))).await.unwrap();
        assert_eq!(response.status, RunStatus::Partial, "{operation}");
        assert!(response.targets[0].issues.is_empty(), "{operation}");
        let counts = (response.counts.written, response.counts.not_reached);
        assert_eq!(counts, (written, not_reached), "{operation}");
        let state = world.of_kind("state").await.into_values().next().unwrap();
        assert!(!state.contains_key("watermark"), "{operation}");
        // With enough time, the next run completes the data.
        world.simulator.clear_faults();
        world.advance(60);
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

/// An account of eight assessments.
async fn large_account() -> World {
    let mut world = World::of(&large(8, 1, 1)).await;
    world.set("CONCURRENCY", "1");
    world.set("AUDITMANAGER_DEPTH", "assessment");
    world
}

/// A run that ends after the counts of three assessments.
async fn run_of_three(world: &World) -> Response {
    world.simulator.clear_faults();
    world.simulator.fault("GetInsightsByAssessment=hang@3".parse().unwrap());
    world.invoke_within("{}", Some(Duration::from_millis(2_500))).await.unwrap()
}

/// The assessments that have counts of `day`, by partition key.
async fn assessments(world: &World, day: &str) -> Vec<String> {
    let snapshots = world.of_kind("auditmanager.assessment").await;
    snapshots.into_keys().filter(|(_, sk)| sk == day).map(|(pk, _)| pk).collect()
}

#[tokio::test]
async fn a_large_account_is_completed_by_several_invocations() {
    let world = large_account().await;
    let began = world.now();
    // Three, three, and the last two; each run reads the counts of the account, and the first one writes them.
    for (written, unchanged, not_reached) in [(4, 0, 5), (3, 1, 2), (2, 1, 0)] {
        let response = run_of_three(&world).await;
        let counts = response.counts;
        assert_eq!((counts.written, counts.unchanged, counts.not_reached), (written, unchanged, not_reached));
        let state = world.of_kind("state").await.into_values().next().unwrap();
        if not_reached == 0 {
            assert_eq!(response.status, RunStatus::Ok);
            // All parts were requested since the sweep started, so there is nothing to continue.
            assert_eq!(state["watermark"].as_timestamp(), Some(began));
            assert!(!state.contains_key("resume"));
        } else {
            assert_eq!(response.status, RunStatus::Partial);
            assert!(!state.contains_key("watermark"));
        }
        world.advance(61);
    }
    assert_eq!(assessments(&world, "2026-03-10").await.len(), 8);
    // The next run with enough time requests all of them again: the counts of a day can be corrected.
    world.simulator.clear_faults();
    assert_eq!(world.run().await.counts.unchanged, 9);
}

#[tokio::test]
async fn a_part_that_failed_in_a_sweep_is_requested_again_before_the_sweep_ends() {
    for (operation, faults, stored) in [
        // The first of four requested parts; and, of three, the one that the table rejects.
        (
            "GetInsightsByAssessment",
            vec!["GetInsightsByAssessment=denied:1", "GetInsightsByAssessment=hang@3"],
            3,
        ),
        (
            "PutItem",
            vec!["BatchExecuteStatement=denied", "PutItem=denied:1@2", "GetInsightsByAssessment=hang@3"],
            2,
        ),
    ] {
        let world = large_account().await;
        let began = world.now();
        // Time runs out after one assessment of the first run failed; the second run has time for all.
        for fault in faults {
            world.simulator.fault(fault.parse().unwrap());
        }
        let response = world.invoke_within("{}", Some(Duration::from_millis(2_500))).await.unwrap();
        assert_eq!(response.status, RunStatus::Partial, "{operation}");
        assert!(response.counts.not_reached > 0, "{operation}");
        assert_eq!(response.targets[0].issues.len(), 1, "{operation}");
        assert_eq!(assessments(&world, "2026-03-10").await.len(), stored, "{operation}");
        world.advance(61);
        world.simulator.clear_faults();
        let response = world.run().await;
        assert_eq!(response.status, RunStatus::Ok, "{operation}");
        assert_eq!(assessments(&world, "2026-03-10").await.len(), 8, "{operation}");
        let state = world.of_kind("state").await.into_values().next().unwrap();
        assert_eq!(state["watermark"].as_timestamp(), Some(began), "{operation}");
        assert!(!state.contains_key("resume"), "{operation}");
    }
}

#[tokio::test]
async fn a_sweep_interrupted_by_a_new_day_restarts_at_its_cursor() {
    let world = large_account().await;
    run_of_three(&world).await;
    let yesterday = assessments(&world, "2026-03-10").await;
    assert_eq!(yesterday.len(), 3);
    // With the counts of the new day, another short run takes other parts first.
    world.advance(86_400);
    run_of_three(&world).await;
    let today = assessments(&world, "2026-03-11").await;
    assert_eq!(today.len(), 3);
    assert!(today.iter().all(|pk| !yesterday.contains(pk)), "{yesterday:?} {today:?}");
    // A run with enough time processes all remaining parts of the day, including those of yesterday's run.
    world.simulator.clear_faults();
    world.advance(61);
    assert_eq!(world.run().await.status, RunStatus::Ok);
    assert_eq!(assessments(&world, "2026-03-11").await.len(), 8);
}

#[tokio::test]
async fn a_failed_listing_of_assessments_is_not_an_empty_listing() {
    for fault in ["denied", "throttle", "error500", "reset", "truncate", "null-in-list", "repeat-token"] {
        let world = large_account().await;
        run_of_three(&world).await;
        let resume = world.of_kind("state").await.into_values().next().unwrap()["resume"].clone();
        world.simulator.clear_faults();
        world.advance(61);
        world.simulator.fault(format!("ListAssessments={fault}").parse().unwrap());
        let response = world.run().await;
        assert_eq!(response.status, RunStatus::Partial, "{fault}");
        let state = world.of_kind("state").await.into_values().next().unwrap();
        // The remaining parts of the sweep are unknown, so the next run continues at the last cursor.
        assert_eq!((state.get("resume"), state.get("watermark")), (Some(&resume), None), "{fault}");
        world.simulator.clear_faults();
        world.advance(61);
        assert_eq!(world.run().await.status, RunStatus::Ok, "{fault}");
        assert_eq!(assessments(&world, "2026-03-10").await.len(), 8, "{fault}");
    }
}
