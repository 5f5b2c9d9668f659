//! The collector in this process against the simulated Audit Manager, by day and page, and the function binary in its
//! own process.

#![cfg(test)]

mod crash;
mod deadline;
mod duplicates;
mod faults;
mod regions;
mod support;
mod tls;
mod watermark;

use insights_shared::report::RunStatus;
use insights_shared::time::Timestamp;
use insights_shared::value::{Text, Value};
use insights_simulator::auditmanager::Data;
use insights_simulator::{Fault, FaultKind};
use insights_tests::{ACCOUNT, REGION};
use support::{CONTROL, DOMAIN, FIRST, NOW, SECOND, STORY, World, keys, large, number};

#[tokio::test]
async fn a_run_stores_every_count_of_the_newest_day_with_its_scopes() {
    let world = World::of(STORY).await;
    let response = world.run().await;
    assert_eq!(response.status, RunStatus::Ok);
    assert_eq!((response.counts.fetched, response.counts.written), (10, 10));
    assert_eq!(world.keys().await, keys());
    let snapshots = world.of_kind("auditmanager.").await;
    assert!(snapshots.values().all(|item| item["sk"] == "2026-03-10".into()));

    let pk = |rest: &str| (format!("auditmanager#{ACCOUNT}#{REGION}#{rest}"), "2026-03-10".to_owned());
    let control = &snapshots[&pk(&format!("assessment#{FIRST}#domain#{DOMAIN}#control#{CONTROL}#A %231"))];
    assert_eq!(
        (number(control, &["measures", "compliant"]), number(control, &["measures", "noncompliant"])),
        (8, 2)
    );
    assert_eq!(control["updated_at"], "2026-03-10T06:00:00.500Z".into());
    assert_eq!(control["started_at"], "2026-03-10T00:00:00.000Z".into());
    assert_eq!(control["answered_at"], "2026-03-10T12:00:00.000Z".into());
    let account = &snapshots[&pk("account")];
    assert_eq!(
        (number(account, &["measures", "compliant"]), number(account, &["measures", "noncompliant"])),
        (11, 6)
    );
    assert_eq!(number(account, &["detail", "active_assessments_count"]), 3);

    let scopes = world.of_kind("catalog").await;
    let found: Vec<(&str, &str)> =
        scopes.values().map(|row| (row["sk"].as_str().unwrap(), row["title"].as_str().unwrap())).collect();
    let mut expected = [
        ("scope#account".to_owned(), "All active assessments of account 123456789012"),
        (format!("scope#assessment#{FIRST}"), "PCI DSS"),
        (format!("scope#assessment#{FIRST}#domain#{DOMAIN}"), "Access"),
        (format!("scope#assessment#{SECOND}"), "SOC 2"),
        (format!("scope#assessment#{SECOND}#domain#{DOMAIN}"), "Access"),
        (format!("scope#domain#{DOMAIN}"), "Access"),
    ];
    expected.sort();
    assert_eq!(found, expected.iter().map(|(sk, title)| (sk.as_str(), *title)).collect::<Vec<_>>());
    for row in scopes.values() {
        let names: Vec<&str> = row.keys().map(Text::as_str).collect();
        assert_eq!(names, ["account_id", "kind", "pk", "region", "schema_version", "sk", "source", "title"]);
        assert_eq!(row["pk"], format!("catalog#auditmanager#{ACCOUNT}#{REGION}").into());
    }
    let state = world.of_kind("state").await.into_values().next().unwrap();
    assert_eq!(state["watermark"], NOW.parse::<Timestamp>().unwrap().into());
    assert!(response.targets[0].window.is_none());
}

#[tokio::test]
async fn roles_and_delegations_are_not_stored() {
    let world = World::of(STORY).await;
    world.run().await;
    for (key, item) in world.items().await {
        let mut text = String::new();
        insights_shared::value::write_canonical_map(&item, &mut text);
        assert!(!text.contains("role") && !text.contains("delegation"), "{key:?}: {text}");
    }
}

#[tokio::test]
async fn each_depth_requests_and_stores_only_its_levels() {
    for (depth, written, scopes, calls) in
        [("account", 1, 1, 2), ("assessment", 3, 3, 6), ("domain", 6, 6, 10), ("control", 10, 6, 13)]
    {
        let mut world = World::of(STORY).await;
        world.set("AUDITMANAGER_DEPTH", depth);
        let response = world.run().await;
        assert_eq!((response.status, response.counts.written), (RunStatus::Ok, written), "{depth}");
        assert_eq!(world.of_kind("catalog").await.len(), scopes, "{depth}");
        assert_eq!(world.service_calls().len(), calls, "{depth}: {:?}", world.service_calls());
    }
}

#[tokio::test]
async fn a_second_run_over_the_same_answers_writes_only_run_and_state() {
    let world = World::of(STORY).await;
    world.run().await;
    let before = world.contents().await;
    world.advance(600);
    world.simulator.clear_log();
    let response = world.run().await;
    assert_eq!((response.counts.written, response.counts.unchanged), (0, 10));
    assert_eq!(world.writes(), 2);
    assert_eq!(world.contents().await, before);
}

#[tokio::test]
async fn a_correction_replaces_the_counts_of_its_day_and_the_next_day_is_added() {
    for renews in [false, true] {
        let story = STORY.replace("noncompliant = 3 },", &format!("noncompliant = 3, renews = {renews} }},"));
        let world = World::of(&story).await;
        world.run().await;
        world.advance(3 * 3_600);
        let response = world.run().await;
        // The control, its domain and its assessment, each also over all assessments.
        assert_eq!((response.counts.written, response.counts.unchanged), (6, 4), "{renews}");
        assert_eq!(world.keys().await, keys());
        let pk = format!(
            "auditmanager#{ACCOUNT}#{REGION}#assessment#{FIRST}#domain#{DOMAIN}#control#{CONTROL}#A %231"
        );
        let snapshots = world.of_kind("auditmanager.control").await;
        let control = &snapshots[&(pk, "2026-03-10".to_owned())];
        assert_eq!(
            (number(control, &["measures", "compliant"]), number(control, &["measures", "noncompliant"])),
            (5, 5)
        );
        let updated = if renews { "2026-03-10T14:00:00.000Z" } else { "2026-03-10T06:00:00.500Z" };
        assert_eq!(control["updated_at"], updated.into());

        let first_day = world.of_kind("auditmanager.").await;
        world.advance(86_400);
        world.simulator.clear_log();
        let response = world.run().await;
        // By now the third assessment has its first counts: itself, its domain and control, and both over all
        // assessments.
        assert_eq!(response.counts.written, 15, "{renews}");
        let both_days = world.of_kind("auditmanager.").await;
        assert!(first_day.iter().all(|(key, item)| both_days.get(key) == Some(item)));
        assert_eq!(both_days.len(), 25);
        assert_eq!(world.of_kind("catalog").await.len(), 9);
    }
}

#[tokio::test]
async fn the_counts_of_a_day_are_read_from_the_time_on_at_which_they_can_exist() {
    let world = World::of(STORY).await;
    // The first run; a second run of the same day; the first run of the next day, on which a third assessment has
    // counts.
    for (seconds, reads, written) in [(0, 1, 10), (60, 2, 0), (86_400, 1, 15), (60, 2, 0)] {
        world.advance(seconds);
        world.simulator.clear_log();
        let response = world.run().await;
        assert_eq!((response.status, response.counts.written), (RunStatus::Ok, written), "{seconds}");
        // The state is always read.
        assert_eq!(world.simulator.calls("BatchGetItem".parse().unwrap()), reads, "{seconds}");
        assert_eq!(world.writes() > 2, written > 0, "{seconds}: run and state are written in any case");
    }
}

#[tokio::test]
async fn a_scope_is_updated_when_its_title_changes_unless_a_newer_version_wrote_it() {
    let mut world = World::of(STORY).await;
    world.set("AUDITMANAGER_DEPTH", "assessment");
    world.run().await;
    world.simulator.change(|scenario| {
        scenario.everywhere_mut().part_mut::<Data>().assessments[0].name = "PCI DSS 4".to_owned();
    });
    world.advance(60);
    world.simulator.clear_log();
    world.run().await;
    // The scope, the snapshot with the title, the run and the state.
    assert_eq!(world.writes(), 4);
    let scope = (format!("catalog#auditmanager#{ACCOUNT}#{REGION}"), format!("scope#assessment#{FIRST}"));
    let row = world.items().await[&scope].clone();
    assert_eq!(row["title"], "PCI DSS 4".into());

    let mut newer = row;
    newer.insert("schema_version".into(), Value::from(2));
    world.put(newer.clone()).await;
    world.simulator.change(|scenario| {
        scenario.everywhere_mut().part_mut::<Data>().assessments[0].name = "PCI DSS 5".to_owned();
    });
    world.advance(60);
    world.simulator.clear_log();
    let response = world.run().await;
    assert_eq!(world.items().await[&scope], newer);
    let [issue] = response.targets[0].issues.as_slice() else { panic!("{response:?}") };
    assert_eq!((issue.operation, issue.subject.as_str()), ("PutItem", scope.1.as_str()));
    assert_eq!(issue.code, "ConditionalCheckFailedException");
    // No write was attempted, because a failed write is billed.
    assert_eq!(world.writes(), 3);
}

#[tokio::test]
async fn a_dry_run_counts_writes_and_writes_nothing() {
    let world = World::of(STORY).await;
    let response = world.invoke(r#"{"dry_run":true}"#).await.unwrap();
    assert_eq!((response.status, response.counts.written), (RunStatus::Ok, 10));
    assert_eq!(world.writes(), 0);
    assert!(world.items().await.is_empty());
}

#[tokio::test]
async fn an_account_without_setup_is_not_enabled() {
    for status in ["INACTIVE", "PENDING_ACTIVATION"] {
        let world = World::of(&format!("[auditmanager]\nstatus = \"{status}\"")).await;
        assert_eq!(world.run().await.status, RunStatus::NotEnabled, "{status}");
        assert_eq!(world.service_calls(), ["GetAccountStatus"]);
        // If the status is denied, the error of the counts shows the same.
        for kind in [FaultKind::Denied, FaultKind::Error500, FaultKind::UnknownEnum] {
            world.simulator.fault(Fault::new("GetAccountStatus", kind).unwrap());
            let response = world.run().await;
            assert_eq!(response.status, RunStatus::NotEnabled, "{kind}");
            assert!(response.targets[0].issues.is_empty());
            world.simulator.clear_faults();
        }
        assert_eq!(world.contents().await.len(), 0);
    }
}

#[tokio::test]
async fn an_active_account_without_assessments_is_ok_and_has_no_data_yet() {
    let world = World::of("[auditmanager]").await;
    let response = world.run().await;
    assert_eq!((response.status, response.counts.fetched), (RunStatus::Ok, 0));
    assert!(world.contents().await.is_empty());
}

#[tokio::test]
async fn domains_and_controls_inherit_the_day_and_without_a_day_there_is_no_data_yet() {
    let world = World::of(STORY).await;
    let omit = || vec!["lastUpdated".to_owned()];
    world.simulator.change(|scenario| {
        for assessment in &mut scenario.everywhere_mut().part_mut::<Data>().assessments {
            for domain in &mut assessment.domains {
                domain.omit = omit();
                domain.controls.iter_mut().for_each(|control| control.omit = omit());
            }
        }
    });
    let response = world.run().await;
    assert_eq!((response.status, response.counts.written), (RunStatus::Ok, 10));
    assert_eq!(world.keys().await, keys());
    let snapshots = world.of_kind("auditmanager.").await;
    assert!(snapshots.values().all(|item| item["updated_at"] == "2026-03-10T06:00:00.500Z".into()));

    let world_without = World::of(STORY).await;
    world_without.simulator.change(|scenario| {
        let data = scenario.everywhere_mut().part_mut::<Data>();
        data.omit = omit();
        for assessment in &mut data.assessments {
            assessment.omit_insights = omit();
            for domain in &mut assessment.domains {
                domain.omit = omit();
                domain.controls.iter_mut().for_each(|control| control.omit = omit());
            }
        }
    });
    let response = world_without.run().await;
    assert_eq!((response.status, response.counts.fetched), (RunStatus::Ok, 0));
    assert!(world_without.contents().await.is_empty());
}

#[tokio::test]
async fn every_page_is_read_even_after_an_empty_one() {
    for (size, written, lists) in [
        (
            (101, 1, 1),
            1 + 101 + 1 + 101 + 1 + 101,
            [("ListAssessments", 2), ("ListControlDomainInsights", 1)],
        ),
        (
            (1, 101, 1),
            2 + 4 * 101,
            [("ListControlDomainInsights", 2), ("ListControlDomainInsightsByAssessment", 2)],
        ),
        (
            (1, 1, 201),
            4 + 2 * 201,
            [("ListControlInsightsByControlDomain", 3), ("ListAssessmentControlInsightsByControlDomain", 3)],
        ),
    ] {
        let (assessments, domains, controls) = size;
        let world = World::of(&large(assessments, domains, controls)).await;
        for (operation, _) in lists {
            world.simulator.fault(Fault::new(operation, FaultKind::EmptyPage).unwrap().times(1));
        }
        let response = world.run().await;
        assert_eq!((response.status, response.counts.written), (RunStatus::Ok, written), "{size:?}");
        for (operation, pages) in lists {
            assert_eq!(response.usage.api_calls[operation], pages + 1, "{operation}");
        }
    }
}
