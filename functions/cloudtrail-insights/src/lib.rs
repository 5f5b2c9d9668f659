//! Collects AWS CloudTrail insights, with the Start and the End event of each joined, and their metric series.
//!
//! [`run`] shows the order of the stages. [`fetch`] sends requests without interpretation. [`event`], [`merge`],
//! [`normalize`], [`redact`] and [`window`] have no I/O. Validation and the table are in `insights_shared`.
//!
//! The function does not compute baselines: they come from CloudTrail.

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
