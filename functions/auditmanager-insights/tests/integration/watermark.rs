//! The watermark: it moves only if every stage of a run is complete. Each case makes exactly one stage incomplete.

use crate::support::{FIRST, STORY, World, large};
use insights_shared::report::RunStatus;
use insights_shared::value::Value;
use insights_tests::intercept::{Refusal, denied};
use std::time::Duration;

async fn watermark(world: &World) -> Option<Value> {
    let state = world.of_kind("state").await.into_values().next();
    state.and_then(|state| state.get("watermark").cloned())
}

/// A run with these refusals keeps the watermark. The next run moves it.
async fn check(mut world: World, refusals: &[Refusal]) {
    let before = watermark(&world).await;
    world.simulator.fault("BatchExecuteStatement=denied".parse().unwrap());
    world.set("CONCURRENCY", "1");
    world.refuse(refusals);
    assert_eq!(world.run().await.status, RunStatus::Partial, "{refusals:?}");
    assert_eq!(watermark(&world).await, before, "{refusals:?}");
    world.refuse(&[]);
    world.advance(60);
    assert_eq!(world.run().await.status, RunStatus::Ok, "{refusals:?}");
    assert_ne!(watermark(&world).await, before, "{refusals:?}");
}

#[tokio::test]
async fn a_part_that_cannot_be_fetched_keeps_the_watermark() {
    for (operation, part) in [
        ("GetAccountStatus", ""),
        ("GetInsights", ""),
        ("ListAssessments", ""),
        ("GetInsightsByAssessment", FIRST),
        ("ListControlDomainInsights", ""),
        ("ListControlDomainInsightsByAssessment", FIRST),
        ("ListControlInsightsByControlDomain", ""),
        ("ListAssessmentControlInsightsByControlDomain", FIRST),
    ] {
        check(World::of(STORY).await, &[denied(operation, part, 0)]).await;
    }
}

#[tokio::test]
async fn a_snapshot_or_scope_that_cannot_be_put_keeps_the_watermark() {
    for part in [
        // The account's own counts belong to no part of the sweep.
        "eu-west-1#account\"",
        "scope#account",
        "eu-west-1#assessment#11111111-2222-3333-4444-555555555555\"",
        "scope#assessment#11111111-2222-3333-4444-555555555555\"",
        "#control#",
    ] {
        check(World::of(STORY).await, &[denied("PutItem", part, 0)]).await;
    }
}

#[tokio::test]
async fn scopes_that_cannot_be_read_keep_the_watermark_although_none_has_to_be_written() {
    check(World::of("[auditmanager]").await, &[denied("Query", "", 0)]).await;
}

#[tokio::test]
async fn a_scope_of_a_newer_version_keeps_the_watermark() {
    let world = World::of(STORY).await;
    world.run().await;
    let before = watermark(&world).await;
    let (_, mut row) = world.of_kind("catalog").await.pop_first().unwrap();
    row.insert("schema_version".into(), 2.into());
    world.put(row).await;
    world.advance(60);
    assert_eq!(world.run().await.status, RunStatus::Partial);
    assert_eq!(watermark(&world).await, before);
}

#[tokio::test]
async fn a_part_whose_snapshot_or_scope_cannot_be_put_is_repeated_by_the_next_run_of_the_sweep() {
    for part in ["auditmanager.assessment", "scope#assessment#"] {
        let mut world = World::of(&large(4, 1, 1)).await;
        world.set("CONCURRENCY", "1");
        world.set("AUDITMANAGER_DEPTH", "assessment");
        world.simulator.fault("BatchExecuteStatement=denied".parse().unwrap());
        // Time runs out after one of three assessments has failed.
        world.simulator.fault("GetInsightsByAssessment=hang@3".parse().unwrap());
        world.refuse(&[denied("PutItem", part, 0)]);
        let response = world.invoke_within("{}", Some(Duration::from_millis(2_500))).await.unwrap();
        assert_eq!((response.status, response.counts.not_reached), (RunStatus::Partial, 1), "{part}");
        let state = world.of_kind("state").await.into_values().next().unwrap();
        let failed = state["resume"].at(&["failed"]).and_then(Value::as_list).map(<[Value]>::len);
        assert_eq!(failed, Some(1), "{part}: {:?}", state["resume"]);
    }
}
