//! The commands that read the table, by the program that is shipped. One program of tests, so that the story is collected
//! once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a helper that cannot go on fails its test"
)]

#[path = "../support/mod.rs"]
mod support;

mod asking;
mod compliance;
mod hostile;
mod list;
mod manners;
mod queries;
mod series;
mod show;
mod status;
mod timeline;
mod zones;
