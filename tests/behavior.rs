//! Tests of the functions together: sample events, overlapping and killed runs, rate limits, permissions.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test ends where it cannot go on, and says how far it came"
)]

use insights_shared::record::Source;

/// Calls `check` for every source, each in its own thread.
fn for_every_source(check: impl Fn(Source) + Sync) {
    std::thread::scope(|scope| {
        for source in insights_sources::all() {
            let check = &check;
            scope.spawn(move || check(source));
        }
    });
}

mod events;
mod overlap;
mod pacing;
mod permissions;
mod recheck;
mod schedules;
