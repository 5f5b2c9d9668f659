//! A function as a process of its own, so that its memory and its time are its own: a shipped binary, built by cargo, or
//! another program; invoked over a Lambda Runtime API, and looked at in `/proc`.

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

/// What the smallest Lambda function has.
pub const MEMORY_MEGABYTES: u64 = 128;

/// How often a process is looked at until it is still.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// At how many looks it has to have done nothing.
const QUIET_LOOKS: u32 = 6;

/// Which build of the functions is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// The one that ships.
    Release,
    /// The one that tests run, which is there sooner.
    Debug,
}

/// Those of `all` whose package is `only`, or all of them, and where their binaries are once they are built.
#[expect(clippy::print_stderr, reason = "a build takes minutes, and whoever waits should know for what")]
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

/// Builds the functions as `sam build` does, with cargo-lambda for the architecture of this machine, all at once. Returns each
/// package that is `only` (all without `only`) with its binary.
///
/// `sam build` links the functions one after the other. Its own build is immediate after this one.
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

/// Builds the functions `packages`, as they ship: each with the features that it asks for itself. The folder of the binaries.
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

/// One invocation, and what it needed.
#[derive(Clone, Debug)]
pub struct Invoked {
    /// What the function answered.
    pub response: Value,
    /// How long it took.
    pub took: Duration,
    /// How long processors worked for the process, in user and system mode, since it began.
    pub processor: Duration,
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
    // Before what it waits for, so that it does not see that end.
    child: Child,
    api: RuntimeApi,
}

impl Function {
    /// Starts the binary of `package` in `folder`, unpaced, with `variables` beside those that Lambda gives.
    pub async fn start(
        folder: &Path,
        package: &str,
        services: &Services,
        variables: &[(&str, &str)],
    ) -> Result<Self, Failure> {
        Self::run(Command::new(folder.join(package)), package, services, variables).await
    }

    /// As [`Function::start`], with any program that asks the Runtime API; `name` is what Lambda would call it.
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

    /// Waits until the process has nothing more to do before its first invocation: how long processors worked until then.
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

    /// How long processors worked for the process so far.
    fn processor(&self) -> Result<Duration, Failure> {
        let id = self.child.id().ok_or("the function has ended")?;
        let clock = clock_getcpuclockid(Pid::from_raw(i32::try_from(id)?))?;
        Ok(Duration::from(clock.now()?))
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
        let processor = self.processor()?;
        Ok(Invoked { response: serde_json::from_str(&text)?, took, processor, peak_kib })
    }
}

/// The peak of the resident set in `/proc/PID/status`.
fn peak_kib(status: &str) -> Result<u64, Failure> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| "/proc/PID/status has no VmHWM".into())
}
