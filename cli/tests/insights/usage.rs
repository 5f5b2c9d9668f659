//! Exit codes and messages of wrong usage, help and completions.
use crate::support::{Run, insights};

#[test]
fn usage_errors_end_with_2_and_name_the_rule() {
    let check = |arguments: &[&str], expected: &[&str]| {
        let run: Run = insights(arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {run:?}");
        assert_eq!(run.stdout, "", "{arguments:?}");
        for text in expected {
            assert!(run.stderr.contains(text), "{arguments:?}: {text} is missing: {}", run.stderr);
        }
    };
    check(&[], &["Usage: insights <COMMAND>"]);
    check(&["simulat"], &["unrecognized subcommand 'simulat'", "simulate"]);
    check(&["simulate", "--scenari", "x"], &["a similar argument exists: '--scenario'"]);
    check(&["simulate", "--port", "70000"], &["70000 is not in 0..=65535"]);
    check(&["simulate", "--bind", "localhost"], &["invalid IP address syntax"]);
    check(&["simulate", "--table", "a b"], &["table name \"a b\" must be 3 to 255 letters"]);
    check(&["simulate", "--table", "abc", "--no-table"], &["cannot be used with"]);
    check(&["list", "--account", "12"], &["'12' for '--account <ACCOUNT>': must be the 12 digits"]);
    check(
        &["list", "--region", "eu-west1"],
        &["'eu-west1' for '--region <REGION>': must be a region such as"],
    );
    check(
        &["list", "--since", "2026-13-01"],
        &["'2026-13-01' for '--since <TIME>'", "a day such as 2026-03-01"],
    );
    check(&["table"], &["Usage: insights table <COMMAND>"]);
    check(&["table", "create", "--table", "x"], &["table name \"x\" must be"]);
    check(&["table", "create"], &["no region: set AWS_REGION"]);
    check(&["completions", "cmd"], &["[possible values: bash, elvish, fish, powershell, zsh]"]);
    check(
        &["__function", "lambda"],
        &["must be one of xray-insights, cloudtrail-insights, auditmanager-insights"],
    );
}

#[test]
fn all_errors_in_the_arguments_of_simulate_are_reported_at_once() {
    let root = tempfile::tempdir().unwrap();
    let scenario = root.path().join("story.toml");
    std::fs::write(&scenario, "seed = \"seven\"\n[weather]\nrain = true\n").unwrap();
    let run = insights(&[
        "simulate",
        "--port",
        "0",
        "--fault",
        "GetInsigt=throttle:3",
        "--fault",
        "GetInsight=reset",
        "--fault",
        "GetInsight=explode",
        "--fault",
        "GetInsight",
        "--scenario",
        scenario.to_str().unwrap(),
    ]);
    assert_eq!(run.code, 2, "{run:?}");
    assert_eq!(run.stdout, "");
    for expected in [
        "5 problems",
        "--fault GetInsigt=throttle:3: unknown operation",
        "--fault GetInsight=explode: unknown fault kind",
        "--fault GetInsight: ",
        "story.toml: seed is \"seven\"",
        "story.toml: weather",
    ] {
        assert!(run.stderr.contains(expected), "{expected} is missing: {}", run.stderr);
    }
}

#[test]
fn a_missing_scenario_file_is_an_error_with_its_path() {
    let run = insights(&["simulate", "--port", "0", "--scenario", "/nowhere/story.toml"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("reading the scenario /nowhere/story.toml: "), "{}", run.stderr);
}

#[test]
fn a_function_outside_of_a_lambda_runtime_reports_the_missing_variable() {
    let run = insights(&["__function", "xray-insights"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stdout.contains("AWS_LAMBDA_RUNTIME_API"), "{run:?}");
}

#[test]
fn help_has_examples_and_hides_internal_commands() {
    for arguments in
        [&["--help"][..], &["demo", "--help"], &["simulate", "--help"], &["table", "create", "--help"]]
    {
        let run = insights(arguments);
        assert_eq!(run.code, 0, "{run:?}");
        assert!(run.stdout.contains("Examples:"), "{arguments:?}: {}", run.stdout);
        assert!(!run.stdout.contains("__function"), "{arguments:?}");
    }
}

#[test]
fn completions_are_written_for_every_shell() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let run = insights(&["completions", shell]);
        assert_eq!(run.code, 0, "{run:?}");
        assert!(run.stdout.contains("simulate") && !run.stdout.contains("__function"), "{shell}");
    }
}

#[test]
fn man_pages_are_written_for_every_command() {
    let run = insights(&["man"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stdout.starts_with(".ie ") || run.stdout.starts_with(".TH"), "{}", run.stdout);
    assert!(run.stdout.contains("insights\\-timeline(1)"), "{}", run.stdout);
    assert!(!run.stdout.contains("__function"));

    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    let run = insights(&["man", "--dir", pages.to_str().unwrap()]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
    for (name, text) in [
        ("insights.1", "insights\\-serve(1)"),
        ("insights-list.1", "\\-\\-open"),
        ("insights-table-create.1", "\\-\\-table"),
    ] {
        let page = std::fs::read_to_string(pages.join(name)).unwrap();
        assert!(page.contains(text), "{name}: {page}");
    }
}
