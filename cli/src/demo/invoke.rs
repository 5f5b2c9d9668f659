//! One function, run as Lambda runs it: a process of its own, started from this very program, that finds its Runtime API
//! in the environment, is handed the scheduled event of `events/`, answers, and is ended.

use super::TABLE;
use super::folder::Folder;
use crate::function;
use crate::output::progress::Step;
use insights_query::format::{count, so_many};
use insights_shared::record::Source;
use insights_shared::time::Clock;
use insights_simulator::runtime_api::{Outcome, function_environment};
use insights_simulator::{Invocation, RuntimeApi, Selector, Service, Simulator};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

/// The account and the region of the story.
pub const ACCOUNT: &str = "123456789012";
/// The region of the story.
pub const REGION: &str = "eu-west-1";
/// How long a function may take. Lambda's own limit is 15 minutes; nobody waits for a demo as long.
const TIMEOUT: Duration = Duration::from_mins(2);
/// Requests per second to an operation without a documented rate.
const REQUEST_RATE: u32 = 200;

/// What all functions run on.
#[derive(Debug)]
pub struct Stage<'a> {
    /// This program.
    pub executable: PathBuf,
    /// What the operating system itself cannot do without, where there is such a thing.
    pub environment: Vec<(String, String)>,
    /// How far the story's clock is ahead of the machine's.
    pub clock_shift_ms: i64,
    /// The services and the table.
    pub simulator: &'a Simulator,
    /// Where logs go.
    pub folder: &'a Folder,
}

/// What became of one function.
#[derive(Debug)]
pub struct Invoked {
    /// Which one.
    pub source: Source,
    /// What it answered.
    pub result: Result<Report, FunctionFailure>,
    /// What it logged.
    pub log: PathBuf,
}

/// A function that gave no report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionFailure {
    /// Such as `Table.Unavailable`.
    pub error_type: String,
    /// In the function's words.
    pub message: String,
}

/// What a function reports, as far as it is shown.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Report {
    /// How the run ended.
    pub status: String,
    /// Records that the service gave.
    pub fetched: u64,
    /// Of those, written.
    pub written: u64,
    /// Stored already.
    pub unchanged: u64,
    /// Refused by validation.
    pub rejected: u64,
    /// Calls by operation.
    pub api_calls: BTreeMap<String, u64>,
    /// Calls refused as too many.
    pub throttled: u64,
    /// Read units.
    pub read_units: f64,
    /// Write units.
    pub write_units: f64,
    /// How long it took.
    pub duration_ms: i64,
    /// The accounts and regions.
    pub targets: Vec<TargetReport>,
}

/// One target's part of a report.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct TargetReport {
    /// What went wrong.
    pub issues: Vec<Issue>,
}

/// One thing that went wrong.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Issue {
    /// The operation.
    pub operation: String,
    /// What it was about.
    pub subject: String,
    /// The error's code.
    pub code: String,
    /// In words.
    pub message: String,
}

/// Runs the function of `source` once.
pub async fn invoke(source: Source, stage: &Stage<'_>, step: Step) -> Invoked {
    let log = stage.folder.log_file(source.package);
    let result = tokio::select! {
        result = run(source, stage, &log) => result,
        never = watch(source, stage.simulator, &step) => match never {},
    };
    step.finish(&match &result {
        Ok(report) => {
            let calls: u64 = report.api_calls.values().sum();
            let (written, fetched) = (count(report.written), count(report.fetched));
            format!("{}: {written} of {fetched} records written, {} calls", report.status, count(calls))
        }
        Err(failure) => {
            format!("failed: {}: {} (log: {})", failure.error_type, failure.message, log.display())
        }
    });
    Invoked { source, result, log }
}

async fn run(source: Source, stage: &Stage<'_>, log: &PathBuf) -> Result<Report, FunctionFailure> {
    let not_started = |what: &str, error: std::io::Error| FunctionFailure {
        error_type: "Demo.NotStarted".to_owned(),
        message: format!("{what}: {error}"),
    };
    let api = RuntimeApi::start().await.map_err(|error| not_started("starting its Runtime API", error))?;
    let mut child =
        start(source, stage, &api, log).map_err(|error| not_started("starting its process", error))?;
    let deadline = Clock::System.now().plus_seconds(i64::try_from(TIMEOUT.as_secs()).unwrap_or_default());
    let invocation = Invocation {
        deadline: deadline.millis(),
        function_arn: format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", source.package),
        ..Invocation::default()
    };
    let outcome = tokio::select! {
        // An answer may come together with the process's end, and counts more.
        biased;
        outcome = api.invoke(event(source), invocation) => outcome,
        status = child.wait() => Outcome::Error {
            error_type: "Runtime.ExitError".to_owned(),
            message: status.map_or_else(|error| error.to_string(), |status| format!("the process ended: {status}")),
        },
        () = tokio::time::sleep(TIMEOUT) => Outcome::Error {
            error_type: "Sandbox.Timedout".to_owned(),
            message: format!("no answer within {} seconds", TIMEOUT.as_secs()),
        },
    };
    // It may have ended by itself, and then there is nothing to end.
    let _ = child.kill().await;
    match outcome {
        Outcome::Response(answer) => serde_json::from_str(&answer).map_err(|error| FunctionFailure {
            error_type: "Demo.AnswerNotUnderstood".to_owned(),
            message: error.to_string(),
        }),
        Outcome::Error { error_type, message } | Outcome::InitError { error_type, message } => {
            Err(FunctionFailure { error_type, message })
        }
    }
}

/// Starts the process, with the environment of Lambda and nothing of ours.
fn start(source: Source, stage: &Stage<'_>, api: &RuntimeApi, log: &PathBuf) -> std::io::Result<Child> {
    let log = File::create(log)?;
    let url = stage.simulator.url();
    let rate_limits = insights_sources::fast_rate_limits(REQUEST_RATE);
    Command::new(&stage.executable)
        .args(function::arguments(source, stage.clock_shift_ms))
        .env_clear()
        .envs(stage.environment.iter().map(|(name, value)| (name, value)))
        .envs(function_environment(&api.address(), source.package))
        .envs([
            ("TABLE_NAME", TABLE),
            ("RATE_LIMITS", &rate_limits),
            ("AWS_ENDPOINT_URL", &url),
            ("AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", "demo"),
            ("AWS_SECRET_ACCESS_KEY", "demo"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
            ("AWS_LAMBDA_LOG_LEVEL", "INFO"),
        ])
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
}

/// Shows how many calls the service has been asked so far, for ever.
async fn watch(source: Source, simulator: &Simulator, step: &Step) -> std::convert::Infallible {
    let service = Service::named(source.as_str());
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let calls = service.map_or(0, |service| simulator.calls(Selector::Service(service)));
        let calls = usize::try_from(calls).unwrap_or(usize::MAX);
        step.update(&format!("collects: {}", so_many(calls, "call", "calls")));
    }
}

/// The scheduled event, as EventBridge sends it.
fn event(source: Source) -> String {
    include_str!("../../../events/xray-insights--scheduled-by-rule.json")
        .replace("xray-insights", source.package)
}
