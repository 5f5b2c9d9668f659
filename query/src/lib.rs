//! Reads the table of Insights Aggregator by `Query` and `BatchGetItem` alone: insights and the incidents that they form,
//! metric series, daily counts, and the health of every target.
//!
//! A [`Reader`] reads one table as of one instant. It returns records as [`Stored`], a map with typed access.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use insights_query::incident::worst_first;
//! use insights_query::{Kind, Reader, Span, insight_kinds};
//!
//! # // A table in this process.
//! # let lab = insights_tests::Lab::built_in().await;
//! # let client = lab.dynamodb();
//! // `client` is an `aws_sdk_dynamodb::Client`.
//! let reader = Reader::new(client, "insights", "2026-03-01T12:00:00Z".parse()?);
//! let kinds: Vec<Kind> = insight_kinds().collect();
//! let insights = reader.overlapping(&kinds, Span::last(7 * 86_400, reader.now())).await?;
//! for insight in &insights {
//!     println!("{:?} {:?}", insight.timestamp("started_at"), insight.text("title"));
//! }
//!
//! let mut incidents = reader.incidents(insights, 400).await?;
//! worst_first(&mut incidents);
//! for incident in incidents.iter().filter(|incident| incident.is_correlated()) {
//!     println!("{}", incident.sentence());
//! }
//! # assert!(incidents.is_empty(), "nothing has been collected");
//! # Ok(())
//! # }
//! ```

pub mod ack;
mod call;
pub mod compliance;
pub mod compliance_diff;
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
pub mod periods;
mod query;
mod reader;
pub mod readiness;
pub mod rejected;
mod selection;
pub mod series;
mod snapshots;
mod span;
mod targets;
pub mod unavailable;
mod whole;

pub use detail::{Detail, KnownSeries, Margin};
pub use error::Error;
pub use find::{distinct_part, is_known_by_id, tag};
pub use insights_shared::record::{Kind, Severity, Source, Stored};
pub use insights_shared::time::Timestamp;
pub use insights_sources::insight_kinds;
pub use query::page_token;
pub use reader::Reader;
pub use selection::Selection;
pub use span::Span;
pub use targets::Place;
