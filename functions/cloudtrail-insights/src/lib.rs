//! Collects AWS CloudTrail insights, both halves of each joined, and the metric series behind them.
//!
//! [`run`] tells the story; [`fetch`] asks CloudTrail and never interprets; [`event`], [`merge`], [`normalize`],
//! [`redact`] and [`window`] interpret and never await; validation and the table are `insights_shared`'s.
//!
//! It does not know what is usual for an account: the baseline is CloudTrail's.

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
pub mod progress;
pub mod redact;
pub mod rows;
pub mod run;
pub mod trails;
pub mod window;

pub use config::CloudtrailInsights;
