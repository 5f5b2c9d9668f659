//! The environment of the functions' code as this process runs it.

use insights_shared::environment::Environment;

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
