//! Rules about the repository that no compiler knows: the template and the code say the same, the events are listed, and
//! no account but the two of the examples is named anywhere.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test ends where it cannot go on, and says how far it came"
)]

#[path = "repository/files.rs"]
mod files;
#[path = "repository/template.rs"]
mod template;
