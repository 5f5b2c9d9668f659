//! Blind mutation of the seeds, the same every time, within `cargo test`. The binary does more of it, and not blindly.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "all of it is a test"
)]

use insights_fuzz::{TARGETS, seeds};

/// Inputs for each target; a run of a whole function costs more than reading a text.
fn inputs(target: &str) -> u32 {
    if target == "answer" { 400 } else { 4_000 }
}

/// What JSON, TOML and keys are made of, and what they break on.
const WORDS: [&str; 24] = [
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

/// Plays every seed of a target, and the same mutations of them each time.
fn play(name: &str) {
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
                1 => drop(data.splice(at..until, WORDS[dice(WORDS.len())].bytes())),
                2 => {
                    let piece = data[at..until].repeat(dice(60));
                    data.splice(at..at, piece);
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
    play("payload");
}

#[test]
fn no_insight_event_panics_takes_another_ones_key_or_is_lost() {
    play("event");
}

#[test]
fn no_answer_panics_takes_another_ones_key_or_is_lost() {
    play("answer");
}

#[test]
fn no_scenario_file_panics_or_tells_what_cannot_be_asked_for() {
    play("scenario");
}

#[test]
fn no_stored_item_panics_or_becomes_another_one() {
    play("item");
}

#[test]
fn every_target_has_a_test_here() {
    let names = TARGETS.map(|(name, _)| name);
    assert_eq!(names, ["payload", "event", "answer", "scenario", "item"]);
}
