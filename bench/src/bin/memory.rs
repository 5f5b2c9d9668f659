//! Memory: how much a function has at its peak when it finds a hundred times as much, and that it makes no call twice.
//!
//! ```sh
//! cargo run --profile quick -p insights-bench --bin memory            # all scales, the shipped build
//! cargo run -p insights-bench --bin memory -- --quick                 # the smallest, a debug build
//! ```
//!
//! It fails (exit code 1) where a peak is not below a third of the memory of the smallest Lambda function, where a larger
//! scale needs more than the smallest but for what names an insight, where a request is repeated, or where not everything
//! is stored.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark says what it measured")]

use clap::Parser;
use clap::builder::PossibleValuesParser;
use insights_bench::function::{self, Build, Function, Invoked};
use insights_bench::scale::Scale;
use insights_bench::services::Services;
use insights_bench::table::{Table, count, mebibytes};
use insights_bench::{Failure, conclude};
use serde_json::Value;
use std::path::Path;
use std::process::ExitCode;

/// How much more a function may have at its peak at the largest scale than at the smallest, in KiB: what is known of each
/// insight and series during a run is a few dozen bytes.
const FLAT_KIB: u64 = 12 * 1024;
/// The most that a function may have at its peak, in KiB: 40 MB. A debug build is larger by its own code.
const MOST_KIB: u64 = 40_000_000 / 1024;
const MOST_KIB_DEBUG: u64 = 64 * 1024;

/// Measures the functions' memory.
#[derive(Debug, Parser)]
struct Arguments {
    /// The smallest scale alone, of a debug build
    #[arg(long)]
    quick: bool,
    /// This function alone
    #[arg(long, value_parser = PossibleValuesParser::new(SUBJECTS.each_ref().map(|subject| subject.package)))]
    function: Option<String>,
    /// This scale alone
    #[arg(long, conflicts_with = "quick", value_parser = PossibleValuesParser::new(Scale::ALL.map(|scale| scale.name)))]
    scale: Option<String>,
    /// The cargo that builds the functions
    #[arg(long, env = "CARGO", default_value = "cargo", hide = true)]
    cargo: String,
}

/// A function, what it is told of, and how it is configured.
struct Subject {
    package: &'static str,
    scenario: fn(Scale) -> String,
    variables: &'static [(&'static str, &'static str)],
    records: fn(Scale) -> u64,
}

const SUBJECTS: [Subject; 2] = [
    // An insight, two events and a graph.
    Subject {
        package: "xray-insights",
        scenario: Scale::xray,
        variables: &[],
        records: |scale| 4 * scale.insights as u64,
    },
    // An insight; and of each series 359 whole hours, beside what stands at the cut-off and at the clock.
    Subject {
        package: "cloudtrail-insights",
        scenario: Scale::cloudtrail,
        variables: &[("CLOUDTRAIL_PERIOD", "60"), ("LOOKBACK_DAYS", "15")],
        records: |scale| scale.insights as u64 + 359 * scale.series as u64,
    },
];

#[tokio::main]
async fn main() -> ExitCode {
    conclude(run(&Arguments::parse()).await)
}

/// Measures and prints. What broke a promise, one line each.
async fn run(arguments: &Arguments) -> Result<Vec<String>, Failure> {
    let build = if arguments.quick { Build::Debug } else { Build::Release };
    let only = arguments.function.as_deref();
    let (subjects, folder) =
        function::built(&SUBJECTS, |subject| subject.package, only, build, &arguments.cargo).await?;
    let is_wanted = |scale: &Scale| match &arguments.scale {
        Some(name) => scale.name == name,
        None => !arguments.quick || *scale == Scale::ALL[0],
    };
    let mut table = Table::new(&[
        "function", "scale", "insights", "series", "records", "requests", "repeated", "seconds", "peak MiB",
    ]);
    let mut faults = Vec::new();
    for subject in subjects {
        let mut smallest = None;
        for scale in Scale::ALL.into_iter().filter(is_wanted) {
            eprintln!("{} at {}", subject.package, scale.name);
            let (invoked, services) = measure(subject, scale, &folder).await?;
            judge(subject, scale, &invoked, &services, &mut faults);
            let most = if build == Build::Debug { MOST_KIB_DEBUG } else { MOST_KIB };
            if invoked.peak_kib >= most {
                let peaks = format!("{} MiB, at most {}", mebibytes(invoked.peak_kib), mebibytes(most));
                faults.push(format!("{} at {}: {peaks}", subject.package, scale.name));
            }
            let smallest = *smallest.get_or_insert(invoked.peak_kib);
            if invoked.peak_kib > smallest + FLAT_KIB {
                let peaks =
                    format!("{} MiB, {} MiB at first", mebibytes(invoked.peak_kib), mebibytes(smallest));
                faults.push(format!("{} at {}: memory is not flat: {peaks}", subject.package, scale.name));
            }
            let series = if subject.package == "cloudtrail-insights" { scale.series } else { 0 };
            table.row(vec![
                subject.package.to_owned(),
                scale.name.to_owned(),
                count(scale.insights as u64),
                count(series as u64),
                count(invoked.number("fetched")),
                count(services.requests().0 + services.requests().1),
                count(services.repeated().0),
                count(invoked.took.as_secs()),
                mebibytes(invoked.peak_kib),
            ]);
            services.stop().await;
        }
    }
    print!("{}", table.render());
    Ok(faults)
}

async fn measure(subject: &Subject, scale: Scale, folder: &Path) -> Result<(Invoked, Services), Failure> {
    let services = Services::start(&(subject.scenario)(scale)).await?;
    let mut function = Function::start(folder, subject.package, &services, subject.variables).await?;
    let invoked = function.invoke("{}").await?;
    Ok((invoked, services))
}

fn judge(subject: &Subject, scale: Scale, invoked: &Invoked, services: &Services, faults: &mut Vec<String>) {
    let place = format!("{} at {}", subject.package, scale.name);
    let response = &invoked.response;
    if response.get("status").and_then(Value::as_str) != Some("ok") {
        faults.push(format!("{place}: {response}"));
    }
    let (written, expected) = (invoked.number("written"), (subject.records)(scale));
    if written < expected {
        faults.push(format!("{place}: {written} records are stored, of at least {expected}"));
    }
    let (repeated, examples) = services.repeated();
    if repeated > 0 {
        faults.push(format!("{place}: {repeated} requests were made twice, such as {}", examples.join("; ")));
    }
}
