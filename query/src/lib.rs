//! Reads the table of Insights Aggregator by `Query` and `BatchGetItem` alone: insights and the incidents that they form,
//! metric series of CloudTrail, daily counts of Audit Manager, and the health of every target.
//!
//! A [`Reader`] reads one table as of one instant. Records come as [`Stored`](insights_shared::record::Stored): a map with
//! typed access, as the public contract describes it.

mod call;
pub mod counts;
mod detail;
mod error;
mod find;
pub mod format;
pub mod health;
pub mod importance;
pub mod incident;
pub mod input;
mod insights;
pub mod line;
pub mod nearest;
mod query;
mod reader;
pub mod rejected;
pub mod series;
mod snapshots;
mod span;
mod targets;
pub mod unavailable;
mod whole;

pub use detail::{Detail, KnownSeries, Margin};
pub use error::Error;
pub use query::page_token;
pub use reader::Reader;
pub use span::Span;
pub use targets::Place;
