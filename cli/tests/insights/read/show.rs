//! `show`: complete insights, related insights, and lookup by id.

use crate::support::story::{STORY, Story, insight, text};

/// Compares texts without line breaks, because sentences can be wrapped.
fn assert_says(shown: &str, expected: &str) {
    let flat = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(shown.contains(expected) || flat.contains(expected), "{expected} is missing: {shown}");
}

#[test]
fn an_xray_insight_is_shown_with_events_graph_and_related_insights() {
    let shown = STORY.output(&["show", "7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f", "--utc"]);
    for expected in [
        "severity    critical: 5,861 of 9,499 requests had faults (61.7%)\n",
        "began       2026-03-01 08:54, open for 3h 6m\n",
        "account     123456789012 in eu-west-1\n",
        "key         xray#123456789012#eu-west-1#7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f\n",
        "xray/home?region=eu-west-1#/service-map?timeRange=2026-03-01T08:54:00~2026-03-01T11:38:00\n",
        // The event 3 h 4 min before now in the scenario: 38 of 404 requests of the root cause.
        "2026-03-01 08:56      38       404   9.4%  payments had faults in 9.4%",
        "anomalous: payments, checkout, storefront",
        "storefront (client)\n└─ checkout (AWS::ECS::Container)\n   ├─ payments (AWS::Lambda::Function)  ◀ root cause\n",
        "   │  └─ secretsmanager (AWS::SecretsManager)\n   └─ inventory (AWS::DynamoDB::Table)\n",
        "began 4 minutes before faults in payments",
        "they share secretsmanager",
        "  insights show 'cloudtrail#123456789012#eu-west-1#",
    ] {
        assert_says(&shown, expected);
    }
}

#[test]
fn a_cloudtrail_insight_is_shown_with_both_phases_callers_and_values() {
    let id = |entity: &str| {
        let found = STORY.records(&["list", "--entity", entity, "--since", "14d"]);
        let call_rate =
            found.iter().find(|record| text(record, "title").contains("call rate")).unwrap_or(&found[0]);
        text(call_rate, "id")
    };
    let shown = STORY.output(&["show", &id("ec2.amazonaws.com"), "--utc"]);
    for expected in [
        // By the scenario: from 14 to 26.5 a minute, usually 0.02, over 50 minutes, 12 days and 3 hours ago. The
        // simulator's Start says five minutes, as the one in AWS's documentation does.
        "start  2026-02-17 09:00      14      0.02   5 minutes",
        "end    2026-02-17 09:50    26.5      0.02  50 minutes",
        "arn:aws:iam::123456789012:user/ci-deployer",
        "USER AGENT",
        "(none)",
        "Metric series: RunInstances calls",
        "one point every 5 minutes",
        "the caller is the same, arn:aws:iam::123456789012:user/ci-deployer",
    ] {
        assert_says(&shown, expected);
    }
    let open = STORY.output(&["show", &id("secretsmanager.amazonaws.com"), "--utc"]);
    assert!(open.contains("end    not yet (open)"), "{open}");
}

#[test]
fn items_that_are_not_insights_are_shown() {
    for (key, expected) in [
        ("0ffbb1b9", &["SOC 2: checkout and payments: 1 day of counts", "NON-COMPLIANT"][..]),
        (
            "run#xray#123456789012#eu-west-1",
            &["1 run of run#xray", "1×Record.Invalid: GetInsight ", "is stored"],
        ),
        (
            "rejected#xray#123456789012#eu-west-1",
            &["rejected answer", "received 2026-03-01 12:00", "started_at", "--output json"],
        ),
        (
            "catalog#cloudtrail#123456789012#eu-west-1",
            &["\"covered\"", "series#ec2.amazonaws.com#RunInstances"],
        ),
    ] {
        let shown = STORY.output(&["show", key]);
        for text in expected {
            assert_says(&shown, text);
        }
    }
}

#[test]
fn an_id_is_found_by_an_unambiguous_prefix() {
    let story = Story::empty();
    // Ids are searched in targets with runs.
    story.put(
        r#"{"pk":"run#xray#123456789012#eu-west-1","sk":"state","kind":"state","source":"xray","schema_version":1,
            "account_id":"123456789012","region":"eu-west-1","entity_pk":"run#xray","entity_sk":"123456789012#eu-west-1"}"#,
    );
    let (started, ended) = ("2026-02-28T00:00:00.000Z", "2026-02-28T01:00:00.000Z");
    for (id, ended) in [("abcdef-1", ""), ("abcdef-2", ended), ("abcdef", ""), ("xyzxyz-1", ended)] {
        story.put(&insight("xray", id, started, ended, ""));
    }
    let old = insight("xray", "oldold-1", "2025-01-01T00:00:00.000Z", "2025-01-01T01:00:00.000Z", "");
    story.put(&old);
    let check = |text: &str, code: i32, expected: &str| {
        let run = story.insights(&["show", text]);
        assert_eq!(run.code, code, "{text}: {run:?}");
        assert!(run.stdout.contains(expected) || run.stderr.contains(expected), "{text}: {run:?}");
    };
    check("abcdef-1", 0, "Faults in abcdef-1");
    check("xyzxyz", 0, "Faults in xyzxyz-1");
    check("abcdef", 0, "Faults in abcdef\n");
    check("abcdef-", 2, "is ambiguous; 2 ids match");
    check("abc", 2, "an id needs 6 characters or more");
    check("nobody", 2, "unknown id \"nobody\"");
    check("oldold-1", 0, "Faults in oldold-1");
    check("oldold", 2, "for records older than 400 days, and controls older than 7, use the complete key");
    check(
        "xray#123456789012#eu-west-1#nobody",
        2,
        "no items with the key xray#123456789012#eu-west-1#nobody",
    );
}

#[test]
fn show_accepts_the_listed_id_of_the_counts_of_an_account() {
    let listing = STORY.output(&["list", "--source", "auditmanager"]);
    assert!(!listing.contains("\n12345678"), "{listing}");
    let line = listing.lines().find(|line| line.contains("account     ")).unwrap();
    let id = line.split_whitespace().next().unwrap();
    assert_says(&STORY.output(&["show", id]), "All active assessments of account");
    // Of a single account the entity is enough.
    let shown = STORY.insights(&["show", "account"]);
    assert_eq!(shown.code, 0, "{shown:?}");
}

#[test]
fn show_accepts_the_listed_ids_of_controls() {
    let controls = STORY.records(&["list", "--entity", "account", "--kind", "auditmanager.control"]);
    assert!(!controls.is_empty());
    for control in controls.iter().take(3) {
        let (id, pk) = (text(control, "id"), text(control, "pk"));
        let run = STORY.insights(&["show", &id[..8]]);
        if run.code == 0 {
            assert_says(&run.stdout, &pk);
        } else {
            // The same control is also counted in each assessment.
            assert!(run.stderr.contains("is ambiguous") && run.stderr.contains(&pk), "{id}: {run:?}");
            assert_eq!(STORY.insights(&["show", &pk]).code, 0);
        }
    }
}

/// The ids in the first column of a listing: a line below each severity.
fn printed_ids(listing: &str) -> Vec<String> {
    let lines: Vec<&str> = listing.lines().collect();
    let severities = ["critical", "high", "medium", "low", "info"];
    let is_first = |line: &str| severities.iter().any(|severity| line.starts_with(severity));
    let pairs = lines.windows(2).filter(|pair| is_first(pair[0]));
    pairs.map(|pair| pair[1].split_whitespace().next().unwrap().to_owned()).collect()
}

#[test]
fn every_printed_id_finds_exactly_its_record() {
    for (arguments, least) in [
        (&["list", "--since", "30d"][..], 20),
        (&["list", "--open"], 6),
        (&["list", "--source", "securityhub", "--limit", "3"], 3),
        (&["list", "--entity", "account", "--kind", "auditmanager.domain", "--limit", "3"], 3),
        (&["list", "--entity", "account", "--kind", "auditmanager.control", "--limit", "5"], 5),
    ] {
        let ids = printed_ids(&STORY.output(arguments));
        let keys = STORY.texts(arguments, "pk");
        assert_eq!(ids.len(), keys.len(), "{arguments:?}");
        assert!(ids.len() >= least, "{arguments:?}: {ids:?}");
        for (id, pk) in ids.iter().zip(&keys) {
            let shown = STORY.records(&["show", id]);
            assert!(shown.iter().all(|record| text(record, "pk") == *pk), "{arguments:?} {id}: {pk}");
        }
    }
}

#[test]
fn a_check_that_failed_in_several_periods_is_shown_with_the_start_of_the_failure() {
    let story = Story::empty();
    let period = |start: &str, end: &str, status: &str| {
        insight("eks", &format!("prod#check-1#{start}"), start, end, "")
            .replace(&format!("\"id\":\"prod#check-1#{start}\""), "\"id\":\"check-1\"")
            .replace(&format!("\"entity\":\"prod#check-1#{start}\""), "\"entity\":\"prod\"")
            .replace(
                &format!("\"entity_pk\":\"entity#prod#check-1#{start}\""),
                "\"entity_pk\":\"entity#prod\"",
            )
            .replace(&format!("Faults in prod#check-1#{start}"), status)
    };
    let (first, second, third) =
        ("2026-02-01T00:00:00.000Z", "2026-02-10T00:00:00.000Z", "2026-02-20T00:00:00.000Z");
    // The check passed from February 5 to February 10; the last two periods touch.
    story.put(&period(first, "2026-02-05T00:00:00.000Z", "WARNING"));
    story.put(&period(second, third, "WARNING"));
    story.put(&period(third, "", "ERROR"));
    let listed = story.output(&["list", "--open", "--utc"]);
    assert!(listed.contains("2026-02-10 00:00") && !listed.contains("2026-02-20 00:00"), "{listed}");
    assert!(listed.contains("open for 19d 12h"), "{listed}");
    assert_eq!(story.texts(&["list", "--open"], "failing_since"), [second]);
    assert_eq!(story.texts(&["list", "--open"], "started_at"), [third]);
    // Newest first: both periods of the failure, then the earlier failure.
    let since = ["list", "--since", "40d"];
    assert_eq!(story.texts(&since, "failing_since"), [second, second, first]);
    let csv = story.output(&["list", "--open", "--output", "csv"]);
    assert!(csv.lines().next().unwrap().contains(",updated_at,failing_since,"), "{csv}");
    assert!(csv.contains(&format!(",{second},")), "{csv}");
    // The id of the check finds the newest period.
    let shown = story.output(&["show", "check-1", "--utc"]);
    assert!(shown.contains("began       2026-02-10 00:00, open for 19d 12h"), "{shown}");
}
