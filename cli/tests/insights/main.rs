//! The commands by the program that is shipped. One program of tests, so that it is linked once, and the story is collected
//! once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a helper that cannot go on fails its test"
)]

mod support;

mod collect;
mod demo;
#[cfg(unix)]
mod local;
mod purge;
mod read;
mod report;
mod serve;
#[cfg(unix)]
mod simulate;
mod table;
mod usage;
