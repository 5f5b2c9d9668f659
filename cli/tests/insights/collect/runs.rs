//! `collect` writes the same items as the functions, for all kinds of targets.

use super::{DAYS, collect, collected, only_run, state, text};
use crate::support::story::Story;
use crate::support::{finish, items};
use insights_collectors::with_collector;
use insights_shared::record::Source;
use insights_shared::value::Value;
use insights_tests::{ACCOUNT, REGION, STORY};

#[test]
fn a_run_leaves_what_the_functions_leave_and_another_one_writes_nothing_new() {
    let theirs = Story::built_in();
    theirs.wait(async {
        for source in insights_sources::all() {
            let days = [("LOOKBACK_DAYS", DAYS)];
            let variables = if source.history.is_some() { &days[..] } else { &[] };
            with_collector!(source, C => theirs.lab.function::<C>(variables).invoke("{}").await.unwrap());
        }
    });
    let theirs_table = theirs.wait(theirs.lab.table());

    let ours = Story::built_in();
    let run = collected(&ours, &[], 0);
    let table = ours.wait(ours.lab.table());
    table.assert_same_content(&theirs_table);
    for source in insights_sources::all().map(Source::as_str) {
        let (state, theirs) = (
            state(&table, source, ACCOUNT, REGION).unwrap(),
            state(&theirs_table, source, ACCOUNT, REGION).unwrap(),
        );
        for name in ["watermark", "last_status", "written", "last_success_at"] {
            assert_eq!(state.get(name), theirs.get(name), "{source} {name}");
        }
        assert!(run.stderr.contains(&format!("{source} {ACCOUNT} {REGION} ")), "{}", run.stderr);
    }
    let insight = table.of_kind("xray.insight")[0];
    let version = concat!("xray-insights:cli-", env!("CARGO_PKG_VERSION"), "#collect-");
    assert!(text(insight, "collected_by").starts_with(version), "{insight:?}");
    for expected in ["X-Ray", "CloudTrail", "Audit Manager", "123456789012 eu-west-1", "ok", "write units"] {
        assert!(run.stdout.contains(expected), "{expected}: {}", run.stdout);
    }

    let again = collected(&ours, &[], 0);
    ours.wait(ours.lab.table()).assert_same_content(&theirs_table);
    // A run and a state of each source.
    let units = format!("and {}.0 write units", 2 * insights_sources::all().len());
    let words: Vec<&str> = again.stdout.split_whitespace().collect();
    assert!(words.join(" ").contains(&units), "{units}: {}", again.stdout);
}

#[test]
fn a_backfill_loads_past_data_and_does_not_change_the_state() {
    let story = Story::built_in();
    let run = collected(&story, &["--since", "2d", "--utc"], 0);
    let table = story.wait(story.lab.table());
    assert!(table.of_kind("state").is_empty());
    for source in ["xray", "cloudtrail"] {
        let run = only_run(&table, source);
        assert_eq!(text(&run, "trigger"), "window", "{source}");
        let bounds = ["start", "end"]
            .map(|name| run["window"].at(&[name]).and_then(Value::as_str).unwrap().to_owned());
        assert_eq!(bounds, ["2026-02-27T12:00:00.000Z", "2026-03-01T12:00:00.000Z"], "{source}");
    }
    // Audit Manager has no history.
    assert_eq!(story.lab.calls("auditmanager:GetInsights"), 0);
    assert!(
        run.stdout.contains("skipped: Audit Manager") && run.stdout.contains("no history"),
        "{}",
        run.stdout
    );
}

#[test]
fn regions_of_the_option_apply_to_the_own_account() {
    let story = Story::with_scenario(STORY);
    collected(
        &story,
        &["--source", "xray", "--region", "us-east-1", "--region", "eu-west-1", "--region", "us-east-1"],
        0,
    );
    let table = story.wait(story.lab.table());
    assert_eq!(table.of_kind("state").len(), 2);
    for region in [REGION, "us-east-1"] {
        assert!(state(&table, "xray", ACCOUNT, region).is_some(), "{region}");
    }
    let asked = story.lab.simulator.log().into_iter().filter(|call| call.operation == "GetGroups");
    let mut regions: Vec<String> = asked.map(|call| call.region).collect();
    regions.sort();
    regions.dedup();
    assert_eq!(regions, [REGION, "us-east-1"]);
    // The table stays in the region in which the other commands expect it.
    let put = story.lab.simulator.log().into_iter().find(|call| call.operation == "PutItem").unwrap();
    assert_eq!(put.region, REGION);
}

#[test]
fn the_table_is_in_the_first_region_if_the_configuration_has_none() {
    let story = Story::with_scenario(STORY);
    let mut command =
        collect(&story, &["--source", "xray", "--region", "us-east-1", "--region", "eu-west-1"]);
    let run = finish(command.env_remove("AWS_REGION"));
    assert_eq!(run.code, 0, "{run:?}");
    let put = story.lab.simulator.log().into_iter().find(|call| call.operation == "PutItem").unwrap();
    assert_eq!(put.region, "us-east-1");
}

#[test]
fn roles_of_the_file_of_targets_give_access_to_other_accounts() {
    let story = Story::with_scenario(STORY);
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("accounts.json");
    let targets = r#"[{"account_id":"123456789012"},
        {"account_id":"111122223333","regions":["us-east-1"],"role_arn":"arn:aws:iam::111122223333:role/insights-reader"}]"#;
    std::fs::write(&file, targets).unwrap();
    collected(&story, &["--source", "xray", "--targets", file.to_str().unwrap()], 0);
    let table = story.wait(story.lab.table());
    for (account, region) in [(ACCOUNT, REGION), ("111122223333", "us-east-1")] {
        assert!(state(&table, "xray", account, region).is_some(), "{account} {region}");
    }
    assert_eq!(story.lab.calls("AssumeRole"), 1);
    let theirs = story.lab.simulator.log().into_iter().filter(|call| call.account == "111122223333");
    let mut operations: Vec<String> = theirs.map(|call| call.operation).collect();
    operations.dedup();
    assert!(
        operations.contains(&"GetGroups".to_owned()) && !operations.contains(&"PutItem".to_owned()),
        "{operations:?}"
    );
}

#[test]
fn targets_of_the_environment_are_used_as_by_a_function() {
    let story = Story::with_scenario(STORY);
    let targets = r#"[{"account_id":"123456789012","regions":["us-east-1"]}]"#;
    let run = finish(collect(&story, &["--source", "xray"]).env("TARGETS", targets));
    assert_eq!(run.code, 0, "{run:?}");
    let table = story.wait(story.lab.table());
    assert!(state(&table, "xray", ACCOUNT, "us-east-1").is_some());
    assert_eq!(table.of_kind("state").len(), 1);
}

#[test]
fn records_are_written_to_a_table_in_a_file_without_calls_to_dynamodb() {
    let story = Story::with_scenario(STORY);
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("insights.db");
    let file_name = file.to_str().unwrap();
    // A dry run does not create the file.
    let dry = collected(&story, &["--source", "xray", "--dry-run", "--local", file_name], 0);
    assert!(
        dry.stderr.contains("does not exist, so everything counts as new") && !file.exists(),
        "{}",
        dry.stderr
    );
    let run = collected(&story, &["--source", "xray", "--local", file_name], 0);
    assert!(run.stderr.contains("created table insights in "), "{}", run.stderr);
    let kinds =
        |kind: &str| items(&file, "insights").values().filter(|item| item["kind"]["S"] == kind).count();
    assert_eq!((kinds("xray.insight"), kinds("state"), kinds("run")), (3, 1, 1));
    assert_eq!(["PutItem", "BatchGetItem", "Query"].map(|operation| story.lab.calls(operation)), [0, 0, 0]);
    assert!(run.stdout.contains("a table in a file costs"), "{}", run.stdout);

    // A table in a file has no function: neither a schedule nor a dead-letter queue.
    let mut status = story.command_at("2026-03-05T12:00:00Z", &["status", "--local", file_name]);
    let status = finish(&mut status);
    let flat = status.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("nothing collects into a file by itself: collect again"), "{}", status.stdout);
    assert!(status.stdout.contains("insights collect --source xray --local "), "{}", status.stdout);
    assert!(
        !status.stdout.contains("dead-letter") && !status.stdout.contains("TARGETS"),
        "{}",
        status.stdout
    );
}

#[test]
fn the_result_of_each_target_is_printed_as_json_and_csv() {
    let story = Story::with_scenario(STORY);
    let run = collected(&story, &["--source", "xray", "--output", "json"], 0);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let target = &json[0];
    assert_eq!(json.as_array().unwrap().len(), 1, "{json}");
    assert_eq!(
        (&target["source"], &target["account_id"], &target["status"]),
        (&"xray".into(), &ACCOUNT.into(), &"ok".into())
    );
    assert!(target["written"].as_u64().unwrap() > 0, "{target}");
    let csv = collected(&story, &["--source", "xray", "--output", "csv"], 0).stdout;
    assert!(csv.starts_with("source,account_id,region,status,window_start,"), "{csv}");
    assert!(csv.lines().nth(1).unwrap().starts_with("xray,123456789012,eu-west-1,ok,2026-"), "{csv}");
}

#[test]
fn a_dry_run_needs_no_table() {
    let story = Story::with_scenario(STORY);
    let run = finish(collect(&story, &["--source", "xray", "--dry-run"]).env("TABLE_NAME", "nowhere"));
    assert_eq!(run.code, 0, "{run:?}");
    assert!(
        run.stderr.contains("table nowhere does not exist, so everything counts as new"),
        "{}",
        run.stderr
    );
    assert!(run.stdout.contains("xray.insight"), "{}", run.stdout);
    let missing = finish(collect(&story, &["--source", "xray"]).env("TABLE_NAME", "nowhere"));
    assert_eq!(missing.code, 2, "{missing:?}");
    assert!(missing.stderr.contains("no table nowhere"), "{}", missing.stderr);
}
