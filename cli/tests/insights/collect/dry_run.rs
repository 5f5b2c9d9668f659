//! A dry run writes nothing and prints what a run would write and cost.

use super::{collect, collected};
use crate::support::story::Story;
use insights_tests::{STORY, UNPACED};

/// The numbers in the line of `kind`: new, changed, unchanged, write units.
fn numbers(page: &str, kind: &str) -> Vec<u64> {
    let line = page.lines().find(|line| line.trim_start().starts_with(kind));
    let line = line.unwrap_or_else(|| panic!("no {kind}: {page}"));
    line.split_whitespace().skip(1).map(|number| number.parse().unwrap()).collect()
}

/// The write units in the output.
fn write_units(page: &str) -> String {
    let words: Vec<&str> = page.split_whitespace().collect();
    let place = words.windows(2).position(|pair| pair == ["write", "units"]).unwrap();
    words[place - 1].to_owned()
}

#[test]
fn a_dry_run_writes_nothing_and_counts_new_changed_and_unchanged_items() {
    let story = Story::with_scenario(STORY);
    let empty = story.wait(story.lab.table());
    let first = collected(&story, &["--source", "xray", "--dry-run", "--utc"], 0);
    assert_eq!(
        ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"].map(|name| story.lab.calls(name)),
        [0; 4]
    );
    assert_eq!(story.wait(story.lab.table()), empty);
    // Three insights; six of their eight events have happened; only the first has an impact graph.
    assert_eq!(numbers(&first.stdout, "xray.insight ")[..3], [3, 0, 0]);
    assert_eq!(numbers(&first.stdout, "xray.insight_event")[..3], [6, 0, 0]);
    for expected in [
        "nothing was",
        "run, state",
        "Faults in checkout",
        "2026-03-01 09:00",
        "less than $0.0001",
        "November 2026",
    ] {
        assert!(first.stdout.contains(expected), "{expected}: {}", first.stdout);
    }
    assert!(first.stderr.contains("records to write"), "{}", first.stderr);

    let run = collected(&story, &["--source", "xray"], 0);
    assert_eq!(
        write_units(&first.stdout),
        write_units(&run.stdout),
        "the announced units are the consumed units"
    );

    // All insights that are unchanged according to the listing.
    let again = collected(&story, &["--source", "xray", "--dry-run"], 0);
    assert_eq!(numbers(&again.stdout, "xray.insight "), [0, 0, 3, 0]);
    assert!(!again.stdout.contains("The first of each kind"), "{}", again.stdout);

    // Half an hour later, one of them has one more event.
    story.lab.advance(1_900);
    let before = story.wait(story.lab.table());
    let mut later = story.command_at("2026-03-01T12:31:40Z", &["collect", "--source", "xray", "--dry-run"]);
    let grown = crate::support::finish(later.env("RATE_LIMITS", UNPACED.as_str()));
    assert_eq!(grown.code, 0, "{grown:?}");
    assert_eq!(numbers(&grown.stdout, "xray.insight ")[..3], [0, 1, 2]);
    assert_eq!(numbers(&grown.stdout, "xray.insight_event")[..3], [1, 0, 3]);
    let count = |word: &str| grown.stdout.lines().filter(|line| line.trim_end() == word).count();
    assert_eq!(
        (count("new"), count("changed")),
        (1, 2),
        "the event; the insight and its graph: {}",
        grown.stdout
    );
    assert_eq!(story.wait(story.lab.table()), before);
}

#[test]
fn a_dry_run_does_not_change_a_file() {
    let story = Story::with_scenario(STORY);
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("insights.db");
    let file_name = file.to_str().unwrap();
    assert_eq!(crate::support::insights(&["table", "create", "--local", file_name]).code, 0);
    let before = crate::support::items(&file, "insights");
    let run = collected(&story, &["--source", "xray", "--dry-run", "--local", file_name], 0);
    assert_eq!(numbers(&run.stdout, "xray.insight ")[..3], [3, 0, 0]);
    assert_eq!(crate::support::items(&file, "insights"), before);
}

#[test]
fn a_dry_run_of_all_sources_writes_nothing() {
    let story = Story::built_in();
    let run = crate::support::finish(&mut collect(&story, &["--dry-run"]));
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(["PutItem", "UpdateItem"].map(|name| story.lab.calls(name)), [0; 2]);
    assert!(story.wait(story.lab.table()).0.is_empty());
    for kind in ["xray.insight ", "cloudtrail.metric", "auditmanager.control", "catalog, run, state"] {
        assert!(run.stdout.lines().any(|line| line.trim_start().starts_with(kind)), "{kind}: {}", run.stdout);
    }
}
