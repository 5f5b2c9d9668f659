//! What the benchmarks share. Nothing that ships depends on it.
//!
//! - [`scale`]: how much there is to find, and the scenario that tells it.
//! - [`load`]: how much there is to find when functions are compared, and what changes.
//! - [`services`]: the simulated services with a table, and every request to them counted by what it asks.
//! - [`function`]: a shipped binary as a process of its own, invoked as Lambda does, and what it needed.
//! - [`agreement`]: whether two tables hold the same records.
//! - [`comparison`]: what two programs needed for the same runs, as tables.
//! - [`start`]: a shipped binary up to its first poll.
//! - [`baseline`]: what was measured before, and how much more is too much.
//! - [`table`]: columns for a person, and for the documentation.
//!
//! Each benchmark is a binary of its own in `src/bin/`. They judge: what breaks a promise ends them with exit code 1.

pub mod agreement;
pub mod baseline;
pub mod comparison;
pub mod function;
pub mod load;
pub mod scale;
pub mod services;
pub mod start;
pub mod table;

/// What ends a benchmark, in words.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

use std::process::ExitCode;

/// The functions that ship.
pub const FUNCTIONS: [&str; 3] = ["auditmanager-insights", "cloudtrail-insights", "xray-insights"];

/// How a benchmark ends, given what broke a promise, one line each, or what kept it from measuring.
#[expect(clippy::print_stderr, reason = "a benchmark says what it found")]
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
