//! What the benchmarks share. No function depends on it.
//!
//! - [`sources`]: the scenarios and the configuration of each source.
//! - [`scale`]: how much data there is in the memory benchmark.
//! - [`load`]: how much data there is when functions are compared, and what changes.
//! - [`services`]: the simulated services with a table, and the requests to them.
//! - [`function`]: a function binary as a process, invoked as by Lambda, and the resources that it used.
//! - [`agreement`]: whether two tables contain the same records.
//! - [`comparison`]: the resources that two programs used for the same runs, as tables.
//! - [`start`]: a function binary up to its first poll.
//! - [`baseline`]: earlier measurements, and the allowed increase.
//! - [`table`]: tables for the terminal and the documentation.
//!
//! Each benchmark is a binary in `src/bin/`. It ends with exit code 1 if a requirement is violated.

pub mod agreement;
pub mod baseline;
pub mod comparison;
pub mod function;
pub mod load;
pub mod scale;
pub mod services;
pub mod sources;
pub mod start;
pub mod table;

/// Why a benchmark could not measure.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

use std::process::ExitCode;

/// The packages of the functions.
pub fn functions() -> impl Iterator<Item = &'static str> {
    insights_sources::all().map(|source| source.package)
}

/// The exit code of a benchmark, given the violated requirements, one line each, or why it could not measure.
#[expect(clippy::print_stderr, reason = "a benchmark prints its results")]
pub fn conclude(result: Result<Vec<String>, Failure>) -> ExitCode {
    match result {
        Ok(faults) if faults.is_empty() => ExitCode::SUCCESS,
        Ok(faults) => {
            for fault in faults {
                eprintln!("failed: {fault}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
