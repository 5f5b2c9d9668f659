//! Runs one function like Lambda: a separate process of this program that gets its Runtime API from the environment,
//! handles the scheduled event of `events/`, responds, and is terminated.

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

/// The account of the scenario.
pub const ACCOUNT: &str = "123456789012";
/// The region of the scenario.
pub const REGION: &str = "eu-west-1";
/// The timeout of a function. Lambda's limit is 15 minutes, which is too long for a demo.
const TIMEOUT: Duration = Duration::from_mins(2);
/// Requests per second to an operation without a documented rate.
const REQUEST_RATE: u32 = 200;

/// What all functions of a demo share.
#[derive(Debug)]
pub struct RunEnvironment<'a> {
    /// The path of this program.
    pub executable: PathBuf,
    /// A variable that the operating system requires, if there is one (Windows).
    pub environment: Vec<(String, String)>,
    /// The difference between the scenario's clock and the machine's clock.
    pub clock_shift_ms: i64,
    /// The services with the table.
    pub simulator: &'a Simulator,
    /// The folder with the logs.
    pub folder: &'a Folder,
}

/// The result of one function.
#[derive(Debug)]
pub struct Invoked {
    /// The source.
    pub source: Source,
    /// The report, or the failure.
    pub result: Result<Report, FunctionFailure>,
    /// The log file.
    pub log: PathBuf,
}

/// A function without a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionFailure {
    /// The error type, such as `Table.Unavailable`.
    pub error_type: String,
    /// The message of the function.
    pub message: String,
}

/// The parts of a function's report that are shown.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Report {
    /// The status of the run.
    pub status: String,
    /// Records received from the service.
    pub fetched: u64,
    /// Records written.
    pub written: u64,
    /// Records that were already stored.
    pub unchanged: u64,
    /// Records rejected by validation.
    pub rejected: u64,
    /// Calls by operation.
    pub api_calls: BTreeMap<String, u64>,
    /// Throttled calls.
    pub throttled: u64,
    /// Read units.
    pub read_units: f64,
    /// Write units.
    pub write_units: f64,
    /// The duration in milliseconds.
    pub duration_ms: i64,
    /// The targets.
    pub targets: Vec<TargetReport>,
}

/// The part of a report about one target.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct TargetReport {
    /// The issues.
    pub issues: Vec<Issue>,
}

/// An issue.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Issue {
    /// The operation.
    pub operation: String,
    /// The subject of the call.
    pub subject: String,
    /// The error's code.
    pub code: String,
    /// The message.
    pub message: String,
}

/// Runs the function of `source` once.
pub async fn invoke(source: Source, environment: &RunEnvironment<'_>, step: Step) -> Invoked {
    let log = environment.folder.log_file(source.package);
    let result = tokio::select! {
        result = run(source, environment, &log) => result,
        never = watch(source, environment.simulator, &step) => match never {},
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

async fn run(
    source: Source,
    environment: &RunEnvironment<'_>,
    log: &PathBuf,
) -> Result<Report, FunctionFailure> {
    let not_started = |what: &str, error: std::io::Error| FunctionFailure {
        error_type: "Demo.NotStarted".to_owned(),
        message: format!("{what}: {error}"),
    };
    let api = RuntimeApi::start().await.map_err(|error| not_started("starting its Runtime API", error))?;
    let mut child =
        start(source, environment, &api, log).map_err(|error| not_started("starting its process", error))?;
    let deadline = Clock::System.now().plus_seconds(i64::try_from(TIMEOUT.as_secs()).unwrap_or_default());
    let invocation = Invocation {
        deadline: deadline.millis(),
        function_arn: format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", source.package),
        ..Invocation::default()
    };
    let outcome = tokio::select! {
        // If a response arrives together with the end of the process, the response counts.
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
    // The process may have ended already.
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

/// Starts the process with only the environment variables of Lambda.
fn start(
    source: Source,
    environment: &RunEnvironment<'_>,
    api: &RuntimeApi,
    log: &PathBuf,
) -> std::io::Result<Child> {
    let log = File::create(log)?;
    let url = environment.simulator.url();
    let rate_limits = insights_sources::fast_rate_limits(REQUEST_RATE);
    Command::new(&environment.executable)
        .args(function::arguments(source, environment.clock_shift_ms))
        .env_clear()
        .envs(environment.environment.iter().map(|(name, value)| (name, value)))
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

/// Shows the number of calls so far, and never returns.
async fn watch(source: Source, simulator: &Simulator, step: &Step) -> std::convert::Infallible {
    let service = Service::named(source.as_str());
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let calls = service.map_or(0, |service| simulator.calls(Selector::Service(service)));
        let calls = usize::try_from(calls).unwrap_or(usize::MAX);
        step.update(&format!("collects: {}", so_many(calls, "call", "calls")));
    }
}

/// The scheduled event as EventBridge sends it.
fn event(source: Source) -> String {
    include_str!("../../../events/xray-insights--scheduled-by-rule.json")
        .replace("xray-insights", source.package)
}
