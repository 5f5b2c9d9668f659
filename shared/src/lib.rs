//! What the functions of Insights Aggregator share: from configuration and payload to records, the table and the report.
//!
//! Data flows one way: fetch (a function's own) → normalize (a function's own) → [`validate`] → [`store`]. The stages
//! meet in [`record::Record`] and [`validate::ValidRecord`] and know nothing else of each other.

pub mod config;
pub mod environment;
pub mod fields;
pub mod issue;
pub mod key;
pub mod log;
pub mod number;
pub mod payload;
pub mod record;
pub mod report;
pub mod severity;
pub mod target;
pub mod time;
pub mod validate;
pub mod value;
