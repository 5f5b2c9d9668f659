//! Collects the insights of Amazon EKS clusters: checks of upgrade readiness, misconfiguration and rollback readiness.
//!
//! [`run`] shows the order of the stages, and `cluster` how one cluster is collected. [`fetch`] sends requests without
//! interpretation, and [`normalize`] converts answers without I/O. Validation and the table are in `insights_shared`.
//!
//! EKS returns only the current status of a check. One record is one period in one status other than PASSING, so that the
//! table has the history. The function does not read the clusters themselves.

mod cluster;
pub mod config;
pub mod detail;
pub mod fetch;
pub mod fit;
mod known;
pub mod listing;
pub mod normalize;
mod rows;
pub mod run;
mod sweep;
mod writer;

pub use config::EksInsights;
