//! Measures the peak memory of a function with up to a hundred times the data, and checks that it sends no request twice.
//!
//! ```sh
//! cargo run --profile quick -p insights-bench --bin memory            # all scales, the shipped build
//! cargo run -p insights-bench --bin memory -- --quick                 # the smallest, a debug build
//! ```
//!
//! It fails (exit code 1) if a peak exceeds a third of the memory of the smallest Lambda function, if a larger scale needs
//! more memory than the ids of its insights explain, if a request is repeated, or if not everything is stored.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark says what it measured")]

use clap::Parser;
use clap::builder::PossibleValuesParser;
use insights_bench::function::{self, Build, Function, Invoked};
use insights_bench::scale::Scale;
use insights_bench::services::Services;
use insights_bench::sources::{BENCH_SOURCES, BenchSource, MemoryData};
use insights_bench::table::{Table, count, mebibytes};
use insights_bench::{Failure, conclude};
use serde_json::Value;
use std::path::Path;
use std::process::ExitCode;

/// The maximum difference between the peaks of the largest and the smallest scale, in KiB. During a run, each insight and
/// series takes a few dozen bytes.
const FLAT_KIB: u64 = 12 * 1024;
/// The maximum peak, in KiB: 40 MB. A debug build is larger because of its code.
const MOST_KIB: u64 = 40_000_000 / 1024;
const MOST_KIB_DEBUG: u64 = 64 * 1024;

/// Measure the functions' memory
#[derive(Debug, Parser)]
struct Arguments {
    /// Measure only the smallest scale, with a debug build
    #[arg(long)]
    quick: bool,
    /// Measure only this function
    #[arg(long, value_parser = PossibleValuesParser::new(subjects().into_iter().map(|(entry, _)| entry.source.package)))]
    function: Option<String>,
    /// Measure only this scale
    #[arg(long, conflicts_with = "quick", value_parser = PossibleValuesParser::new(Scale::ALL.map(|scale| scale.name)))]
    scale: Option<String>,
    /// Use this cargo to build the functions
    #[arg(long, env = "CARGO", default_value = "cargo", hide = true)]
    cargo: String,
}

/// A source and its data for this benchmark.
type Subject = (BenchSource, MemoryData);

fn subjects() -> Vec<Subject> {
    BENCH_SOURCES.iter().filter_map(|entry| Some((*entry, entry.memory?))).collect()
}

#[tokio::main]
async fn main() -> ExitCode {
    conclude(run(&Arguments::parse()).await)
}

/// Measures and prints the results. Returns the violated requirements, one line each.
async fn run(arguments: &Arguments) -> Result<Vec<String>, Failure> {
    let build = if arguments.quick { Build::Debug } else { Build::Release };
    let only = arguments.function.as_deref();
    let all = subjects();
    let (subjects, folder) =
        function::built(&all, |(entry, _)| entry.source.package, only, build, &arguments.cargo).await?;
    let is_wanted = |scale: &Scale| match &arguments.scale {
        Some(name) => scale.name == name,
        None => !arguments.quick || *scale == Scale::ALL[0],
    };
    let mut table = Table::new(&[
        "function", "scale", "insights", "series", "records", "requests", "repeated", "seconds", "peak MiB",
    ]);
    let mut faults = Vec::new();
    for &subject in subjects {
        let package = subject.0.source.package;
        let mut smallest = None;
        for scale in Scale::ALL.into_iter().filter(is_wanted) {
            eprintln!("{package} at {}", scale.name);
            let (invoked, services) = measure(subject, scale, &folder).await?;
            check(subject, scale, &invoked, &services, &mut faults);
            let most = if build == Build::Debug { MOST_KIB_DEBUG } else { MOST_KIB };
            if invoked.peak_kib >= most {
                let peaks = format!("{} MiB, at most {}", mebibytes(invoked.peak_kib), mebibytes(most));
                faults.push(format!("{package} at {}: {peaks}", scale.name));
            }
            let smallest = *smallest.get_or_insert(invoked.peak_kib);
            if invoked.peak_kib > smallest + FLAT_KIB {
                let peaks =
                    format!("{} MiB, {} MiB at first", mebibytes(invoked.peak_kib), mebibytes(smallest));
                faults.push(format!("{package} at {}: memory is not flat: {peaks}", scale.name));
            }
            table.row(vec![
                package.to_owned(),
                scale.name.to_owned(),
                count(scale.insights as u64),
                count((subject.1.series)(scale) as u64),
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

async fn measure(
    (entry, data): Subject,
    scale: Scale,
    folder: &Path,
) -> Result<(Invoked, Services), Failure> {
    let services = Services::start(&(data.scenario)(scale)).await?;
    let mut function = Function::start(folder, entry.source.package, &services, entry.variables).await?;
    let invoked = function.invoke("{}").await?;
    Ok((invoked, services))
}

fn check(
    (entry, data): Subject,
    scale: Scale,
    invoked: &Invoked,
    services: &Services,
    faults: &mut Vec<String>,
) {
    let place = format!("{} at {}", entry.source.package, scale.name);
    let response = &invoked.response;
    if response.get("status").and_then(Value::as_str) != Some("ok") {
        faults.push(format!("{place}: {response}"));
    }
    let (written, expected) = (invoked.number("written"), (data.records)(scale));
    if written < expected {
        faults.push(format!("{place}: {written} records are stored, of at least {expected}"));
    }
    let (repeated, examples) = services.repeated();
    if repeated > 0 {
        faults.push(format!("{place}: {repeated} requests were made twice, such as {}", examples.join("; ")));
    }
}
