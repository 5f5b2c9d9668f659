//! The collector against the simulated service when things go wrong: what is still stored, and what is reported.

use crate::support::{CONTROL, DOMAIN, FIRST, OPERATIONS, SECOND, STORY, World, keys};
use insights_shared::report::RunStatus;
use insights_simulator::auditmanager::Data;
use insights_simulator::{Fault, FaultKind};

/// Lets `kind` befall every call of each operation in turn, and checks what is lost and that `code` is reported for it.
async fn check_every_operation(kind: FaultKind, code: &str) {
    for (operation, lost, issues) in OPERATIONS {
        let world = World::of(STORY).await;
        world.simulator.fault(Fault::new(operation, kind));
        let response = world.run().await;
        let target = &response.targets[0];
        assert_eq!(response.status, RunStatus::Partial, "{operation} {kind}");
        assert_eq!(response.counts.written, 10 - lost, "{operation} {kind}");
        assert_eq!(target.issue_counts.get(code), Some(&issues), "{operation} {kind}: {:?}", target.issues);
        assert!(target.issues.iter().all(|issue| issue.operation == operation), "{:?}", target.issues);
        let state = world.of_kind("state").await.into_values().next().unwrap();
        assert!(!state.contains_key("watermark"), "{operation} {kind}");
    }
}

#[tokio::test]
async fn each_operation_that_is_refused_costs_what_it_gives_and_no_more() {
    for (kind, code) in [
        (FaultKind::Denied, "AccessDeniedException"),
        (FaultKind::Expired, "ExpiredTokenException"),
        (FaultKind::Throttle, "ThrottlingException"),
    ] {
        check_every_operation(kind, code).await;
    }
}

#[tokio::test]
async fn each_operation_that_breaks_down_costs_what_it_gives_and_no_more() {
    for (kind, code) in [
        (FaultKind::Error500, "InternalServerException"),
        (FaultKind::Html503, "Response.Malformed"),
        (FaultKind::Truncate, "Response.Malformed"),
        (FaultKind::Reset, "Connection"),
    ] {
        check_every_operation(kind, code).await;
    }
}

#[tokio::test]
async fn the_next_run_makes_good_for_whatever_failed() {
    let undisturbed = World::of(STORY).await;
    undisturbed.run().await;
    let expected = undisturbed.contents().await;
    for (operation, ..) in OPERATIONS {
        let world = World::of(STORY).await;
        world.simulator.fault(Fault::new(operation, FaultKind::Denied));
        world.run().await;
        world.simulator.clear_faults();
        assert_eq!(world.run().await.status, RunStatus::Ok, "{operation}");
        assert_eq!(world.contents().await, expected, "{operation}");
    }
}

#[tokio::test]
async fn an_answer_with_a_null_in_a_list_or_of_another_type_is_an_issue_and_costs_no_other() {
    for (operation, lost, _) in OPERATIONS {
        for kind in [FaultKind::NullInList, FaultKind::WrongType] {
            if kind == FaultKind::NullInList && !operation.starts_with("List") {
                continue;
            }
            let world = World::of(STORY).await;
            world.simulator.fault(Fault::new(operation, kind));
            let response = world.run().await;
            assert_eq!(response.status, RunStatus::Partial, "{operation} {kind}");
            assert_eq!(response.counts.written, 10 - lost, "{operation} {kind}");
            let codes: Vec<&String> = response.targets[0].issue_counts.keys().collect();
            assert_eq!(codes, ["Response.Malformed"], "{operation} {kind}");
        }
    }
}

#[tokio::test]
async fn what_passes_when_tried_again_is_no_issue() {
    for kind in [FaultKind::Throttle, FaultKind::Error500, FaultKind::Html503, FaultKind::Reset] {
        let world = World::of(STORY).await;
        world.simulator.fault(Fault::new("auditmanager:*", kind).times(3));
        let response = world.run().await;
        assert_eq!((response.status, response.counts.written), (RunStatus::Ok, 10), "{kind}");
        if kind != FaultKind::Reset {
            // Below the SDK, the HTTP client may send once more by itself what a kept connection did not take.
            assert_eq!(response.api_calls.values().sum::<u64>(), 13 + 3, "{kind}");
        }
        assert_eq!(response.throttled, if kind == FaultKind::Throttle { 3 } else { 0 }, "{kind}");
    }
}

#[tokio::test]
async fn a_repeated_token_is_an_issue_on_its_list_and_what_came_is_stored_once() {
    for (operation, issues) in [
        ("ListAssessments", 1),
        ("ListControlDomainInsights", 1),
        ("ListControlDomainInsightsByAssessment", 3),
        ("ListControlInsightsByControlDomain", 1),
        ("ListAssessmentControlInsightsByControlDomain", 2),
    ] {
        let world = World::of(STORY).await;
        world.simulator.fault(Fault::new(operation, FaultKind::RepeatToken));
        let response = world.run().await;
        assert_eq!(response.status, RunStatus::Partial, "{operation}");
        assert_eq!((response.counts.fetched, response.counts.written), (10, 10), "{operation}");
        assert_eq!(response.targets[0].issue_counts.get("Token.Repeated"), Some(&issues), "{operation}");
        assert_eq!(world.keys().await, keys(), "{operation}");
        // No subject was asked about twice, though its row came twice.
        assert_eq!(response.api_calls["GetInsightsByAssessment"], 3, "{operation}");
        let more = if operation == "ListAssessmentControlInsightsByControlDomain" { 2 } else { 0 };
        assert_eq!(
            response.api_calls["ListAssessmentControlInsightsByControlDomain"],
            2 + more,
            "{operation}"
        );
    }
}

#[tokio::test]
async fn one_assessment_that_fails_costs_no_other() {
    let mut world = World::of(STORY).await;
    world.set("CONCURRENCY", "1");
    world.simulator.fault(Fault::new("GetInsightsByAssessment", FaultKind::Denied).times(1));
    world.simulator.fault(Fault::new("ListControlDomainInsightsByAssessment", FaultKind::Denied).times(1));
    let response = world.run().await;
    assert_eq!((response.status, response.counts.written), (RunStatus::Partial, 10 - 4));
    let left: Vec<String> = keys().into_iter().filter(|key| !key.contains(FIRST)).collect();
    assert_eq!(world.keys().await, left);
    let subjects: Vec<&str> = response.targets[0].issues.iter().map(|issue| issue.subject.as_str()).collect();
    let subject = format!("assessment#{FIRST}");
    assert_eq!(subjects, [subject.as_str(), subject.as_str()]);
}

#[tokio::test]
async fn when_everything_is_denied_the_invocation_fails_as_denied_and_not_as_not_enabled() {
    let world = World::of(STORY).await;
    world.simulator.fault(Fault::new("auditmanager:*", FaultKind::Denied));
    let error = world.run_failing().await;
    assert_eq!(error.error_type, "Source.Denied");
    assert!(error.message.contains("AccessDeniedException"), "{}", error.message);
    world.simulator.clear_faults();
    world.simulator.fault(Fault::new("auditmanager:*", FaultKind::Throttle));
    assert_eq!(world.run_failing().await.error_type, "Source.Throttled");
    world.simulator.clear_faults();
    world.simulator.fault(Fault::new("auditmanager:*", FaultKind::Error500));
    assert_eq!(world.run_failing().await.error_type, "Source.Unavailable");
    assert!(world.contents().await.is_empty());
}

#[tokio::test]
async fn an_account_status_that_is_new_to_us_does_not_keep_the_counts_from_being_stored() {
    let world = World::of(STORY).await;
    world.simulator.fault(Fault::new("GetAccountStatus", FaultKind::UnknownEnum));
    let response = world.run().await;
    assert_eq!((response.status, response.counts.written), (RunStatus::Ok, 10));
}

#[tokio::test]
async fn rows_without_their_optional_members_are_stored_with_what_they_have() {
    let world = World::of(STORY).await;
    world.simulator.fault(Fault::new("auditmanager:*", FaultKind::MissingMembers));
    let response = world.run().await;
    assert_eq!(response.status, RunStatus::Ok);
    let domain = world.of_kind("auditmanager.domain").await.into_values().next().unwrap();
    assert_eq!(domain["severity"], "info".into());
    assert_eq!(domain["title"].as_str().unwrap(), format!("Control domain {DOMAIN}"));
}

#[tokio::test]
async fn what_the_patterns_of_the_service_would_refuse_is_not_sent_but_is_an_issue() {
    let check = async |change: fn(&mut Data), unsent: &str, subject: &str, issues: u64| {
        let world = World::of(STORY).await;
        world.simulator.change(|scenario| change(&mut scenario.everywhere_mut().auditmanager));
        let response = world.run().await;
        let target = &response.targets[0];
        assert_eq!(response.status, RunStatus::Partial);
        assert_eq!(target.issue_counts.get("Request.Invalid"), Some(&issues), "{:?}", target.issues);
        assert_eq!(target.issue_counts.len(), 1);
        assert!(target.issues.iter().any(|issue| issue.subject == subject), "{:?}", target.issues);
        let log = world.simulator.log();
        assert!(log.iter().all(|call| call.input.values().all(|value| value != unsent)));
        // What else there is has been stored.
        let others = keys().into_iter().filter(|key| key.contains(SECOND) && !key.contains("domain"));
        let found = world.keys().await;
        assert!(others.into_iter().all(|key| found.contains(&key)), "{found:?}");
        found
    };
    let upper = "ABCDEF11-2222-3333-4444-555555555555";
    let found = check(
        |data| data.assessments[0].id = "ABCDEF11-2222-3333-4444-555555555555".to_owned(),
        upper,
        &format!("assessment#{upper}"),
        1,
    )
    .await;
    assert_eq!(found.len(), 10 - 4);
    let rename = |data: &mut Data| {
        for assessment in &mut data.assessments[..2] {
            assessment.domains[0].id = "no domain".to_owned();
        }
    };
    let found = check(rename, "no domain", &format!("assessment#{SECOND}#domain#no domain"), 3).await;
    // The counts of such a domain are stored all the same; those of its controls cannot be had.
    assert_eq!(found.len(), 10 - 4);
    assert!(found.contains(&"domain#no domain".to_owned()), "{found:?}");
}

#[tokio::test]
async fn a_domain_without_an_id_is_kept_as_rejected_and_its_controls_are_an_issue() {
    let world = World::of(STORY).await;
    world.simulator.change(|scenario| {
        for assessment in &mut scenario.everywhere_mut().auditmanager.assessments {
            assessment.domains[0].omit = vec!["id".to_owned()];
        }
    });
    let response = world.run().await;
    assert_eq!(response.status, RunStatus::Partial);
    assert_eq!((response.counts.written, response.counts.rejected), (3, 3));
    assert_eq!(response.targets[0].issue_counts["Request.Invalid"], 3);
    assert_eq!(response.targets[0].issue_counts["Record.Invalid"], 3);
    // The domain over all assessments and those of the two, of which the rows differ.
    assert_eq!(world.of_kind("rejected").await.len(), 3);
    assert_eq!(world.of_kind("catalog").await.len(), 3);
}

#[tokio::test]
async fn an_assessment_that_ceases_between_listing_and_asking_is_one_issue() {
    let world = World::of(STORY).await;
    world.simulator.change(|scenario| {
        let data = &mut scenario.everywhere_mut().auditmanager;
        // The listing has an active one of this id; whoever asks for it by id finds one that is over.
        let mut over = data.assessments[0].clone();
        over.inactive_from = over.created;
        data.assessments.insert(0, over);
    });
    let response = world.run().await;
    assert_eq!(response.targets[0].issue_counts.get("ResourceNotFoundException"), Some(&1));
    assert_eq!(response.api_calls["ListControlDomainInsightsByAssessment"], 2);
    assert!(!world.keys().await.contains(&format!("assessment#{FIRST}#domain#{DOMAIN}#control#{CONTROL}#B")));
}

#[tokio::test]
async fn a_catalog_that_cannot_be_read_or_written_costs_no_snapshot_and_the_next_run_makes_good() {
    // At this depth there are two snapshots' worth of writes: the account's, then its scope's.
    for (fault, written) in [
        (Fault::new("Query", FaultKind::Denied), 1),
        (Fault::new("PutItem", FaultKind::Denied).times(1).after(1), 1),
    ] {
        let mut world = World::of(STORY).await;
        world.set("AUDITMANAGER_DEPTH", "account");
        world.simulator.fault(fault);
        let response = world.run().await;
        assert_eq!((response.status, response.counts.written), (RunStatus::Partial, written));
        assert_eq!(response.targets[0].issue_counts["AccessDeniedException"], 1);
        assert!(world.of_kind("catalog").await.is_empty());
        world.simulator.clear_faults();
        assert_eq!(world.run().await.status, RunStatus::Ok);
        assert_eq!(world.of_kind("catalog").await.len(), 1);
    }
}
