//! Measures the start of each shipped function: from the first instruction of its process to its first poll of the Runtime
//! API. By then it has read its configuration and created everything that invocations share.
//!
//! ```sh
//! cargo run --profile quick -p insights-bench --bin start
//! ```
//!
//! It builds the functions with cargo-lambda, as `sam build` does. It counts instructions with `callgrind`, so it needs
//! Valgrind. It fails (exit code 1) if they exceed the baseline by more than 5 %. The printed time is the median of many
//! starts, and is only informative.

#![expect(clippy::print_stdout, reason = "a benchmark says what it measured")]

use clap::Parser;
use clap::builder::PossibleValuesParser;
use insights_bench::baseline::Baseline;
use insights_bench::function;
use insights_bench::start::{instructions, median_of_starts};
use insights_bench::table::{Table, count};
use insights_bench::{Failure, conclude, functions};
use std::process::ExitCode;

/// Measure the functions' starts
#[derive(Debug, Parser)]
struct Arguments {
    /// Write the measured values to the baseline
    #[arg(long)]
    renew: bool,
    /// Measure only this function
    #[arg(long, value_parser = PossibleValuesParser::new(functions()))]
    function: Option<String>,
    /// Time this number of starts
    #[arg(long, default_value_t = 21)]
    starts: usize,
    /// Use this cargo to build the functions
    #[arg(long, env = "CARGO", default_value = "cargo", hide = true)]
    cargo: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    conclude(run(&Arguments::parse()).await)
}

async fn run(arguments: &Arguments) -> Result<Vec<String>, Failure> {
    const MEASURE: &str = "instructions";
    let binaries = function::deployed(arguments.function.as_deref(), &arguments.cargo).await?;
    let mut baseline = Baseline::read()?;
    let (mut table, mut faults) = (Table::new(&["function", MEASURE, "milliseconds"]), Vec::new());
    for (package, file) in binaries {
        let counted = instructions(&file).await?;
        let median = median_of_starts(&file, arguments.starts).await?;
        let milliseconds = format!("{:.1}", median.as_secs_f64() * 1_000.0);
        table.row(vec![package.to_owned(), count(counted), milliseconds]);
        if arguments.renew {
            baseline.set(package, MEASURE, counted);
        }
        faults.extend(baseline.fault(package, MEASURE, counted));
    }
    if arguments.renew {
        baseline.write()?;
    }
    print!("{}", table.render());
    Ok(faults)
}
