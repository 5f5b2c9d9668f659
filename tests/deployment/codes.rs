//! Checks that docs/operations.md lists exactly the error codes in the code, with remedies.

use crate::deployment::yaml::template;
use crate::deployment::{quoted, read, rows};
use insights_shared::issue::{CLOCK_CODES, DENIALS, THROTTLES};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The source files of the functions and shared code, without tests.
fn sources() -> Vec<String> {
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, files);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                files.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    walk(&root.join("shared/src"), &mut files);
    for source in insights_sources::all() {
        walk(&root.join("functions").join(source.package).join("src"), &mut files);
    }
    let code = |path: PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        text.split("\n#[cfg(test)]").next().unwrap().to_owned()
    };
    files.into_iter().map(code).collect()
}

/// The texts between double quotes in code.
fn literals(source: &str) -> Vec<String> {
    let lines = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| line.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// Whether a text is one of our own codes, which have the form `Two.Words`.
fn is_own_code(text: &str) -> bool {
    let is_word = |word: &str| {
        let mut letters = word.chars();
        letters.next().is_some_and(char::is_uppercase) && word.len() > 1 && letters.all(char::is_alphabetic)
    };
    text.split_once('.').is_some_and(|(first, second)| is_word(first) && is_word(second))
}

#[test]
fn codes_are_distinguished_from_other_texts() {
    for (text, expected) in [
        ("Config.Invalid", true),
        ("Response.Malformed", true),
        ("config.invalid", false),
        ("Config", false),
        ("Config.", false),
        ("A.B.C", false),
        ("no. Such", false),
    ] {
        assert_eq!(is_own_code(text), expected, "{text}");
    }
}

#[test]
fn the_documented_codes_are_our_codes() {
    let mut there: BTreeSet<String> =
        sources().iter().flat_map(|source| literals(source)).filter(|text| is_own_code(text)).collect();
    // Codes of one word are found by their constants and their constructor.
    let issue = read("shared/src/issue.rs");
    for constant in ["TIMEOUT", "CONNECTION"] {
        let line = issue.lines().find(|line| line.contains(&format!("pub const {constant}: "))).unwrap();
        there.extend(literals(line));
    }
    assert!(
        read("shared/src/invocation.rs").contains("Self::new(\"Internal\","),
        "an invocation fails as Internal"
    );
    there.insert("Internal".to_owned());
    // The state machine's own code, and the Step Functions code that it handles.
    let organization = template("deploy/organization.yaml");
    let states = &organization["Resources"]["Organization"]["Properties"]["Definition"]["States"];
    let failures = states.as_object().unwrap().values().filter(|state| state["Type"] == "Fail");
    there.extend(failures.map(|state| state["Error"].as_str().unwrap().to_owned()));
    assert!(states["EachAccount"]["ToleratedFailureCount"].is_number());
    there.insert("States.ExceedToleratedFailureThreshold".to_owned());
    let page = read("docs/operations.md");
    let described: BTreeSet<String> = rows(&page, "## Error codes")
        .iter()
        .filter(|row| row.len() == 4)
        .flat_map(|row| quoted(&row[0]))
        .collect();
    assert_eq!(there, described);
}

#[test]
fn every_service_code_that_the_code_handles_is_documented() {
    let rows = rows(&read("docs/operations.md"), "## Error codes");
    let groups: Vec<BTreeSet<String>> =
        rows.iter().filter(|row| row.len() == 3).map(|row| quoted(&row[0]).into_iter().collect()).collect();
    let codes = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(groups[0], codes(THROTTLES));
    assert_eq!(groups[1], codes(&DENIALS));
    assert_eq!(groups[2], codes(&CLOCK_CODES));
}

#[test]
fn the_state_machine_retries_only_temporary_errors() {
    let organization = template("deploy/organization.yaml");
    let states = &organization["Resources"]["Organization"]["Properties"]["Definition"]["States"];
    for map in [&states["EachAccount"], &states["EachListedAccount"]["Fn::If"][1]] {
        let sources = &map["ItemProcessor"]["States"]["EachSource"];
        let task = &sources["ItemProcessor"]["States"]["Collect"];
        let retried = |choice: usize| -> BTreeSet<String> {
            let retries = task["Retry"]["Fn::If"][choice].as_array().unwrap().iter();
            let names = retries.flat_map(|retry| crate::deployment::yaml::texts(&retry["ErrorEquals"]));
            names.filter(|name| !name.starts_with("Lambda.")).collect()
        };
        let expected = ["Source.Throttled", "Source.Unavailable", "Table.Unavailable", "Internal"];
        assert_eq!(retried(2), expected.map(str::to_owned).into());
        // An execution of the type EXPRESS is too short for these waits.
        assert_eq!(retried(1), BTreeSet::new());
        // Any other failure affects only its own account.
        let caught: Vec<&serde_json::Value> =
            task["Catch"].as_array().unwrap().iter().map(|catcher| &catcher["ErrorEquals"]).collect();
        // States.ALL does not include States.DataLimitExceeded.
        assert_eq!(
            serde_json::json!(caught),
            serde_json::json!([["States.DataLimitExceeded"], ["States.ALL"]])
        );
        // Longer than the maximum time of a function, so that Lambda ends it and not the state machine.
        assert!(task["TimeoutSeconds"]["Fn::If"][2].as_i64().unwrap() > 900);
        // An execution of the type EXPRESS ends after 300 s. The pauses of three retries take at most 14 s.
        assert!(task["TimeoutSeconds"]["Fn::If"][1].as_i64().unwrap() + 14 < 300);
    }
}
