//! The report and the live page: one HTML document, complete without a script and without a network, as a file
//! ([`report::document`]) or served on the loopback interface together with the same data as JSON ([`serve::Server`]).
//!
//! It reads the table only with `insights_query`.

pub mod command;
pub mod page;
pub mod readiness;
pub mod report;
pub mod serve;
pub mod status;
