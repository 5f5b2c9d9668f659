//! Hostile input: every way by which text from outside comes in, as a function of bytes that must not panic, must not
//! make a key that the table does not take, and must not lose what it was given without a word.
//!
//! [`TARGETS`] are the functions, [`seeds`] what their mutation begins with. `tests/short.rs` mutates blindly within
//! `cargo test`; the binary is guided by coverage (README.md).

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "what is found has to end the run")]

mod answer;
mod canned;
mod event;
mod given;
mod invoke;
mod item;
mod keys;
mod payload;
mod scenario;
mod seed;

pub use seed::seeds;

use insights_shared::time::Timestamp;

/// One way in.
pub type Target = fn(&[u8]);

/// Every way in, by name.
pub const TARGETS: [(&str, Target); 5] = [
    ("payload", payload::check),
    ("event", event::check),
    ("answer", answer::check),
    ("scenario", scenario::check),
    ("item", item::check),
];

/// The account of everything here.
pub const ACCOUNT: &str = "123456789012";
/// The region of everything here.
pub const REGION: &str = "eu-west-1";

/// The instant at which everything here happens.
///
/// # Panics
///
/// Never.
pub fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().expect("a time")
}
