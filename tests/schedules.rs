//! Simulated schedules: runs overlap, are killed, fail or are late while the data changes. After each schedule, the table
//! must equal that of undisturbed runs.
//!
//! `SCHEDULE_SEEDS=0..5000` runs these seeds instead of the default ones. `SCHEDULE_SEEDS=4711` runs one seed and prints its
//! steps.

use insights_collectors::with_collector;
use insights_shared::record::Source;
use insights_sources::xray;
use insights_tests::schedule::{Outcome, run};
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

/// Seeds per source in every test run.
const SEEDS: u64 = 30;

/// Runs the schedule of a seed, which also selects the source.
fn run_seed(seed: u64) -> Outcome {
    let mut sources = insights_sources::all().cycle();
    run_source(sources.nth(usize::try_from(seed).unwrap() % insights_sources::all().len()).unwrap(), seed)
}

fn run_source(source: Source, seed: u64) -> Outcome {
    with_collector!(source, C => run::<C>(seed)).unwrap()
}

#[expect(clippy::disallowed_methods, clippy::expect_used, reason = "the caller may choose the seeds")]
fn seeds() -> Range<u64> {
    let Ok(text) = std::env::var("SCHEDULE_SEEDS") else {
        return 0..SEEDS * insights_sources::all().len() as u64;
    };
    let number = |text: &str| text.parse().expect("SCHEDULE_SEEDS must be a seed, or FIRST..END");
    match text.split_once("..") {
        Some((first, end)) => number(first)..number(end),
        None => number(&text)..number(&text) + 1,
    }
}

#[test]
fn after_any_schedule_the_table_equals_an_undisturbed_one() {
    let seeds = seeds();
    let count = seeds.end - seeds.start;
    let next = AtomicU64::new(seeds.start);
    let (runs, crashes) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let failed: Mutex<Vec<(u64, Outcome)>> = Mutex::default();
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= seeds.end {
                        return;
                    }
                    let outcome = run_seed(seed);
                    runs.fetch_add(outcome.runs, Ordering::SeqCst);
                    crashes.fetch_add(outcome.crashes, Ordering::SeqCst);
                    if count == 1 || !outcome.violations.is_empty() {
                        failed.lock().unwrap().push((seed, outcome));
                    }
                }
            });
        }
    });
    let (runs, crashes) = (runs.into_inner(), crashes.into_inner());
    println!("{count} seeds with {runs} runs, of which {crashes} were killed, in {:.1?}", began.elapsed());
    let mut failed = failed.into_inner().unwrap();
    failed.sort_by_key(|(seed, _)| *seed);
    if count == 1 {
        for (_, outcome) in &failed {
            println!("{}", outcome.steps.join("\n"));
        }
    }
    failed.retain(|(_, outcome)| !outcome.violations.is_empty());
    let shown: Vec<String> = failed
        .iter()
        .take(5)
        .map(|(seed, outcome)| format!("SCHEDULE_SEEDS={seed}:\n  {}", outcome.violations.join("\n  ")))
        .collect();
    let numbers: Vec<u64> = failed.iter().map(|(seed, _)| *seed).collect();
    assert!(failed.is_empty(), "{} of {count} seeds fail: {numbers:?}\n{}", failed.len(), shown.join("\n"));
}

/// Schedules that failed before a correction: an older graph of a slower run was kept, or events were on two pages while an
/// insight grew.
#[test]
fn schedules_that_failed_before_succeed() {
    for (source, seed) in [(xray::SOURCE, 261), (xray::SOURCE, 1413), (xray::SOURCE, 1599)] {
        assert_eq!(run_source(source, seed).violations, <[String; 0]>::default(), "{source}, seed {seed}");
    }
}

#[test]
fn a_seed_always_gives_the_same_schedule() {
    for seed in 0..2 * insights_sources::all().len() as u64 {
        assert_eq!(run_seed(seed), run_seed(seed), "seed {seed}");
    }
}
