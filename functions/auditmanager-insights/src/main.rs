//! The Lambda function `auditmanager-insights`: connects the collector to the runtime.

use auditmanager_insights::AuditmanagerInsights;
use insights_shared::environment::Environment;
use insights_shared::runtime;
use insights_shared::time::Clock;
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    runtime::serve::<AuditmanagerInsights>(&Environment::of_process(), Clock::System).await
}
