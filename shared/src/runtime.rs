//! Runs a function with the Lambda Runtime API: initialisation errors, the deadline, and typed errors.

use crate::collector::Collector;
use crate::environment::Environment;
use crate::fields::Faults;
use crate::invocation::{Context, InvocationError, Service};
use crate::report::Response;
use crate::runtime_api::RuntimeApi;
use crate::time::{Clock, Timestamp};
use crate::{aws, log};
use futures_util::FutureExt;
use lambda_runtime::layers::TracingLayer;
use lambda_runtime::tower::Layer;
use lambda_runtime::{Diagnostic, Error, LambdaInvocation, Service as _, service_fn};
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::time::Duration;
use tokio::time::Instant;

/// The variable with the host and port of the Runtime API.
const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";

impl From<InvocationError> for Diagnostic {
    fn from(error: InvocationError) -> Self {
        Self { error_type: error.error_type.to_owned(), error_message: error.message }
    }
}

/// Serves invocations of `C` until the runtime stops the process. Records and windows use `clock`.
pub async fn serve<C: Collector>(environment: &Environment, clock: Clock) -> ExitCode {
    log::init(C::SOURCE, environment);
    let address = environment.get(RUNTIME_API);
    let Some(api) = address.and_then(RuntimeApi::new) else {
        let fault = match address {
            None => "not set".to_owned(),
            Some(address) => format!("is {address:?}, expected HOST:PORT"),
        };
        log::invocation_failed(
            "Config.Invalid",
            &format!("not under a Lambda runtime: {RUNTIME_API} {fault}"),
        );
        return ExitCode::from(2);
    };
    let mut faults = Faults::default();
    let sdk = aws::load(environment, C::SOURCE, aws::Timeouts::default(), &mut faults);
    let service = match with_faults(Service::<C>::new(environment, sdk, clock), &faults) {
        Ok(service) => service,
        Err(error) => {
            log::invocation_failed(error.error_type, &error.message);
            if let Err(error) = api.init_failed(&error.into()).await {
                log::invocation_failed("Internal", &format!("reporting the initialisation error: {error}"));
            }
            return ExitCode::FAILURE;
        }
    };
    // The runtime's deadline uses the machine's clock, even if records use another clock.
    let began = Clock::System.now();
    let (service, api) = (&service, &api);
    let handler = service_fn(move |invocation: LambdaInvocation| async move {
        let result = invoke(service, &invocation, began).await;
        api.answer(&invocation, result.map_err(Diagnostic::from)).await;
        Ok::<(), Error>(())
    });
    // The span adds the request id to every log line.
    let mut handler = TracingLayer::new().layer(handler);
    loop {
        let answered = match api.next().await {
            Ok(invocation) => handler.call(invocation).await,
            Err(error) => Err(error),
        };
        if let Err(error) = answered {
            log::invocation_failed("Internal", &error.to_string());
            return ExitCode::FAILURE;
        }
    }
}

/// Runs one invocation. A panic, which is a bug, fails only this invocation, with an error type that the alarms count.
async fn invoke<C: Collector>(
    service: &Service<C>,
    invocation: &LambdaInvocation,
    began: Timestamp,
) -> Result<Response, InvocationError> {
    let context = Context {
        request_id: invocation.context.request_id.clone(),
        function_arn: invocation.context.invoked_function_arn.clone(),
        deadline: deadline(invocation.context.deadline, began),
    };
    let run = AssertUnwindSafe(service.invoke(&invocation.body, &context)).catch_unwind();
    let run = aws::with_trace_id(invocation.context.xray_trace_id.clone(), run);
    Box::pin(run).await.unwrap_or_else(|_| Err(InvocationError::internal()))
}

/// Returns `service`, unless the SDK's configuration has faults. One error lists all of them.
fn with_faults<T>(service: Result<T, InvocationError>, faults: &Faults) -> Result<T, InvocationError> {
    if faults.is_empty() {
        return service;
    }
    let ours = service.err().map(|error| error.message);
    let messages: Vec<String> = ours.into_iter().chain([faults.to_string()]).collect();
    Err(InvocationError { error_type: "Config.Invalid", message: messages.join("; ") })
}

/// The deadline as an instant; `None` if it is before the start of the process.
fn deadline(millis: u64, began: Timestamp) -> Option<Instant> {
    let deadline = i64::try_from(millis).ok().and_then(Timestamp::from_millis)?;
    if deadline <= began {
        return None;
    }
    let remaining = deadline.millis_since(Clock::System.now()).max(0);
    Instant::now().checked_add(Duration::from_millis(u64::try_from(remaining).ok()?))
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
