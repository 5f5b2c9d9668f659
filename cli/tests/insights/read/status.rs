//! `status`: the difference between empty and broken, with items of the tests and with the story.

use crate::support::finish;
use crate::support::story::{STORY, Story, insight, text};
use insights_shared::record::Source;
use insights_shared::value::Value;

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
fn each_target_is_listed_with_its_remedy() {
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
    let mut found = conditions(&text);
    found.retain(|(source, ..)| ["xray", "cloudtrail", "auditmanager"].contains(&source.as_str()));
    assert_eq!(found, expected, "{text}");
    let page = story.output(&["status", "--utc"]);
    // The other sources have never run in either region.
    let all = insights_sources::all().len();
    let summary = format!("{} of {} targets need attention", 4 + 2 * (all - 3), 2 * all);
    for expected in [
        summary.as_str(),
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

/// Organization mode collects every hour, and skips what is not enabled for most of a day.
#[test]
fn the_age_of_a_target_is_compared_with_the_interval_of_its_own_runs() {
    let story = Story::empty();
    let hourly = r#","run_interval_seconds":3600"#;
    story.put(&state("xray", "eu-west-1", "08:00", "ok", hourly));
    story.put(&state("xray", "us-east-1", "07:59", "ok", hourly));
    story.put(&state("xray", "us-west-2", "10:59", "ok", ""));
    let skipped = r#","ask_again_at":"2026-03-01T12:10:00.000Z""#;
    let day_before = |text: String| text.replace("2026-03-01T13:10", "2026-02-28T13:10");
    story.put(&day_before(state("xray", "eu-north-1", "13:10", "not_enabled", skipped)));
    let missed = r#","ask_again_at":"2026-02-28T10:00:00.000Z""#;
    let two_days_before = |text: String| text.replace("2026-03-01T11:00", "2026-02-27T11:00");
    story.put(&two_days_before(state("xray", "eu-west-2", "11:00", "not_enabled", missed)));
    let xray = |arguments: &[&str]| {
        let mut found = conditions(&story.output(arguments));
        found.retain(|(source, ..)| source == "xray");
        found.into_iter().map(|(_, region, condition)| format!("{region} {condition}")).collect::<Vec<_>>()
    };
    let status = ["status", "--output", "csv"];
    let expected = [
        "eu-north-1 not_enabled",
        "eu-west-1 fresh",
        "eu-west-2 stale",
        "us-east-1 stale",
        "us-west-2 stale",
    ];
    assert_eq!(xray(&status), expected);
    // A given age applies to all. A target that is skipped is not old.
    let given = [&status[..], &["--stale-after", "30m"]].concat();
    assert_eq!(xray(&given)[..2], ["eu-north-1 not_enabled", "eu-west-1 stale"]);
    let given = [&status[..], &["--stale-after", "2d"]].concat();
    assert_eq!(
        xray(&given)[1..],
        ["eu-west-1 fresh", "eu-west-2 not_enabled", "us-east-1 fresh", "us-west-2 fresh"]
    );
    let page = story.output(&["status", "--utc"]);
    let flat = page.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("asked again after 2026-03-01 12:10"), "{page}");
    let list = story.insights(&["list", "--region", "eu-west-1", "--source", "xray"]);
    assert!(!list.stderr.contains("stale"), "{list:?}");
    let list = story.insights(&["list", "--region", "us-east-1", "--source", "xray"]);
    assert!(list.stderr.contains("X-Ray in 123456789012 us-east-1 is stale"), "{list:?}");
    let csv = story.output(&status);
    assert!(csv.lines().next().unwrap().contains(",last_success_at,ask_again_at,watermark,"), "{csv}");
    let row = csv.lines().find(|line| line.starts_with("xray,123456789012,eu-north-1,")).unwrap();
    assert!(row.contains(",2026-03-01T12:10:00.000Z,"), "{row}");
}

#[test]
fn targets_are_fresh_after_a_run_and_stale_a_day_later() {
    let page = STORY.output(&["status"]);
    let summary = format!("No problems: {} targets", insights_sources::all().len());
    assert!(page.contains(&summary), "{page}");
    let later = finish(&mut STORY.command_at("2026-03-02T12:00:01Z", &["status", "--output", "csv"]));
    assert_eq!(later.code, 0, "{later:?}");
    assert!(conditions(&later.stdout).iter().all(|(_, _, condition)| condition == "stale"), "{later:?}");
}

#[test]
fn a_table_without_state_is_reported() {
    let run = Story::empty().insights(&["status"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
    assert!(run.stderr.contains("no scheduled run has ended yet"), "{}", run.stderr);
}

/// A backfill or push writes no state; its open insights show that the target exists.
#[test]
fn targets_without_scheduled_runs_and_expired_credentials_are_reported() {
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
    let rows = story.output(&["status", "--output", "csv"]);
    let xray: Vec<_> = conditions(&rows).into_iter().filter(|(source, ..)| source == "xray").collect();
    let expected = [("xray", "eu-west-1", "denied"), ("xray", "us-east-1", "never_run")];
    let expected = expected.map(|(source, region, is)| (source.to_owned(), region.to_owned(), is.to_owned()));
    assert_eq!(xray, expected);
    assert!(rows.contains("the credentials had expired (1×ExpiredTokenException)"), "{rows}");
    assert!(rows.contains("only a window has run there so far"), "{rows}");
    // JSON has all targets, including those without state.
    let records = story.records(&["status"]);
    let conditions: Vec<String> = records.iter().map(|record| text(record, "condition")).collect();
    let all = insights_sources::all().len();
    assert_eq!(conditions[0], "denied");
    assert_eq!(conditions.len(), 2 * all);
    assert!(conditions[1..].iter().all(|condition| condition == "never_run"), "{conditions:?}");
    assert_eq!(records.iter().filter(|record| text(record, "kind") == "state").count(), 1);
    assert!(
        text(&records[all], "action").ends_with(": `insights collect --source xray`"),
        "{:?}",
        records[all]
    );
}

fn rejected(source: &str, nth: u32, at: &str, violations: &str) -> String {
    format!(
        r#"{{"pk":"rejected#{source}#123456789012#eu-west-1","sk":"{nth:064}","kind":"rejected","source":"{source}",
            "account_id":"123456789012","region":"eu-west-1","schema_version":1,"observed_at":"2026-03-01T{at}:00.000Z",
            "violations":[{violations}],"raw":"{{}}","subject":"x"}}"#
    )
}

#[test]
fn rejected_answers_are_counted_with_the_newest_and_the_violated_rules() {
    let story = Story::empty();
    story.put(&state("xray", "eu-west-1", "11:50", "ok", ""));
    story.put(&state("cloudtrail", "eu-west-1", "11:50", "ok", ""));
    for (nth, at, violations) in [
        (1, "09:00", r#""id: is required""#),
        (2, "11:30", r#""id: is required","title: is \u202elong""#),
        (3, "10:00", r#""id: is required""#),
    ] {
        story.put(&rejected("xray", nth, at, violations));
    }
    // Expired items are ignored.
    let gone =
        rejected("xray", 4, "11:40", r#""gone""#).replace("\"raw\"", "\"expires_at\":1772366400,\"raw\"");
    story.put(&gone);
    let page = story.output(&["status", "--utc"]);
    let flat = page.split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in [
        "3 rejected",
        "X-Ray, 123456789012 eu-west-1: 3 answers, the newest of 2026-03-01 11:30: 3× id: is required; 1× title: is \\u{202e}long",
    ] {
        assert!(flat.contains(expected), "{expected} is missing: {page}");
    }
    let command = "\n  insights show 'rejected#xray#123456789012#eu-west-1'\n";
    assert!(page.contains(command), "{page}");
    assert_eq!(story.records(&["show", "rejected#xray#123456789012#eu-west-1"]).len(), 3);
    let csv = story.output(&["status", "--output", "csv"]);
    let xray = csv.lines().find(|line| line.starts_with("xray,")).unwrap();
    assert!(
        xray.ends_with(",3,2026-03-01T11:30:00.000Z,3× id: is required; 1× title: is \\u{202e}long"),
        "{csv}"
    );
    assert!(csv.lines().find(|line| line.starts_with("cloudtrail,")).unwrap().ends_with(",0,,"), "{csv}");
    let records = story.records(&["status"]);
    let expected = Value::from_json(
        r#"{"count":3,"newest_at":"2026-03-01T11:30:00.000Z","violations":{"id: is required":3,"title: is \u202elong":1}}"#,
    );
    assert_eq!(records[0]["rejected_records"], expected.unwrap());
    assert_eq!(records[1]["rejected_records"], Value::from_json(r#"{"count":0,"violations":{}}"#).unwrap());
}

/// One state of each of three sources. The other sources are not in use.
fn sources(statuses: [&str; 3]) -> Story {
    let story = Story::empty();
    let statuses = statuses.into_iter().chain(std::iter::repeat("not_enabled"));
    for (source, status) in insights_sources::all().map(Source::as_str).zip(statuses) {
        let issues = match status {
            "denied" => r#","issue_counts":{"AccessDeniedException":1}"#,
            "throttled" => r#","issue_counts":{"ThrottledException":1}"#,
            _ => "",
        };
        let last_status = if ["denied", "throttled"].contains(&status) { "failed" } else { status };
        if !status.is_empty() {
            story.put(&state(source, "eu-west-1", "11:50", last_status, issues));
        }
    }
    story
}

#[test]
fn failed_collection_is_never_shown_as_no_problems() {
    for (statuses, reason) in [
        (["denied", "denied", "denied"], "X-Ray is denied, CloudTrail is denied"),
        (["not_enabled", "not_enabled", "not_enabled"], "X-Ray is not enabled, CloudTrail is not enabled"),
        (["", "", ""], "X-Ray has never run, CloudTrail has never run"),
        (["denied", "not_enabled", ""], "X-Ray is denied, CloudTrail is not enabled"),
        (["throttled", "failed", "denied"], "X-Ray is throttled, CloudTrail failed"),
        (["not_enabled", "", "not_enabled"], "X-Ray is not enabled, CloudTrail has never run"),
    ] {
        let story = sources(statuses);
        let mut said = String::new();
        for arguments in [
            &["list"][..],
            &["list", "--open"],
            &["list", "--open", "--output", "json"],
            &["list", "--open", "--output", "csv"],
            &["status"],
            &["timeline"],
            &["compliance"],
            &["series"],
            &["report", "--out", "-"],
        ] {
            let run = story.insights(arguments);
            assert_eq!(run.code, 0, "{arguments:?}: {run:?}");
            let text = run.stdout + &run.stderr;
            for wrong in
                ["Fresh.", "No problem", "othing is open", "Nothing open", ">fresh<", "o open insight"]
            {
                assert!(!text.contains(wrong), "{statuses:?} {arguments:?}: {wrong}");
            }
            said.push_str(&text);
        }
        assert!(said.contains("last 7 days: nothing was collected</h1>"), "{statuses:?}");
        assert!(said.contains("<title>Unknown: nothing was collected · Insights</title>"), "{statuses:?}");
        assert!(said.contains(&format!("<b>Unknown</b>: {reason}")), "{statuses:?}: {said}");
    }
}

#[test]
fn partial_knowledge_is_not_shown_as_complete() {
    let insights = insights_sources::all().filter(|source| !source.is_counted_by_day()).count();
    let part = sources(["ok", "denied", "ok"]);
    let page = part.output(&["report", "--out", "-"]);
    assert!(
        page.contains("0 of 0 known to be open, not everything was collected</h1>")
            && page.contains("Not everything is up to date.")
    );
    let run = part.insights(&["list", "--open"]);
    assert!(
        run.stderr.contains(
            &format!("incomplete: no open insight in the data that was collected; 1 of {insights} targets with problems; see `insights status`")
        ),
        "{run:?}"
    );
    // Audit Manager alone does not show whether insights are open.
    let counts = sources(["denied", "not_enabled", "ok"]);
    let run = counts.insights(&["list", "--open"]);
    let unknown = "unknown: X-Ray is denied, CloudTrail is not enabled";
    let targets = format!("; 1 of {insights} targets with problems; see `insights status`\n");
    assert!(run.stderr.starts_with(unknown) && run.stderr.ends_with(&targets), "{run:?}");
    let well = sources(["ok", "not_enabled", "ok"]);
    let page = well.output(&["report", "--out", "-"]);
    assert!(
        page.contains("<title>No problem: 0 of 0 open · Insights</title>") && page.contains("<b>Fresh.</b>")
    );
    assert!(
        well.output(&["status"])
            .starts_with(&format!("No problems: {} targets\n", insights_sources::all().len()))
    );
    let run = well.insights(&["list", "--open"]);
    assert!(run.stderr.contains("no open insight; all targets were collected"), "{run:?}");
}

/// Missing data must not look like few insights.
#[test]
fn a_listing_has_a_warning_if_data_may_be_missing() {
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
    let both =
        format!("warning: data may be missing: {stale}, and 1 more of 3 targets; see `insights status`\n");
    for form in ["table", "json", "csv"] {
        assert_eq!(asked(&["list", "--open", "--output", form]), both, "{form}");
        assert_eq!(asked(&["timeline", "--output", form]), both, "{form}");
    }
    assert!(asked(&["list", "--source", "xray"]).contains(&format!("{stale} of 2 targets")));
    assert!(asked(&["list", "--region", "eu-west-1"]).contains(&format!("{denied} of 2 targets")));
    assert_eq!(asked(&["list", "--kind", "xray.insight", "--region", "eu-west-1"]), "");
}

#[test]
fn lasting_issues_are_not_failures_and_are_not_announced_for_the_next_run() {
    let story = Story::empty();
    let counts =
        r#","issue_counts":{"InvalidTrailNameException":2},"lasting_counts":{"InvalidTrailNameException":2}"#;
    story.put(&state("cloudtrail", "eu-west-1", "11:50", "ok", counts));
    let text = story.output(&["status"]);
    assert!(text.contains("Not available\n"), "{text}");
    let words: Vec<&str> = text.split_whitespace().collect();
    let reason =
        "2×InvalidTrailNameException; requested again once a day, no action is needed insights series";
    assert!(words.join(" ").contains(reason), "{text}");
    let named = story.output(&["status", "--table", "insights"]);
    assert!(named.contains("\n  insights series --table insights\n"), "{named}");
    assert!(!text.contains("next run"), "{text}");
    let csv = story.output(&["status", "--output", "csv"]);
    assert!(csv.lines().next().unwrap().contains(",action,lasting,"), "{csv}");
    assert!(csv.contains(",,2×InvalidTrailNameException,0,"), "{csv}");
    let json = story.output(&["status", "--output", "json"]);
    assert!(json.contains("\"lasting_counts\""), "{json}");
}

#[test]
fn a_source_that_has_never_run_makes_the_answer_incomplete() {
    for (statuses, missing) in [
        (["ok", "", ""], "; CloudTrail has never run"),
        (["", "not_enabled", ""], ""),
        (["", "ok", "ok"], "; X-Ray has never run"),
    ] {
        let story = sources(statuses);
        let run = story.insights(&["list", "--open"]);
        let page = story.output(&["report", "--out", "-"]);
        assert!(!page.contains("No problem"), "{statuses:?}");
        assert!(!run.stderr.contains("all targets were collected"), "{statuses:?}: {run:?}");
        if !missing.is_empty() {
            let expected = format!(
                "incomplete: no open insight in the data that was collected{missing}; see `insights status`\n"
            );
            assert_eq!(run.stderr, expected, "{statuses:?}");
            assert!(page.contains("<title>Partly unknown: 0 of 0 known to be open"), "{statuses:?}");
        }
    }
    // The requested source is known.
    let run = sources(["ok", "", ""]).insights(&["list", "--open", "--source", "xray"]);
    assert!(run.stderr.contains("no open insight; all targets were collected"), "{run:?}");
}

#[test]
fn a_denial_with_only_an_http_status_is_shown_as_denied() {
    let story = Story::empty();
    story.put(&state("xray", "eu-west-1", "11:50", "failed", r#","issue_counts":{"Response.Malformed":1}"#));
    story.put(&state("cloudtrail", "eu-west-1", "11:50", "ok", ""));
    let run = |at: &str, trigger: &str, message: &str| {
        story.put(&format!(
            r#"{{"pk":"run#xray#123456789012#eu-west-1","sk":"2026-03-01T{at}:00.000Z#a","kind":"run","source":"xray",
            "account_id":"123456789012","region":"eu-west-1","schema_version":1,"trigger":"{trigger}","status":"failed",
            "ended_at":"2026-03-01T{at}:00.000Z",
            "issues":[{{"code":"Response.Malformed","operation":"GetGroups","message":"{message}"}}]}}"#
        ));
    };
    run("11:50", "scheduled", "HTTP status 403: service error");
    // A later push does not change the result of the scheduled run.
    run("11:55", "push", "HTTP status 502: service error");
    assert!(story.output(&["status", "--output", "csv"]).contains("xray,123456789012,eu-west-1,denied,"));
    let text = story.output(&["status"]);
    assert!(text.contains("GetGroups: HTTP status 403") && !text.contains("tries again"), "{text}");
    let run = story.insights(&["list", "--open", "--source", "xray"]);
    assert!(run.stderr.contains("X-Ray is denied"), "{run:?}");
    story.put(&insight("cloudtrail", "open", "2026-03-01T10:00:00.000Z", "", ""));
    let run = story.insights(&["list", "--open"]);
    assert!(run.stderr.contains("X-Ray in 123456789012 eu-west-1 is denied"), "{run:?}");
    assert!(story.output(&["report", "--out", "-"]).contains("is denied"));
}

#[test]
fn with_exit_code_the_status_fails_if_anything_is_broken_or_stale() {
    let code = |instant: &str, arguments: &[&str]| {
        crate::support::finish(&mut STORY.command_at(instant, &[&["status"], arguments].concat())).code
    };
    let now = insights_tests::NOW;
    assert_eq!(code(now, &["--exit-code"]), 0);
    // A day later every source has missed four runs.
    let later = "2026-03-03T12:00:00Z";
    assert_eq!(code(later, &["--exit-code"]), 3);
    assert_eq!(code(later, &[]), 0);
    assert_eq!(code(later, &["--exit-code", "--region", "us-east-1"]), 3, "no target is no success");
    assert_eq!(Story::empty().insights(&["status", "--exit-code"]).code, 3);
}
