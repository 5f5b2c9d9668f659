//! The store against the embedded DynamoDB, and roles against the simulated STS.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test ends where it cannot go on, and a long one prints how far it came"
)]

#[cfg(test)]
mod roles;
#[cfg(test)]
mod store;
