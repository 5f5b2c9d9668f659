//! Rules about the dependencies of each function: it links only the SDK of its own service, and no code of other functions,
//! the command line or the tests. Every documented build command builds it with the same features.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Dependencies of the simulator, the command line and the tests, which functions must not have.
const FOREIGN: [&str; 13] = [
    "aws-sdk-sso",
    "aws-sdk-ssooidc",
    "axum",
    "clap",
    "comfy-table",
    "dynoxide-rs",
    "indicatif",
    "insights",
    "insights-simulator",
    "insights-tests",
    "libsqlite3-sys",
    "proptest",
    "toml",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The packages that `cargo tree` with `arguments` lists for a build, each with its features.
fn tree(arguments: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--edges", "normal,build", "--prefix", "none"])
        .args(["--format", "{p}|{f}", "--no-dedupe"])
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let mut packages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in String::from_utf8(output.stdout).unwrap().lines().filter(|line| !line.is_empty()) {
        let (package, features) = line.split_once('|').unwrap_or_else(|| panic!("{line}"));
        // "name v1.2.3 (proc-macro)", "name v1.2.3 (/path)": name and version identify a package.
        let package: Vec<&str> = package.split(' ').take(2).collect();
        // A package that also runs at build time may have other features there. Both sets are combined.
        packages.entry(package.join(" ")).or_default().insert(features.to_owned());
    }
    packages
}

fn names(packages: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<&str> {
    packages.keys().filter_map(|package| package.split(' ').next()).collect()
}

#[test]
fn a_function_depends_on_its_own_service_the_table_and_sts_and_on_no_other_sdk() {
    let shared = ["aws-sdk-dynamodb", "aws-sdk-sts"];
    let mut own_sdks = BTreeSet::new();
    for source in insights_sources::all() {
        let function = source.package;
        let manifest =
            std::fs::read_to_string(root().join(format!("functions/{function}/Cargo.toml"))).unwrap();
        let dependencies = manifest.split("\n[dependencies]\n").nth(1).unwrap().split("\n[").next().unwrap();
        let crates = dependencies.lines().filter_map(|line| line.split(['.', ' ', '=']).next());
        let own: Vec<&str> =
            crates.filter(|name| name.starts_with("aws-sdk-") && !shared.contains(name)).collect();
        assert_eq!(own.len(), 1, "{function} needs one SDK: {own:?}");
        assert!(own_sdks.insert(own[0].to_owned()), "{} is the SDK of another function", own[0]);
        let packages = tree(&["--package", function]);
        let names = names(&packages);
        let sdks: BTreeSet<&str> =
            names.iter().copied().filter(|name| name.starts_with("aws-sdk-")).collect();
        assert_eq!(sdks, [own[0], shared[0], shared[1]].into(), "{function}");
        assert!(names.contains("lambda_runtime") && names.contains("insights-shared"), "{function}");
        for foreign in FOREIGN {
            assert!(!names.contains(foreign), "{function} depends on {foreign}");
        }
    }
}

/// A function is built by `cargo build` and `cargo build --bin` with the default members of the root, by `-p` alone,
/// and by `sam build` in its own folder.
#[test]
fn every_command_that_builds_a_function_gives_it_the_same_features() {
    let default_members = tree(&[]);
    for function in insights_sources::all().map(|source| source.package) {
        let alone = tree(&["--package", function]);
        let manifest = format!("functions/{function}/Cargo.toml");
        assert_eq!(tree(&["--manifest-path", &manifest]), alone, "{manifest}");
        for (package, features) in &alone {
            assert_eq!(default_members.get(package), Some(features), "{package}, built for {function}");
        }
    }
    let names = names(&default_members);
    for foreign in FOREIGN {
        assert!(!names.contains(foreign), "the default members depend on {foreign}");
    }
}

#[test]
fn a_function_needs_no_system_library_and_one_tls_stack() {
    for function in insights_sources::all().map(|source| source.package) {
        let packages = tree(&["--package", function]);
        let names = names(&packages);
        for foreign in ["openssl-sys", "native-tls", "aws-lc-rs", "aws-lc-sys", "hyper-tls"] {
            assert!(!names.contains(foreign), "{function} depends on {foreign}");
        }
        assert!(names.contains("rustls") && names.contains("ring"), "{function}");
    }
}

/// Lambda passes credentials in the environment, so code that looks for them elsewhere would be unused.
#[test]
fn a_function_reads_its_configuration_only_from_the_environment() {
    for function in insights_sources::all().map(|source| source.package) {
        let packages = tree(&["--package", function]);
        assert!(!names(&packages).contains("aws-config"), "{function}");
    }
}

#[test]
fn a_release_build_has_no_log_events_below_info_in_a_function_and_all_of_them_in_the_command_line() {
    let is_quiet = |package: &str| {
        let packages = tree(&["--package", package]);
        let tracing: Vec<_> = packages.iter().filter(|(name, _)| name.starts_with("tracing v")).collect();
        assert_eq!(tracing.len(), 1, "{package}");
        tracing[0]
            .1
            .iter()
            .any(|features| features.split(',').any(|feature| feature == "release_max_level_info"))
    };
    for function in insights_sources::all().map(|source| source.package) {
        assert!(is_quiet(function), "{function}");
    }
    assert!(!is_quiet("insights"));
}
