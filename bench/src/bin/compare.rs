//! Compares the shipped functions with Lambda functions that do the same with boto3 (`bench/boto3/`). Both use the same
//! simulated services and separate tables, alternately: a first run, a run without changes, and a run in which one item in a
//! hundred has changed.
//!
//! ```sh
//! cargo run --profile quick -p insights-bench --bin compare           # all loads, the shipped build
//! cargo run -p insights-bench --bin compare -- --quick                # a tiny load, a debug build
//! ```
//!
//! It needs a Python with boto3 (`.ci/bench` creates one). It fails (exit code 1) if the two tables differ in data that both
//! must contain, if a run without changes writes more than `run` and `state`, or if a run is incomplete. Times are never a
//! reason to fail.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark says what it measured")]

use clap::Parser;
use clap::builder::PossibleValuesParser;
use insights_bench::agreement::{Agreement, Records};
use insights_bench::comparison::{Both, Compared, RUNS, Run, Sample, Tables};
use insights_bench::function::{self, Build, Function};
use insights_bench::load::{Content, Load};
use insights_bench::services::Services;
use insights_bench::sources::{BENCH_SOURCES, BenchSource};
use insights_bench::table::count;
use insights_bench::{Failure, conclude, functions};
use insights_shared::time::Clock;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio::process::Command;

/// The maximum number of items that a run without changes writes: `run` and `state` of its target.
const UNCHANGED_ITEMS: u64 = 2;

/// Compare the functions with boto3
#[derive(Debug, Parser)]
struct Arguments {
    /// Measure a tiny load once, with a debug build
    #[arg(long)]
    quick: bool,
    /// Measure only this function
    #[arg(long, value_parser = PossibleValuesParser::new(functions()))]
    function: Option<String>,
    /// Measure only this load
    #[arg(long, conflicts_with = "quick", value_parser = PossibleValuesParser::new(Load::ALL.map(|load| load.name)))]
    load: Option<String>,
    /// Repeat each run this often, and print medians. The large load is run once
    #[arg(long, default_value_t = 5)]
    repeat: usize,
    /// Let boto3 look back only one day from the second run on. Data that it misses is not a fault
    #[arg(long)]
    short: bool,
    /// Measure only the first run. Writes of later runs are not checked
    #[arg(long, conflicts_with = "short")]
    first: bool,
    /// Use this Python, which must have boto3
    #[arg(long, default_value = ".venv/bin/python")]
    python: PathBuf,
    /// Use this cargo to build the functions
    #[arg(long, env = "CARGO", default_value = "cargo", hide = true)]
    cargo: String,
}

/// The locations of the programs.
struct Programs {
    functions: PathBuf,
    python: PathBuf,
    runtime: PathBuf,
    is_quick: bool,
    is_short: bool,
    is_first_alone: bool,
}

impl Programs {
    fn ours(&self, subject: &BenchSource) -> Command {
        Command::new(self.functions.join(subject.source.package))
    }

    fn theirs(&self, subject: &BenchSource) -> Command {
        let mut command = Command::new(&self.python);
        command.arg(&self.runtime).arg(subject.source.id);
        command
    }

    /// The variables of the boto3 program in a run.
    fn their_variables(&self, subject: &BenchSource, run: Run) -> Vec<(&'static str, &'static str)> {
        let is_short = self.is_short && run != Run::First;
        let shortened = is_short.then_some(("LOOKBACK_DAYS", "1"));
        subject.variables.iter().copied().chain(shortened).collect()
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    conclude(run(&Arguments::parse()).await)
}

/// Measures and prints the results. Returns the violated requirements, one line each.
async fn run(arguments: &Arguments) -> Result<Vec<String>, Failure> {
    let build = if arguments.quick { Build::Debug } else { Build::Release };
    let only = arguments.function.as_deref();
    let (subjects, functions) =
        function::built(BENCH_SOURCES, |subject| subject.source.package, only, build, &arguments.cargo)
            .await?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = folder.parent().ok_or("no workspace")?;
    let programs = Programs {
        functions,
        python: root.join(&arguments.python),
        runtime: folder.join("boto3/runtime.py"),
        is_quick: arguments.quick,
        is_short: arguments.short,
        is_first_alone: arguments.first,
    };
    println!("{}\n", versions(&programs).await?);
    let loads = if arguments.quick { vec![Load::TINY] } else { Load::ALL.to_vec() };
    let is_wanted = |load: &Load| arguments.load.as_deref().is_none_or(|name| name == load.name);
    let mut tables = Tables::default();
    let mut faults = Vec::new();
    for load in loads.into_iter().filter(is_wanted) {
        let repeats = if load.insights > 1_000 || arguments.quick { 1 } else { arguments.repeat.max(1) };
        for subject in &subjects {
            let name = format!("{}, {}", subject.source.package, load.name);
            let mut compared = Vec::new();
            for repeat in 1..=repeats {
                eprintln!("{name}: {repeat} of {repeats}");
                compared.push(measure(subject, load, &programs, &mut faults).await?);
            }
            tables.add(subject.source.package, load.name, &compared);
        }
    }
    print!("{}", tables.render());
    Ok(faults)
}

async fn versions(programs: &Programs) -> Result<String, Failure> {
    let script = "import platform, boto3, botocore; \
                  print(f'Python {platform.python_version()}, boto3 {boto3.__version__}, botocore {botocore.__version__}')";
    let python = programs.python.display();
    let missing = |error| format!("{python}: {error}; .ci/bench makes one with boto3");
    let output = Command::new(&programs.python).args(["-c", script]).output().await.map_err(missing)?;
    if !output.status.success() {
        return Err(format!("{python} has no boto3: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs both programs alternately, starting with empty tables.
async fn measure(
    subject: &BenchSource,
    load: Load,
    programs: &Programs,
    faults: &mut Vec<String>,
) -> Result<Compared, Failure> {
    let place = format!("{}, {}", subject.source.package, load.name);
    let first = (subject.load)(load, Content::Initial);
    let anchor = Clock::System.now();
    let our_services = Services::start_as_of(&first, anchor).await?;
    let their_services = Services::start_as_of(&first, anchor).await?;
    let mut compared = Compared::default();
    let is_wanted = |run: &Run| match run {
        Run::First => true,
        Run::Unchanged => !programs.is_first_alone,
        // In an empty account, nothing changes.
        Run::Changed => !programs.is_first_alone && load.insights > 0,
    };
    for run in RUNS.into_iter().filter(is_wanted) {
        let place = format!("{place}, {}", run.name());
        if run == Run::Changed {
            let changed = (subject.load)(load, Content::Changed);
            our_services.change(&changed)?;
            their_services.change(&changed)?;
        }
        if !programs.is_quick && run != Run::First && subject.starts_in_new_minute {
            next_minute().await;
        }
        let ours = sample(programs.ours(subject), subject, subject.variables, &our_services).await?;
        let their_variables = programs.their_variables(subject, run);
        let theirs = sample(programs.theirs(subject), subject, &their_variables, &their_services).await?;
        eprintln!("{place}: ours {ours}; boto3 {theirs}");
        check(&place, run, &ours, &theirs, faults);
        compared.add(run, Both { ours, theirs }, our_services.points());
    }
    if !programs.is_short {
        compare(subject, load, (&our_services, &their_services), faults).await?;
    }
    our_services.stop().await;
    their_services.stop().await;
    Ok(compared)
}

/// Compares the two tables.
async fn compare(
    subject: &BenchSource,
    load: Load,
    (ours, theirs): (&Services, &Services),
    faults: &mut Vec<String>,
) -> Result<(), Failure> {
    let place = format!("{}, {}", subject.source.package, load.name);
    let Agreement { compared, differences, ours_alone } =
        Agreement::of(&Records::read(ours).await?, &Records::read(theirs).await?);
    eprintln!("{place}: {} records compared; only ours has {ours_alone}", count(compared as u64));
    let expected = (subject.records)(load);
    if compared < expected {
        faults.push(format!("{place}: {compared} records can be compared, at least {expected} are expected"));
    }
    faults.extend(differences.iter().map(|difference| format!("{place}: {difference}")));
    Ok(())
}

/// One run in its own process.
async fn sample(
    program: Command,
    subject: &BenchSource,
    variables: &[(&str, &str)],
    services: &Services,
) -> Result<Sample, Failure> {
    services.forget();
    let mut function = Function::run(program, subject.source.package, services, variables).await?;
    let started = function.settle().await?;
    let invoked = function.invoke("{}").await?;
    Ok(Sample::of(started, &invoked, services))
}

fn check(place: &str, run: Run, ours: &Sample, theirs: &Sample, faults: &mut Vec<String>) {
    for (who, sample) in [("ours", ours), ("boto3", theirs)] {
        let status = sample.response.get("status").and_then(Value::as_str);
        if !matches!(status, Some("ok" | "not_enabled")) {
            faults.push(format!("{place}: {who}: {}", sample.response));
        }
    }
    if run == Run::Unchanged && ours.items > UNCHANGED_ITEMS {
        faults.push(format!("{place}: {} items were written, of at most {UNCHANGED_ITEMS}", ours.items));
    }
}

async fn next_minute() {
    let millis = Clock::System.now().millis().rem_euclid(60_000);
    tokio::time::sleep(Duration::from_millis(u64::try_from(60_000 - millis).unwrap_or_default())).await;
}
