//! Collects AWS X-Ray insights, their events and their impact graphs.
//!
//! [`run`] shows the order of the stages, and `insight` how one insight is fetched; [`fetch`] sends requests and does not
//! interpret; [`normalize`] interprets and does not wait; validation and the table are in `insights_shared`.
//!
//! It does not read traces.

pub mod config;
pub mod fetch;
pub mod graph;
pub mod groups;
mod insight;
mod listing;
pub mod normalize;
pub mod run;

pub use config::XrayInsights;
