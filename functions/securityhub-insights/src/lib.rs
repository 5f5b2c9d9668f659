//! Collects AWS Security Hub insights: for each day, how many findings an insight counts, by the value of its attribute.
//!
//! [`run`] shows the order of the stages, and [`listing`] which insights there are; [`fetch`] sends requests and does not
//! interpret; [`normalize`] interprets and does not wait; validation and the table are in `insights_shared`.
//!
//! It does not read findings. Security Hub returns only the current counts, so that a day without a run is lost.

pub mod config;
pub mod detail;
pub mod fetch;
mod filters;
pub mod listing;
pub mod normalize;
pub mod run;

pub use config::SecurityhubInsights;
