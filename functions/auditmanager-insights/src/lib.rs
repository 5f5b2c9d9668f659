//! Collects AWS Audit Manager's daily counts of evidence: of the account, of each active assessment, and of the control
//! domains and controls in both.
//!
//! [`run`] shows the order of the stages. [`fetch`] sends requests without interpretation, [`normalize`] converts answers
//! without I/O, and [`writer`] writes in batches. Validation and the table are in `insights_shared`.
//!
//! The function reads only counts of evidence, not the evidence itself. Audit Manager returns only the counts of the newest
//! day, so a day without a run has no data.

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
