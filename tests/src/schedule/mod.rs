//! Simulated schedules: the shipped functions, in process, against a small world that changes while they run. A seed
//! decides everything: which run goes on at every call, when an answer arrives, when a run dies and whether its last
//! requests still arrive, which call fails, what is pushed, how the world and the clock move. The same seed does the same
//! again.
//!
//! Nothing of the write path is modelled: `Service::invoke` runs with the real SDK, whose HTTP client alone is ours
//! (`gate`); behind it stand the simulated services and an embedded DynamoDB that others wrote (`backend`).

pub(crate) mod backend;
mod dice;
mod driver;
pub(crate) mod gate;
mod story;
pub(crate) mod task;
mod verdict;
mod world;

use crate::lab::at;
use backend::Backend;
use dice::Dice;
use driver::Driver;
use insights_shared::collector::Collector;
use insights_shared::time::{Clock, Timestamp};
use insights_simulator::{Offline, Scenario};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use world::World;

/// What the functions of a schedule are configured with: little to look back on and little overlap, so that what is
/// forgotten is not found again by chance.
const VARIABLES: [(&str, &str); 3] =
    [("LOOKBACK_DAYS", "5"), ("OVERLAP_MINUTES", "30"), ("CLOUDTRAIL_PERIOD", "60")];

/// What a schedule did and what is wrong after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Every step, one line each.
    pub steps: Vec<String>,
    /// Runs begun.
    pub runs: usize,
    /// Runs that died.
    pub crashes: usize,
    /// Promises that were broken; none in a program without fault.
    pub violations: Vec<String>,
}

/// Time that stands still until it is moved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time(&'static AtomicI64);

impl Time {
    fn new(now: Timestamp) -> Self {
        // A clock is copied into everything that asks it; eight bytes a schedule are left behind.
        Self(Box::leak(Box::new(AtomicI64::new(now.millis()))))
    }

    fn now(self) -> Timestamp {
        self.clock().now()
    }

    fn clock(self) -> Clock {
        Clock::Held(self.0)
    }

    fn pass(self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

/// Runs the schedule that `seed` gives for a collector, and judges what it leaves.
///
/// # Panics
///
/// If the schedule cannot go on: a run waits for something else than a call.
pub fn run<C: Collector>(seed: u64) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let _entered = runtime.enter();
    let mut dice = Dice::new(seed);
    let time = Time::new(at("2026-03-01T00:00:00Z").plus_seconds(dice.between(0, 86_399)));
    let world = World::new(C::SOURCE, seed, &mut dice, time.now());
    let backend = Arc::new(backend(&world, time));
    task::create_table(&backend);
    let mut driver = Driver::<C>::new(Arc::clone(&backend), world, time, dice);
    driver.play();
    let watermark_faults = std::mem::take(&mut driver.violations);
    let (world, steps) = (driver.world.clone(), std::mem::take(&mut driver.steps));
    let mut violations = verdict::judge::<C>(&backend, &world, time);
    violations.extend(watermark_faults);
    violations.extend(backend.violations());
    Outcome { steps, runs: driver.runs, crashes: driver.crashes, violations }
}

fn backend(world: &World, time: Time) -> Backend {
    let scenario = Scenario::parse(&world.scenario(), time.now()).expect("a scenario without faults");
    Backend::new(Offline::new(scenario, time.clock()))
}
