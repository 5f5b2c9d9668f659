//! Helpers for the tests of several packages. No function depends on it.
//!
//! - [`Lab`]: a simulated AWS with a table in it, told as of one fixed instant, and the functions run in it in process.
//! - [`PausedLab`]: the same without sockets, in paused time; [`fault_tests`] lets every call of an operation fail in it.
//! - [`response`]: the counters and issues of a response.
//! - [`intercept`]: responses that a service may give and the simulator does not.
//! - [`Table`]: everything in the table, read whole (only tests may scan), and how two tables differ.
//! - [`Running`]: a shipped binary under a Lambda Runtime API, as a process of its own.
//! - [`Paced`]: services whose rate limits hold, in time that passes only while everybody waits.
//! - [`tls`]: services that speak TLS, and how often a shipped binary shakes hands with them.
//! - [`test_source`]: scenarios and variables for each source.
//! - [`Kills`]: a function binary that is killed after any of its calls, and the run after it.
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
