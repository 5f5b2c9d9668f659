//! A function in its own process, so that its memory and CPU time can be measured: a shipped binary built by cargo, or
//! another program. It is invoked through a Lambda Runtime API and observed in `/proc`.

use crate::Failure;
use crate::services::{REGION, Services, TABLE};
use insights_simulator::runtime_api::{Outcome, function_environment};
use insights_simulator::{Invocation, RuntimeApi};
use nix::time::clock_getcpuclockid;
use nix::unistd::Pid;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

/// The memory of the smallest Lambda function, in megabytes.
pub const MEMORY_MEGABYTES: u64 = 128;

/// The interval at which a process is observed until it is idle.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// The number of intervals without CPU time after which a process counts as idle.
const QUIET_LOOKS: u32 = 6;

/// The build of the functions that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// The shipped build.
    Release,
    /// The build of the tests, which is faster to compile.
    Debug,
}

/// The entries of `all` whose package is `only`, or all of them, each with its binary, which is built first.
#[expect(clippy::print_stderr, reason = "a build takes minutes, so the user should know what is built")]
pub async fn built<'a, T>(
    all: &'a [T],
    package: impl Fn(&T) -> &'static str,
    only: Option<&str>,
    build: Build,
    cargo: &str,
) -> Result<(Vec<&'a T>, PathBuf), Failure> {
    let chosen: Vec<&T> = all.iter().filter(|one| only.is_none_or(|only| only == package(one))).collect();
    let packages: Vec<&str> = chosen.iter().map(|one| package(one)).collect();
    eprintln!("building {}", packages.join(" and "));
    let folder = self::build(&packages, build, cargo).await?;
    Ok((chosen, folder))
}

/// Builds the functions as `sam build` does, with cargo-lambda for the architecture of this machine, all at once. Returns
/// each package that is `only` (all without `only`) with its binary.
///
/// `sam build` links the functions one after the other. After this build, its own build is immediate.
#[expect(clippy::print_stderr, reason = "a build takes minutes, so the user should know what is built")]
pub async fn deployed(only: Option<&str>, cargo: &str) -> Result<Vec<(&'static str, PathBuf)>, Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no workspace")?;
    eprintln!("building the functions as sam build does");
    let mut command = Command::new(cargo);
    command.current_dir(root).args(["lambda", "build", "--quiet", "--locked", "--release"]);
    if cfg!(target_arch = "aarch64") {
        command.arg("--arm64");
    }
    if !command.status().await?.success() {
        return Err("cargo lambda build failed; it needs `pip install cargo-lambda ziglang`".into());
    }
    let folder = root.join("target/lambda");
    let chosen = crate::functions().filter(|package| only.is_none_or(|only| only == *package));
    Ok(chosen.map(|package| (package, folder.join(package).join("bootstrap"))).collect())
}

/// Builds the functions `packages` as they ship, each with its own features, and returns the folder of the binaries.
async fn build(packages: &[&str], build: Build, cargo: &str) -> Result<PathBuf, Failure> {
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

/// One invocation and the resources that it needed.
#[derive(Clone, Debug)]
pub struct Invoked {
    /// The response of the function.
    pub response: Value,
    /// The duration.
    pub took: Duration,
    /// The CPU time of the process since its start, in user and system mode.
    pub processor: Duration,
    /// The peak resident memory of the process so far, in KiB.
    pub peak_kib: u64,
}

impl Invoked {
    /// A counter of the response.
    pub fn number(&self, name: &str) -> u64 {
        self.response.get(name).and_then(Value::as_u64).unwrap_or_default()
    }
}

/// The process of a function. It is killed when this is dropped.
#[derive(Debug)]
pub struct Function {
    // Declared first, so that the process ends before the services that it uses.
    child: Child,
    api: RuntimeApi,
}

impl Function {
    /// Starts the binary of `package` in `folder`, without rate limits. `variables` are added to those that Lambda sets.
    pub async fn start(
        folder: &Path,
        package: &str,
        services: &Services,
        variables: &[(&str, &str)],
    ) -> Result<Self, Failure> {
        Self::run(Command::new(folder.join(package)), package, services, variables).await
    }

    /// Like [`Function::start`], for any program that uses the Runtime API; `name` is its function name.
    pub async fn run(
        mut command: Command,
        name: &str,
        services: &Services,
        variables: &[(&str, &str)],
    ) -> Result<Self, Failure> {
        let api = RuntimeApi::start().await?;
        let mut environment: BTreeMap<String, String> =
            function_environment(&api.address(), name).into_iter().collect();
        let (url, memory, rates) =
            (services.url(), MEMORY_MEGABYTES.to_string(), insights_sources::rate_limits(0));
        let lambda = [
            ("AWS_ACCESS_KEY_ID", "AKIABENCH"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_DEFAULT_REGION", REGION),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_ENDPOINT_URL", url.as_str()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory.as_str()),
            ("AWS_REGION", REGION),
            ("RATE_LIMITS", rates.as_str()),
            ("TABLE_NAME", TABLE),
        ];
        for (variable, value) in lambda.iter().chain(variables) {
            environment.insert((*variable).to_owned(), (*value).to_owned());
        }
        let child = command
            .env_clear()
            .envs(environment)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self { child, api })
    }

    /// Waits until the process is idle before its first invocation. Returns its CPU time until then.
    pub async fn settle(&self) -> Result<Duration, Failure> {
        let (mut before, mut quiet) = (Duration::ZERO, 0);
        while quiet < QUIET_LOOKS {
            tokio::time::sleep(LOOK_EVERY).await;
            let now = self.processor()?;
            quiet = if now == before && now > Duration::ZERO { quiet + 1 } else { 0 };
            before = now;
        }
        Ok(before)
    }

    /// The CPU time of the process so far.
    fn processor(&self) -> Result<Duration, Failure> {
        let id = self.child.id().ok_or("the function has ended")?;
        let clock = clock_getcpuclockid(Pid::from_raw(i32::try_from(id)?))?;
        Ok(Duration::from(clock.now()?))
    }

    /// Invokes it without a deadline and waits for the result without a limit.
    pub async fn invoke(&mut self, payload: &str) -> Result<Invoked, Failure> {
        // A deadline before the start of the process means no deadline.
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
        let processor = self.processor()?;
        Ok(Invoked { response: serde_json::from_str(&text)?, took, processor, peak_kib })
    }
}

/// The peak resident memory in `/proc/PID/status`, in KiB.
fn peak_kib(status: &str) -> Result<u64, Failure> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| "/proc/PID/status has no VmHWM".into())
}
