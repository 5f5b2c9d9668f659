//! Checks that documents name existing tests, in the form `` `file.rs: test` `` or by their name only.

use super::files::files;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The minimum number of words in the name of a test without a path. Shorter names in documents are attributes and other code.
const LEAST_WORDS: usize = 5;

/// The names of tests in a document, each with the path before it, which may be the end of a path or empty.
fn named_tests(page: &str) -> Vec<(&str, &str)> {
    let is_name = |text: &str| {
        text.chars().all(|character| matches!(character, 'a'..='z' | '0'..='9' | '_')) && text.contains('_')
    };
    let has_words = |name: &str| name.split('_').count() >= LEAST_WORDS;
    let code = page.split('`').skip(1).step_by(2);
    code.map(|text| text.split_once(": ").unwrap_or(("", text)))
        .filter(|(path, name)| {
            is_name(name) && (has_extension(path, "rs") || path.is_empty() && has_words(name))
        })
        .collect()
}

fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == extension)
}

/// The functions that a source file defines.
fn functions(source: &str) -> BTreeSet<&str> {
    let name = |text: &'_ str| text.find(|character: char| !character.is_alphanumeric() && character != '_');
    source.split("fn ").skip(1).filter_map(|text| text.get(..name(text)?)).collect()
}

/// Whether the file at `path` can be the one that a document calls `named`. Documents abbreviate the folder of a source's
/// integration tests to the id of the source, and `shared/tests/integration/store` to `store`.
fn is_meant(path: &str, named: &str) -> bool {
    let (folder, file) = named.rsplit_once('/').unwrap_or(("", named));
    let source = insights_sources::source(folder);
    let is_in_folder = match source {
        Some(source) => path.starts_with(&format!("functions/{}/tests/integration/", source.package)),
        None => folder.is_empty() || path.contains(&format!("{folder}/")),
    };
    is_in_folder && path.rsplit('/').next() == Some(file)
}

#[test]
fn tests_are_distinguished_from_other_code() {
    let page = "`xray/crash.rs: a_run_is_killed_twice`, `issues_left_out`, `each_region_has_own_limits`, `x.py: a_b_c_d`";
    assert_eq!(
        named_tests(page),
        [("xray/crash.rs", "a_run_is_killed_twice"), ("", "each_region_has_own_limits")]
    );
}

#[test]
fn every_test_named_in_a_document_exists() {
    let files = files();
    let sources: BTreeMap<&str, BTreeSet<&str>> = files
        .iter()
        .filter(|(path, _)| has_extension(path, "rs"))
        .map(|(path, text)| (path.as_str(), functions(text)))
        .collect();
    let mut missing = Vec::new();
    for (page, text) in files.iter().filter(|(path, _)| has_extension(path, "md")) {
        for (named, test) in named_tests(text) {
            let exists = |(path, functions): (&&str, &BTreeSet<&str>)| {
                (named.is_empty() || is_meant(path, named)) && functions.contains(test)
            };
            if !sources.iter().any(exists) {
                missing.push(format!("{page}: {named}: {test}"));
            }
        }
    }
    assert_eq!(missing, [""; 0], "missing tests");
}
