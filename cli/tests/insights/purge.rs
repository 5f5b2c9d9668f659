//! `purge` deletes all items of one account and nothing else.
use crate::support::story::Story;
use insights_simulator::{Fault, FaultKind};
use insights_tests::Table;

const GONE: &str = "111122223333";
const STAYS: &str = "123456789012";
/// One item of every kind. `events` of an insight that was never written, as after a killed run, can only be found by a
/// scan.
const KINDS: [(&str, &str, &str, &str); 14] = [
    ("xray.insight", "xray", "xray#A#R#i-1", "insight"),
    ("xray.insight_event", "xray", "xray#A#R#i-2", "event#2026-03-01T10:00:00.000Z"),
    ("xray.impact_graph", "xray", "xray#A#R#i-1", "graph"),
    ("cloudtrail.insight", "cloudtrail", "cloudtrail#A#R#s-1", "insight"),
    ("cloudtrail.metric", "cloudtrail", "cloudtrail#A#R#e#n#t#-#-", "metric#300#2026-03-01T06:00:00.000Z"),
    ("auditmanager.insights", "auditmanager", "auditmanager#A#R#account", "2026-03-01"),
    ("auditmanager.assessment", "auditmanager", "auditmanager#A#R#assessment#a", "2026-03-01"),
    ("auditmanager.domain", "auditmanager", "auditmanager#A#R#domain#d", "2026-03-01"),
    ("auditmanager.control", "auditmanager", "auditmanager#A#R#domain#d#control#c", "2026-03-01"),
    ("catalog", "cloudtrail", "catalog#cloudtrail#A#R", "series#e#n#t#-#-"),
    ("rejected", "xray", "rejected#xray#A#R", "0f"),
    ("run", "xray", "run#xray#A#R", "2026-03-01T10:00:00.000Z#r"),
    ("state", "xray", "run#xray#A#R", "state"),
    ("of.a.newer.version", "xray", "xray#A#R#newer", "newer"),
];

fn put_all(story: &Story, account: &str, region: &str) {
    for (kind, source, pk, sk) in KINDS {
        let pk = pk.replace("#A#R", &format!("#{account}#{region}"));
        let version = if kind == "of.a.newer.version" { 99 } else { 1 };
        story.put(&format!(
            r#"{{"pk":"{pk}","sk":"{sk}","kind":"{kind}","source":"{source}","account_id":"{account}",
            "region":"{region}","schema_version":{version}}}"#
        ));
    }
}

/// Both accounts with two regions each.
fn story() -> Story {
    let story = Story::empty();
    for account in [GONE, STAYS] {
        for region in ["eu-west-1", "us-east-1"] {
            put_all(&story, account, region);
        }
    }
    story
}

fn left(story: &Story, account: &str) -> usize {
    let table: Table = story.wait(story.lab.table());
    table.0.values().filter(|item| item["account_id"].as_str() == Some(account)).count()
}

#[test]
fn a_purge_deletes_all_items_of_the_account_and_no_others() {
    let story = story();
    let run = story.insights(&["purge", "--account", GONE, "--yes"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!((left(&story, GONE), left(&story, STAYS)), (0, 28));
    for (kind, ..) in KINDS {
        let row = run.stdout.lines().find(|line| line.starts_with(&format!("{kind} ")));
        assert!(row.is_some_and(|row| row.ends_with(" 2")), "{kind} in {}", run.stdout);
    }
    assert!(run.stderr.contains("28 items deleted"), "{}", run.stderr);
    assert!(run.stderr.contains("point-in-time recovery"), "{}", run.stderr);
    let again = story.insights(&["purge", "--account", GONE, "--yes"]);
    assert_eq!(again.code, 0, "{again:?}");
    assert!(again.stderr.contains("has no items of account 111122223333"), "{}", again.stderr);
}

#[test]
fn a_purge_can_be_limited_to_a_source_and_a_region() {
    let story = story();
    let run = story.insights(&["purge", "--account", GONE, "--region", "us-east-1", "--yes"]);
    assert_eq!((run.code, left(&story, GONE)), (0, 14), "{run:?}");
    let run = story.insights(&["purge", "--account", GONE, "--source", "cloudtrail", "--yes"]);
    // Insight, metric and catalog row of the other region.
    assert_eq!((run.code, left(&story, GONE)), (0, 11), "{run:?}");
    assert_eq!(left(&story, STAYS), 28);
}

#[test]
fn an_invalid_region_is_a_usage_error() {
    let story = story();
    let run = story.insights(&["purge", "--account", GONE, "--region", "eu-west1", "--yes"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("must be a region such as eu-west-1"), "{}", run.stderr);
}

#[test]
fn a_page_that_repeats_stops_the_purge_before_it_deletes() {
    let story = story();
    story.lab.simulator.fault("Scan=repeat-token".parse().unwrap());
    let run = story.insights(&["purge", "--account", GONE, "--yes"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stderr.contains("Token.Repeated"), "{}", run.stderr);
    story.lab.simulator.clear_faults();
    assert_eq!(left(&story, GONE), 2 * KINDS.len());
}

#[test]
fn a_dry_run_counts_and_deletes_nothing() {
    let story = story();
    let run = story.insights(&["purge", "--account", GONE, "--dry-run"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("cloudtrail.metric"), "{}", run.stdout);
    assert!(run.stderr.contains("28 items") && run.stderr.contains("nothing was deleted"), "{}", run.stderr);
    assert_eq!((left(&story, GONE), left(&story, STAYS)), (28, 28));
    assert_eq!(story.lab.calls("BatchWriteItem"), 0);
}

#[test]
fn a_purge_without_terminal_deletes_nothing() {
    let story = story();
    let run = story.insights(&["purge", "--account", GONE]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("use --yes"), "{}", run.stderr);
    let run = story.insights(&["purge", "--account", "11112222333", "--yes"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("must be the 12 digits of an account"), "{}", run.stderr);
    assert_eq!(left(&story, GONE), 28);
}

#[test]
fn unprocessed_items_of_a_busy_table_are_retried() {
    let story = story();
    story.lab.simulator.fault(Fault::new("BatchWriteItem", FaultKind::Unprocessed).unwrap().times(2));
    let run = story.insights(&["purge", "--account", GONE, "--yes"]);
    assert_eq!((run.code, left(&story, GONE)), (0, 0), "{run:?}");
    assert!(story.lab.calls("BatchWriteItem") > 2);
}

#[test]
fn a_purge_that_fails_midway_reports_the_remaining_items_and_can_be_repeated() {
    let story = story();
    // 28 items are two batches; one of them fails.
    story.lab.simulator.fault(Fault::new("BatchWriteItem", FaultKind::Denied).unwrap().times(1));
    let run = story.insights(&["purge", "--account", GONE, "--yes"]);
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stderr.contains("dynamodb:BatchWriteItem on the table"), "{}", run.stderr);
    let remaining = left(&story, GONE);
    assert!(remaining == 3 || remaining == 25, "{remaining}");
    assert!(run.stderr.contains(&format!("{remaining} items left: run the command again")), "{}", run.stderr);
    let run = story.insights(&["purge", "--account", GONE, "--yes"]);
    assert_eq!((run.code, left(&story, GONE)), (0, 0), "{run:?}");
}

#[test]
fn a_denied_scan_is_reported_with_the_missing_permission() {
    let story = story();
    story.lab.simulator.fault(Fault::new("Scan", FaultKind::Denied).unwrap());
    let run = story.insights(&["purge", "--account", GONE, "--yes"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stderr.contains("these credentials need dynamodb:Scan on the table"), "{}", run.stderr);
    story.lab.simulator.clear_faults();
    assert_eq!(left(&story, GONE), 28);
}
