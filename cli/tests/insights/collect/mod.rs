//! Tests of `collect` with the `insights` binary, against simulated AWS services and their table.
mod account;
mod dry_run;
mod refusals;
mod runs;
#[cfg(unix)]
mod stop;

use crate::support::Run;
use crate::support::story::Story;
use insights_shared::value::{Map, Value};
use insights_tests::{ACCOUNT, REGION, Table, UNPACED};
use std::process::Command;

/// The length of a first run in these tests; older data adds nothing new.
const DAYS: &str = "3";

/// `insights collect` with these arguments against the story, without rate limits.
fn collect(story: &Story, arguments: &[&str]) -> Command {
    let mut command = story.command(&[&["collect"], arguments].concat());
    command.env("RATE_LIMITS", UNPACED.as_str()).env("LOOKBACK_DAYS", DAYS);
    command
}

/// Runs the command, which must end with this exit code.
#[track_caller]
fn collected(story: &Story, arguments: &[&str], code: i32) -> Run {
    let run = crate::support::finish(&mut collect(story, arguments));
    assert_eq!(run.code, code, "{arguments:?}: {run:?}");
    run
}

/// The `state` of a source of an account and a region.
fn state<'a>(table: &'a Table, source: &str, account: &str, region: &str) -> Option<&'a Map> {
    table.get(&format!("run#{source}#{account}#{region}"), "state")
}

/// The only `run` of a source of the own account and region.
fn only_run(table: &Table, source: &str) -> Map {
    let pk = format!("run#{source}#{ACCOUNT}#{REGION}");
    let runs: Vec<&Map> =
        table.of_kind("run").into_iter().filter(|run| run["pk"].as_str() == Some(&pk)).collect();
    assert_eq!(runs.len(), 1, "{runs:?}");
    runs[0].clone()
}

fn text<'a>(item: &'a Map, name: &str) -> &'a str {
    item.get(name).and_then(Value::as_str).unwrap_or_default()
}
