//! Simulated schedules of runs that overlap, die, fail and are late, while the world changes: whatever the order, the
//! table ends up as if nothing had disturbed it.
//!
//! Without more, a fixed number of seeds. `SCHEDULE_SEEDS=0..5000` runs those, `SCHEDULE_SEEDS=4711` that one, with every
//! step of it printed.

use auditmanager_insights::AuditmanagerInsights;
use cloudtrail_insights::CloudtrailInsights;
use insights_tests::schedule::{Outcome, run};
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;
use xray_insights::XrayInsights;

/// Seeds that every test run plays.
const SEEDS: u64 = 90;

/// The schedule of a seed; the seed also says whose.
fn play(seed: u64) -> Outcome {
    match seed % 3 {
        0 => run::<XrayInsights>(seed),
        1 => run::<CloudtrailInsights>(seed),
        _ => run::<AuditmanagerInsights>(seed),
    }
}

#[expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "which seeds to play is the caller's choice"
)]
fn seeds() -> Range<u64> {
    let Ok(text) = std::env::var("SCHEDULE_SEEDS") else { return 0..SEEDS };
    let number = |text: &str| text.parse().expect("SCHEDULE_SEEDS must be a seed, or FIRST..END");
    match text.split_once("..") {
        Some((first, end)) => number(first)..number(end),
        None => number(&text)..number(&text) + 1,
    }
}

#[test]
fn whatever_the_schedule_the_table_ends_up_as_if_nothing_had_disturbed_it() {
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
                    let outcome = play(seed);
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
    println!("{count} seeds with {runs} runs, of which {crashes} died, in {:.1?}", began.elapsed());
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

/// Schedules that found something: a slower run's older graph that stayed, and events that came on two pages while an
/// insight grew.
#[test]
fn what_was_found_once_stays_mended() {
    for seed in [261, 1413, 1599] {
        assert_eq!(play(seed).violations, <[String; 0]>::default(), "seed {seed}");
    }
}

#[test]
fn a_seed_does_the_same_again() {
    for seed in 0..6 {
        assert_eq!(play(seed), play(seed), "seed {seed}");
    }
}
