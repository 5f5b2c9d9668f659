//! Collects AWS Audit Manager's daily counts of evidence: of the account, of each active assessment, and of the control
//! domains and controls in both.
//!
//! [`run`] shows the order of the stages; [`fetch`] sends requests and does not interpret; [`normalize`] interprets and does
//! not wait; [`writer`] writes in batches; validation and the table are in `insights_shared`.
//!
//! It reads no evidence, only counts of it. Audit Manager returns only the newest day's counts, so that a day without a run
//! is lost.

pub mod account;
pub mod availability;
pub mod catalog;
pub mod config;
pub mod detail;
pub mod fetch;
pub mod limits;
pub mod normalize;
pub mod run;
pub mod sweep;
mod unique;
pub mod writer;

pub use config::AuditmanagerInsights;
