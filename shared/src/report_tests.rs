use super::sink::{LONGEST_CODE, LONGEST_MESSAGE};
use super::*;
use crate::completeness::Completeness::{self, Complete, Incomplete};
use crate::issue::{CallError, RECORD_INVALID, Stage};
use RunStatus::{Failed, NotEnabled, Ok, Partial};

#[test]
fn the_status_of_a_run_follows_from_all_targets() {
    for (statuses, expected) in [
        (vec![Ok], Ok),
        (vec![Ok, NotEnabled], Ok),
        (vec![NotEnabled, NotEnabled], NotEnabled),
        (vec![Failed, Failed], Failed),
        (vec![Failed, Ok], Partial),
        (vec![Failed, NotEnabled], Partial),
        (vec![Partial], Partial),
    ] {
        assert_eq!(RunStatus::of_all(statuses.clone()), expected, "{statuses:?}");
    }
}

#[test]
fn rejected_answers_leave_room_for_failures() {
    let report = TargetReport::default();
    for number in 0..60 {
        report.sink().rejected("GetInsight", &number.to_string(), "x");
    }
    let _ = report.sink().call_failed(Stage::Fetch, "shop", &error());
    let target = Target { account_id: "123456789012".into(), region: "eu-west-1".into(), role: None };
    let response = report.finish(&target);
    assert_eq!(response.issues.len(), MOST_ISSUES);
    assert_eq!(response.issues.iter().filter(|issue| issue.code != RECORD_INVALID).count(), 1);
    assert_eq!(response.issue_counts[RECORD_INVALID], 60);
}

fn error() -> CallError {
    CallError::malformed("GetInsight", "x")
}

#[test]
fn a_targets_status_and_the_completeness_of_its_stages_follow_from_what_was_fetched_and_stored() {
    let check = |steps: &dyn Fn(&ReportSink) -> Completeness, status, completeness| {
        let report = TargetReport::default();
        assert_eq!(steps(&report.sink()), completeness);
        assert_eq!(report.status(), status);
    };
    check(&|_| Complete, Ok, Complete);
    let not_enabled = |report: &ReportSink| {
        report.not_enabled();
        Complete
    };
    check(&not_enabled, NotEnabled, Complete);
    check(&|report| report.call_failed(Stage::Fetch, "x", &error()), Failed, Incomplete);
    let answered_then_failed = |report: &ReportSink| {
        report.answered();
        report.call_failed(Stage::Fetch, "x", &error())
    };
    check(&answered_then_failed, Partial, Incomplete);
    let answered_then_invalid = |report: &ReportSink| {
        report.answered();
        report.issue(Stage::Fetch, "GetGroups", "x", "Request.Invalid", false, "x")
    };
    check(&answered_then_invalid, Partial, Incomplete);
    check(&|report| report.not_reached(1), Partial, Incomplete);
    let not_reached = CallError::not_reached("GetInsight");
    check(&|report| report.call_failed(Stage::Fetch, "x", &not_reached), Partial, Incomplete);
    let rejected = |report: &ReportSink| {
        report.count(Outcome::Rejected);
        report.rejected("GetInsight", "x", "x");
        Complete
    };
    check(&rejected, Ok, Complete);
    let skewed = |report: &ReportSink| {
        report.clock_skewed(crate::aws::Skew { operation: "GetInsight", millis: 1_000_000 });
        Complete
    };
    check(&skewed, Ok, Complete);
    let nothing_stored = |report: &ReportSink| {
        report.answered();
        report.count(Outcome::Failed);
        Complete
    };
    check(&nothing_stored, Failed, Complete);
    let some_stored = |report: &ReportSink| {
        report.count(Outcome::Failed);
        report.count(Outcome::Written);
        Complete
    };
    check(&some_stored, Partial, Complete);
    let lasting = |report: &ReportSink| {
        report.lasting_issue("GetInsight", "x", "Gone", "x");
        Complete
    };
    check(&lasting, Ok, Complete);
    check(&|report| [lasting(report), not_enabled(report)].into_iter().collect(), NotEnabled, Complete);
    let lasting_beside_a_failure = |report: &ReportSink| {
        let completeness = [lasting(report), report.call_failed(Stage::Fetch, "y", &error())];
        completeness.into_iter().collect()
    };
    check(&lasting_beside_a_failure, Failed, Incomplete);
    let permanent = |report: &ReportSink| {
        report.answered();
        report.permanent_issue(Stage::Normalize, "GetInsight", "x", "Response.Malformed", "x");
        Complete
    };
    check(&permanent, Partial, Complete);
}

#[test]
fn lasting_issues_are_marked_and_leave_room_for_failures() {
    let report = TargetReport::default();
    for number in 0..60 {
        report.sink().known_lasting_issue("GetInsight", &number.to_string(), "Gone", "x");
    }
    assert_eq!(report.sink().call_failed(Stage::Fetch, "shop", &error()), Incomplete, "what failed");
    let target = Target { account_id: "123456789012".into(), region: "eu-west-1".into(), role: None };
    let response = serde_json::to_value(report.finish(&target)).unwrap();
    let issues = response["issues"].as_array().unwrap();
    assert_eq!(issues.len(), MOST_ISSUES);
    assert_eq!((&issues[0]["lasting"], issues[0]["retryable"].as_bool()), (&true.into(), Some(false)));
    assert_eq!((&issues[49]["code"], issues[49].get("lasting")), (&"Response.Malformed".into(), None));
    assert_eq!(response["issue_counts"], serde_json::json!({"Gone": 60, "Response.Malformed": 1}));
    assert_eq!(response.get("lasting_counts"), None);
}

#[test]
fn fetched_is_always_the_sum_of_the_outcomes() {
    let report = TargetReport::default();
    let outcomes = [Outcome::Written, Outcome::Unchanged, Outcome::Stale, Outcome::Rejected, Outcome::Failed];
    for outcome in outcomes {
        report.sink().count(outcome);
    }
    report.sink().recount(Outcome::Unchanged, Outcome::Written);
    report.sink().uncount(Outcome::Stale);
    let counts = report.counts();
    assert_eq!((counts.fetched, counts.written, counts.unchanged, counts.stale), (4, 2, 0, 0));
    assert_eq!(
        counts.fetched,
        counts.written + counts.unchanged + counts.stale + counts.rejected + counts.failed
    );
}

#[test]
fn records_that_are_stored_again_in_a_newer_version_count_once() {
    let all = |report: &TargetReport| {
        let counts = report.counts();
        [counts.fetched, counts.written, counts.unchanged, counts.rejected, counts.failed, counts.not_reached]
    };
    for (again, not_reached, expected) in [
        (&[][..], 0, [4, 2, 1, 0, 1, 0]),
        (&[Outcome::Written, Outcome::Unchanged, Outcome::Stale][..], 0, [4, 2, 1, 0, 1, 0]),
        (&[Outcome::Written, Outcome::Failed][..], 0, [4, 1, 1, 0, 2, 0]),
        (&[Outcome::Failed, Outcome::Failed, Outcome::Failed][..], 0, [4, 0, 1, 0, 3, 0]),
        (&[Outcome::Rejected][..], 1, [4, 2, 1, 0, 1, 1]),
    ] {
        let report = TargetReport::default();
        for outcome in [Outcome::Written, Outcome::Written, Outcome::Unchanged, Outcome::Failed] {
            report.sink().count(outcome);
        }
        let newer_versions = report.sink().newer_versions();
        for outcome in again {
            report.sink().count(*outcome);
        }
        let _ = report.sink().not_reached(not_reached);
        drop(newer_versions);
        assert_eq!(all(&report), expected, "{again:?}");
    }
}

#[test]
fn at_most_fifty_issues_are_listed_and_all_are_counted() {
    let report = TargetReport::default();
    for index in 0..60 {
        let _ = report.sink().issue(
            Stage::Fetch,
            "GetInsight",
            &index.to_string(),
            "Timeout",
            true,
            &"é".repeat(3_000),
        );
    }
    let target = Target { account_id: "123456789012".into(), region: "eu-west-1".into(), role: None };
    let response = report.finish(&target);
    assert_eq!((response.issues.len(), response.issues_left_out), (50, 10));
    assert_eq!(response.issue_counts.get("Timeout"), Some(&60));
    let message = &response.issues[0].message;
    assert!((1_020..=1_024).contains(&message.len()) && message.ends_with("é…"), "{message}");
}

#[test]
fn subjects_and_codes_are_cut_and_only_fifty_codes_are_counted_separately() {
    let report = TargetReport::default();
    for number in 0..500 {
        let code = format!("{number}{}", "c".repeat(4_000));
        let _ = report.sink().issue(Stage::Fetch, "GetInsight", &"s".repeat(9_000), &code, true, "");
    }
    let _ = report.sink().issue(Stage::Fetch, "GetInsight", "", &format!("7{}", "c".repeat(4_000)), true, "");
    let target = Target { account_id: "123456789012".into(), region: "eu-west-1".into(), role: None };
    let response = report.finish(&target);
    assert_eq!(response.issue_counts.len(), MOST_CODES + 1);
    assert_eq!(response.issue_counts[OTHER_CODES], 450);
    assert!(response.issue_counts.keys().all(|code| code.len() <= LONGEST_CODE));
    assert_eq!(response.issue_counts.values().filter(|count| **count == 2).count(), 1, "the one seen again");
    assert_eq!(response.issues[0].subject.len(), LONGEST_MESSAGE);
    assert_eq!(response.issues_left_out, 501 - 50);
}
