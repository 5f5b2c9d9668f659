//! What can go wrong with one part of a run: its code, its class, and how an SDK error becomes one. Pure.

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde::Serialize;
use std::error::Error;
use std::fmt::Write;

/// Where in a run something went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Asking a service.
    Fetch,
    /// Reading its answer.
    Normalize,
    /// Checking the record.
    Validate,
    /// Reading or writing the table.
    Write,
}

/// What kind of failure a code stands for: the four answers that must not be confused, and the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Credentials or policy refuse it.
    Denied,
    /// Too many calls.
    Throttled,
    /// The service, or the way to it, failed.
    Unavailable,
    /// The service refused the request itself.
    Refused,
    /// The answer could not be read.
    Malformed,
    /// There was no time left to ask.
    NotReached,
}

/// No answer in time.
pub const TIMEOUT: &str = "Timeout";
/// No connection, or it broke.
pub const CONNECTION: &str = "Connection";
/// An answer that is not of the documented shape.
pub const RESPONSE_MALFORMED: &str = "Response.Malformed";
/// A page token that came before: paging would never end.
pub const TOKEN_REPEATED: &str = "Token.Repeated";
/// A request that the API's own patterns would refuse; it was not sent.
pub const REQUEST_INVALID: &str = "Request.Invalid";
/// A record that broke a rule; it is under `rejected`.
pub const RECORD_INVALID: &str = "Record.Invalid";
/// A part of the window that the service keeps no longer.
pub const WINDOW_UNAVAILABLE: &str = "Window.Unavailable";

/// A call that gave no answer that could be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// The operation.
    pub operation: &'static str,
    /// The service's own code, or one of the constants of this module.
    pub code: String,
    /// What the service says, or what was attempted.
    pub message: String,
    /// What kind of failure it is.
    pub class: Class,
    /// Whether the same call may succeed later.
    pub retryable: bool,
}

impl CallError {
    /// There was no time left for `operation`.
    pub fn not_reached(operation: &'static str) -> Self {
        let message = "no time was left in this invocation".to_owned();
        Self { operation, code: TIMEOUT.to_owned(), message, class: Class::NotReached, retryable: true }
    }

    /// `operation` gave no answer in the time that it had.
    pub fn timed_out(operation: &'static str, message: impl Into<String>) -> Self {
        let code = TIMEOUT.to_owned();
        Self { operation, code, message: message.into(), class: Class::Unavailable, retryable: true }
    }

    /// `operation` answered with a page token that it had given before.
    pub fn token_repeated(operation: &'static str) -> Self {
        let message =
            "the service gave the same page token twice, so the pages after it are unknown".to_owned();
        Self { operation, code: TOKEN_REPEATED.to_owned(), message, class: Class::Malformed, retryable: true }
    }

    /// `operation` has more `what` than it can have: its listing was ended.
    pub fn endless(operation: &'static str, most: usize, what: &str) -> Self {
        let message =
            format!("the listing was ended after {most} {what}, and there are more: they are not collected");
        let code = RESPONSE_MALFORMED.to_owned();
        Self { operation, code, message, class: Class::Malformed, retryable: true }
    }

    /// The answer to `operation` lacks what it must have.
    pub fn malformed(operation: &'static str, message: impl Into<String>) -> Self {
        let code = RESPONSE_MALFORMED.to_owned();
        Self { operation, code, message: message.into(), class: Class::Malformed, retryable: false }
    }

    /// What the SDK says of `operation`.
    pub fn from_sdk<E>(operation: &'static str, error: &SdkError<E, Response>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let (code, message, class) = match error {
            SdkError::TimeoutError(_) => (TIMEOUT.to_owned(), chain(error), Class::Unavailable),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => {
                (TIMEOUT.to_owned(), chain(error), Class::Unavailable)
            }
            SdkError::DispatchFailure(_) => (CONNECTION.to_owned(), chain(error), Class::Unavailable),
            SdkError::ServiceError(service) => match service.err().code() {
                Some(code) => {
                    let message = service.err().message().map_or_else(|| chain(error), str::to_owned);
                    (code.to_owned(), message, class_of(code, status))
                }
                // A gateway's page instead of the service's error: there is no code to read.
                None => {
                    (RESPONSE_MALFORMED.to_owned(), with_status(status, &chain(error)), class_of("", status))
                }
            },
            SdkError::ResponseError(_) => {
                (RESPONSE_MALFORMED.to_owned(), with_status(status, &chain(error)), class_of("", status))
            }
            _ => (REQUEST_INVALID.to_owned(), chain(error), Class::Refused),
        };
        let retryable = matches!(class, Class::Throttled | Class::Unavailable);
        Self { operation, code, message, class, retryable }
    }

    /// Whether the service answered with exactly this code.
    pub fn is(&self, code: &str) -> bool {
        self.code == code
    }
}

fn with_status(status: Option<u16>, message: &str) -> String {
    status.map_or_else(|| message.to_owned(), |status| format!("HTTP status {status}: {message}"))
}

/// The class of a service's error code, or of its HTTP status where there is no code.
pub fn class_of(code: &str, status: Option<u16>) -> Class {
    if is_throttle(code) || status == Some(429) {
        Class::Throttled
    } else if is_denial(code) || (code.is_empty() && matches!(status, Some(401 | 403))) {
        Class::Denied
    } else if status.is_some_and(|status| status >= 500) {
        Class::Unavailable
    } else if code.is_empty() {
        Class::Malformed
    } else {
        Class::Refused
    }
}

/// Whether a code means "too many calls": the SDK's own list of retryable throttling codes.
pub fn is_throttle(code: &str) -> bool {
    matches!(
        code,
        "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "RequestThrottledException"
            | "RequestThrottled"
            | "TooManyRequestsException"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "BandwidthLimitExceeded"
            | "LimitExceededException"
            | "SlowDown"
            | "PriorRequestNotComplete"
            | "TransactionInProgressException"
            | "EC2ThrottledException"
    )
}

/// Whether a code means that credentials or a policy refuse the call.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/CommonErrors.html>
fn is_denial(code: &str) -> bool {
    matches!(
        code,
        "AccessDenied"
            | "AccessDeniedException"
            | "NotAuthorized"
            | "UnauthorizedOperation"
            | "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "IncompleteSignature"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "ExpiredToken"
            | "ExpiredTokenException"
            | "RequestExpired"
            | "OptInRequired"
    )
}

/// An error and its causes on one line. The SDK's own text says no more than "service error".
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let message = cause.to_string();
        if !text.ends_with(&message) {
            // Writing to a String cannot fail.
            let _ = write!(text, ": {message}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_answers_are_told_apart_by_code_and_status() {
        for (code, status, expected) in [
            ("ThrottledException", Some(429), Class::Throttled),
            ("ThrottlingException", Some(400), Class::Throttled),
            ("", Some(429), Class::Throttled),
            ("AccessDeniedException", Some(403), Class::Denied),
            ("ExpiredTokenException", Some(400), Class::Denied),
            ("", Some(403), Class::Denied),
            ("InternalServerException", Some(500), Class::Unavailable),
            ("", Some(503), Class::Unavailable),
            ("InvalidRequestException", Some(400), Class::Refused),
            ("", Some(400), Class::Malformed),
        ] {
            assert_eq!(class_of(code, status), expected, "{code} {status:?}");
        }
    }
}
