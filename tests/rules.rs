//! Rules about the repository, its dependencies, and its deployment: code, templates and documents agree.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test ends where it cannot go on, and says how far it came"
)]

mod dependencies;
mod deployment;
mod repository;
