//! Simulated AWS services for tests: AWS X-Ray, CloudTrail, Audit Manager, EKS, Security Hub and STS, as far as insights need
//! them, and a DynamoDB table, all on one local port. AWS clients use it through `AWS_ENDPOINT_URL`. The services answer from a
//! [`Scenario`], in the protocols of their models, with the errors that AWS has; a [`Fault`] makes calls fail.
//! [`RuntimeApi`] is a server of the Lambda Runtime API.
//!
//! ```
//! use insights_simulator::{Fault, Options, Simulator};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let simulator = Simulator::start(Options::default()).await?;
//! simulator.fault("xray:GetInsight=throttle:2".parse::<Fault>()?);
//! println!("export AWS_ENDPOINT_URL={}", simulator.url());
//! // Run the code under test, then:
//! assert_eq!(simulator.calls("xray:*".parse()?), 0);
//! simulator.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! Each service has a folder, and one entry in the table `SERVICES` of this file.

pub mod arn;
pub mod auditmanager;
pub mod call;
pub mod cloudtrail;
pub mod connections;
pub mod constraint;
pub mod dynamodb;
pub mod eks;
pub mod fault;
pub mod guard;
pub mod log;
pub mod operation;
pub mod page;
pub mod rate;
pub mod runtime_api;
pub mod scenario;
pub mod securityhub;
pub mod selector;
pub mod service;
pub mod sts;
pub mod timestamp;
pub mod xray;

mod exchange;
mod offline;
mod principal;
mod protocol;
mod registry;
mod request;
mod route;
mod server;
mod simulator;
mod state;

pub use dynamodb::database;
pub use fault::{Fault, FaultKind};
pub use log::{LoggedCall, Seen};
pub use offline::Offline;
pub use runtime_api::{Invocation, RuntimeApi};
pub use scenario::Scenario;
pub use selector::Selector;
pub use service::Service;
pub use simulator::{Observer, Options, Simulator};

/// The simulated services. The first one answers requests that name no service.
pub(crate) const SERVICES: registry::Registry = registry::Registry::new(&[
    xray::SERVICE,
    cloudtrail::SERVICE,
    auditmanager::SERVICE,
    eks::SERVICE,
    securityhub::SERVICE,
    sts::SERVICE,
    dynamodb::SERVICE,
]);
