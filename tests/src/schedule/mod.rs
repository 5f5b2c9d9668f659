//! Simulated schedules: the functions run in this process while the data of their service changes (`data`). A seed determines
//! everything: which run advances at every call, when an answer arrives, when a run is killed and whether its last requests
//! still arrive, which call fails, which events are pushed, and how data and clock change. The same seed always results in
//! the same schedule.
//!
//! The code that collects and writes is not simulated: `Service::invoke` runs with the real SDK. Only the HTTP client is
//! replaced (`gate`). It calls the simulated services and an embedded DynamoDB (`backend`).

pub(crate) mod backend;
pub(crate) mod data;
pub(crate) mod dice;
mod driver;
pub(crate) mod gate;
pub(crate) mod task;
mod verdict;

use crate::lab::at;
use backend::Backend;
use data::ScheduleData;
use dice::Dice;
use driver::Driver;
use insights_shared::collector::Collector;
use insights_shared::time::{Clock, Timestamp};
use insights_simulator::{Offline, Scenario};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// The configuration of every function. Look-back and overlap are short, so that a later run does not accidentally collect
/// what an earlier one missed.
const VARIABLES: [(&str, &str); 3] = [
    ("LOOKBACK_DAYS", "5"),
    ("OVERLAP_MINUTES", "30"),
    // Every run requests the service, so that the last one finds everything.
    ("NOT_ENABLED_RECHECK_HOURS", "0"),
];

/// The steps of a schedule and the violated guarantees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Every step, one line each.
    pub steps: Vec<String>,
    /// Runs that were started.
    pub runs: usize,
    /// Runs that were killed.
    pub crashes: usize,
    /// Guarantees that were violated; empty if the function is correct.
    pub violations: Vec<String>,
}

/// A clock that is advanced explicitly.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time(&'static AtomicI64);

impl Time {
    fn new(now: Timestamp) -> Self {
        // All parts of the program have a copy of the reference, so eight bytes per schedule are never freed.
        Self(Box::leak(Box::new(AtomicI64::new(now.millis()))))
    }

    fn now(self) -> Timestamp {
        self.clock().now()
    }

    fn clock(self) -> Clock {
        Clock::Held(self.0)
    }

    fn advance(self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

/// Runs the schedule of a collector for `seed` and checks the table after it.
///
/// # Panics
///
/// If a run waits for something other than a call.
pub fn run<C: Collector>(seed: u64) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let _entered = runtime.enter();
    let mut dice = Dice::new(seed);
    let time = Time::new(at("2026-03-01T00:00:00Z").plus_seconds(dice.between(0, 86_399)));
    let data = ScheduleData::new(C::SOURCE, seed, &mut dice, time.now());
    let backend = Arc::new(backend(&data, time));
    task::create_table(&backend);
    let mut driver = Driver::<C>::new(Arc::clone(&backend), data, time, dice);
    driver.run();
    let Driver { data, steps, runs, crashes, violations: missing, .. } = driver;
    let mut violations = verdict::violations::<C>(&backend, &data, time);
    violations.extend(missing);
    violations.extend(backend.violations());
    Outcome { steps, runs, crashes, violations }
}

fn backend(data: &ScheduleData, time: Time) -> Backend {
    let scenario = Scenario::parse(&data.scenario(), time.now()).expect("a scenario without faults");
    Backend::new(Offline::new(scenario, time.clock()))
}
