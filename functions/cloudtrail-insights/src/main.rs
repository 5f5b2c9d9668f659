//! The Lambda function `cloudtrail-insights`: connects the collector to the runtime.

use cloudtrail_insights::CloudtrailInsights;
use insights_shared::environment::Environment;
use insights_shared::runtime;
use insights_shared::time::Clock;
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    runtime::serve::<CloudtrailInsights>(&Environment::of_process(), Clock::System).await
}
