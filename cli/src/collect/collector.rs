//! The environment of the collectors in this process.

use insights_shared::environment::Environment;

/// The environment of a collector: the variables of the process without those of Lambda, with the given table, region
/// and targets.
pub fn environment(own: &Environment, table: &str, region: &str, targets: Option<&str>) -> Environment {
    let environment = own
        .clone()
        .with("TABLE_NAME", table)
        .with("AWS_REGION", region)
        .with("AWS_LAMBDA_FUNCTION_NAME", "")
        .with("AWS_LAMBDA_FUNCTION_VERSION", concat!("cli-", env!("CARGO_PKG_VERSION")))
        .with("AWS_SAM_LOCAL", "")
        // A person who starts a run expects an answer of the service.
        .with("NOT_ENABLED_RECHECK_HOURS", "0");
    match targets {
        Some(targets) => environment.with("TARGETS", targets),
        None => environment,
    }
}
