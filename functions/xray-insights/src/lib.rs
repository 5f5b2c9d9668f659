//! Collects AWS X-Ray insights, their events and their impact graphs.
//!
//! [`run`] tells the story on one screen, and `insight` that of the insights in it; [`fetch`] asks X-Ray and never
//! interprets; [`normalize`] interprets and never awaits; validation and the table are `insights_shared`'s.
//!
//! It does not know traces: an insight is what X-Ray says it is.

pub mod config;
pub mod fetch;
pub mod graph;
mod insight;
mod listing;
pub mod normalize;
pub mod run;

pub use config::XrayInsights;
