//! What the functions of Insights Aggregator share: configuration, payload, records, table and report.
//!
//! Data flows one way: fetch (in each function) → normalize (in each function) → [`validate`] → [`store`]. The stages share
//! only the types [`record::Record`] and [`validate::ValidRecord`]. Each stage returns whether it was complete
//! ([`completeness::Completeness`]).

pub mod aws;
pub mod cancellation;
pub mod collector;
pub mod completeness;
pub mod config;
mod counts;
pub mod environment;
pub mod fields;
pub mod hooks;
pub mod invocation;
pub mod issue;
pub mod log;
pub mod metrics;
mod outcome;
pub mod pace;
pub mod page;
pub mod payload;
pub mod push_role;
pub mod report;
pub mod response;
pub mod roles;
pub mod runtime;
mod runtime_api;
pub mod store;
pub mod target;
pub mod target_run;

// The part without I/O, a crate of its own so that it can be optimized for speed.
pub use insights_records::{
    catalog, descriptor, key, number, record, region, sdk, series, severity, surrogate, time, validate,
    value, version,
};
