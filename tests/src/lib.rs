//! Helpers for the tests of several packages. No function depends on this crate.
//!
//! - [`Lab`]: simulated AWS services with a table at a fixed time, and functions that run in this process.
//! - [`PausedLab`]: the same without sockets, in paused time. [`fault_tests`] lets every call of an operation fail in it.
//! - [`response`]: the counters and issues of a response.
//! - [`intercept`]: responses that the simulator cannot create.
//! - [`Table`]: all items of the table (only tests may scan), and the differences between two tables.
//! - [`Running`]: a function binary in its own process under a Lambda Runtime API.
//! - [`Paced`]: services with rate limits, in time that advances only while all tasks wait.
//! - [`tls`]: services with TLS, and the number of handshakes of a function binary.
//! - [`test_source`]: scenarios and variables of each source.
//! - [`Kills`]: a function binary that is killed after any of its calls, and the next run.
//!
//! ```no_run
//! # use insights_shared::collector::Collector;
//! # async fn example<C: Collector>() {
//! use insights_tests::{Lab, STORY};
//!
//! let lab = Lab::new(STORY).await;
//! let function = lab.function::<C>(&[("CONCURRENCY", "2")]);
//! let response = function.invoke("{}").await.unwrap();
//! assert_eq!(response["status"], "ok");
//! assert_eq!(lab.calls("GetInsight"), 3);
//! assert_eq!(lab.table().await.of_kind("xray.insight").len(), 3);
//! # }
//! ```

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "where the harness cannot go on, the test has to end; a long test says how far it is"
)]

mod binary;
mod crash;
mod deadline;
mod endless;
pub mod faults;
mod function;
pub mod intercept;
mod lab;
mod logs;
mod offline;
mod paced;
mod paused;
pub mod permissions;
pub mod response;
pub mod schedule;
mod sources;
mod story;
mod table;
pub mod tls;

pub use binary::{Finished, Running};
pub use crash::{Crash, Kills, selection};
pub use deadline::invoke_until_done;
pub use function::Function;
pub use intercept::{Sent, edited};
pub use lab::{ACCOUNT, ATTEMPTS, Lab, NOW, REGION, TABLE, UNPACED, at, sdk, timed};
pub use logs::{EXTERNAL_ID, REDACT_KEY, SECRET_KEY, assert_no_secret};
pub use paced::{Arrival, Latency, Paced, UnderWay};
pub use paused::{PausedLab, paused};
pub use sources::{TestSource, test_source};
pub use story::{CLOSED, GROWING, OPEN, STORY};
pub use table::{OBSERVATION_STAMPS, Table};
