use super::*;
use RunStatus::{Failed, NotEnabled, Ok, Partial};

#[test]
fn the_whole_is_judged_by_all_targets() {
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
fn answers_that_break_rules_leave_room_for_what_failed() {
    let report = TargetReport::default();
    for number in 0..60 {
        report.issue(Stage::Validate, "GetInsight", &number.to_string(), RECORD_INVALID, false, "x");
    }
    report.call_failed(Stage::Fetch, "shop", &error());
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
fn a_target_is_judged_by_what_it_fetched_and_stored() {
    let check = |steps: &dyn Fn(&TargetReport), expected| {
        let report = TargetReport::default();
        steps(&report);
        assert_eq!(report.status(), expected);
    };
    check(&|_| {}, Ok);
    check(&TargetReport::not_enabled, NotEnabled);
    check(&|report| report.call_failed(Stage::Fetch, "x", &error()), Failed);
    let answered_then_failed = |report: &TargetReport| {
        report.answered();
        report.call_failed(Stage::Fetch, "x", &error());
    };
    check(&answered_then_failed, Partial);
    check(&|report| report.not_reached(1), Partial);
    check(&|report| report.call_failed(Stage::Fetch, "x", &CallError::not_reached("GetInsight")), Partial);
    let rejected = |report: &TargetReport| {
        report.count(Outcome::Rejected);
        report.issue(Stage::Validate, "GetInsight", "x", RECORD_INVALID, false, "x");
    };
    check(&rejected, Ok);
    let nothing_stored = |report: &TargetReport| {
        report.answered();
        report.count(Outcome::Failed);
    };
    check(&nothing_stored, Failed);
    let some_stored = |report: &TargetReport| {
        report.count(Outcome::Failed);
        report.count(Outcome::Written);
    };
    check(&some_stored, Partial);
    let lasting = |report: &TargetReport| report.lasting_issue("GetInsight", "x", "Gone", "x");
    check(&lasting, Ok);
    let disabled_but_for_what_lasts = |report: &TargetReport| {
        lasting(report);
        report.not_enabled();
    };
    check(&disabled_but_for_what_lasts, NotEnabled);
    let lasting_beside_a_failure = |report: &TargetReport| {
        lasting(report);
        report.call_failed(Stage::Fetch, "y", &error());
    };
    check(&lasting_beside_a_failure, Failed);
    let unfillable = |report: &TargetReport| {
        report.answered();
        report.unfillable_issue(Stage::Normalize, "GetInsight", "x", "Response.Malformed", "x");
        assert_eq!(report.gaps(), 0);
    };
    check(&unfillable, Partial);
}

#[test]
fn what_lasts_is_said_of_the_issue_and_leaves_room_for_what_failed() {
    let report = TargetReport::default();
    for number in 0..60 {
        report.known_lasting_issue("GetInsight", &number.to_string(), "Gone", "x");
    }
    report.call_failed(Stage::Fetch, "shop", &error());
    assert!(!report.is_clean() && report.gaps() == 1, "what failed");
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
        report.count(outcome);
    }
    report.recount(Outcome::Unchanged, Outcome::Written);
    report.uncount(Outcome::Stale);
    let counts = report.inner().counts;
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
            report.count(outcome);
        }
        let before = report.counts();
        for outcome in again {
            report.count(*outcome);
        }
        report.not_reached(not_reached);
        report.counted_again(before);
        assert_eq!(all(&report), expected, "{again:?}");
    }
}

#[test]
fn at_most_fifty_issues_are_spelled_out_and_all_are_counted() {
    let report = TargetReport::default();
    for index in 0..60 {
        report.issue(Stage::Fetch, "GetInsight", &index.to_string(), "Timeout", true, &"é".repeat(3_000));
    }
    let target = Target { account_id: "123456789012".into(), region: "eu-west-1".into(), role: None };
    let response = report.finish(&target);
    assert_eq!((response.issues.len(), response.issues_left_out), (50, 10));
    assert_eq!(response.issue_counts.get("Timeout"), Some(&60));
    let message = &response.issues[0].message;
    assert!((1_020..=1_024).contains(&message.len()) && message.ends_with("é…"), "{message}");
}

#[test]
fn subjects_and_codes_are_cut_and_only_so_many_codes_are_counted_by_themselves() {
    let report = TargetReport::default();
    for number in 0..500 {
        let code = format!("{number}{}", "c".repeat(4_000));
        report.issue(Stage::Fetch, "GetInsight", &"s".repeat(9_000), &code, true, "");
    }
    report.issue(Stage::Fetch, "GetInsight", "", &format!("7{}", "c".repeat(4_000)), true, "");
    let target = Target { account_id: "123456789012".into(), region: "eu-west-1".into(), role: None };
    let response = report.finish(&target);
    assert_eq!(response.issue_counts.len(), MOST_CODES + 1);
    assert_eq!(response.issue_counts[OTHER_CODES], 450);
    assert!(response.issue_counts.keys().all(|code| code.len() <= LONGEST_CODE));
    assert_eq!(response.issue_counts.values().filter(|count| **count == 2).count(), 1, "the one seen again");
    assert_eq!(response.issues[0].subject.len(), LONGEST_MESSAGE);
    assert_eq!(response.issues_left_out, 501 - 50);
}
