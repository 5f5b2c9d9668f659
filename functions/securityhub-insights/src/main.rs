//! The Lambda function `securityhub-insights`: connects the collector to the runtime.

use insights_shared::environment::Environment;
use insights_shared::runtime;
use insights_shared::time::Clock;
use securityhub_insights::SecurityhubInsights;
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    runtime::serve::<SecurityhubInsights>(&Environment::of_process(), Clock::System).await
}
