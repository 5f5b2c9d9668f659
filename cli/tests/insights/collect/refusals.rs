//! Errors in arguments, of AWS and of the table, and the suggested remedies.

use super::{collect, collected, state};
use crate::support::finish;
use crate::support::story::Story;
use insights_tests::{ACCOUNT, REGION, STORY};

/// The ids of all sources.
fn ids() -> impl Iterator<Item = &'static str> {
    insights_sources::all().map(|source| source.0.id)
}

/// What is said of the sources that are not among `wrong`, with the command that collects them.
fn others_run(wrong: &[&str]) -> String {
    let others = insights_sources::all().filter(|source| !wrong.contains(&source.id));
    let labels: Vec<&str> = others.clone().map(|source| source.0.label).collect();
    let options: Vec<String> = others.map(|source| format!(" --source {source}")).collect();
    format!(
        "  {} can run with this configuration\nhint: insights collect{}\n",
        labels.join(" and "),
        options.concat()
    )
}

#[test]
fn usage_errors_end_with_2_before_any_call() {
    let story = Story::empty();
    let root = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let file = root.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let check = |arguments: &[&str], expected: &[&str]| {
        let run = collected(&story, arguments, 2);
        assert_eq!(run.stdout, "", "{arguments:?}");
        for text in expected {
            assert!(run.stderr.contains(text), "{arguments:?}: {text} is missing: {}", run.stderr);
        }
    };
    check(&["--source", "cloudtrial"], &["a similar value exists: 'cloudtrail'"]);
    check(
        &["--source", "lambda"],
        &[&format!("[possible values: {}]", ids().collect::<Vec<_>>().join(", "))],
    );
    check(&["--region", "nowhere"], &["must be a region such as eu-west-1"]);
    check(&["--since", "tomorrow"], &["must be a length of time that ends now"]);
    check(&["--since", "2026-03-02T00:00:00Z"], &["--since 2026-03-02T00:00:00.000Z is not in the past"]);
    check(&["--since", "7d", "--source", "auditmanager"], &["Audit Manager has no history"]);
    check(&["--targets", "/nowhere/accounts.json"], &["reading the targets /nowhere/accounts.json"]);
    let text = file("text.json", "eu-west-1");
    check(&["--targets", &text], &["text.json must be JSON"]);
    let wrong = file("wrong.json", r#"[{"account_id":"7","role_arn":"admin","region":"eu-west-1"}]"#);
    check(
        &["--targets", &wrong],
        &["problems", "wrong.json[0].account_id", "wrong.json[0].role_arn", "wrong.json[0].region"],
    );
    let right = file("right.json", r#"[{"account_id":"123456789012"}]"#);
    check(&["--targets", &right, "--region", "eu-west-1"], &["cannot be used with"]);
    check(&["--table", "a b"], &["table name \"a b\" must be"]);
    assert!(story.lab.simulator.log().is_empty(), "{:?}", story.lab.simulator.log());
}

#[test]
fn an_invalid_variable_is_reported_once_for_all_sources() {
    let story = Story::empty();
    let run = finish(collect(&story, &[]).env("CONCURRENCY", "many").env("RETENTION_DAYS", "-1"));
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("2 problems"), "{}", run.stderr);
    assert!(
        run.stderr.contains("CONCURRENCY is many") && run.stderr.contains("RETENTION_DAYS is -1"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_variable_that_is_invalid_for_one_source_names_it_and_suggests_the_others() {
    let story = Story::empty();
    let run = finish(collect(&story, &[]).env("LOOKBACK_DAYS", "60"));
    assert_eq!(run.code, 2, "{run:?}");
    let message = format!(
        "error: X-Ray: LOOKBACK_DAYS is 60: must be a whole number from 1 to 30\n{}",
        others_run(&["xray"])
    );
    assert_eq!(run.stderr, message);
    let run = finish(collect(&story, &["--source", "xray"]).env("LOOKBACK_DAYS", "60"));
    assert!(run.stderr.contains("LOOKBACK_DAYS is 60") && !run.stderr.contains("X-Ray"), "{}", run.stderr);
}

#[test]
fn a_variable_that_is_invalid_for_two_sources_suggests_one_command_for_the_third() {
    let story = Story::with_scenario(STORY);
    let check = |arguments: &[&str], variables: &[(&str, &str)], expected: &str| {
        let run = finish(collect(&story, arguments).envs(variables.iter().copied()));
        assert_eq!((run.code, run.stderr.as_str()), (2, expected), "{variables:?}");
    };
    let both = "error: 2 problems\n  X-Ray: LOOKBACK_DAYS is 91: must be a whole number from 1 to 30\n  \
                CloudTrail: LOOKBACK_DAYS is 91: must be a whole number from 1 to 90\n";
    check(&[], &[("LOOKBACK_DAYS", "91")], &format!("{both}{}", others_run(&["xray", "cloudtrail"])));
    check(&["--source", "xray", "--source", "cloudtrail"], &[("LOOKBACK_DAYS", "91")], both);
    // The suggested command leaves out a source with another fault.
    check(
        &["--utc", "--source", "cloudtrail", "--source=auditmanager"],
        &[("LOOKBACK_DAYS", "91"), ("CLOUDTRAIL_PERIOD", "7")],
        "error: 2 problems\n  CloudTrail: CLOUDTRAIL_PERIOD is 7: must be 60, 300 or 3600 seconds\n  \
         CloudTrail: LOOKBACK_DAYS is 91: must be a whole number from 1 to 90\n  Audit Manager can run with this configuration\n\
         hint: insights collect --utc --source auditmanager\n",
    );
    let run = finish(collect(&story, &["--source", "auditmanager"]).env("LOOKBACK_DAYS", "91"));
    assert_eq!(run.code, 0, "the hint works: {run:?}");
}

#[test]
fn missing_certificates_are_reported_with_their_variable() {
    let story = Story::empty();
    for (file, reason) in
        [("/nowhere/roots.pem", "No such file"), ("/dev/null", "the file contains no PEM certificate")]
    {
        let run = finish(collect(&story, &[]).env("AWS_CA_BUNDLE", file));
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stderr.contains(&format!("AWS_CA_BUNDLE is {file}: {reason}")), "{}", run.stderr);
    }
}

#[test]
fn consumed_capacity_is_reported_even_if_everything_failed() {
    let story = Story::with_scenario(STORY);
    story.lab.fault("GetGroups=denied");
    let run = collected(&story, &["--source", "xray"], 1);
    assert!(run.stdout.contains("1 call, free of charge"), "{}", run.stdout);
    // `run` is written anyway, and `state` with its index entry.
    assert!(run.stdout.contains("3.0 write units"), "{}", run.stdout);
}

#[test]
fn another_account_without_a_role_is_reported_once() {
    let story = Story::empty();
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("accounts.json");
    std::fs::write(&file, r#"[{"account_id":"111122223333"}]"#).unwrap();
    let run = collected(&story, &["--targets", file.to_str().unwrap()], 2);
    assert_eq!(run.stdout, "");
    let expected = "needs a role_arn, since it is not the own account 123456789012";
    assert_eq!(run.stderr.matches(expected).count(), 1, "{}", run.stderr);
}

#[test]
fn a_missing_table_is_an_error_that_suggests_a_similar_name() {
    let story = Story::with_scenario(STORY);
    let run = collected(&story, &["--table", "insihgts"], 2);
    assert!(run.stderr.contains("did you mean --table insights?"), "{}", run.stderr);
    assert_eq!(story.lab.calls("GetGroups"), 0);
}

#[test]
fn a_missing_permission_is_reported_with_action_principal_and_target() {
    let story = Story::with_scenario(STORY);
    story.lab.fault("GetGroups=denied:9");
    let run = collected(&story, &["--source", "xray"], 1);
    let page = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in [
        "denied",
        "X-Ray 123456789012 eu-west-1: denied: arn:aws:iam::123456789012:user/simulator may not call GetGroups.",
        "Allow the IAM action xray:GetGroups",
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
}

#[test]
fn a_role_that_cannot_be_assumed_affects_only_its_target() {
    let story = Story::with_scenario(STORY);
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("accounts.json");
    let role = "arn:aws:iam::111122223333:role/insights-reader";
    let targets =
        format!(r#"[{{"account_id":"123456789012"}},{{"account_id":"111122223333","role_arn":"{role}"}}]"#);
    std::fs::write(&file, targets).unwrap();
    story.lab.fault("AssumeRole=denied:9");
    let run = collected(&story, &["--source", "xray", "--targets", file.to_str().unwrap()], 3);
    let page = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let expected = format!(
        "X-Ray 111122223333 eu-west-1: denied: arn:aws:iam::123456789012:user/simulator may not call AssumeRole. \
        Allow the IAM action sts:AssumeRole on {role}, and let its trust policy name them"
    );
    assert!(page.contains(&expected), "{page}");
    let table = story.wait(story.lab.table());
    assert!(
        state(&table, "xray", ACCOUNT, REGION)
            .is_some_and(|state| state["last_status"].as_str() == Some("ok"))
    );
}

#[test]
fn not_enabled_and_no_data_are_different_conditions() {
    let story = Story::empty();
    let run = collected(&story, &["--source", "xray"], 0);
    assert!(run.stdout.contains("not enabled: no X-Ray group has insights enabled there"), "{}", run.stdout);
    let enabled = Story::with_scenario("[xray]\ngroups = [{ name = \"shop\", insights_enabled = true }]\n");
    let run = collected(&enabled, &["--source", "xray"], 0);
    assert!(run.stdout.contains("no data: asked and answered: there is no insight"), "{}", run.stdout);
}
