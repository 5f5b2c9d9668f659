//! Tests of the commands with the `insights` binary. One test binary, so that it is linked once and the scenario is
//! collected once.
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
