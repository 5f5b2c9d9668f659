//! Records, keys, values and validation: the part of `insights-shared` without I/O. `insights-shared` re-exports these
//! modules.
//!
//! This is a crate of its own because every record passes through it. It is small and optimized for speed, while the crates
//! that wait for the network are optimized for size (`Cargo.toml`, `docs/performance.md`). It has no I/O; only `time.rs` has
//! a function that reads a clock.

#[cfg(feature = "dynamodb")]
mod attribute;
pub mod catalog;
pub mod descriptor;
pub mod fault;
mod json;
pub mod key;
mod map;
pub mod number;
pub mod record;
pub mod region;
#[cfg(feature = "dynamodb")]
pub mod sdk;
pub mod series;
pub mod severity;
pub mod surrogate;
#[cfg(test)]
mod test_kinds;
pub mod time;
pub mod validate;
pub mod value;
pub mod version;
