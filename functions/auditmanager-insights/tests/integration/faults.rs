//! Faults of the service and the table: stored data and issues.

use crate::support::{CONTROL, DOMAIN, FIRST, SECOND, STORY, World, keys};
use auditmanager_insights::AuditmanagerInsights;
use insights_shared::report::RunStatus;
use insights_simulator::auditmanager::Data;
use insights_simulator::{Fault, FaultKind};
use insights_tests::faults::{self, DONE, Exception, Expected, FaultChecks};
use insights_tests::{PausedLab, Table, fault_tests, paused};
use std::marker::PhantomData;

/// The scenario of these tests, and the contents of its table: snapshots, scopes, the watermark, `run` and the status in
/// `state`.
const CHECKS: FaultChecks<AuditmanagerInsights> = FaultChecks {
    scenario: STORY,
    variables: &[],
    left,
    throttled: "ThrottlingException",
    internal: "InternalServerException",
    operations: &OPERATIONS,
    // The third assessment has no domains yet: the fault cannot change the type of a member that is absent.
    exceptions: &[(&["wrong-type"], Expected { issues: 2, ..OPERATIONS[5] })],
    without_lists: &["GetAccountStatus", "GetInsights", "GetInsightsByAssessment"],
    repeated_tokens: &[
        repeated(&OPERATIONS[2]),
        repeated(&OPERATIONS[4]),
        repeated(&OPERATIONS[5]),
        repeated(&OPERATIONS[6]),
        repeated(&OPERATIONS[7]),
    ],
    paged: &[
        "ListAssessments",
        "ListControlDomainInsights",
        "ListControlDomainInsightsByAssessment",
        "ListControlInsightsByControlDomain",
        "ListAssessmentControlInsightsByControlDomain",
    ],
    table_operations: &TABLE_OPERATIONS,
    table_exceptions: &TABLE_EXCEPTIONS,
    collector: PhantomData,
};

fault_tests!(CHECKS);

fn left(table: &Table) -> String {
    let kinds = table.kinds();
    let of = |prefix: &str| -> usize {
        kinds.iter().filter(|(kind, _)| kind.starts_with(prefix)).map(|(_, count)| count).sum()
    };
    let state = table.of_kind("state").first().copied();
    let watermark = faults::text(state, "watermark").get(..16).unwrap_or("-");
    let status = faults::text(state, "last_status");
    let (snapshots, scopes, runs) = (of("auditmanager."), of("catalog"), of("run"));
    format!("snapshots {snapshots} scopes {scopes} watermark {watermark} run {runs} state {status}")
}

const fn partial(operation: &'static str, issues: u64, left: &'static str) -> Expected {
    Expected { operation, status: "partial", issues, left }
}

/// A repeated token loses nothing: the pages before it are stored.
const fn repeated(failing: &Expected) -> Expected {
    Expected { left: "snapshots 10 scopes 6 watermark - run 1 state partial", ..*failing }
}

/// The effect of each operation that always fails, with ten snapshots and six scopes: the account; two assessments of
/// three requested ones; a domain over all assessments and in each of the two; one control over all, two in one
/// assessment and one in the other.
const OPERATIONS: [Expected; 8] = [
    partial("GetAccountStatus", 1, "snapshots 10 scopes 6 watermark - run 1 state partial"),
    partial("GetInsights", 1, "snapshots 9 scopes 5 watermark - run 1 state partial"),
    partial("ListAssessments", 1, "snapshots 3 scopes 2 watermark - run 1 state partial"),
    partial("GetInsightsByAssessment", 3, "snapshots 8 scopes 4 watermark - run 1 state partial"),
    partial("ListControlDomainInsights", 1, "snapshots 8 scopes 5 watermark - run 1 state partial"),
    partial(
        "ListControlDomainInsightsByAssessment",
        3,
        "snapshots 5 scopes 4 watermark - run 1 state partial",
    ),
    partial("ListControlInsightsByControlDomain", 1, "snapshots 9 scopes 6 watermark - run 1 state partial"),
    partial(
        "ListAssessmentControlInsightsByControlDomain",
        2,
        "snapshots 7 scopes 6 watermark - run 1 state partial",
    ),
];

/// The effect of each table operation that fails at every call, or at every call after the first.
const TABLE_OPERATIONS: [Expected; 5] = [
    // A run reads the state first, and calls Audit Manager only if this succeeds.
    Expected {
        operation: "BatchGetItem",
        status: "failed",
        issues: 0,
        left: "snapshots 0 scopes 0 watermark - run 0 state -",
    },
    // Ten snapshots cannot be compared; scopes need no comparison.
    Expected {
        operation: "BatchGetItem@1",
        status: "failed",
        issues: 10,
        left: "snapshots 0 scopes 6 watermark - run 1 state failed",
    },
    // Without the stored scopes, none is put.
    partial("Query", 1, "snapshots 10 scopes 0 watermark - run 1 state partial"),
    // Snapshots, scopes and the run.
    Expected {
        operation: "PutItem",
        status: "failed",
        issues: 10 + 6 + 1,
        left: "snapshots 0 scopes 0 watermark - run 0 state failed",
    },
    partial("UpdateItem", 1, "snapshots 10 scopes 6 watermark - run 1 state -"),
];

/// The same if the table carries out the call but its response is lost: everything is reported as failed, but stored.
const TABLE_EXCEPTIONS: [Exception; 2] = [
    (&DONE, Expected { left: "snapshots 10 scopes 6 watermark - run 1 state failed", ..TABLE_OPERATIONS[3] }),
    (
        &DONE,
        Expected {
            left: "snapshots 10 scopes 6 watermark 2026-03-01T12:00 run 1 state ok",
            ..TABLE_OPERATIONS[4]
        },
    ),
];

#[tokio::test]
async fn rows_of_a_list_with_a_repeated_token_are_requested_once() {
    for operation in
        OPERATIONS.map(|expected| expected.operation).iter().filter(|name| name.starts_with("List"))
    {
        let world = World::of(STORY).await;
        world.simulator.fault(Fault::new(operation, FaultKind::RepeatToken).unwrap());
        let response = world.run().await;
        assert_eq!((response.counts.fetched, response.counts.written), (10, 10), "{operation}");
        assert_eq!(world.keys().await, keys(), "{operation}");
        // No subject was requested twice, although its row was returned twice.
        assert_eq!(response.usage.api_calls["GetInsightsByAssessment"], 3, "{operation}");
        let more = if *operation == "ListAssessmentControlInsightsByControlDomain" { 2 } else { 0 };
        assert_eq!(
            response.usage.api_calls["ListAssessmentControlInsightsByControlDomain"],
            2 + more,
            "{operation}"
        );
    }
}

#[tokio::test]
async fn a_failing_assessment_does_not_affect_others() {
    let mut world = World::of(STORY).await;
    world.set("CONCURRENCY", "1");
    world.simulator.fault(Fault::new("GetInsightsByAssessment", FaultKind::Denied).unwrap().times(1));
    world
        .simulator
        .fault(Fault::new("ListControlDomainInsightsByAssessment", FaultKind::Denied).unwrap().times(1));
    let response = world.run().await;
    assert_eq!((response.status, response.counts.written), (RunStatus::Partial, 10 - 4));
    let left: Vec<String> = keys().into_iter().filter(|key| !key.contains(FIRST)).collect();
    assert_eq!(world.keys().await, left);
    let subjects: Vec<&str> = response.targets[0].issues.iter().map(|issue| issue.subject.as_str()).collect();
    let subject = format!("assessment#{FIRST}");
    assert_eq!(subjects, [subject.as_str(), subject.as_str()]);
}

#[tokio::test]
async fn an_invocation_with_only_denials_is_denied_and_not_not_enabled() {
    let world = World::of(STORY).await;
    world.simulator.fault(Fault::new("auditmanager:*", FaultKind::Denied).unwrap());
    let error = world.run_failing().await;
    assert_eq!(error.error_type, "Source.Denied");
    assert!(error.message.contains("AccessDeniedException"), "{}", error.message);
    world.simulator.clear_faults();
    world.simulator.fault(Fault::new("auditmanager:*", FaultKind::Throttle).unwrap());
    assert_eq!(world.run_failing().await.error_type, "Source.Throttled");
    world.simulator.clear_faults();
    world.simulator.fault(Fault::new("auditmanager:*", FaultKind::Error500).unwrap());
    assert_eq!(world.run_failing().await.error_type, "Source.Unavailable");
    assert!(world.contents().await.is_empty());
}

#[tokio::test]
async fn counts_are_stored_with_an_unknown_account_status() {
    let world = World::of(STORY).await;
    world.simulator.fault(Fault::new("GetAccountStatus", FaultKind::UnknownEnum).unwrap());
    let response = world.run().await;
    assert_eq!((response.status, response.counts.written), (RunStatus::Ok, 10));
}

#[tokio::test]
async fn rows_without_optional_members_are_stored() {
    let world = World::of(STORY).await;
    world.simulator.fault(Fault::new("auditmanager:*", FaultKind::MissingMembers).unwrap());
    let response = world.run().await;
    assert_eq!(response.status, RunStatus::Ok);
    let domain = world.of_kind("auditmanager.domain").await.into_values().next().unwrap();
    assert_eq!(domain["severity"], "info".into());
    assert_eq!(domain["title"].as_str().unwrap(), format!("Control domain {DOMAIN}"));
}

#[tokio::test]
async fn ids_that_violate_the_patterns_of_the_service_are_not_sent_and_are_issues() {
    let check = async |change: fn(&mut Data), unsent: &str, subject: &str, issues: u64| {
        let world = World::of(STORY).await;
        world.simulator.change(|scenario| change(scenario.everywhere_mut().part_mut()));
        let response = world.run().await;
        let target = &response.targets[0];
        assert_eq!(response.status, RunStatus::Partial);
        assert_eq!(target.issue_counts.get("Request.Invalid"), Some(&issues), "{:?}", target.issues);
        assert_eq!(target.issue_counts.len(), 1);
        assert!(target.issues.iter().any(|issue| issue.subject == subject), "{:?}", target.issues);
        let log = world.simulator.log();
        assert!(log.iter().all(|call| call.input.values().all(|value| value != unsent)));
        // Everything else is stored.
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
    // The counts of such a domain are stored; those of its controls cannot be requested.
    assert_eq!(found.len(), 10 - 4);
    assert!(found.contains(&"domain#no domain".to_owned()), "{found:?}");
}

#[tokio::test]
async fn a_domain_without_id_is_rejected_and_its_controls_are_an_issue() {
    let world = World::of(STORY).await;
    world.simulator.change(|scenario| {
        for assessment in &mut scenario.everywhere_mut().part_mut::<Data>().assessments {
            assessment.domains[0].omit = vec!["id".to_owned()];
        }
    });
    let response = world.run().await;
    assert_eq!(response.status, RunStatus::Partial);
    assert_eq!((response.counts.written, response.counts.rejected), (3, 3));
    assert_eq!(response.targets[0].issue_counts["Request.Invalid"], 3);
    assert_eq!(response.targets[0].issue_counts["Record.Invalid"], 3);
    // The domain over all assessments, and those of the two assessments, whose rows differ.
    assert_eq!(world.of_kind("rejected").await.len(), 3);
    assert_eq!(world.of_kind("catalog").await.len(), 3);
}

#[tokio::test]
async fn an_assessment_that_ends_after_the_listing_is_one_issue() {
    let world = World::of(STORY).await;
    world.simulator.change(|scenario| {
        let data = scenario.everywhere_mut().part_mut::<Data>();
        // The listing contains an active assessment with this id; a request by id finds one that has ended.
        let mut over = data.assessments[0].clone();
        over.inactive_from = over.created;
        data.assessments.insert(0, over);
    });
    let response = world.run().await;
    assert_eq!(response.targets[0].issue_counts.get("ResourceNotFoundException"), Some(&1));
    assert_eq!(response.usage.api_calls["ListControlDomainInsightsByAssessment"], 2);
    assert!(!world.keys().await.contains(&format!("assessment#{FIRST}#domain#{DOMAIN}#control#{CONTROL}#B")));
}

#[tokio::test]
async fn a_failing_catalog_does_not_affect_snapshots_and_is_completed_by_the_next_run() {
    // At this depth there are two writes of data: the counts of the account and its scope.
    for (fault, written) in [
        (Fault::new("Query", FaultKind::Denied).unwrap(), 1),
        (Fault::new("PutItem", FaultKind::Denied).unwrap().times(1).after(1), 1),
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

#[test]
fn a_hanging_account_status_leaves_time_for_the_counts() {
    paused(async {
        let lab = PausedLab::new("us-east-2", STORY).await;
        lab.fault("GetAccountStatus=hang");
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_mins(1);
        let response =
            lab.invoke::<AuditmanagerInsights>(&[], "{}", |context| context.deadline = Some(deadline));
        let response = response.await.unwrap();
        assert_eq!(
            (&response["status"], &response["not_reached"]),
            (&"partial".into(), &0.into()),
            "{response}"
        );
        assert_eq!(response["targets"][0]["issue_counts"], serde_json::json!({"Timeout": 1}));
        assert_eq!(response["written"], keys().len());
    });
}

#[test]
fn an_endless_listing_stops_and_its_rows_are_stored() {
    paused(async {
        for (marker, operation, depth) in [
            ("/assessments?", "ListAssessments", "assessment"),
            ("/insights/control-domains?", "ListControlDomainInsights", "domain"),
        ] {
            let lab = PausedLab::new("us-east-2", STORY).await;
            lab.endless(marker, "nextToken", None);
            let response =
                lab.invoke::<AuditmanagerInsights>(&[("AUDITMANAGER_DEPTH", depth)], "{}", |_| ()).await;
            let response = response.unwrap();
            assert_eq!(lab.endless_pages(), 2_000, "{operation}");
            let issues = response["targets"][0]["issues"].as_array().unwrap();
            assert_eq!(issues.len(), 1, "{issues:?}");
            assert_eq!(
                (&issues[0]["operation"], &issues[0]["code"]),
                (&operation.into(), &"Response.Malformed".into())
            );
            assert_eq!(response["status"], "partial");
            let table = lab.table().await;
            assert!(!table.of_kind("state")[0].contains_key("watermark"), "{operation}");
            assert_eq!(table.of_kind("auditmanager.assessment").len(), 2, "{operation}");
        }
    });
}
