//! Collects AWS X-Ray insights, their events and their impact graphs.
//!
//! [`run`] shows the order of the stages, and `insight` how one insight is fetched. [`fetch`] sends requests without
//! interpretation, and [`normalize`] converts answers without I/O. Validation and the table are in `insights_shared`.
//!
//! The function does not read traces.

pub mod config;
pub mod fetch;
pub mod graph;
pub mod groups;
mod insight;
mod listing;
pub mod normalize;
pub mod run;

pub use config::XrayInsights;
