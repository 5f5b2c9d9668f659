//! Checks that docs/dependencies.md lists exactly the crates of the functions.

use crate::deployment::{quoted, read};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// The crates of the functions according to `cargo tree`, for Linux on both architectures.
fn crates() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for target in ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"] {
        for function in insights_sources::all().map(|source| source.package) {
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

/// The names in the first column of each table.
fn listed() -> Vec<String> {
    let page = read("docs/dependencies.md");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    rows.flat_map(|row| quoted(row.split(" | ").next().unwrap())).collect()
}

#[test]
fn every_crate_of_the_functions_is_listed_once_with_its_reason() {
    let listed = listed();
    let set: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(set.len(), listed.len(), "a crate is listed twice");
    let crates = crates();
    let missing: Vec<&String> = crates.difference(&set).collect();
    let gone: Vec<&String> = set.difference(&crates).collect();
    assert!(missing.is_empty() && gone.is_empty(), "not listed: {missing:?}; listed but not used: {gone:?}");
}

#[test]
fn direct_dependencies_are_in_their_own_table() {
    let page = read("docs/dependencies.md");
    let asked: BTreeSet<String> = crate::deployment::rows(&page, "## Direct dependencies")
        .iter()
        .flat_map(|row| quoted(&row[0]))
        .collect();
    let functions = insights_sources::all().map(|source| source.package);
    let mut manifests: BTreeSet<String> = functions.clone().map(str::to_owned).collect();
    let folders = functions.map(|function| format!("functions/{function}"));
    for package in ["shared", "shared/records"].map(str::to_owned).into_iter().chain(folders) {
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
