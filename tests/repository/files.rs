//! Rules about files: lists of files, account ids, length.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The account ids of examples: the own account, another one, and the one of AWS's runtime emulator.
const ACCOUNTS: [&str; 3] = ["123456789012", "111122223333", "012345678912"];
/// The maximum number of lines of a source file. From 300 lines on, a file should be split; above this limit, it must
/// be.
const LONGEST_FILE: usize = 700;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All text files of the repository by path.
pub(super) fn files() -> BTreeMap<String, String> {
    // Deleted files that are not committed yet, and binary files, are skipped.
    let text = |path: String| std::fs::read_to_string(root().join(&path)).ok().map(|text| (path, text));
    paths().into_iter().filter_map(text).collect()
}

/// The files that git tracks or would add; without git, all files except build output.
fn paths() -> Vec<String> {
    let git = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output();
    match git {
        Ok(output) if output.status.success() => {
            String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
        }
        _ => {
            let mut paths = Vec::new();
            walk(Path::new(""), &mut paths);
            paths
        }
    }
}

fn walk(folder: &Path, paths: &mut Vec<String>) {
    const LEFT_BEHIND: [&str; 5] = [".aws-sam", ".git", ".venv", "insights-demo", "target"];
    for entry in std::fs::read_dir(root().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = folder.join(&name);
        if !entry.file_type().unwrap().is_dir() {
            paths.push(path.into_os_string().into_string().unwrap());
        } else if !LEFT_BEHIND.contains(&name.as_str()) {
            walk(&path, paths);
        }
    }
}

/// The files in `events/`, by function and shape.
fn events() -> BTreeSet<(String, String)> {
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    let entries = std::fs::read_dir(root().join("events")).unwrap().map(name);
    let part = |name: String| {
        let (function, shape) =
            name.strip_suffix(".json")?.split_once("--").unwrap_or_else(|| panic!("{name}"));
        Some((function.to_owned(), shape.to_owned()))
    };
    entries.filter_map(part).collect()
}

#[test]
fn the_listed_events_are_the_files_in_events() {
    let mut listed = BTreeSet::new();
    for row in read("events/README.md").lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let named =
            |cell: &str| -> Vec<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
        let functions = match cells[2] {
            "all" => insights_sources::all().map(|source| source.package.to_owned()).collect(),
            some => named(some),
        };
        // Only the first cell contains shapes.
        for shape in named(cells[1]) {
            listed.extend(functions.iter().map(|function| (function.clone(), shape.clone())));
        }
    }
    assert_eq!(listed, events());
}

#[test]
fn every_event_is_json() {
    for (function, shape) in events() {
        let path = format!("events/{function}--{shape}.json");
        assert!(serde_json::from_str::<Value>(&read(&path)).is_ok(), "{path}");
    }
}

/// The sequences of exactly twelve digits in `line`, outside longer numbers, words and UUIDs.
fn account_ids(line: &str) -> Vec<&str> {
    let is_word = |character: char| character.is_ascii_alphanumeric() || "-_.%".contains(character);
    line.split(|character: char| !is_word(character))
        .filter(|word| word.len() == 12 && word.bytes().all(|byte| byte.is_ascii_digit()))
        .collect()
}

#[test]
fn account_ids_are_distinguished_from_other_digits() {
    let check = |line: &str, expected: &[&str]| assert_eq!(account_ids(line), expected, "{line}");
    check("arn:aws:iam::999999999999:role/a", &["999999999999"]);
    check("999999999999#eu-west-1 999999999999/x", &["999999999999", "999999999999"]);
    check("11111111-2222-3333-4444-555555555555", &[]);
    check("1700000000000 sha256:000000000000a 1.000000000000", &[]);
}

#[test]
fn only_the_example_account_ids_occur() {
    let mut found = Vec::new();
    for (path, text) in files().iter().filter(|(path, _)| *path != "Cargo.lock") {
        for (number, line) in text.lines().enumerate() {
            let own_test = path == "tests/repository/files.rs";
            let foreign = account_ids(line).into_iter().filter(|id| !ACCOUNTS.contains(id));
            found.extend(foreign.filter(|_| !own_test).map(|id| format!("{path}:{}: {id}", number + 1)));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The positions in `text` where a table row has a different number of cells than the row above.
fn ragged_rows(text: &str) -> Vec<usize> {
    let bars = |line: &str| line.starts_with('|').then(|| line.replace("\\|", "").matches('|').count());
    let rows: Vec<Option<usize>> = text.lines().map(bars).collect();
    let is_ragged = |pair: &[Option<usize>]| pair[0].zip(pair[1]).is_some_and(|(above, row)| above != row);
    rows.windows(2).enumerate().filter(|(_, pair)| is_ragged(pair)).map(|(index, _)| index + 2).collect()
}

#[test]
fn a_table_row_with_a_wrong_number_of_cells_is_found() {
    assert_eq!(ragged_rows("| a | b |\n|---|---|\n| 1 | 2 \\| 3 |\n\n| c |"), Vec::<usize>::new());
    assert_eq!(ragged_rows("| a | b |\n|---|---|\n| 1 |\n| 2 | 3 | 4 |"), [3, 4]);
}

#[test]
fn every_table_row_has_as_many_cells_as_the_header() {
    let files = files();
    let pages = files.iter().filter(|(path, _)| Path::new(path).extension().is_some_and(|kind| kind == "md"));
    let ragged =
        pages.flat_map(|(path, text)| ragged_rows(text).into_iter().map(move |row| format!("{path}:{row}")));
    assert_eq!(ragged.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn only_the_functions_are_built_by_default() {
    let manifest: Vec<String> = read("Cargo.toml").lines().map(str::to_owned).collect();
    assert!(manifest.contains(&"default-members = [\"functions/*\"]".to_owned()));
    for entry in std::fs::read_dir(root().join("functions")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let package = read(&format!("functions/{name}/Cargo.toml"));
        assert!(
            package.contains(&format!("name = \"{name}\"\n")),
            "a function's package is named like its folder"
        );
        for file in ["src/lib.rs", "src/main.rs"] {
            assert!(root().join("functions").join(&name).join(file).is_file(), "{name} has {file}");
        }
    }
}

#[test]
fn every_package_uses_the_lints_of_the_workspace_and_only_libraries_for_others_are_published() {
    let files = files();
    let manifests = files.iter().filter(|(path, _)| path.ends_with("/Cargo.toml"));
    let mut published = Vec::new();
    for (path, text) in manifests {
        assert!(text.contains("[lints]\nworkspace = true\n"), "{path}");
        if text.contains("publish = true\n") {
            published.push(path.trim_end_matches("/Cargo.toml"));
        } else {
            assert!(text.contains("publish.workspace = true\n"), "{path}");
        }
    }
    published.sort_unstable();
    assert_eq!(published, ["query", "shared", "shared/records", "simulator", "sources"]);
    for path in published {
        let manifest = read(&format!("{path}/Cargo.toml"));
        for member in
            ["description = ", "repository.workspace = true", "readme = ", "keywords = ", "license."]
        {
            assert!(manifest.contains(member), "{path} has no {member}");
        }
        assert!(root().join(path).join("README.md").is_file(), "{path}");
    }
    let workspace = read("Cargo.toml");
    for lint in [
        "unsafe_code = \"forbid\"",
        "missing_docs = \"deny\"",
        "unwrap_used = \"deny\"",
        "disallowed_methods = \"deny\"",
    ] {
        assert!(workspace.contains(lint), "{lint}");
    }
}

#[test]
fn no_source_file_is_too_long() {
    let long: Vec<String> = files()
        .iter()
        .filter(|(path, _)| path.rsplit('.').next().is_some_and(|ending| ["rs", "py"].contains(&ending)))
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .map(|(path, lines)| format!("{path}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

/// Checks that the map lists every file, and no file that does not exist.
#[test]
fn the_architecture_names_every_source_file_or_its_folder() {
    let page = read("ARCHITECTURE.md");
    let paths = paths();
    let mut unnamed = Vec::new();
    let is_source =
        |path: &&String| Path::new(path.as_str()).extension().is_some_and(|extension| extension == "rs");
    for path in paths.iter().filter(is_source) {
        let Some((_, inside)) = path.split_once("/src/") else { continue };
        // Not in the map: files that every package has, test files beside their source, and folders with their own page.
        let is_plain = ["lib.rs", "main.rs", "example.rs"].contains(&inside)
            || inside.contains("tests")
            || path.starts_with("fuzz/");
        let folder = inside.split_once('/').map(|(folder, _)| folder);
        // A folder of submodules belongs to the file with the same name.
        let names = [
            Some(format!("`{inside}`")),
            folder.map(|folder| format!("`{folder}/`")),
            folder.map(|folder| format!("`{folder}.rs`")),
            path.strip_suffix("/mod.rs")
                .and_then(|path| path.rsplit('/').next())
                .map(|name| format!("`{name}/`")),
        ];
        let program = inside
            .strip_prefix("bin/")
            .and_then(|name| name.strip_suffix(".rs"))
            .map(|name| format!("`{name}`"));
        if !is_plain && !names.iter().flatten().chain(&program).any(|name| page.contains(name.as_str())) {
            unnamed.push(path.as_str());
        }
    }
    assert_eq!(unnamed, [""; 0], "not in ARCHITECTURE.md");
}

/// The paths of files in a page that begin with one of our folders, such as `shared/src/log.rs`.
fn named_files(page: &str) -> Vec<&str> {
    const FOLDERS: [&str; 12] = [
        "bench/",
        "cli/",
        "deploy/",
        "docs/",
        "events/",
        "functions/",
        "query/",
        "shared/",
        "simulator/",
        "sources/",
        "tests/",
        "web/",
    ];
    const ENDINGS: [&str; 7] = ["json", "md", "pem", "py", "rs", "toml", "yaml"];
    let is_file = |text: &&str| {
        let is_path = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte));
        let ending = Path::new(text).extension().and_then(|ending| ending.to_str());
        is_path
            && FOLDERS.iter().any(|folder| text.starts_with(folder))
            && ending.is_some_and(|ending| ENDINGS.contains(&ending))
    };
    page.split('`').skip(1).step_by(2).filter(is_file).collect()
}

#[test]
fn paths_are_distinguished_from_other_code() {
    let page = "`shared/src/log.rs` and `run.rs`, `tests/`, `docs/x y.md`, `functions/*/fetch.rs`; tests/a.rs; `cli/Cargo.toml`";
    assert_eq!(named_files(page), ["shared/src/log.rs", "cli/Cargo.toml"]);
}

/// Checks that documents refer only to existing files.
#[test]
fn every_file_named_in_a_document_exists() {
    let is_page = |path: &String| {
        Path::new(path).extension().is_some_and(|ending| ending == "md") && path != "CHANGELOG.md"
    };
    let mut gone = Vec::new();
    for (page, text) in files().into_iter().filter(|(path, _)| is_page(path)) {
        let folder = Path::new(&page).parent().unwrap_or(Path::new(""));
        // Relative to the root or to the document.
        let is_there = |path: &&&str| root().join(path).exists() || root().join(folder).join(path).exists();
        gone.extend(
            named_files(&text).iter().filter(|path| !is_there(path)).map(|path| format!("{page}: {path}")),
        );
    }
    assert_eq!(gone, [""; 0], "missing files");
}
