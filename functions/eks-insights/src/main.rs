//! The Lambda function `eks-insights`: connects the collector to the runtime.

use eks_insights::EksInsights;
use insights_shared::environment::Environment;
use insights_shared::runtime;
use insights_shared::time::Clock;
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    runtime::serve::<EksInsights>(&Environment::of_process(), Clock::System).await
}
