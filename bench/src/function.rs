//! A shipped binary as a process of its own, so that its memory is its own: built by cargo, invoked over a Lambda Runtime
//! API, and looked at in `/proc`.

use crate::Failure;
use crate::services::{REGION, Services, TABLE};
use insights_simulator::runtime_api::{Outcome, function_environment};
use insights_simulator::{Invocation, RuntimeApi};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

/// What the smallest Lambda function has.
pub const MEMORY_MEGABYTES: u64 = 128;

/// Which build of the functions is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// The one that ships.
    Release,
    /// The one that tests run, which is there sooner.
    Debug,
}

/// Builds the functions `packages`, as they ship: each with the features that it asks for itself. The folder of the binaries.
pub async fn build(packages: &[&str], build: Build, cargo: &str) -> Result<PathBuf, Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no workspace")?;
    for package in packages {
        let mut command = Command::new(cargo);
        command.current_dir(root).args(["build", "--quiet", "--locked", "-p", package]);
        if build == Build::Release {
            command.arg("--release");
        }
        if !command.status().await?.success() {
            return Err(format!("{package} could not be built").into());
        }
    }
    Ok(root.join("target").join(if build == Build::Release { "release" } else { "debug" }))
}

/// One invocation, and what it needed.
#[derive(Clone, Debug)]
pub struct Invoked {
    /// What the function answered.
    pub response: Value,
    /// How long it took.
    pub took: Duration,
    /// The most memory that the process has had in physical pages so far, in KiB.
    pub peak_kib: u64,
}

impl Invoked {
    /// A counter of the response.
    pub fn number(&self, name: &str) -> u64 {
        self.response.get(name).and_then(Value::as_u64).unwrap_or_default()
    }
}

/// A function's process. It is killed when this is dropped.
#[derive(Debug)]
pub struct Function {
    api: RuntimeApi,
    child: Child,
}

impl Function {
    /// Starts the binary of `package` in `folder`, unpaced, with `variables` beside those that Lambda gives.
    pub async fn start(
        folder: &Path,
        package: &str,
        services: &Services,
        variables: &[(&str, &str)],
    ) -> Result<Self, Failure> {
        let api = RuntimeApi::start().await?;
        let mut environment: BTreeMap<String, String> =
            function_environment(&api.address(), package).into_iter().collect();
        let (url, memory) = (services.url(), MEMORY_MEGABYTES.to_string());
        let lambda = [
            ("AWS_ACCESS_KEY_ID", "AKIABENCH"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_ENDPOINT_URL", url.as_str()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory.as_str()),
            ("AWS_REGION", REGION),
            ("RATE_LIMITS", r#"{"LookupEvents":0,"ListInsightsData":0,"default":0}"#),
            ("TABLE_NAME", TABLE),
        ];
        for (variable, value) in lambda.iter().chain(variables) {
            environment.insert((*variable).to_owned(), (*value).to_owned());
        }
        let child = Command::new(folder.join(package))
            .env_clear()
            .envs(environment)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self { api, child })
    }

    /// Invokes it without a deadline, and waits however long it takes.
    pub async fn invoke(&mut self, payload: &str) -> Result<Invoked, Failure> {
        // A deadline that lies before the process began means none.
        let invocation = Invocation { deadline: 0, ..Invocation::default() };
        let began = Instant::now();
        let outcome = tokio::select! {
            outcome = self.api.invoke(payload, invocation) => outcome,
            status = self.child.wait() => return Err(format!("the function ended: {}", status?).into()),
        };
        let took = began.elapsed();
        let Outcome::Response(text) = outcome else { return Err(format!("{outcome:?}").into()) };
        let id = self.child.id().ok_or("the function has ended")?;
        let peak_kib = peak_kib(&std::fs::read_to_string(format!("/proc/{id}/status"))?)?;
        Ok(Invoked { response: serde_json::from_str(&text)?, took, peak_kib })
    }
}

/// The peak of the resident set in `/proc/PID/status`.
fn peak_kib(status: &str) -> Result<u64, Failure> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| "/proc/PID/status has no VmHWM".into())
}
