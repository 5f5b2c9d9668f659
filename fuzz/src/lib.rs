//! Fuzz targets for all external input, as functions of bytes. They must not panic, create a key that DynamoDB rejects, or lose
//! data without a record or an issue.
//!
//! [`TARGETS`] are the functions, and [`seeds`] their initial inputs. `tests/short.rs` mutates them without coverage in
//! `cargo test`; the binary is guided by coverage (README.md).

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a failure must end the run")]

mod answer;
mod canned;
mod given;
mod invoke;
mod item;
mod keys;
mod payload;
mod scenario;
mod seed;
mod sources;

pub use seed::seeds;

use insights_shared::time::Timestamp;

/// A fuzz target.
pub type Target = fn(&[u8]);

/// Every fuzz target by its name.
pub const TARGETS: [(&str, Target); 5] = [
    ("payload", payload::check),
    ("event", sources::check_event),
    ("answer", answer::check),
    ("scenario", scenario::check),
    ("item", item::check),
];

/// The account of every input.
pub const ACCOUNT: &str = "123456789012";
/// The region of every input.
pub const REGION: &str = "eu-west-1";

/// The time of every run.
///
/// # Panics
///
/// Never.
pub fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().expect("a time")
}
