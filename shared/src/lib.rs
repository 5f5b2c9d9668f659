//! What the functions of Insights Aggregator share: from configuration and payload to records, the table and the report.
//!
//! Data flows one way: fetch (a function's own) → normalize (a function's own) → [`validate`] → [`store`]. The stages
//! meet in [`record::Record`] and [`validate::ValidRecord`] and know nothing else of each other.

pub mod attendance;
pub mod aws;
pub mod collector;
pub mod config;
pub mod environment;
pub mod fields;
pub mod invocation;
pub mod issue;
pub mod log;
pub mod metrics;
mod outcome;
pub mod pace;
pub mod page;
pub mod payload;
pub mod report;
pub mod response;
pub mod roles;
pub mod runtime;
mod runtime_api;
pub mod stop;
pub mod store;
pub mod target;
pub mod target_run;

// The pure half, which is a crate of its own so that it can be built for speed.
pub use insights_records::{
    catalog, descriptor, key, number, record, sdk, series, severity, surrogate, time, validate, value,
    version,
};
