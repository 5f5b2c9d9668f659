//! What the functions do together: sample events, overlapping and dying runs, rate limits, permissions.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test ends where it cannot go on, and says how far it came"
)]

mod events;
mod overlap;
mod pacing;
mod permissions;
mod schedules;
