//! The Lambda function `xray-insights`: connects the collector to the runtime.

use insights_shared::environment::Environment;
use insights_shared::runtime;
use insights_shared::time::Clock;
use std::process::ExitCode;
use xray_insights::XrayInsights;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    runtime::serve::<XrayInsights>(&Environment::of_process(), Clock::System).await
}
