//! Requests to the table: queries and key lookups, all pages, overlap with a period, skipped items. The tests put their
//! own items.
use crate::support;
use crate::support::story::{STORY, Story, insight, text};
use std::collections::BTreeSet;

/// All commands that read, with arguments for the story.
const READING: [&[&str]; 15] = [
    &["list"],
    &["list", "--open"],
    &["list", "--entity", "payments", "--since", "30d"],
    &["list", "--entity", "account"],
    &["show", "7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f"],
    &["show", "7c4ee9a1"],
    &["show", "run#xray#123456789012#eu-west-1"],
    &["series"],
    &["compliance", "--scope", "account"],
    &["timeline"],
    &["timeline", "--around", "7c4ee9a1"],
    &["status"],
    &["incidents", "--since", "30d"],
    &["readiness"],
    &["list", "--source", "xray", "--entity", "nobody"],
];

#[test]
fn no_command_ever_scans_or_lists_tables() {
    // A separate table: commands with a wrong table name list the tables in other tests.
    let story = Story::collected();
    for arguments in READING {
        for output in ["table", "json", "csv"] {
            let run = story.insights(&[arguments, &["--output", output]].concat());
            assert_eq!(run.code, 0, "{arguments:?} {output}: {run:?}");
        }
    }
    let operations: Vec<String> = story.lab.simulator.counts().into_keys().collect();
    assert_eq!(operations, ["dynamodb:BatchGetItem", "dynamodb:Query"]);
}

#[test]
fn json_has_complete_records_as_stored() {
    let table = &STORY.table;
    for (arguments, least) in [
        (&["list", "--since", "90d"][..], 21),
        (&["list", "--entity", "account"], 6),
        (&["show", "7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f"], 6),
        (&["series", "RunInstances", "--since", "30d"], 80),
        (&["compliance"], 4),
        (&["timeline", "--since", "30d"], 15),
        (&["status"], 3),
    ] {
        let records = STORY.records(arguments);
        assert!(records.len() >= least, "{arguments:?}: {}", records.len());
        for mut record in records {
            if record.contains_key("given") {
                // A day without counts is no record of the table.
                assert_eq!(arguments, ["compliance"]);
                continue;
            }
            if text(&record, "kind") == "incident" {
                // An incident is made of insights.
                assert_eq!(arguments[0], "timeline");
                continue;
            }
            let (pk, sk) = (text(&record, "pk"), text(&record, "sk"));
            let is_period = text(&record, "kind") == "eks.insight";
            for name in ["failing_since", "first_period"] {
                assert_eq!(record.remove(name).is_some(), is_period && arguments[0] != "show", "{name}");
            }
            if arguments == ["status"] {
                // Members derived from a state.
                for name in ["condition", "rejected_records"] {
                    assert!(record.remove(name).is_some(), "{name}");
                }
            }
            assert_eq!(Some(&record), table.get(&pk, &sk), "{arguments:?}");
        }
    }
}

#[test]
fn a_listing_has_exactly_the_records_that_overlap_the_period() {
    let story = Story::empty();
    for (id, started, ended) in [
        ("before", "2026-02-01T00:00:00.000Z", "2026-02-10T11:59:59.999Z"),
        ("into", "2026-02-01T00:00:00.000Z", "2026-02-10T12:00:00.000Z"),
        ("within", "2026-02-11T00:00:00.000Z", "2026-02-11T01:00:00.000Z"),
        ("out-of", "2026-02-11T12:00:00.000Z", "2026-02-20T00:00:00.000Z"),
        ("over", "2026-02-01T00:00:00.000Z", "2026-02-28T00:00:00.000Z"),
        ("after", "2026-02-11T12:00:00.001Z", "2026-02-20T00:00:00.000Z"),
        ("open-before", "2026-02-01T00:00:00.000Z", ""),
        ("open-within", "2026-02-11T00:00:00.000Z", ""),
        ("open-after", "2026-02-11T12:00:00.001Z", ""),
    ] {
        story.put(&insight("xray", id, started, ended, ""));
    }
    let span = ["--since", "2026-02-10T12:00:00Z", "--until", "2026-02-11T12:00:00Z"];
    let listed = |arguments: &[&str]| -> BTreeSet<String> {
        story.texts(&[arguments, &span].concat(), "id").into_iter().collect()
    };
    let expected = ["into", "within", "out-of", "over", "open-before", "open-within"];
    assert_eq!(listed(&["list"]), expected.map(str::to_owned).into());
    let open = ["open-before", "open-within"].map(str::to_owned).into();
    assert_eq!(listed(&["list", "--open"]), open);
    let mut of_timeline = listed(&["timeline"]);
    of_timeline.retain(|id| !id.starts_with("i-"));
    assert_eq!(of_timeline, expected.map(str::to_owned).into());
    for (entity, is_listed) in
        [("into", true), ("over", true), ("open-before", true), ("before", false), ("after", false)]
    {
        assert_eq!(listed(&["list", "--entity", entity]).len(), usize::from(is_listed), "{entity}");
    }
}

#[test]
fn expired_items_are_absent_and_items_of_newer_versions_are_skipped_with_one_warning() {
    let story = Story::empty();
    let (started, ended) = ("2026-02-28T00:00:00.000Z", "2026-02-28T01:00:00.000Z");
    story.put(&insight("xray", "kept", started, ended, ""));
    let expired = insight("xray", "expired", started, ended, "");
    // One second before the lab's time, and exactly at it (2026-03-01T12:00:00Z).
    story.put(&expired.replace("1900000000", "1772366400"));
    let lasting = insight("xray", "lasting", started, ended, "");
    story.put(&lasting.replace("1900000000", "1772366401"));
    let newer = |id: &str| {
        insight("xray", id, started, "", "").replace(r#""schema_version":1"#, r#""schema_version":2"#)
    };
    story.put(&newer("newer"));
    story.put(&newer("newer-too"));
    let older =
        insight("xray", "older", started, "", "").replace(r#""schema_version":1"#, r#""schema_version":0"#);
    story.put(&older);
    for output in ["json", "csv", "table"] {
        let run = story.insights(&["list", "--output", output]);
        assert_eq!(run.code, 0, "{run:?}");
        for (id, is_listed) in
            [("kept", true), ("lasting", true), ("older", true), ("expired", false), ("newer", false)]
        {
            assert_eq!(run.stdout.contains(&format!("Faults in {id}")), is_listed, "{id}: {}", run.stdout);
        }
        assert_eq!(run.stderr.matches("2 items were skipped").count(), 1, "{}", run.stderr);
    }
}

#[test]
fn every_page_is_read() {
    let story = Story::empty();
    // More than a megabyte in one partition of each index, which DynamoDB returns in several pages.
    let long = "é".repeat(4_000);
    for number in 0..160 {
        let (started, ended) = ("2026-02-28T00:00:00.000Z", "2026-02-28T01:00:00.000Z");
        let closed = insight("xray", &format!("closed-{number}"), started, ended, "");
        story.put(&closed.replace("Faults in", &long));
        let open = insight("cloudtrail", &format!("open-{number}"), started, "", "");
        story.put(&open.replace("Faults in", &long));
    }
    story.lab.simulator.clear_log();
    assert_eq!(story.records(&["list"]).len(), 320);
    // Two sources of open insights and two months of four kinds; further pages come in addition.
    let queries = story.lab.calls("Query");
    assert!(queries >= 2 + 2 * 4 + 2, "{queries} queries for two partitions of more than one page");
    assert!(story.lab.calls("BatchGetItem") >= 4, "a hundred keys at a time");
}

#[test]
fn a_snapshot_overlaps_a_period_that_starts_or_ends_within_its_day() {
    let story = Story::empty();
    for day in ["2026-01-31", "2026-02-01", "2026-02-02"] {
        story.put(&format!(
            r#"{{"pk":"auditmanager#123456789012#eu-west-1#account","sk":"{day}","kind":"auditmanager.insights",
                "source":"auditmanager","account_id":"123456789012","region":"eu-west-1","schema_version":1,"id":"{day}",
                "title":"Account","status":"snapshot","severity":"info","entity":"account","measures":{{}},
                "started_at":"{day}T00:00:00.000Z","updated_at":"{day}T06:00:00.000Z","expires_at":1900000000,
                "ended_pk":"auditmanager.insights#{}","ended_sk":"{day}T00:00:00.000Z#00000000"}}"#,
            &day[..7]
        ));
    }
    for (since, until, expected) in [
        ("2026-01-31T23:59:59Z", "2026-02-01T00:00:00Z", &["2026-01-31", "2026-02-01"][..]),
        ("2026-02-01T12:00:00Z", "2026-02-01T13:00:00Z", &["2026-02-01"]),
        ("2026-02-02T00:00:00Z", "2026-02-20T00:00:00Z", &["2026-02-02"]),
        ("2026-02-03T00:00:00Z", "2026-02-20T00:00:00Z", &[]),
    ] {
        let listed = story.texts(&["list", "--since", since, "--until", until], "id");
        let listed: BTreeSet<&str> = listed.iter().map(String::as_str).collect();
        assert_eq!(listed, expected.iter().copied().collect(), "{since} to {until}");
    }
}

#[test]
fn a_long_period_needs_one_query_for_each_month_and_kind() {
    let story = Story::empty();
    let ended = |id: &str, ended: &str| insight("xray", id, "2025-01-31T00:00:00.000Z", ended, "");
    // The last 400 days begin on 2025-01-25, so that they touch 15 months.
    story.put(&ended("first-month", "2025-01-31T23:59:59.999Z"));
    story.put(&ended("second-month", "2025-02-01T00:00:00.000Z"));
    story.put(&ended("this-month", "2026-03-01T00:00:00.000Z"));
    story.lab.simulator.clear_log();
    let listed: BTreeSet<String> = story.texts(&["list", "--since", "400d"], "id").into_iter().collect();
    assert_eq!(listed, ["first-month", "second-month", "this-month"].map(str::to_owned).into());
    // The open insights of each source that has insights, each listed kind by month, each source's targets for the warning, and all
    // acknowledgements.
    let open = insights_sources::all().filter(|source| !source.is_counted_by_day()).count();
    let kinds = insights_sources::kinds().filter(|kind| kind.is_in_ended).count();
    let queries = open + 15 * kinds + insights_sources::all().len() + 1;
    assert_eq!(usize::try_from(story.lab.calls("Query")), Ok(queries));
    assert!(queries <= 100, "{queries}");
}

#[test]
fn a_short_id_of_the_last_thirty_days_needs_at_most_twenty_queries() {
    let story = Story::collected();
    let queries = |id: &str| {
        story.lab.simulator.clear_log();
        story.output(&["show", id, "--output", "json"]);
        story.lab.calls("Query")
    };
    let xray = queries("7c4ee9a1");
    assert!(xray <= 20, "{xray} for an insight");
    // The tag of an open check, as a listing shows it.
    let open = story.output(&["list", "--open", "--source", "eks"]);
    let tag = open.lines().nth(4).unwrap().split_whitespace().next().unwrap().to_owned();
    assert!(queries(&tag) <= 20, "{tag}");
}

#[test]
fn unprocessed_keys_are_requested_again() {
    let story = Story::empty();
    for number in 0..30 {
        story.put(&insight("xray", &format!("open-{number}"), "2026-02-28T00:00:00.000Z", "", ""));
    }
    story.lab.fault("BatchGetItem=unprocessed:3");
    story.lab.simulator.clear_log();
    assert_eq!(story.records(&["list", "--open"]).len(), 30);
    assert_eq!(story.lab.calls("BatchGetItem"), 4);
}

#[test]
fn a_short_failure_of_the_table_is_retried_and_a_long_one_is_an_error() {
    let story = Story::empty();
    story.put(&insight("xray", "payments", "2026-02-28T00:00:00.000Z", "", ""));
    story.lab.fault("Query=error500:1");
    assert_eq!(story.records(&["list", "--open", "--source", "xray"]).len(), 1);
    story.lab.fault("Query=denied:1");
    let run = story.insights(&["list", "--open"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(run.stdout, "");
    assert!(run.stderr.contains("these credentials need dynamodb:Query"), "{}", run.stderr);
}

#[test]
fn a_table_in_a_file_gives_the_same_answers_as_a_table_in_aws() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("insights.db");
    let file = file.to_str().unwrap();
    assert_eq!(support::insights(&["table", "create", "--local", file]).code, 0);
    let database = dynoxide::Database::new(file).unwrap();
    let item = insight("xray", "payments", "2026-02-28T00:00:00.000Z", "", "");
    let insights_shared::value::Value::Map(item) = insights_shared::value::Value::from_json(&item).unwrap()
    else {
        panic!("not an object")
    };
    let wire = serde_json::json!({"TableName": "insights", "Item": support::wire(&item)});
    database.put_item(serde_json::from_value(wire).unwrap()).unwrap();
    drop(database);
    let run =
        support::insights(&["__as-of", "2026-03-01T12:00:00Z", "list", "--open", "--local", file, "--utc"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.contains("Faults in payments"), "{}", run.stdout);
    assert!(run.stdout.contains("open for 1d 12h"), "{}", run.stdout);
}
