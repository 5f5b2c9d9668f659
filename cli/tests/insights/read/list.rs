//! `list`: results, order, filters and formats. The expected entities come from the scenario file.

use crate::support::story::{STORY, Story, insight};

fn entities(arguments: &[&str]) -> Vec<String> {
    STORY.texts(arguments, "entity")
}

#[test]
fn a_listing_is_sorted_by_start_with_the_newest_first() {
    let began = STORY.texts(&["list", "--since", "30d"], "started_at");
    assert!(began.windows(2).all(|pair| pair[0] >= pair[1]), "{began:?}");
    // The last three days: the secret, the deployment in each group, and the deploying call.
    assert_eq!(
        entities(&["list", "--since", "3d", "--source", "xray"]),
        ["payments", "checkout", "checkout", "card-network"]
    );
    assert_eq!(
        entities(&["list", "--since", "3d", "--source", "cloudtrail"]),
        ["secretsmanager.amazonaws.com", "lambda.amazonaws.com"]
    );
}

#[test]
fn open_insights_are_sorted_worst_first() {
    assert_eq!(
        entities(&["list", "--open"]),
        [
            "payments",
            "secretsmanager.amazonaws.com",
            "shop-production",
            "shop-production",
            "card-network",
            "shop-production"
        ]
    );
    assert_eq!(
        STORY.texts(&["list", "--open"], "severity"),
        ["critical", "high", "high", "medium", "medium", "low"]
    );
    let story = Story::empty();
    for (id, started) in [("older", "2026-02-27T00:00:00.000Z"), ("younger", "2026-02-28T00:00:00.000Z")] {
        story.put(&insight("xray", id, started, "", ""));
    }
    assert_eq!(story.texts(&["list", "--open"], "id"), ["younger", "older"], "of two alike the newer one");
}

#[test]
fn filters_exclude_records_that_do_not_match() {
    let check = |filters: &[&str], expected: &[&str]| {
        assert_eq!(entities(&[&["list", "--since", "3d"], filters].concat()), expected, "{filters:?}");
    };
    check(&["--kind", "xray.insight", "--severity", "critical"], &["payments"]);
    check(&["--kind", "cloudtrail.insight", "--severity", "high"], &["secretsmanager.amazonaws.com"]);
    check(&["--kind", "auditmanager.insights"], &["account"]);
    check(&["--source", "xray", "--limit", "2"], &["payments", "checkout"]);
    check(
        &["--account", "123456789012", "--region", "eu-west-1", "--source", "xray", "--limit", "1"],
        &["payments"],
    );
    check(&["--region", "us-east-1"], &[]);
    check(&["--until", "2026-02-28T00:00:00Z", "--source", "cloudtrail"], &["lambda.amazonaws.com"]);
}

#[test]
fn domains_and_controls_are_listed_only_for_an_entity() {
    let kinds = |arguments: &[&str]| {
        let mut kinds = STORY.texts(arguments, "kind");
        kinds.sort();
        kinds.dedup();
        kinds
    };
    assert_eq!(
        kinds(&["list", "--source", "auditmanager"]),
        ["auditmanager.assessment", "auditmanager.insights"]
    );
    assert_eq!(
        kinds(&["list", "--entity", "account"]),
        ["auditmanager.control", "auditmanager.domain", "auditmanager.insights"]
    );
    assert_eq!(
        kinds(&["list", "--entity", "account", "--kind", "auditmanager.domain"]),
        ["auditmanager.domain"]
    );
    for kind in ["auditmanager.domain", "auditmanager.control"] {
        let run = STORY.insights(&["list", "--kind", kind]);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stderr.contains("need --entity"), "{}", run.stderr);
    }
}

#[test]
fn a_listing_shows_severity_time_place_title_and_the_next_command() {
    let text = STORY.output(&["list", "--open", "--utc"]);
    for expected in [
        "SEVERITY  BEGAN",
        "critical  2026-03-01 08:54  X-Ray",
        "7c4ee9a1  open for 3h 6m    payments",
        "5,861 of 9,499 requests had faults (61.7%)",
        "6 records; times are in UTC. Show one: insights show ID",
    ] {
        assert!(text.contains(expected), "{expected} is missing: {text}");
    }
    let narrow = crate::support::finish(STORY.command(&["list", "--open", "--utc"]).env("COLUMNS", "80"));
    for expected in ["CloudTrail       GetSecretValue on", "secretsmanager   secretsmanager.amazonaws.com:\n"]
    {
        assert!(
            narrow.stdout.contains(expected),
            "{expected}: names are whole on 80 columns: {}",
            narrow.stdout
        );
    }
    assert!(narrow.stdout.lines().all(|line| line.chars().count() <= 80), "{}", narrow.stdout);
    let zone = crate::support::finish(STORY.command(&["list", "--open"]).env("TZ", "Asia/Tokyo"));
    assert!(zone.stdout.contains("2026-03-01 17:54"), "{}", zone.stdout);
    assert!(zone.stdout.contains("times are local (Asia/Tokyo, UTC+09:00)"), "{}", zone.stdout);
}

#[test]
fn csv_has_a_header_and_no_formulas() {
    let story = Story::empty();
    let evil = insight("xray", "x", "2026-02-28T00:00:00.000Z", "", "")
        .replace("Faults in x", "=cmd|' /C calc'!A0, \\\"x\\\"");
    story.put(&evil);
    let text = story.output(&["list", "--output", "csv"]);
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert!(lines[0].starts_with("pk,sk,kind,source,account_id,region,id,title,"), "{text}");
    assert!(
        lines[1].starts_with(
            "xray#123456789012#eu-west-1#x,insight,xray.insight,xray,123456789012,eu-west-1,x,\"'=cmd|' /C calc'!A0, \"\"x\"\"\",open,,high,x,30,70,100,"
        ),
        "{text}"
    );
    assert_eq!(lines[2..], [""], "{text}");
}

#[test]
fn an_empty_answer_has_a_reason() {
    let check = |story: &Story, arguments: &[&str], expected: &str| {
        for (output, stdout) in [("table", ""), ("json", "[]\n")] {
            let run = story.insights(&[arguments, &["--output", output]].concat());
            assert_eq!((run.code, run.stdout.as_str()), (0, stdout), "{arguments:?}: {run:?}");
            assert!(run.stderr.contains(expected), "{arguments:?}: {expected} is missing: {}", run.stderr);
        }
    };
    let empty = Story::empty();
    check(&empty, &["list"], "has no data of any source yet: no scheduled run has ended");
    check(&empty, &["series"], "has no data of CloudTrail yet");
    check(&empty, &["compliance"], "has no data of Audit Manager yet");
    check(&empty, &["timeline"], "has no data of any source yet");
    let state = |status: &str| {
        format!(
            r#"{{"pk":"run#xray#123456789012#eu-west-1","sk":"state","kind":"state","source":"xray","schema_version":1,
                "account_id":"123456789012","region":"eu-west-1","entity_pk":"run#xray",
                "entity_sk":"123456789012#eu-west-1","last_run_at":"2026-03-01T11:55:00.000Z",
                "last_success_at":"2026-03-01T11:55:00.000Z","last_status":"{status}"}}"#
        )
    };
    empty.put(&state("not_enabled"));
    check(&empty, &["list", "--source", "xray"], "X-Ray is not in use in any account or region");
    empty.put(&state("failed"));
    check(&empty, &["list"], "1 of 1 target with problems");
    empty.put(&state("ok"));
    check(
        &empty,
        &["list", "--source", "xray"],
        "each at 2026-03-01 11:55 or later; use an earlier --since for more",
    );
    check(&empty, &["list", "--open", "--source", "xray"], "no open insight; all targets were collected");
    check(
        &empty,
        &["list", "--open"],
        "incomplete: no open insight in the data that was collected; CloudTrail has never run; EKS has never run; see",
    );
    check(
        &STORY,
        &["list", "--source", "xray", "--severity", "critical", "--until", "8d"],
        "no matches: the filters exclude",
    );
    check(
        &STORY,
        &["list", "--account", "111122223333"],
        "no data of account 111122223333: no scheduled run has ended there; known values are 123456789012",
    );
    check(
        &STORY,
        &["list", "--region", "eu-west-2"],
        "no data of region eu-west-2: no scheduled run has ended there; did you mean eu-west-1?",
    );
    check(&STORY, &["list", "--entity", "paymets"], "did you mean payments?");
    // A part of a title also matches; entity names have priority.
    check(&STORY, &["list", "--entity", "Payment"], "did you mean payments?");
    check(
        &STORY,
        &["list", "--entity", "SOC 2"],
        "use `insights list --entity 0ffbb1b9-f564-4090-a89e-a13bc2d923ce`",
    );
    check(
        &STORY,
        &["list", "--entity", "product-index", "--since", "1h"],
        "the newest record began 2026-02-24 11:00",
    );
}

#[test]
fn filters_that_cannot_match_are_usage_errors() {
    let run = STORY.insights(&["list", "--open", "--source", "xray", "--kind", "cloudtrail.insight"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(
        run.stderr.contains("--kind cloudtrail.insight is not a kind of --source xray"),
        "{}",
        run.stderr
    );
}

/// The scenario ends on 2026-03-01 at noon.
#[test]
fn a_date_selects_a_day() {
    let all = |since: &str, until: &str| {
        STORY.output(&["list", "--since", since, "--until", until, "--output", "csv"])
    };
    let by_date = all("2026-03-01", "2026-03-01");
    assert!(by_date.lines().count() > 1, "{by_date}");
    assert_eq!(by_date, all("2026-03-01T00:00:00Z", "2026-03-01T23:59:59.999Z"));
    assert_ne!(by_date, all("2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z"));
}

#[test]
fn a_limited_listing_shows_the_total() {
    let text = STORY.output(&["list", "--open", "--limit", "2"]);
    assert!(text.contains("2 of 6 records;"), "{text}");
    let text = STORY.output(&["list", "--open", "--limit", "6"]);
    assert!(text.contains("\n6 records;"), "{text}");
}

#[test]
fn filters_can_be_repeated_and_mean_the_same_in_every_command() {
    let places = [("123456789012", "eu-west-1"), ("111122223333", "us-east-1")];
    let story = Story::empty();
    for (account, region) in places {
        let insight = insight("xray", &format!("payments-{region}"), "2026-02-28T00:00:00.000Z", "", "");
        story.put(
            &insight
                .replace("123456789012", account)
                .replace("\"region\":\"eu-west-1\"", &format!("\"region\":\"{region}\"")),
        );
    }
    let both = ["payments-eu-west-1", "payments-us-east-1"];
    for command in ["list", "timeline"] {
        let ids = |filters: &[&str]| {
            let mut ids = story.texts(&[&[command], filters].concat(), "id");
            ids.retain(|id| !id.starts_with("i-"));
            ids.sort();
            ids
        };
        assert_eq!(ids(&["--account", places[0].0, "--account", places[1].0]), both, "{command}");
        assert_eq!(ids(&["-a", places[1].0]), both[1..], "{command}");
        assert_eq!(
            ids(&["--region", "us-east-1", "--source", "xray", "--source", "eks"]),
            both[1..],
            "{command}"
        );
        assert_eq!(ids(&["--entity", both[0], "-e", both[1]]), both, "{command}");
        assert_eq!(ids(&["--account", places[0].0, "--region", "us-east-1"]), [""; 0], "{command}");
    }
    // Where a name is not unique, account and region are shown.
    let listing = story.output(&["list"]);
    assert!(
        listing.contains("111122223333 us-east-1") && listing.contains("123456789012 eu-west-1"),
        "{listing}"
    );
}

#[test]
fn insights_are_found_by_caller_operation_error_and_text() {
    let found = |filters: &[&str]| {
        let mut found = entities(&[&["list", "--since", "30d"], filters].concat());
        found.dedup();
        found
    };
    assert_eq!(found(&["--caller", "ci-deployer", "--event", "CreateAccessKey"]), ["iam.amazonaws.com"]);
    assert_eq!(found(&["--event", "runinstances"]), ["ec2.amazonaws.com"], "in lower or upper case");
    assert_eq!(found(&["--error", "AccessDeniedException"]), ["secretsmanager.amazonaws.com"]);
    assert_eq!(found(&["--match", "CARD-network"]), ["card-network"]);
    assert_eq!(found(&["--event", "Nothing"]), [""; 0]);
    assert_eq!(found(&["--severity", "CRITICAL", "--source", "xray"]), ["payments"]);
}
