//! The schedule: at every step the dice decide which call arrives, which answer is delivered, who begins and who dies.

use super::Time;
use super::backend::{Backend, respond};
use super::dice::Dice;
use super::gate::{Answered, Call, Gate, Stage};
use super::task::Task;
use super::world::World;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use insights_shared::collector::Collector;
use insights_simulator::Scenario;
use std::sync::Arc;
use std::task::Poll;

/// Runs that are begun in one schedule at the most.
const MOST_RUNS: usize = 5;
/// Runs under way at once.
const MOST_AT_ONCE: usize = 3;

/// A schedule under way.
pub struct Driver<C> {
    backend: Arc<Backend>,
    gate: Gate,
    /// What there is to find.
    pub world: World,
    time: Time,
    dice: Dice,
    tasks: Vec<Task>,
    fault_percent: u64,
    crash_percent: u64,
    concurrency: &'static str,
    /// What happened.
    pub steps: Vec<String>,
    /// Runs begun.
    pub runs: usize,
    /// Runs that died.
    pub crashes: usize,
    /// What was wrong at some instant.
    pub violations: Vec<String>,
    collector: std::marker::PhantomData<C>,
}

impl<C: Collector> Driver<C> {
    /// A schedule in which nothing has happened yet.
    pub fn new(backend: Arc<Backend>, world: World, time: Time, mut dice: Dice) -> Self {
        let fault_percent = *dice.pick(&[0, 0, 2, 8]).unwrap_or(&0);
        let crash_percent = *dice.pick(&[0, 1, 3]).unwrap_or(&0);
        let concurrency = dice.pick(&["1", "2", "8"]).unwrap_or(&"1");
        Self {
            backend,
            gate: Gate::default(),
            world,
            time,
            dice,
            tasks: Vec::new(),
            fault_percent,
            crash_percent,
            concurrency,
            steps: Vec::new(),
            runs: 0,
            crashes: 0,
            violations: Vec::new(),
            collector: std::marker::PhantomData,
        }
    }

    fn note(&mut self, step: &str) {
        self.steps.push(format!("{} {step}", self.time.now()));
    }

    /// Plays the schedule to its end: every run is over, and whatever was under way has arrived or is lost.
    pub fn play(&mut self) {
        while self.runs < MOST_RUNS || !self.tasks.is_empty() {
            self.time.pass(self.dice.between(1, 400));
            if self.tasks.is_empty() {
                self.between_runs();
                self.begin();
            } else {
                match self.dice.below(100) {
                    0..5 => self.change_world(),
                    5..8 if self.runs < MOST_RUNS && self.tasks.len() < MOST_AT_ONCE => self.begin(),
                    percent if percent >= 100 - self.crash_percent => self.crash(),
                    _ => self.step(),
                }
            }
            self.go_on();
        }
        while let Some(turn) = self.gate.waiting().first().copied() {
            self.turn(turn);
        }
        self.between_runs();
    }

    /// Time in which nothing runs. What a dead run had sent arrives before it, or never.
    fn between_runs(&mut self) {
        while let Some(turn) = self.gate.waiting().first().copied() {
            self.turn(turn);
        }
        for _ in 0..self.dice.below(3) {
            let seconds = *self.dice.pick(&[20, 300, 3_000, 36_000]).unwrap_or(&20);
            self.time.pass(self.dice.between(1, seconds) * 1_000);
            self.change_world();
        }
        // Whoever asks after this is beyond what CloudTrail holds back, but for the newest.
        self.time.pass(self.dice.between(1, 600) * 1_000);
    }

    fn change_world(&mut self) {
        let now = self.time.now();
        self.world.change(&mut self.dice, now);
        let scenario = Scenario::parse(&self.world.scenario(), now).expect("a scenario without faults");
        self.backend.services.change(|told| *told = scenario);
        self.note("the world changes");
    }

    fn begin(&mut self) {
        let payload = self.world.payload(&mut self.dice, &self.backend, self.time.now());
        let number = self.runs;
        self.runs += 1;
        self.note(&format!("run {number} begins with {}", payload.get(..60).unwrap_or(&payload)));
        self.tasks.push(Task::new::<C>(number, &self.gate, self.time, self.concurrency, payload));
    }

    fn crash(&mut self) {
        let task = self.tasks.swap_remove(self.dice.index(self.tasks.len()));
        self.crashes += 1;
        self.note(&format!("run {} dies", task.number));
        drop(task);
        let dice = &mut self.dice;
        self.gate.lose_orphans(|| dice.chance(50));
    }

    fn step(&mut self) {
        let waiting = self.gate.waiting();
        let Some(turn) = self.dice.pick(&waiting).copied() else {
            let stuck: Vec<usize> = self.tasks.iter().map(|task| task.number).collect();
            panic!("runs {stuck:?} wait for something else than a call");
        };
        self.turn(turn);
    }

    /// One call goes on: it arrives, or its answer does.
    fn turn(&mut self, turn: u64) {
        let Some(call) = self.gate.take(turn) else { return };
        let Call { task, stage, .. } = &call;
        let task = *task;
        match stage {
            Stage::Sent(request) => {
                let name = name_of(request);
                let (answer, what) = self.arrive(request);
                self.note(&format!("run {task}: {name}: {what}"));
                self.check_watermarks();
                if self.dice.chance(70) {
                    call.deliver(answer);
                } else {
                    self.gate.put_back(turn, call.answered(answer));
                }
            }
            Stage::Answered(_) => {
                self.note(&format!("run {task}: answer {turn} arrives"));
                call.deliver_own();
            }
        }
    }

    fn arrive(&mut self, request: &HttpRequest) -> (Answered, &'static str) {
        let lost = || Err(ConnectorError::io("the connection was reset".into()));
        if self.dice.chance(self.fault_percent) {
            return match self.dice.below(3) {
                0 => (lost(), "never arrives"),
                1 => {
                    // Done, but nobody hears of it.
                    let _ = self.backend.answer(request);
                    (lost(), "is answered in vain")
                }
                _ => (Ok(respond(503, [], SdkBody::from("<html>busy</html>"))), "is refused"),
            };
        }
        (self.backend.answer(request), "arrives")
    }

    fn check_watermarks(&mut self) {
        for watermark in self.backend.take_watermarks() {
            let missing = self.world.missing_before(&watermark, &self.backend);
            self.violations.extend(missing);
        }
    }

    fn go_on(&mut self) {
        let mut number = 0;
        while let Some(task) = self.tasks.get_mut(number) {
            match task.poll() {
                Poll::Pending => number += 1,
                Poll::Ready(result) => {
                    let run = task.number;
                    let what = match &result {
                        Ok(response) => response.status.as_str(),
                        Err(error) => error.error_type,
                    };
                    self.note(&format!("run {run} ends: {what}"));
                    self.tasks.remove(number);
                }
            }
        }
    }
}

fn name_of(request: &HttpRequest) -> String {
    match request.headers().get("x-amz-target").and_then(|target| target.rsplit('.').next()) {
        Some(name) => name.to_owned(),
        None => request.uri().trim_start_matches("http://simulated.invalid").to_owned(),
    }
}
