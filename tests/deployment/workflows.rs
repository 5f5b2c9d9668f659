//! Checks that the workflows run every step of `.ci/run`, with minimal permissions and pinned actions.

use crate::deployment::read;
use insights_tests::permissions::parse;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const WORKFLOWS: [&str; 3] =
    [".github/workflows/check.yml", ".github/workflows/deploy.yml", ".github/workflows/release.yml"];

fn jobs(workflow: &Value) -> Vec<(&String, &Value)> {
    workflow["jobs"].as_object().unwrap().iter().collect()
}

#[test]
fn every_step_of_the_checks_runs_once_for_every_pull_request() {
    let run = read(".ci/run");
    let line = run.lines().find_map(|line| line.strip_prefix("steps=(")).unwrap();
    let steps: Vec<&str> = line.trim_end_matches(')').split(' ').collect();
    for step in &steps {
        assert!(run.contains(&format!("\nstep_{step}() {{")), "{step} does not exist");
    }
    // The steps of `--full` take too long for every pull request.
    let full = run.lines().find_map(|line| line.trim().strip_prefix("steps+=(")).unwrap();
    let full = full.trim_end_matches(')').split(' ');
    assert_eq!(
        run.matches("\nstep_").count(),
        steps.len() + full.count(),
        "a step that is not run by itself"
    );
    let workflow = parse(&read(WORKFLOWS[0]));
    let matrix = workflow["jobs"]["steps"]["strategy"]["matrix"]["steps"].as_array().unwrap();
    let run_there: Vec<&str> = matrix.iter().flat_map(|steps| steps.as_str().unwrap().split(' ')).collect();
    assert_eq!(run_there.len(), steps.len());
    assert_eq!(run_there.iter().collect::<BTreeSet<_>>(), steps.iter().collect::<BTreeSet<_>>());
}

#[test]
fn workflows_can_read_the_repository_and_only_deployment_and_publication_have_other_permissions() {
    for path in WORKFLOWS {
        let workflow = parse(&read(path));
        assert_eq!(workflow["permissions"], json!({}), "{path}");
        for (name, job) in jobs(&workflow) {
            let mut permissions = json!({"contents": "read"});
            if path.ends_with("/deploy.yml") {
                permissions["id-token"] = json!("write");
                assert_eq!(job["environment"], "production", "the environment restricts deployments");
            }
            if path.ends_with("/release.yml") && name == "publish" {
                permissions = json!({"contents": "write", "id-token": "write", "attestations": "write"});
                let steps = job["steps"].as_array().unwrap();
                let uses_code = steps.iter().any(|step| step.to_string().contains("actions/checkout@"));
                assert!(!uses_code, "the job with permissions runs no code of the repository");
            }
            assert_eq!(job["permissions"], permissions, "{path}: {name}");
        }
        assert!(!read(path).contains("AWS_SECRET_ACCESS_KEY"), "{path} has no key");
    }
}

#[test]
fn actions_are_pinned_to_commits_and_keep_no_credentials() {
    for path in WORKFLOWS {
        let text = read(path);
        for line in text.lines().filter_map(|line| line.trim_start().strip_prefix("- uses: ")) {
            let (action, rest) = line.split_once('@').unwrap();
            let (commit, version) =
                rest.split_once(" # v").unwrap_or_else(|| panic!("{path}: {line}: which version?"));
            let is_commit = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_commit && !version.is_empty(), "{path}: {action} is pinned to {rest}");
        }
        let workflow = parse(&text);
        for (name, job) in jobs(&workflow) {
            let steps = job["steps"].as_array().unwrap().iter();
            let mut checkouts = steps.filter(|step| {
                step["uses"].as_str().is_some_and(|uses| uses.starts_with("actions/checkout@"))
            });
            assert!(checkouts.all(|step| step["with"]["persist-credentials"] == false), "{path}: {name}");
        }
    }
}

/// `.ci/check-version` compares the tag of a release with them too.
#[test]
fn all_files_have_the_version_of_the_packages() {
    let version = env!("CARGO_PKG_VERSION");
    assert!(read("template.yaml").contains(&format!("\n    SemanticVersion: {version}\n")), "template.yaml");
    let manifest = read("Cargo.toml");
    for package in ["shared/records", "shared", "sources"] {
        let dependency = format!("{{ path = \"{package}\", version = \"{version}\" }}");
        assert!(manifest.contains(&dependency), "{dependency}");
    }
    let changelog = read("CHANGELOG.md");
    let sections: Vec<&str> = changelog.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(sections[0], "[Unreleased]");
    assert!(sections[1].starts_with(&format!("[{version}] - ")), "{sections:?}");
}
