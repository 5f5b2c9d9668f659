//! docs/dependencies.md lists every crate of the functions, and no other.

use crate::deployment::{quoted, read};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const FUNCTIONS: [&str; 3] = ["auditmanager-insights", "cloudtrail-insights", "xray-insights"];

/// The crates of `cargo tree` for the functions. On Linux, since that is where they run; on either processor.
fn crates() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for target in ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"] {
        for function in FUNCTIONS {
            let output = Command::new(env!("CARGO"))
                .args([
                    "tree",
                    "--offline",
                    "--locked",
                    "--edges",
                    "normal,build",
                    "--prefix",
                    "none",
                    "--no-dedupe",
                ])
                .args(["--package", function, "--target", target])
                .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap())
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let text = String::from_utf8(output.stdout).unwrap();
            names.extend(
                text.lines()
                    .filter_map(|line| line.split(' ').next())
                    .filter(|name| !name.is_empty())
                    .map(str::to_owned),
            );
        }
    }
    names
}

/// What is listed in the first column of each table.
fn listed() -> Vec<String> {
    let page = read("docs/dependencies.md");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    rows.flat_map(|row| quoted(row.split(" | ").next().unwrap())).collect()
}

#[test]
fn every_crate_of_the_functions_is_listed_once_with_why_it_is_there() {
    let listed = listed();
    let set: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(set.len(), listed.len(), "none is listed twice");
    let crates = crates();
    let missing: Vec<&String> = crates.difference(&set).collect();
    let gone: Vec<&String> = set.difference(&crates).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "not listed: {missing:?}; listed, and not there: {gone:?}"
    );
}

#[test]
fn what_we_ask_for_ourselves_stands_where_we_say_why() {
    let page = read("docs/dependencies.md");
    let asked: BTreeSet<String> = crate::deployment::rows(&page, "## Direct dependencies")
        .iter()
        .flat_map(|row| quoted(&row[0]))
        .collect();
    let mut manifests = BTreeSet::from(FUNCTIONS.map(str::to_owned));
    for package in [
        "shared",
        "shared/records",
        "functions/auditmanager-insights",
        "functions/cloudtrail-insights",
        "functions/xray-insights",
    ] {
        let manifest = read(&format!("{package}/Cargo.toml"));
        let section = manifest.split("\n[dependencies]\n").nth(1).unwrap().split("\n[").next().unwrap();
        manifests.extend(
            section
                .lines()
                .filter_map(|line| line.split(['.', ' ', '=']).next())
                .filter(|name| !name.is_empty())
                .map(str::to_owned),
        );
    }
    assert_eq!(asked, manifests);
}
