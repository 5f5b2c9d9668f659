//! Kills a function binary after any of its calls, performs an undisturbed run, and compares the table with one that
//! was never disturbed.
//!
//! The binary uses the machine's clock, and its requests end at the current time. All parts of a comparison therefore
//! happen within one [`Moment`]: five minutes in which no bucket of CloudTrail's series ends. The undisturbed run uses
//! a clock at the last instant of the moment, later than every answer that the killed process got.

use crate::binary::Running;
use crate::lab::Lab;
use crate::table::Table;
use futures_util::stream::{self, StreamExt};
use insights_shared::collector::Collector;
use insights_shared::time::{Clock, Timestamp};
use insights_shared::value::Map;
use insights_simulator::runtime_api::Outcome;
use insights_simulator::{Fault, FaultKind, Invocation, LoggedCall, Selector};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::sync::Mutex;

/// The length of a moment in seconds: the shortest bucket in these scenarios.
const MOMENT_SECONDS: i64 = 300;
/// The maximum time for a kill point. If less of the moment is left, the test waits for the next moment.
const MARGIN_SECONDS: i64 = 5;
/// Concurrent kill points.
const AT_ONCE: usize = 3;
/// The number of kill points after which a long test prints its progress.
const PROGRESS: usize = 100;
/// The time for a process to respond or to reach its kill point, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(3);

/// A binary that is killed, and its scenario.
#[derive(Clone, Copy, Debug)]
pub struct Crash<'a> {
    /// The binary of the function.
    pub binary: &'a str,
    /// The scenario (TOML) of the killed run; `None` is the simulator's own.
    pub scenario: Option<&'a str>,
    /// The variables of all runs.
    pub variables: &'a [(&'a str, &'a str)],
    /// An earlier run without faults: how many seconds earlier, and its scenario if it was another one.
    pub before: Option<(i64, Option<&'a str>)>,
}

impl<'a> Crash<'a> {
    /// The first run of `binary` over the simulator's own scenario.
    pub const fn first_run(binary: &'a str) -> Self {
        Self { binary, scenario: None, variables: &[], before: None }
    }

    /// Kills a process after each of its calls, runs the function again each time, and compares the table with that of a run
    /// that was not killed.
    ///
    /// # Panics
    ///
    /// If the tables differ after any call.
    pub async fn check_every_call<C: Collector>(self) {
        let kills = Kills::new(self);
        let calls = kills.calls::<C>().await.len();
        let killed = kills.check::<C>(0..calls).await;
        // With concurrent calls, the number of calls of a run varies slightly.
        assert!(killed + 3 >= calls, "{killed} kill points of {calls} calls");
        println!("{killed} kill points");
    }
}

/// Five minutes of the machine's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Moment {
    begin: Timestamp,
    last: Timestamp,
}

impl Moment {
    /// The current moment, if enough of it is left; otherwise the next one.
    async fn now() -> Self {
        loop {
            let now = Clock::System.now();
            let begin = now.floor(MOMENT_SECONDS);
            let last = Timestamp::from_millis(begin.millis() + MOMENT_SECONDS * 1_000 - 1);
            let last = last.expect("a valid time");
            if now.plus_seconds(MARGIN_SECONDS) < last {
                return Self { begin, last };
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    fn is_over(self) -> bool {
        Clock::System.now() >= self.last
    }
}

/// The table after an undisturbed run.
#[derive(Clone, Debug)]
struct Left {
    table: Table,
    status: String,
}

/// What the kill points of one scenario share.
#[derive(Debug)]
pub struct Kills<'a> {
    crash: Crash<'a>,
    undisturbed: Mutex<BTreeMap<Moment, Left>>,
}

impl<'a> Kills<'a> {
    /// None yet.
    pub fn new(crash: Crash<'a>) -> Self {
        Self { crash, undisturbed: Mutex::default() }
    }

    /// The calls of a process that is not killed, in the order of the answers.
    ///
    /// # Panics
    ///
    /// If the process does not respond.
    pub async fn calls<C: Collector>(&self) -> Vec<LoggedCall> {
        let lab = self.lab::<C>(Moment::now().await).await;
        let process = self.start::<C>(&lab).await;
        let outcome = process.api.invoke("{}", Invocation::default());
        let outcome = tokio::time::timeout(PATIENCE, outcome).await.expect("the process answers");
        assert!(matches!(outcome, Outcome::Response(_)), "{outcome:?}");
        lab.simulator.log()
    }

    /// Kills a process after each of `points` calls and compares the table with an undisturbed one. Returns the number
    /// of killed processes.
    ///
    /// # Panics
    ///
    /// If the tables differ for any kill point.
    pub async fn check<C: Collector>(&self, points: impl IntoIterator<Item = usize>) -> usize {
        let checks = stream::iter(points).map(|calls| self.check_one::<C>(calls));
        let mut checks = checks.buffer_unordered(AT_ONCE).enumerate();
        let mut sum = 0;
        while let Some((done, killed)) = checks.next().await {
            sum += usize::from(killed);
            if (done + 1) % PROGRESS == 0 {
                println!("{} kill points tried", done + 1);
            }
        }
        sum
    }

    /// Kills a process after `calls` calls and compares the tables. Returns `false` if the process made no further call, so
    /// that it was not killed.
    async fn check_one<C: Collector>(&self, calls: usize) -> bool {
        loop {
            let moment = Moment::now().await;
            let lab = self.lab::<C>(moment).await;
            let killed = self.kill::<C>(&lab, calls).await;
            if moment.is_over() {
                continue;
            }
            lab.simulator.clear_faults();
            let status = self.run::<C>(&lab).await;
            let expected = self.undisturbed::<C>(moment).await;
            let table = lab.table().await;
            let differences = expected.table.differences(&table);
            let what = format!("killed after {calls} calls");
            assert!(differences.is_empty(), "{what}, the tables differ:\n{}", differences.join("\n"));
            assert_eq!(status, expected.status, "{what}");
            assert_eq!(states(&table), states(&expected.table), "{what}");
            return killed;
        }
    }

    /// Simulated services with the data stored before and a clock at the last instant of the moment.
    async fn lab<C: Collector>(&self, moment: Moment) -> Lab {
        let ago = self.crash.before.map_or(0, |(ago, _)| ago);
        let told_before = self.crash.before.and_then(|(_, scenario)| scenario).or(self.crash.scenario);
        let lab = Lab::anchored(told_before, moment.begin, moment.last.plus_seconds(-ago)).await;
        if self.crash.before.is_some() {
            self.run::<C>(&lab).await;
            lab.replace_scenario(self.crash.scenario, moment.begin);
            lab.advance(ago);
            lab.simulator.clear_log();
        }
        lab
    }

    async fn undisturbed<C: Collector>(&self, moment: Moment) -> Left {
        let mut known = self.undisturbed.lock().await;
        if let Some(left) = known.get(&moment) {
            return left.clone();
        }
        let lab = self.lab::<C>(moment).await;
        let status = self.run::<C>(&lab).await;
        let left = Left { table: lab.table().await, status };
        known.insert(moment, left.clone());
        left
    }

    async fn start<C: Collector>(&self, lab: &Lab) -> Running {
        Running::start(self.crash.binary, C::SOURCE.package, lab, self.crash.variables).await
    }

    async fn run<C: Collector>(&self, lab: &Lab) -> String {
        let function = lab.function::<C>(self.crash.variables);
        let response = function.invoke("{}").await.expect("a clean run gives a response");
        response["status"].as_str().expect("a status").to_owned()
    }

    /// Starts the process, lets it make `calls` calls, delays all further calls indefinitely, and kills it at the first of
    /// these.
    async fn kill<C: Collector>(&self, lab: &Lab, calls: usize) -> bool {
        let fault = Fault::new("*", FaultKind::Hang).expect("a fault").after(calls as u64);
        lab.simulator.fault(fault);
        let process = self.start::<C>(lab).await;
        let hangs = async {
            while lab.simulator.calls(Selector::All) <= calls as u64 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let killed = tokio::select! {
            () = hangs => true,
            _ = process.api.invoke("{}", Invocation::default()) => false,
            () = tokio::time::sleep(PATIENCE) => panic!("the process made no {calls} calls and did not end"),
        };
        let finished = process.kill().await;
        assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
        killed
    }
}

/// The progress of a target according to `state`, without counters and times of day.
fn states(table: &Table) -> Vec<Map> {
    let of = |state: &Map| {
        let said = ["pk", "watermark", "last_success_at", "last_run_at", "last_status", "retention_days"];
        state
            .iter()
            .filter(|(name, _)| said.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    };
    table.of_kind("state").into_iter().map(of).collect()
}

/// A selection of kill points for `calls`: after the first and last call of each operation, and `spread` more at equal
/// distances.
pub fn selection(calls: &[LoggedCall], spread: usize) -> BTreeSet<usize> {
    let mut ends: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
    for (index, call) in calls.iter().enumerate() {
        ends.entry((&call.service, &call.operation)).or_insert((index, index)).1 = index;
    }
    let around = ends.values().flat_map(|(first, last)| [first + 1, last + 1]);
    let spread = (1..=spread).map(|step| step * calls.len() / (spread + 1));
    around.chain(spread).filter(|point| *point < calls.len()).collect()
}
