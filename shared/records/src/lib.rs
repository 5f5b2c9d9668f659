//! What a record is, and how it is made sound: the pure half of `insights-shared`, through which everybody has it.
//!
//! A crate of its own, since every record goes through it and it is small: it is built for speed, and what waits for the
//! network for size (`Cargo.toml`, `docs/performance.md`). It asks nobody and waits for nothing; `time.rs` has the one
//! function that reads a clock.

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
