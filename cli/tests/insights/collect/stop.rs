//! Ctrl-C during a run: fetched data is stored, and the printed command continues with the same table.

use super::{collect, collected};
use crate::support::story::Story;
use insights_tests::{STORY, TABLE, Table};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// The number of polls before a test fails: two minutes.
const PATIENCE: usize = 2_400;

fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn wait_for(what: &str, has_come: impl Fn() -> bool) {
    for _ in 0..PATIENCE {
        if has_come() {
            return;
        }
        sleep(Duration::from_millis(50));
    }
    panic!("{what} never came");
}

fn interrupt(process: &Child) {
    assert!(Command::new("kill").args(["-INT", &process.id().to_string()]).status().unwrap().success());
}

/// The remaining output and the exit code.
fn end(mut process: Child) -> (i32, String) {
    let mut stdout = String::new();
    process.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    (process.wait().unwrap().code().unwrap_or(-1), stdout)
}

fn undisturbed() -> Table {
    let story = Story::with_scenario(STORY);
    collected(&story, &["--source", "xray"], 0);
    story.wait(story.lab.table())
}

#[test]
fn fetched_data_is_stored_and_the_printed_command_completes_the_table() {
    let story = Story::with_scenario(STORY);
    // One call at a time: the first insight is complete, and the second never gets a response.
    story.lab.fault("GetInsight=hang:9@1");
    let mut process = start(collect(&story, &["--source", "xray"]).env("CONCURRENCY", "1"));
    wait_for("the second insight's request", || story.lab.calls("GetInsight") == 2);
    interrupt(&process);
    let mut line = String::new();
    BufReader::new(process.stderr.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("the fetched data is stored; press Ctrl-C again to stop immediately"), "{line}");
    let (code, page) = end(process);
    assert_eq!(code, 3, "{page}");
    assert!(page.contains("stopped before the end") && page.contains("partial"), "{page}");

    let table = story.wait(story.lab.table());
    assert_eq!(table.of_kind("xray.insight").len(), 1);
    assert_eq!(table.of_kind("state").len(), 1, "the state says how it ended");
    let state = table.of_kind("state")[0];
    assert!(
        !state.contains_key("watermark") && state["last_status"].as_str() == Some("partial"),
        "{state:?}"
    );

    story.lab.simulator.clear_faults();
    let (_, again) = page.split_once("continue: insights collect ").unwrap();
    let again: Vec<&str> = again.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(again, ["--source", "xray"]);
    collected(&story, &again, 0);
    story.wait(story.lab.table()).assert_same_content(&undisturbed());
}

#[test]
fn a_stopped_dry_run_says_that_nothing_was_written() {
    let story = Story::with_scenario(STORY);
    collected(&story, &["--source", "xray"], 0);
    let before = story.wait(story.lab.table());
    // The table does not respond after the state was read.
    story.lab.simulator.clear_log();
    story.lab.fault("BatchGetItem=hang:99@1");
    let mut process = start(&mut collect(&story, &["--source", "xray", "--dry-run", "--since", "2d"]));
    wait_for("a look into the table", || story.lab.calls("BatchGetItem") == 2);
    interrupt(&process);
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    assert!(line.contains("the fetched data is counted; press Ctrl-C again to stop immediately"), "{line}");
    assert_eq!(process.try_wait().unwrap(), None, "it waits for the fetched data");
    interrupt(&process);
    let line = lines.next().unwrap().unwrap();
    assert!(line.contains("stopped immediately: nothing was written"), "{line}");
    assert_eq!(end(process).0, 3);
    story.lab.simulator.clear_faults();
    story.wait(story.lab.table()).assert_same_content(&before);
}

#[test]
fn a_second_ctrl_c_does_not_wait_for_the_table() {
    let story = Story::with_scenario(STORY);
    story.lab.fault("PutItem=hang:99");
    let mut process = start(collect(&story, &["--source", "xray"]).env("CONCURRENCY", "1"));
    wait_for("a write", || story.lab.calls("PutItem") == 1);
    interrupt(&process);
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("stopping"));
    assert_eq!(process.try_wait().unwrap(), None, "it waits for the fetched data");
    interrupt(&process);
    let (code, page) = end(process);
    assert_eq!((code, page.as_str()), (3, ""));
    assert!(lines.next().unwrap().unwrap().contains("stopped immediately"));

    story.lab.simulator.clear_faults();
    collected(&story, &["--source", "xray"], 0);
    story.wait(story.lab.table()).assert_same_content(&undisturbed());
}

#[test]
fn a_stopped_backfill_continues_at_its_watermark() {
    let story = Story::with_scenario(STORY);
    story.lab.fault("GetInsight=hang:9@1");
    let arguments = ["--source", "xray", "--since", "2d", "--table", TABLE];
    let process = start(collect(&story, &arguments).env("CONCURRENCY", "1"));
    wait_for("the second insight's request", || story.lab.calls("GetInsight") == 2);
    interrupt(&process);
    let (code, page) = end(process);
    assert_eq!(code, 3, "{page}");
    // X-Ray's listing has no order, so the watermark is still the start of the window.
    let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
    let expected =
        "continue: insights collect --source xray --since 2026-02-27T12:00:00.000Z --table insights";
    assert!(page.contains(expected), "{page}");
}
