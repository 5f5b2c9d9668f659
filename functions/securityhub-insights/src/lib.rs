//! Collects AWS Security Hub insights: for each day, the number of findings of an insight, by the value of its attribute.
//!
//! [`run`] shows the order of the stages, and [`listing`] which insights there are. [`fetch`] sends requests without
//! interpretation, and [`normalize`] converts answers without I/O. Validation and the table are in `insights_shared`.
//!
//! The function does not read findings. Security Hub returns only the current counts, so a day without a run has no data.

pub mod config;
pub mod detail;
pub mod fetch;
mod filters;
pub mod listing;
pub mod normalize;
pub mod run;

pub use config::SecurityhubInsights;
