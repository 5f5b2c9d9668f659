//! The complete demo, run with the `insights` binary.
use crate::support::{Run, insights, items};
use std::collections::BTreeMap;
use std::path::Path;

/// Runs the demo in `folder`.
fn demo(folder: &Path) -> Run {
    insights(&["demo", "--utc", "--dir", folder.to_str().unwrap()])
}

/// The items of the folder's table by key, without the items that every run writes.
fn lasting_items(folder: &Path) -> BTreeMap<(String, String), serde_json::Value> {
    let mut items = items(&folder.join("table.db"), "insights");
    items.retain(|(pk, _), _| !pk.starts_with("run#"));
    items
}

#[test]
fn a_second_demo_in_the_same_folder_writes_only_run_and_state() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("story");
    std::fs::create_dir(&folder).unwrap();
    // An old folder: the scenario keeps its start time.
    let anchor = r#"{"anchor":"2025-02-03T04:05:06.789Z","made_by":"0.1.0"}"#;
    std::fs::write(folder.join("demo.json"), anchor).unwrap();

    let first = demo(&folder);
    assert_eq!(first.code, 0, "{first:?}");
    assert!(first.stdout.contains("as of 2025-02-03 04:"), "{}", first.stdout);
    let before = lasting_items(&folder);
    let runs_before = items(&folder.join("table.db"), "insights").len() - before.len();
    let sources = insights_sources::all().len();
    assert_eq!(runs_before, 2 * sources, "a run and a state of each function");

    let second = demo(&folder);
    assert_eq!(second.code, 0, "{second:?}");
    let after = lasting_items(&folder);
    for (key, item) in &after {
        assert_eq!(before.get(key), Some(item), "{key:?} was written by the second demo");
    }
    assert_eq!(before.len(), after.len());
    let all = items(&folder.join("table.db"), "insights");
    assert_eq!(all.len() - after.len(), 3 * sources, "one more run of each, and the same states");
    for source in insights_sources::all() {
        let key = (format!("run#{source}#123456789012#eu-west-1"), "state".to_owned());
        assert_eq!(all[&key]["written"]["N"], "0", "{source}");
    }
}

#[test]
fn a_demo_shows_open_insights_recent_insights_and_costs() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("new/folder");
    let run = demo(&folder);
    assert_eq!(run.code, 0, "{run:?}");
    for expected in [
        "Open insights: ",
        "Recent insights: ",
        "Compliance: evidence of ",
        "CONTROL DOMAIN",
        "Metrics: ",
        "Runs and costs",
        "report.html",
        "table.db",
        "insights serve",
        "insights simulate",
    ] {
        assert!(run.stdout.contains(expected), "{expected} is missing: {}", run.stdout);
    }
    for kind in ["xray.insight", "cloudtrail.insight", "cloudtrail.metric", "auditmanager.control"] {
        let items = items(&folder.join("table.db"), "insights");
        assert!(items.values().any(|item| item["kind"]["S"] == kind), "no {kind}");
    }
    let report = std::fs::read_to_string(folder.join("report.html")).unwrap();
    for expected in
        ["Problem</span> All sources, ", "began 4 minutes before faults in payments", "data-chart=\"rate\""]
    {
        assert!(report.contains(expected), "{expected} is missing in the report");
    }
    assert!(!run.stdout.contains('\u{1b}'), "colour in a pipe");
    for line in run.stdout.lines() {
        assert!(line.chars().count() <= 100 || line.starts_with("In "), "too wide: {line}");
    }
    for name in insights_sources::all().map(|source| source.0.package) {
        assert!(run.stderr.contains(name), "{}", run.stderr);
        let log = std::fs::read_to_string(folder.join("logs").join(format!("{name}.log"))).unwrap();
        assert!(log.contains("target_finished"), "{log}");
    }
    let calls = std::fs::read_to_string(folder.join("logs/simulator.log")).unwrap();
    assert!(calls.contains("xray:GetInsightSummaries 123456789012/eu-west-1 200"), "{calls}");
    assert!(!calls.contains(":Scan "), "a table is never scanned");
}

#[test]
fn a_failed_function_does_not_affect_the_others() {
    let root = tempfile::tempdir().unwrap();
    // A folder in the place of the log makes the function fail.
    std::fs::create_dir_all(root.path().join("logs/xray-insights.log")).unwrap();
    let run = demo(root.path());
    assert_eq!(run.code, 3, "{run:?}");
    for expected in ["xray-insights failed: Demo.NotStarted: ", "xray-insights.log"] {
        assert!(run.stdout.contains(expected), "{expected} is missing: {}", run.stdout);
    }
    assert!(run.stdout.contains("Metrics: 1"), "{}", run.stdout);
}

#[test]
fn a_demo_fails_if_all_functions_fail() {
    let root = tempfile::tempdir().unwrap();
    for name in insights_sources::all().map(|source| source.0.package) {
        std::fs::create_dir_all(root.path().join("logs").join(format!("{name}.log"))).unwrap();
    }
    let run = demo(root.path());
    assert_eq!(run.code, 1, "{run:?}");
    for expected in [
        "Open insights: unknown (X-Ray failed, CloudTrail failed",
        "Recent insights: unknown (X-Ray failed, CloudTrail failed",
        "Compliance: unknown (Audit Manager failed)",
        "0 series",
    ] {
        assert!(run.stdout.contains(expected), "{expected} is missing: {}", run.stdout);
    }
}

#[test]
fn a_folder_of_another_program_is_a_usage_error() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("table.db"), "").unwrap();
    let run = demo(root.path());
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("not a folder of a demo"), "{}", run.stderr);
    assert_eq!(run.stdout, "");
}

#[test]
fn a_table_of_an_earlier_version_is_an_error_that_says_what_to_do() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("demo");
    assert_eq!(demo(&folder).code, 0);
    let file = folder.join("table.db");
    let database = dynoxide::Database::new(file.to_str().unwrap()).unwrap();
    // The same table with the former index in place of `ended`.
    let update = |change: serde_json::Value| {
        let request = serde_json::json!({"TableName": "insights", "GlobalSecondaryIndexUpdates": [change],
            "AttributeDefinitions": [{"AttributeName": "day_pk", "AttributeType": "S"},
                                     {"AttributeName": "day_sk", "AttributeType": "S"}]});
        database.update_table(serde_json::from_value(request).unwrap()).unwrap();
    };
    update(serde_json::json!({"Delete": {"IndexName": "ended"}}));
    update(serde_json::json!({"Create": {"IndexName": "by_day", "Projection": {"ProjectionType": "ALL"},
        "KeySchema": [{"AttributeName": "day_pk", "KeyType": "HASH"}, {"AttributeName": "day_sk", "KeyType": "RANGE"}]}}));
    drop(database);
    let rule = "it has no index ended, since an earlier version of insights created it";
    let again = demo(&folder);
    assert_eq!(again.code, 2, "{again:?}");
    let other = format!("hint: insights demo --dir {}-new", folder.display());
    for expected in [rule, "delete the folder ", other.as_str()] {
        assert!(again.stderr.contains(expected), "{expected}: {}", again.stderr);
    }
    let list = insights(&["list", "--local", file.to_str().unwrap()]);
    assert_eq!(list.code, 2, "{list:?}");
    for expected in [rule, "hint: insights table create --table insights-insights --local "] {
        assert!(list.stderr.contains(expected), "{expected}: {}", list.stderr);
    }
}
