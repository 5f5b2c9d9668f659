//! Collects AWS Audit Manager's daily counts of evidence: of the account, of each active assessment, and of the control
//! domains and controls in both.
//!
//! [`run`] tells the story on one screen; [`fetch`] asks Audit Manager and never interprets; [`normalize`] interprets and
//! never awaits; [`writer`] gathers what is to be stored; validation and the table are `insights_shared`'s.
//!
//! It does not know evidence, only counts of it, and nothing of the past: Audit Manager answers for the newest day alone,
//! so a day that nobody asked about is lost.

pub mod account;
pub mod availability;
pub mod catalog;
pub mod config;
pub mod detail;
pub mod fetch;
pub mod limits;
pub mod normalize;
pub mod round;
pub mod run;
mod unique;
pub mod writer;

pub use config::AuditmanagerInsights;
