//! Mutates the seeds without coverage, in the same way every time. The binary is guided by coverage.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "the file is a test")]

use insights_fuzz::{TARGETS, seeds};

/// The number of inputs for each target; a run of a complete function takes longer than parsing.
fn inputs(target: &str) -> u32 {
    if target == "answer" { 400 } else { 4_000 }
}

/// Tokens of JSON, TOML and keys, valid and invalid.
const TOKENS: [&str; 24] = [
    "null",
    "true",
    "{}",
    "[]",
    "\"\"",
    "-1",
    "0",
    "1e400",
    "1E-400",
    "99999999999999999999999999999999999999999",
    "\\u0000",
    "\\ud800",
    "#",
    "%",
    "-",
    "sha256:",
    "\"9999-12-31T23:59:59.999Z\"",
    "\"0001-01-01T00:00:00Z\"",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    ",",
    ":",
    "é",
    "\u{7f}",
    "1601002100.123",
];

/// Runs a target with each seed and with the same mutations of them every time.
fn run(name: &str) {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).unwrap();
    let seeds = seeds(name);
    assert!(!seeds.is_empty(), "{name} has no seeds");
    for seed in &seeds {
        target(seed);
    }
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut dice = |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % u64::try_from(bound.max(1)).unwrap()).unwrap()
    };
    for _ in 0..inputs(name) {
        let mut data = seeds[dice(seeds.len())].clone();
        for _ in 0..=dice(4) {
            let at = dice(data.len());
            let until = (at + dice(12)).min(data.len());
            match dice(4) {
                0 => drop(data.drain(at..until)),
                1 => drop(data.splice(at..until, TOKENS[dice(TOKENS.len())].bytes())),
                2 => {
                    let repeated = data[at..until].repeat(dice(60));
                    data.splice(at..at, repeated);
                }
                _ => data.splice(at..until, [u8::try_from(dice(256)).unwrap()]).for_each(drop),
            }
        }
        target(&data);
    }
    println!("{name}: {} seeds, {} mutations", seeds.len(), inputs(name));
}

#[test]
fn no_payload_panics_or_is_lost() {
    run("payload");
}

#[test]
fn no_insight_event_panics_uses_another_key_or_is_lost() {
    run("event");
}

#[test]
fn no_answer_panics_uses_another_key_or_is_lost() {
    run("answer");
}

#[test]
fn no_scenario_file_panics_or_makes_an_operation_fail() {
    run("scenario");
}

#[test]
fn no_stored_item_panics_or_becomes_another_one() {
    run("item");
}

#[test]
fn every_target_has_a_test_here() {
    let names = TARGETS.map(|(name, _)| name);
    assert_eq!(names, ["payload", "event", "answer", "scenario", "item"]);
}
