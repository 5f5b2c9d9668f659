//! The function under the Lambda Runtime API: initialisation errors, the deadline, and errors by their type.

use crate::collector::Collector;
use crate::environment::Environment;
use crate::fields::Faults;
use crate::invocation::{Context, InvocationError, Service};
use crate::time::{Clock, Timestamp};
use crate::{aws, log};
use futures_util::FutureExt;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::time::Duration;
use tokio::time::Instant;

/// Variables that the runtime client cannot do without.
const REQUIRED: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
];

impl From<InvocationError> for Diagnostic {
    fn from(error: InvocationError) -> Self {
        Self { error_type: error.error_type.to_owned(), error_message: error.message }
    }
}

/// Serves invocations of `C` until the runtime ends the process. `clock` is what records and windows go by.
pub async fn serve<C: Collector>(environment: &Environment, clock: Clock) -> ExitCode {
    log::init(environment);
    let missing: Vec<&str> = REQUIRED.into_iter().filter(|name| environment.get(name).is_none()).collect();
    if !missing.is_empty() {
        let message = format!("not under a Lambda runtime: {} not set", missing.join(", "));
        log::invocation_failed("Config.Invalid", &message);
        return ExitCode::from(2);
    }
    let mut faults = Faults::default();
    let sdk = aws::load(environment, aws::Timeouts::default(), &mut faults);
    let service = match with_faults(Service::<C>::new(environment, sdk, clock), &faults) {
        Ok(service) => service,
        Err(error) => {
            log::invocation_failed(error.error_type, &error.message);
            report_init_error(error.into()).await;
            return ExitCode::FAILURE;
        }
    };
    // The runtime's deadline is of the machine's clock, whatever clock the records go by.
    let began = Clock::System.now();
    let handler = |event: LambdaEvent<Box<RawValue>>| {
        let service = &service;
        async move {
            let context = Context {
                request_id: event.context.request_id.clone(),
                function_arn: event.context.invoked_function_arn.clone(),
                deadline: deadline(event.context.deadline, began),
            };
            let invocation = AssertUnwindSafe(service.invoke(event.payload.get(), &context));
            // A panic is a bug of ours: it fails this invocation by a type that alarms know, and no other.
            Box::pin(invocation.catch_unwind()).await.unwrap_or_else(|_| Err(InvocationError::internal()))
        }
    };
    match lambda_runtime::run(service_fn(handler)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::invocation_failed("Internal", &error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// `service`, unless the SDK's configuration has faults: one error lists them all.
fn with_faults<T>(service: Result<T, InvocationError>, faults: &Faults) -> Result<T, InvocationError> {
    if faults.is_empty() {
        return service;
    }
    let ours = service.err().map(|error| error.message);
    let messages: Vec<String> = ours.into_iter().chain([faults.to_string()]).collect();
    Err(InvocationError { error_type: "Config.Invalid", message: messages.join("; ") })
}

/// The deadline as an instant; one that lies before the process began means none.
fn deadline(millis: u64, began: Timestamp) -> Option<Instant> {
    let deadline = i64::try_from(millis).ok().and_then(Timestamp::from_millis)?;
    if deadline <= began {
        return None;
    }
    let remaining = deadline.millis_since(Clock::System.now()).max(0);
    Instant::now().checked_add(Duration::from_millis(u64::try_from(remaining).ok()?))
}

/// Tells the runtime that initialisation failed, and why.
async fn report_init_error(diagnostic: Diagnostic) {
    if let Err(error) = try_report_init_error(&diagnostic).await {
        log::invocation_failed("Internal", &format!("reporting the initialisation error: {error}"));
    }
}

async fn try_report_init_error(diagnostic: &Diagnostic) -> Result<(), Error> {
    let client = lambda_runtime_api_client::Client::builder().build()?;
    let request = lambda_runtime_api_client::build_request()
        .method("POST")
        .uri("/2018-06-01/runtime/init/error")
        .header("lambda-runtime-function-error-type", &diagnostic.error_type)
        .body(lambda_runtime_api_client::body::Body::from(serde_json::to_vec(diagnostic)?))?;
    client.call(request).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_deadline_before_the_process_began_means_none() {
        let now = Clock::System.now();
        assert_eq!(deadline(600_000, now), None);
        assert_eq!(deadline(0, now), None);
        assert_eq!(deadline(u64::MAX, now), None);
        let later = u64::try_from(now.plus_seconds(60).millis()).unwrap();
        let remaining = deadline(later, now).unwrap().saturating_duration_since(Instant::now());
        assert!(remaining > Duration::from_secs(50) && remaining <= Duration::from_mins(1));
    }
}
