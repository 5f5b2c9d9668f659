//! What the benchmarks share. Nothing that ships depends on it.
//!
//! - [`scale`]: how much there is to find, and the scenario that tells it.
//! - [`services`]: the simulated services with a table, and every request to them counted by what it asks.
//! - [`function`]: a shipped binary as a process of its own, invoked as Lambda does, and what it needed.
//! - [`table`]: columns for a person, and for the documentation.
//!
//! Each benchmark is a binary of its own in `src/bin/`. They judge: what breaks a promise ends them with exit code 1.

pub mod function;
pub mod scale;
pub mod services;
pub mod table;

/// What ends a benchmark, in words.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
