//! The report and the live page: one HTML document that is complete without scripts and without a network. It is written to a
//! file ([`report::document`]), or served on the loopback interface together with the same data as JSON ([`serve::Server`]).
//!
//! This crate reads the table only with `insights_query`.

pub mod command;
pub mod page;
pub mod readiness;
pub mod report;
pub mod serve;
pub mod status;
