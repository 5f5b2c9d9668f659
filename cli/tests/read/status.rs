//! `status`: empty told from broken, for tables of the tests' own making and for the story.

use crate::support::finish;
use crate::support::story::{STORY, Story, insight};

fn state(source: &str, region: &str, last_run: &str, status: &str, further: &str) -> String {
    format!(
        r#"{{"pk":"run#{source}#123456789012#{region}","sk":"state","kind":"state","source":"{source}","schema_version":1,
            "account_id":"123456789012","region":"{region}","entity_pk":"run#{source}",
            "entity_sk":"123456789012#{region}","last_run_at":"2026-03-01T{last_run}:00.000Z",
            "last_success_at":"2026-03-01T06:00:00.000Z","last_status":"{status}","fetched":0{further}}}"#
    )
}

/// The condition of each target, from the CSV.
fn conditions(text: &str) -> Vec<(String, String, String)> {
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        (cells[0].to_owned(), cells[2].to_owned(), cells[3].to_owned())
    };
    text.split("\r\n").skip(1).filter(|line| !line.is_empty()).map(row).collect()
}

#[test]
fn each_target_is_told_with_what_to_do() {
    let story = Story::empty();
    story.put(&state("xray", "eu-west-1", "11:50", "ok", ""));
    story.put(&state("xray", "us-east-1", "09:00", "ok", ""));
    story.put(&state(
        "cloudtrail",
        "eu-west-1",
        "11:50",
        "failed",
        r#","issue_counts":{"AccessDeniedException":2}"#,
    ));
    story.put(&state(
        "cloudtrail",
        "us-east-1",
        "11:50",
        "partial",
        r#","issue_counts":{"ThrottlingException":2}"#,
    ));
    story.put(&state("auditmanager", "us-east-1", "11:50", "not_enabled", ""));
    story.put(
        r#"{"pk":"run#cloudtrail#123456789012#eu-west-1","sk":"2026-03-01T11:49:00.000Z#a","kind":"run","source":"cloudtrail",
            "account_id":"123456789012","region":"eu-west-1","schema_version":1,"trigger":"scheduled","status":"failed",
            "issues":[{"code":"AccessDeniedException","operation":"LookupEvents","message":"no identity-based policy"}]}"#,
    );
    story.put(
        r#"{"pk":"run#auditmanager#123456789012#eu-west-1","sk":"2026-03-01T11:49:00.000Z#a","kind":"run","source":"auditmanager",
            "account_id":"123456789012","region":"eu-west-1","schema_version":1,"trigger":"window","status":"ok"}"#,
    );
    let text = story.output(&["status", "--output", "csv"]);
    let expected = [
        ("xray", "eu-west-1", "fresh"),
        ("cloudtrail", "eu-west-1", "denied"),
        ("auditmanager", "eu-west-1", "never_run"),
        ("xray", "us-east-1", "stale"),
        ("cloudtrail", "us-east-1", "partial"),
        ("auditmanager", "us-east-1", "not_enabled"),
    ];
    let expected =
        expected.map(|(source, region, condition)| (source.into(), region.into(), condition.into()));
    assert_eq!(conditions(&text), expected, "{text}");
    let page = story.output(&["status", "--utc"]);
    for expected in [
        "4 of 6 targets need a look",
        "X-Ray, 123456789012 us-east-1: no run for 3h 0m: is its schedule on?",
        "CloudTrail, 123456789012 eu-west-1: the role lacks a permission",
        "LookupEvents: no identity-based policy",
        "lower RATE_LIMITS",
        "only a window has run there so far",
        "success 6h 0m ago",
        "found nothing",
        "as of 2026-03-01 12:00; times are in UTC",
    ] {
        let flat = page.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(expected), "{expected} is missing: {page}");
    }
    let all = conditions(&story.output(&["status", "--output", "csv", "--stale-after", "5m"]));
    assert_eq!(all.iter().filter(|(_, _, condition)| condition == "stale").count(), 5);
}

#[test]
fn the_story_is_fresh_at_first_and_stale_a_day_later() {
    let page = STORY.output(&["status"]);
    assert!(page.contains("All is well: 3 targets"), "{page}");
    let later = finish(&mut STORY.command_at("2026-03-02T12:00:01Z", &["status", "--output", "csv"]));
    assert_eq!(later.code, 0, "{later:?}");
    assert!(conditions(&later.stdout).iter().all(|(_, _, condition)| condition == "stale"), "{later:?}");
}

#[test]
fn a_table_without_state_is_told() {
    let run = Story::empty().insights(&["status"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
    assert!(run.stderr.contains("no scheduled run has ended yet"), "{}", run.stderr);
}

/// A window or a push writes no state: what it leaves open tells that it was there.
#[test]
fn a_place_that_no_scheduled_run_has_seen_is_told_and_so_are_credentials_that_had_expired() {
    let story = Story::empty();
    story.put(&state(
        "xray",
        "eu-west-1",
        "11:50",
        "failed",
        r#","issue_counts":{"ExpiredTokenException":1}"#,
    ));
    let elsewhere = insight("xray", "i-1", "2026-03-01T09:00:00.000Z", "", "");
    story.put(&elsewhere.replace("eu-west-1", "us-east-1"));
    story.put(
        r#"{"pk":"run#xray#123456789012#us-east-1","sk":"2026-03-01T11:49:00.000Z#a","kind":"run","source":"xray",
            "account_id":"123456789012","region":"us-east-1","schema_version":1,"trigger":"window","status":"ok"}"#,
    );
    let text = story.output(&["status", "--output", "csv"]);
    let xray: Vec<_> = conditions(&text).into_iter().filter(|(source, ..)| source == "xray").collect();
    let expected = [("xray", "eu-west-1", "denied"), ("xray", "us-east-1", "never_run")];
    let expected = expected.map(|(source, region, is)| (source.to_owned(), region.to_owned(), is.to_owned()));
    assert_eq!(xray, expected);
    assert!(text.contains("the credentials had expired (1×ExpiredTokenException)"), "{text}");
    assert!(text.contains("only a window has run there so far"), "{text}");
    // JSON has the stored states, and says that they are not all.
    let run = story.insights(&["status", "--output", "json"]);
    assert!(run.stderr.contains("5 targets have no state"), "{}", run.stderr);
}

/// Few insights and few answers look alike.
#[test]
fn what_is_listed_comes_with_a_warning_if_something_may_be_missing() {
    let story = Story::empty();
    story.put(&insight("xray", "one", "2026-03-01T10:00:00.000Z", "", ""));
    story.put(&state("xray", "eu-west-1", "11:50", "ok", ""));
    let asked = |arguments: &[&str]| {
        let run = story.insights(arguments);
        assert_eq!(run.code, 0, "{run:?}");
        assert!(!run.stdout.is_empty(), "{run:?}");
        run.stderr
    };
    assert_eq!(asked(&["list", "--open"]), "");
    story.put(&state("xray", "us-east-1", "09:00", "ok", ""));
    let refused = r#","issue_counts":{"AccessDeniedException":2}"#;
    story
        .put(&state("cloudtrail", "eu-west-1", "11:50", "failed", refused).replace("last_success_at", "was"));
    let stale = "X-Ray in 123456789012 us-east-1 is stale and last succeeded 6h 0m ago";
    let denied = "CloudTrail in 123456789012 eu-west-1 is denied and never succeeded";
    let both = format!(
        "warning: something may be missing: {stale}, and 1 more of 3 targets; see `insights status`\n"
    );
    for form in ["table", "json", "csv"] {
        assert_eq!(asked(&["list", "--open", "--output", form]), both, "{form}");
        assert_eq!(asked(&["timeline", "--output", form]), both, "{form}");
    }
    assert!(asked(&["list", "--source", "xray"]).contains(&format!("{stale} of 2 targets")));
    assert!(asked(&["list", "--region", "eu-west-1"]).contains(&format!("{denied} of 2 targets")));
    assert_eq!(asked(&["list", "--kind", "xray.insight", "--region", "eu-west-1"]), "");
}
