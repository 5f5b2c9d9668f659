//! The simulator and the Runtime API over real connections, without an AWS client.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may end by panicking")]

mod faults;
mod guard;
mod runtime_api;
mod support;
mod wire;
