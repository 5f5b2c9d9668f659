//! The three collectors as this process runs them: the functions' own code, with what a person who watches needs.

use auditmanager_insights::AuditmanagerInsights;
use aws_config::SdkConfig;
use cloudtrail_insights::CloudtrailInsights;
use insights_shared::attendance::Attendance;
use insights_shared::environment::Environment;
use insights_shared::invocation::{Context, InvocationError, Service};
use insights_shared::record::Source;
use insights_shared::report::Response;
use insights_shared::time::Clock;
use xray_insights::XrayInsights;

/// One of the three, ready to run.
#[derive(Debug)]
pub enum Collector {
    /// X-Ray's.
    Xray(Box<Service<XrayInsights>>),
    /// CloudTrail's.
    Cloudtrail(Box<Service<CloudtrailInsights>>),
    /// Audit Manager's.
    Auditmanager(Box<Service<AuditmanagerInsights>>),
}

impl Collector {
    /// The collector of `source`; every fault of its configuration as an error.
    pub fn new(
        source: Source,
        environment: &Environment,
        sdk: SdkConfig,
        clock: Clock,
        attendance: Attendance,
    ) -> Result<Self, InvocationError> {
        Ok(match source {
            Source::Xray => Self::Xray(Box::new(Service::new(environment, sdk, clock)?.attended(attendance))),
            Source::Cloudtrail => {
                Self::Cloudtrail(Box::new(Service::new(environment, sdk, clock)?.attended(attendance)))
            }
            Source::Auditmanager => {
                Self::Auditmanager(Box::new(Service::new(environment, sdk, clock)?.attended(attendance)))
            }
        })
    }

    /// Runs it once.
    pub async fn invoke(&self, payload: &str, context: &Context) -> Result<Response, InvocationError> {
        match self {
            Self::Xray(service) => service.invoke(payload, context).await,
            Self::Cloudtrail(service) => service.invoke(payload, context).await,
            Self::Auditmanager(service) => service.invoke(payload, context).await,
        }
    }
}

/// What the functions are told by their environment: the process's own, but for where the table is and which region and
/// targets are meant, and without what only Lambda sets.
pub fn environment(own: &Environment, table: &str, region: &str, targets: Option<&str>) -> Environment {
    let environment = own
        .clone()
        .with("TABLE_NAME", table)
        .with("AWS_REGION", region)
        .with("AWS_LAMBDA_FUNCTION_NAME", "")
        .with("AWS_LAMBDA_FUNCTION_VERSION", concat!("cli-", env!("CARGO_PKG_VERSION")))
        .with("AWS_SAM_LOCAL", "");
    match targets {
        Some(targets) => environment.with("TARGETS", targets),
        None => environment,
    }
}
