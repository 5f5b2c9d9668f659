//! Collects AWS CloudTrail insights, the Start and End event of each joined, and the metric series behind them.
//!
//! [`run`] shows the order of the stages; [`fetch`] sends requests and does not interpret; [`event`], [`merge`], [`normalize`],
//! [`redact`] and [`window`] interpret and do not wait; validation and the table are in `insights_shared`.
//!
//! It computes no baselines: they are CloudTrail's.

pub mod catalog;
pub mod config;
pub mod event;
pub mod events;
#[cfg(test)]
mod example;
pub mod fetch;
pub mod fit;
pub mod lasting;
pub mod merge;
pub mod metrics;
pub mod normalize;
pub mod pair;
pub mod points;
pub mod progress;
pub mod redact;
pub mod removed;
pub mod rows;
pub mod run;
pub mod trails;
pub mod window;

pub use config::CloudtrailInsights;
