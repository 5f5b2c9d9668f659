use super::*;
use crate::health::stale_after;
use insights_sources::{auditmanager, cloudtrail, xray};

fn state(last_run: &str, status: &str, further: &str) -> Stored {
    let json =
        format!(r#"{{"last_run_at":"2026-03-01T{last_run}:00.000Z","last_status":"{status}"{further}}}"#);
    let Value::Map(map) = Value::from_json(&json).unwrap() else { panic!("not an object: {json}") };
    Stored(map)
}

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

#[test]
fn empty_and_broken_are_distinguished() {
    let denied = r#","issue_counts":{"AccessDeniedException":3,"Timeout":1}"#;
    let throttled = r#","issue_counts":{"ThrottledException":2}"#;
    let table = r#","issue_counts":{"ProvisionedThroughputExceededException":2}"#;
    for (state, expected, said) in [
        (None, Condition::NeverRun, Some("has not ended a scheduled run")),
        (Some(state("11:30", "ok", "")), Condition::Fresh, None),
        (Some(state("11:00", "ok", "")), Condition::Fresh, None),
        (Some(state("10:59", "ok", "")), Condition::Stale, Some("no run for 1h 1m")),
        (Some(state("10:59", "not_enabled", "")), Condition::Stale, Some("schedule")),
        (Some(state("11:30", "not_enabled", "")), Condition::NotEnabled, None),
        (
            Some(state("11:30", "failed", denied)),
            Condition::Denied,
            Some("3×AccessDeniedException, 1×Timeout"),
        ),
        (Some(state("11:30", "failed", throttled)), Condition::Throttled, Some("RATE_LIMITS")),
        (
            Some(state("11:30", "failed", table)),
            Condition::Throttled,
            Some("the table's capacity is exceeded"),
        ),
        (
            Some(state("11:30", "failed", r#","issue_counts":{"Timeout":1}"#)),
            Condition::Failed,
            Some("1×Timeout"),
        ),
        (Some(state("11:30", "partial", denied)), Condition::Partial, Some("permission")),
        (Some(state("11:30", "partial", r#","not_reached":7"#)), Condition::Partial, Some("7 left")),
        (Some(state("11:30", "partial", r#","failed":7"#)), Condition::Partial, Some("something failed")),
        (Some(state("11:30", "ok", r#","issue_counts":{"Record.Invalid":1}"#)), Condition::Fresh, None),
    ] {
        let classification = classify(state.as_ref(), None, xray::SOURCE, now(), None);
        assert_eq!(classification.condition, expected, "{state:?}");
        let action = classification.advice().unwrap_or_default();
        assert!(said.map_or(action.is_empty(), |said| action.contains(said)), "{state:?}: {action}");
    }
}

#[test]
fn a_denial_is_recognized_by_the_status_in_the_issue() {
    let run = |ended: &str, code: &str, message: &str, further: &str| {
        state(
            "00:00",
            "",
            &format!(
                r#","ended_at":"2026-03-01T{ended}:00.000Z","issues":[{{"code":"Record.Invalid","message":"HTTP status 403: x"}},
                    {{"code":"{code}","message":"{message}"{further}}}]"#
            ),
        )
    };
    let lasting = r#","lasting":true"#;
    for (code, message, further, status, expected, said) in [
        (
            "Response.Malformed",
            "HTTP status 403: service error",
            "",
            "failed",
            Condition::Denied,
            "were refused (1×",
        ),
        (
            "Response.Malformed",
            "HTTP status 401: service error",
            "",
            "failed",
            Condition::Denied,
            "error codes in",
        ),
        ("SomethingNew", "HTTP status 429: slow down", "", "failed", Condition::Throttled, "RATE_LIMITS"),
        ("SomethingNew", "HTTP status 403: no", "", "failed", Condition::Denied, "were refused (1×"),
        (
            "Response.Malformed",
            "HTTP status 502: service error",
            "",
            "failed",
            Condition::Failed,
            "tries again",
        ),
        ("Response.Malformed", "no HTTP status 403: x", "", "failed", Condition::Failed, "tries again"),
        (
            "Response.Malformed",
            "HTTP status 403: service error",
            lasting,
            "failed",
            Condition::Failed,
            "tries again",
        ),
        (
            "Response.Malformed",
            "HTTP status 403: service error",
            "",
            "partial",
            Condition::Partial,
            "were refused (1×",
        ),
    ] {
        let state = state("11:30", status, &format!(r#","issue_counts":{{"{code}":1}}"#));
        let classification =
            classify(Some(&state), Some(&run("11:30", code, message, further)), xray::SOURCE, now(), None);
        assert_eq!(classification.condition, expected, "{code}: {message}");
        let action = classification.advice().unwrap();
        assert!(action.contains(said), "{code}: {message}: {action}");
    }
    // The issues of another run say nothing of this one.
    let malformed = state("11:30", "failed", r#","issue_counts":{"Response.Malformed":1}"#);
    let push = run("11:40", "Response.Malformed", "HTTP status 403: service error", "");
    assert_eq!(
        classify(Some(&malformed), Some(&push), xray::SOURCE, now(), None).condition,
        Condition::Failed
    );
}

#[test]
fn a_lasting_issue_is_not_announced_for_the_next_run() {
    let lasting =
        r#","issue_counts":{"InvalidTrailNameException":2},"lasting_counts":{"InvalidTrailNameException":2}"#;
    let classification =
        classify(Some(&state("11:30", "ok", lasting)), None, cloudtrail::SOURCE, now(), None);
    assert_eq!(
        (classification.condition, classification.action, classification.issues.as_str()),
        (Condition::Fresh, None, "")
    );
    assert_eq!(classification.lasting.as_deref(), Some("2×InvalidTrailNameException"));
    let both = r#","issue_counts":{"AccessDeniedException":2,"Timeout":1},"lasting_counts":{"AccessDeniedException":2},
            "issues":[{"code":"AccessDeniedException","lasting":true,"operation":"ListInsightsMetricData","message":"not yours"},
            {"code":"Timeout","operation":"LookupEvents","message":"no answer"}]"#;
    let partial = state("11:30", "partial", both);
    let mut classification = classify(Some(&partial), None, cloudtrail::SOURCE, now(), None);
    classification.add_run(Some(&partial));
    let action = "1×Timeout: the next run tries again. LookupEvents: no answer";
    assert_eq!(classification.advice().as_deref(), Some(action), "no permission is missing");
    assert_eq!(classification.lasting.as_deref(), Some("2×AccessDeniedException"));
}

#[test]
fn the_maximum_age_can_be_configured() {
    let old = state("09:00", "ok", "");
    for (source, oldest, expected) in [
        (xray::SOURCE, None, Condition::Stale),
        (cloudtrail::SOURCE, None, Condition::Fresh),
        (auditmanager::SOURCE, None, Condition::Fresh),
        (xray::SOURCE, Some(3 * 3_600), Condition::Fresh),
        (auditmanager::SOURCE, Some(3 * 3_600 - 1), Condition::Stale),
    ] {
        assert_eq!(
            classify(Some(&old), None, source, now(), oldest).condition,
            expected,
            "{source} {oldest:?}"
        );
    }
}

#[test]
fn the_last_run_names_the_failed_operation() {
    let issues = r#","issue_counts":{"AccessDeniedException":1},"issues":[{"code":"Record.Invalid","operation":"GetInsight"},
            {"code":"AccessDeniedException","operation":"GetGroups","message":"not allowed"}]"#;
    let failed = state("11:30", "failed", issues);
    let mut classification = classify(Some(&failed), None, xray::SOURCE, now(), None);
    classification.add_run(Some(&failed));
    assert!(classification.advice().unwrap().ends_with("GetGroups: not allowed"));
    let mut never = classify(None, None, xray::SOURCE, now(), None);
    never.add_run(Some(&state("11:30", "ok", r#","trigger":"push""#)));
    assert!(never.advice().unwrap().contains("only a push has run"));
}

#[test]
fn no_next_run_is_promised_after_a_run_that_a_person_started() {
    let by = |id: &str| format!(r#","collected_by":"xray-insights:1#{id}""#);
    for (status, further, promise) in [
        ("partial", r#","not_reached":7"#, "the next runs go on from there"),
        ("partial", r#","issue_counts":{"ThrottledException":2}"#, "the next run goes on"),
        ("failed", r#","issue_counts":{"ProvisionedThroughputExceededException":2}"#, "the next run goes on"),
        ("failed", r#","issue_counts":{"Timeout":1}"#, "the next run tries again"),
        ("failed", r#","issue_counts":{"ExpiredTokenException":1}"#, "the next run has new ones"),
        ("partial", "", "the next run tries again"),
    ] {
        let state = state("11:30", status, further);
        let advice = |run: &str| {
            let Value::Map(run) = Value::from_json(run).unwrap() else { panic!("not an object: {run}") };
            let mut classification = classify(Some(&state), None, xray::SOURCE, now(), None);
            classification.add_run(Some(&Stored(run)));
            (classification.advice().unwrap(), classification.needs_collect)
        };
        let (scheduled, needs_collect) = advice(&format!("{{\"trigger\":\"scheduled\"{}}}", by("6f1e-42")));
        assert!(scheduled.contains(promise) && !needs_collect, "{scheduled}");
        let (by_hand, needs_collect) =
            advice(&format!("{{\"trigger\":\"scheduled\"{}}}", by("collect-0011223344556677")));
        assert!(!by_hand.contains("next run") && needs_collect, "{by_hand}");
    }
}

#[test]
fn a_target_is_stale_after_four_missed_schedules() {
    let template = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml")).unwrap();
    for (parameter, source) in [
        ("XraySchedule", xray::SOURCE),
        ("CloudTrailSchedule", cloudtrail::SOURCE),
        ("AuditManagerSchedule", auditmanager::SOURCE),
    ] {
        let (_, declared) = template.split_once(&format!("\n  {parameter}:\n")).unwrap();
        let (_, rate) = declared.split_once("Default: rate(").unwrap();
        let (number, unit) = rate.split_once(')').unwrap().0.split_once(' ').unwrap();
        let unit = if unit.starts_with("minute") { 60 } else { 3_600 };
        assert_eq!(stale_after(source, None), 4 * number.parse::<i64>().unwrap() * unit, "{parameter}");
    }
}
