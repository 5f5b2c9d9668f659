//! Measures the size of each shipped function, unpacked and in the archive that is uploaded.
//!
//! ```sh
//! cargo run --profile quick -p insights-bench --bin size
//! ```
//!
//! It builds the functions with cargo-lambda, as `sam build` does. It fails (exit code 1) if a size exceeds the baseline by
//! more than 5 %. Like `sam`, it creates the archive with Python's `zipfile`, so it needs Python 3.

#![expect(clippy::print_stdout, reason = "a benchmark says what it measured")]

use clap::Parser;
use clap::builder::PossibleValuesParser;
use insights_bench::baseline::Baseline;
use insights_bench::function;
use insights_bench::table::{Table, count};
use insights_bench::{Failure, conclude, functions};
use std::path::Path;
use std::process::{Command, ExitCode};

/// A Python program that prints the size of an archive of the given file.
const ZIP: &str = "\
import io, sys, zipfile
archive = io.BytesIO()
with zipfile.ZipFile(archive, 'w', zipfile.ZIP_DEFLATED) as file:
    file.write(sys.argv[1], 'bootstrap')
print(len(archive.getvalue()))
";

/// Measure the functions' sizes
#[derive(Debug, Parser)]
struct Arguments {
    /// Write the measured values to the baseline
    #[arg(long)]
    renew: bool,
    /// Measure only this function
    #[arg(long, value_parser = PossibleValuesParser::new(functions()))]
    function: Option<String>,
    /// Use this cargo to build the functions
    #[arg(long, env = "CARGO", default_value = "cargo", hide = true)]
    cargo: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    conclude(run(&Arguments::parse()).await)
}

async fn run(arguments: &Arguments) -> Result<Vec<String>, Failure> {
    let binaries = function::deployed(arguments.function.as_deref(), &arguments.cargo).await?;
    let mut baseline = Baseline::read()?;
    let (mut table, mut faults) = (Table::new(&["function", "bytes", "zipped"]), Vec::new());
    for (package, file) in binaries {
        let (bytes, zipped) = (std::fs::metadata(&file)?.len(), zipped(&file)?);
        table.row(vec![package.to_owned(), count(bytes), count(zipped)]);
        for (measure, measured) in [("bytes", bytes), ("zipped bytes", zipped)] {
            if arguments.renew {
                baseline.set(package, measure, measured);
            }
            faults.extend(baseline.fault(package, measure, measured));
        }
    }
    if arguments.renew {
        baseline.write()?;
    }
    print!("{}", table.render());
    Ok(faults)
}

fn zipped(file: &Path) -> Result<u64, Failure> {
    let output = Command::new("python3").args(["-c", ZIP]).arg(file).output()?;
    if !output.status.success() {
        return Err(format!("python3: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}
