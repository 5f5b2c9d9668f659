//! AWS X-Ray, CloudTrail, Audit Manager and STS as far as their insights go, answered over HTTP from a scenario file; a
//! DynamoDB table on the same port; and a server of the Lambda Runtime API. Any AWS client can talk to it:
//! `AWS_ENDPOINT_URL=http://127.0.0.1:PORT`. It fails what AWS would fail, and on request what AWS seldom fails.

pub mod arn;
pub mod auditmanager;
pub mod call;
pub mod cloudtrail;
pub mod connections;
pub mod constraint;
pub mod database;
pub mod fault;
pub mod guard;
pub mod log;
pub mod operation;
pub mod page;
pub mod runtime_api;
pub mod scenario;
pub mod xray;

mod exchange;
mod offline;
mod protocol;
mod rate;
mod server;
mod simulator;
mod sts;
mod table;
mod world;

pub use fault::{Fault, FaultKind};
pub use log::{LoggedCall, Seen};
pub use offline::Offline;
pub use runtime_api::{Invocation, RuntimeApi};
pub use scenario::Scenario;
pub use simulator::{Options, Simulator, Watch};
