//! `compliance`: counts by day. Days without counts are not zero.

use crate::support::story::{STORY, Story, text as text_of};

const ID: &str = "11111111-2222-3333-4444-555555555555";

fn made() -> Story {
    let story = Story::empty();
    let place =
        r#""source":"auditmanager","account_id":"123456789012","region":"eu-west-1","schema_version":1"#;
    story.put(&format!(
        r#"{{"pk":"run#auditmanager#123456789012#eu-west-1","sk":"state","kind":"state",{place},
            "entity_pk":"run#auditmanager","entity_sk":"123456789012#eu-west-1"}}"#
    ));
    for (day, status) in [("26", "ok"), ("27", "failed"), ("28", "ok")] {
        story.put(&format!(
            r#"{{"pk":"run#auditmanager#123456789012#eu-west-1","sk":"2026-02-{day}T06:00:00.000Z#a","kind":"run",{place},
                "status":"{status}","trigger":"scheduled","started_at":"2026-02-{day}T06:00:00.000Z"}}"#
        ));
    }
    for (id, title) in [(ID, "SOC 2"), ("22222222-2222-3333-4444-555555555555", "PCI DSS")] {
        story.put(&format!(
            r#"{{"pk":"catalog#auditmanager#123456789012#eu-west-1","sk":"scope#assessment#{id}","kind":"catalog",{place},
                "title":"{title}"}}"#
        ));
    }
    for (day, noncompliant) in [("26", 0), ("25", 10)] {
        story.put(&format!(
            r#"{{"pk":"auditmanager#123456789012#eu-west-1#assessment#{ID}","sk":"2026-02-{day}","kind":"auditmanager.assessment",
                {place},"id":"{ID}","entity":"{ID}","title":"SOC 2","status":"snapshot","severity":"low",
                "started_at":"2026-02-{day}T00:00:00.000Z","measures":{{"compliant":30,"noncompliant":{noncompliant}}}}}"#
        ));
    }
    story
}

#[test]
fn a_day_not_collected_and_a_day_without_data_are_not_zero() {
    let story = made();
    let text = story.output(&["compliance", "--scope", "SOC 2", "--since", "5d", "--output", "csv"]);
    let rows: Vec<(&str, &str, &str)> = text
        .split("\r\n")
        .skip(1)
        .filter(|line| !line.is_empty())
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            (cells[5], cells[6], cells[9])
        })
        .collect();
    let expected = [
        ("2026-02-24", "not_collected", ""),
        ("2026-02-25", "counts", "10"),
        ("2026-02-26", "counts", "0"),
        ("2026-02-27", "not_collected", ""),
        ("2026-02-28", "no_data_yet", ""),
        ("2026-03-01", "not_collected", ""),
    ];
    assert_eq!(rows, expected, "{text}");
    let records = story.records(&["compliance", "--scope", "SOC 2", "--since", "5d"]);
    let given: Vec<(String, String, bool)> = records
        .iter()
        .map(|record| (text_of(record, "sk"), text_of(record, "given"), record.contains_key("measures")))
        .collect();
    // A record with counts is as it is stored; a day without has a reason and no number.
    let expected = expected.map(|(day, given, _)| match given {
        "counts" => (day.to_owned(), String::new(), true),
        given => (day.to_owned(), given.to_owned(), false),
    });
    assert_eq!(given, expected, "{records:?}");
    let page = story.output(&["compliance", "--scope", "SOC 2", "--since", "5d"]);
    for expected in [
        "SOC 2 (11111111-2222-3333-4444-555555555555)",
        "2026-02-24              –          –      –             –  not collected",
        "2026-02-25             10         30  25.0%             –  █",
        "2026-02-26              0         30   0.0%             –  ░",
        "2026-02-28              –          –      –             –  no data yet",
    ] {
        assert!(page.contains(expected), "{expected} is missing: {page}");
    }
}

#[test]
fn a_scope_is_found_by_id_name_or_prefix() {
    let story = made();
    for scope in [ID, "SOC 2", "soc", "1111"] {
        let page = story.output(&["compliance", "--scope", scope]);
        assert!(page.contains("SOC 2 (1111") && !page.contains("PCI DSS"), "{scope}: {page}");
    }
    let all = story.output(&["compliance"]);
    assert!(all.contains("SOC 2 (1111") && all.contains("PCI DSS (2222"), "{all}");
    for (scope, expected) in
        [("PCI DDS", "did you mean PCI DSS?"), ("hipaa", "the scopes are\n  11111111-2222")]
    {
        let run = story.insights(&["compliance", "--scope", scope]);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stderr.contains(expected), "{scope}: {}", run.stderr);
    }
}

#[test]
fn a_scope_is_shown_with_its_domains_and_its_worst_controls() {
    let page = STORY.output(&["compliance", "--scope", "account", "--since", "2d"]);
    for expected in [
        "All active assessments of account 123456789012",
        "CONTROL DOMAIN",
        "Identity and access management",
        "Non-compliant controls: ",
        "counts are of one UTC day each; █ non-compliant",
    ] {
        assert!(page.contains(expected), "{expected} is missing: {page}");
    }
}

#[test]
fn a_run_at_any_time_of_a_day_makes_the_day_collected() {
    let since = ["compliance", "--scope", "SOC 2", "--since", "2026-02-28T12:00:00Z", "--output", "csv"];
    let text = made().output(&since);
    let first: Vec<&str> = text.split("\r\n").nth(1).unwrap().split(',').collect();
    assert_eq!((first[5], first[6]), ("2026-02-28", "no_data_yet"), "it ran at 06:00: {text}");
}

#[test]
fn accounts_with_entities_of_the_same_name_are_distinguished() {
    let story = Story::empty();
    for (account, day) in [("111122223333", "26"), ("123456789012", "28")] {
        let place = format!(
            r#""source":"auditmanager","account_id":"{account}","region":"eu-west-1","schema_version":1"#
        );
        let counted = format!(
            r#"{place},"entity":"account","status":"snapshot","severity":"low","started_at":"2026-02-{day}T00:00:00.000Z",
               "measures":{{"compliant":30,"noncompliant":10}}"#
        );
        story.put(&format!(
            r#"{{"pk":"run#auditmanager#{account}#eu-west-1","sk":"state","kind":"state",{place},
                "entity_pk":"run#auditmanager","entity_sk":"{account}#eu-west-1"}}"#
        ));
        for (scope, title) in [("account", "All"), ("domain#d", "Identity")] {
            story.put(&format!(
                r#"{{"pk":"catalog#auditmanager#{account}#eu-west-1","sk":"scope#{scope}","kind":"catalog",{place},
                    "title":"{title}"}}"#
            ));
            story.put(&format!(
                r#"{{"pk":"auditmanager#{account}#eu-west-1#{scope}","sk":"2026-02-{day}","kind":"auditmanager.insights",
                    "title":"{title}",{counted}}}"#
            ));
        }
        // The newest control of the other account is of another day.
        for day in ["26", "28"] {
            story.put(&format!(
                r#"{{"pk":"auditmanager#{account}#eu-west-1#control#c","sk":"2026-02-{day}","kind":"auditmanager.control",
                    "title":"Control {account} {day}","entity_pk":"entity#account","entity_sk":"2026-02-{day}T00:00:00.000Z#{account}",
                    {}}}"#,
                counted.replace("started_at\":\"2026-02-26", &format!("started_at\":\"2026-02-{day}"))
                    .replace("started_at\":\"2026-02-28", &format!("started_at\":\"2026-02-{day}"))
            ));
        }
    }
    let page = story.output(&["compliance", "--scope", "account", "--since", "5d"]);
    let (_, controls) = page.split_once("Non-compliant controls: 2\n").unwrap();
    // Names are wrapped in their column.
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in [
        "low Control 111122223333 26, All 10 30 25.0% – 111122223333 eu-west-1 (2026-02-26)",
        "low Control 123456789012 28, All 10 30 25.0% – 123456789012 eu-west-1",
    ] {
        assert!(words(controls).contains(expected), "{expected} is missing: {page}");
    }
    assert!(
        !controls.contains("Control 111122223333 28") && !controls.contains("Control 123456789012 26"),
        "{page}"
    );
    for account in ["111122223333", "123456789012"] {
        assert!(page.contains(&format!("Identity, {account} eu-west-1")), "{account}: {page}");
    }
}

/// Puts the counts of a control of the assessment [`ID`] on a day of February 2026.
fn put_control(story: &Story, id: &str, day: u8, noncompliant: i64) {
    let pk = format!("auditmanager#123456789012#eu-west-1#assessment#{ID}#domain#d1#control#{id}#CC1");
    let tag = insights_shared::key::Key::new(pk.as_str(), format!("2026-02-{day}")).tag();
    let day = format!("2026-02-{day}");
    story.put(&format!(
        r#"{{"pk":"{pk}","sk":"{day}","kind":"auditmanager.control","source":"auditmanager","account_id":"123456789012",
            "region":"eu-west-1","schema_version":1,"id":"{id}","entity":"{ID}","title":"Control {id}","status":"snapshot",
            "severity":"low","started_at":"{day}T00:00:00.000Z","entity_pk":"entity#{ID}",
            "entity_sk":"{day}T00:00:00.000Z#{tag}","measures":{{"compliant":9,"noncompliant":{noncompliant}}}}}"#
    ));
}

#[test]
fn a_diff_shows_the_controls_that_got_worse_between_two_days() {
    let story = made();
    story.put(&format!(
        r#"{{"pk":"catalog#auditmanager#123456789012#eu-west-1","sk":"scope#assessment#{ID}#domain#d1","kind":"catalog",
            "source":"auditmanager","account_id":"123456789012","region":"eu-west-1","schema_version":1,"title":"Access"}}"#
    ));
    for (id, before, after) in [("same", 3, 3), ("better", 5, 1), ("slightly", 1, 2), ("worst", 2, 9)] {
        put_control(&story, id, 20, before);
        put_control(&story, id, 25, after);
    }
    put_control(&story, "new", 25, 1);
    let diff = ["compliance", "diff", "2026-02-20", "2026-02-25", "--scope", "SOC 2"];
    let text = story.output(&diff);
    for expected in
        ["3 controls with more non-compliant evidence on 2026-02-25 than on 2026-02-20", "Access", "SOC 2"]
    {
        assert!(text.contains(expected), "{expected} is missing: {text}");
    }
    assert!(!text.contains("Control same") && !text.contains("Control better"), "{text}");
    let csv = story.output(&[&diff[..], &["--output", "csv"]].concat());
    let rows: Vec<Vec<&str>> = csv.split("\r\n").skip(1).map(|line| line.split(',').collect()).collect();
    let changes: Vec<[&str; 4]> =
        rows.iter().filter(|row| row.len() > 1).map(|row| [row[5], row[9], row[10], row[11]]).collect();
    let expected = [
        ["Control worst", "2", "9", "7"],
        ["Control new", "", "1", "1"],
        ["Control slightly", "1", "2", "1"],
    ];
    assert_eq!(changes, expected, "{csv}");
    let records = story.records(&diff);
    let added: Vec<i64> = records
        .iter()
        .map(|record| record["noncompliant_added"].as_number().unwrap().as_i64().unwrap())
        .collect();
    assert_eq!(added, [7, 1, 1]);
    // A day without counts is not a day on which everything was fine.
    let missing = story.insights(&["compliance", "diff", "2026-02-01", "2026-02-25", "--scope", "SOC 2"]);
    assert_eq!(missing.code, 0, "{missing:?}");
    assert!(missing.stdout.starts_with("0 controls"), "{missing:?}");
    assert!(
        missing.stderr.contains("SOC 2 has no counts of 2026-02-01 in 123456789012 eu-west-1"),
        "{missing:?}"
    );
    let reversed = story.insights(&["compliance", "diff", "2026-02-25", "2026-02-20"]);
    assert_eq!(reversed.code, 2, "{reversed:?}");
}

#[test]
fn assessments_show_how_many_of_their_controls_failed() {
    let text = STORY.output(&["compliance"]);
    for expected in ["Newest counts", "FAILED", "CONTROLS", "SOC 2: checkout and payments"] {
        assert!(text.contains(expected), "{expected} is missing: {text}");
    }
}

#[test]
fn counts_are_selected_by_account_region_source_and_entity() {
    let count = |filters: &[&str]| STORY.records(&[&["compliance"], filters].concat()).len();
    assert!(count(&["--account", "123456789012", "--region", "eu-west-1"]) > 0);
    assert_eq!(count(&["--region", "us-east-1"]), 0);
    assert_eq!(count(&["--source", "xray"]), 0);
    assert_eq!(count(&["--entity", "account"]), 8, "the account on eight days");
}
