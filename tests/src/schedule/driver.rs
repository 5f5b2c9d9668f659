//! The schedule. Each step is random: a request or an answer arrives, a run starts or is killed, or the data changes.

use super::Time;
use super::backend::{Backend, respond};
use super::data::ScheduleData;
use super::dice::Dice;
use super::gate::{Answered, Call, Gate, Stage};
use super::task::Task;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use insights_shared::collector::Collector;
use insights_simulator::Scenario;
use std::sync::Arc;
use std::task::Poll;

/// The maximum number of runs in one schedule.
const MAX_RUNS: usize = 5;
/// The maximum number of runs at the same time.
const MAX_CONCURRENT: usize = 3;

/// A schedule in progress.
pub struct Driver<C> {
    backend: Arc<Backend>,
    gate: Gate,
    /// The data of the service.
    pub data: ScheduleData,
    time: Time,
    dice: Dice,
    tasks: Vec<Task>,
    fault_percent: u64,
    crash_percent: u64,
    concurrency: &'static str,
    /// The steps so far, one line each.
    pub steps: Vec<String>,
    /// Runs that were started.
    pub runs: usize,
    /// Runs that were killed.
    pub crashes: usize,
    /// Data before a watermark that was not stored.
    pub violations: Vec<String>,
    collector: std::marker::PhantomData<C>,
}

impl<C: Collector> Driver<C> {
    /// A schedule before its first step.
    pub fn new(backend: Arc<Backend>, data: ScheduleData, time: Time, mut dice: Dice) -> Self {
        let fault_percent = *dice.pick(&[0, 0, 2, 8]).unwrap_or(&0);
        let crash_percent = *dice.pick(&[0, 1, 3]).unwrap_or(&0);
        let concurrency = dice.pick(&["1", "2", "8"]).unwrap_or(&"1");
        Self {
            backend,
            gate: Gate::default(),
            data,
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

    /// Runs the schedule until every run has ended and every request has arrived or is lost.
    pub fn run(&mut self) {
        while self.runs < MAX_RUNS || !self.tasks.is_empty() {
            self.time.advance(self.dice.between(1, 400));
            if self.tasks.is_empty() {
                self.between_runs();
                self.start();
            } else {
                match self.dice.below(100) {
                    0..5 => self.change_data(),
                    5..8 if self.runs < MAX_RUNS && self.tasks.len() < MAX_CONCURRENT => self.start(),
                    percent if percent >= 100 - self.crash_percent => self.crash(),
                    _ => self.step(),
                }
            }
            self.poll_tasks();
        }
        while let Some(turn) = self.gate.waiting().first().copied() {
            self.turn(turn);
        }
        self.between_runs();
    }

    /// A pause between runs. Requests of killed runs arrive before it, or never.
    fn between_runs(&mut self) {
        while let Some(turn) = self.gate.waiting().first().copied() {
            self.turn(turn);
        }
        for _ in 0..self.dice.below(3) {
            let seconds = *self.dice.pick(&[20, 300, 3_000, 36_000]).unwrap_or(&20);
            self.time.advance(self.dice.between(1, seconds) * 1_000);
            self.change_data();
        }
        // After the pause, services with delayed data return everything except the newest data.
        self.time.advance(self.dice.between(1, 600) * 1_000);
    }

    fn change_data(&mut self) {
        let now = self.time.now();
        self.data.change(&mut self.dice, now);
        let scenario = Scenario::parse(&self.data.scenario(), now).expect("a scenario without faults");
        self.backend.services.change(|current| *current = scenario);
        self.note("the data changes");
    }

    fn start(&mut self) {
        let payload = self.data.payload(&mut self.dice, &self.backend, self.time.now());
        let number = self.runs;
        self.runs += 1;
        self.note(&format!("run {number} starts with {}", payload.get(..60).unwrap_or(&payload)));
        self.tasks.push(Task::new::<C>(number, &self.gate, self.time, self.concurrency, payload));
    }

    fn crash(&mut self) {
        let task = self.tasks.swap_remove(self.dice.index(self.tasks.len()));
        self.crashes += 1;
        self.note(&format!("run {} is killed", task.number));
        drop(task);
        let dice = &mut self.dice;
        self.gate.lose_orphans(|| dice.chance(50));
    }

    fn step(&mut self) {
        let waiting = self.gate.waiting();
        let Some(turn) = self.dice.pick(&waiting).copied() else {
            let stuck: Vec<usize> = self.tasks.iter().map(|task| task.number).collect();
            panic!("runs {stuck:?} wait for something other than a call");
        };
        self.turn(turn);
    }

    /// One call advances: its request arrives, or its answer.
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
                0 => (lost(), "is lost"),
                1 => {
                    // The request takes effect, but its answer is lost.
                    let _ = self.backend.answer(request);
                    (lost(), "is answered, and the answer is lost")
                }
                _ => (Ok(respond(503, [], SdkBody::from("<html>busy</html>"))), "fails with status 503"),
            };
        }
        (self.backend.answer(request), "arrives")
    }

    fn check_watermarks(&mut self) {
        for watermark in self.backend.take_watermarks() {
            let missing = self.data.missing_before(&watermark, &self.backend);
            self.violations.extend(missing);
        }
    }

    fn poll_tasks(&mut self) {
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
