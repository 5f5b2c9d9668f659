//! The failure of one call: its code and class, and the conversion from an error of the SDK. No I/O.

mod class;

pub use class::{CLOCK_CODES, DENIALS, THROTTLES, class_of, class_of_issue, is_throttle};

use crate::aws::NotAnAnswer;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use class::{is_clock, with_deciding_status, with_status};
use serde::Serialize;
use std::error::Error;
use std::fmt::{self, Write};

/// The stage of a run in which a failure occurred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Requests to a service.
    Fetch,
    /// Conversion of an answer to records.
    Normalize,
    /// Validation of records.
    Validate,
    /// Reads and writes of the table, and writes of records.
    Write,
}

/// The kind of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The credentials or a policy do not allow the call.
    Denied,
    /// The source is not in use there. The descriptor of the source lists these errors.
    NotEnabled,
    /// Too many calls.
    Throttled,
    /// The service or the connection failed.
    Unavailable,
    /// The service rejected the request because of its contents.
    Refused,
    /// The answer could not be read.
    Malformed,
    /// No time was left for the call.
    NotReached,
}

/// No answer in time.
pub const TIMEOUT: &str = "Timeout";
/// No connection, or it was closed.
pub const CONNECTION: &str = "Connection";
/// The machine's clock differs from the services' clocks. If the run corrected this, the issue is only informative. Otherwise
/// a service rejected a signature for this reason.
pub const CLOCK_SKEWED: &str = "Clock.Skewed";
/// A condition failed; DynamoDB's own code.
pub const CONDITION_FAILED: &str = "ConditionalCheckFailedException";
/// An answer that does not have the documented form.
pub const RESPONSE_MALFORMED: &str = "Response.Malformed";
/// A page token that was returned before. The pages would never end.
pub const TOKEN_REPEATED: &str = "Token.Repeated";
/// A request that the API's patterns do not allow; it was not sent.
pub const REQUEST_INVALID: &str = "Request.Invalid";
/// A record that violates a rule; it is stored under `rejected`.
pub const RECORD_INVALID: &str = "Record.Invalid";
/// A part of the window that the service no longer has.
pub const WINDOW_UNAVAILABLE: &str = "Window.Unavailable";

/// A call without a usable answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// The operation.
    pub operation: &'static str,
    /// The service's own code, or one of the constants of this module.
    pub code: String,
    /// The service's message, or what was attempted.
    pub message: String,
    /// The kind of failure.
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

    /// `operation` had no answer within its time limit.
    pub fn timed_out(operation: &'static str, message: impl Into<String>) -> Self {
        let code = TIMEOUT.to_owned();
        Self { operation, code, message: message.into(), class: Class::Unavailable, retryable: true }
    }

    /// `operation` had no answer within its share of the invocation's time.
    pub(crate) fn out_of_share(operation: &'static str) -> Self {
        Self::timed_out(
            operation,
            "no answer within the part of the invocation's time that this call may take",
        )
    }

    /// `operation` returned a page token for the second time.
    pub fn token_repeated(operation: &'static str) -> Self {
        let message =
            "the service gave the same page token twice, so the pages after it are unknown".to_owned();
        Self { operation, code: TOKEN_REPEATED.to_owned(), message, class: Class::Malformed, retryable: true }
    }

    /// The listing of `operation` was stopped because it has more than `most` items of the kind `what`.
    pub fn endless(operation: &'static str, most: usize, what: &str) -> Self {
        let message =
            format!("the listing was ended after {most} {what}, and there are more: they are not collected");
        let code = RESPONSE_MALFORMED.to_owned();
        Self { operation, code, message, class: Class::Malformed, retryable: true }
    }

    /// The answer to `operation` lacks a required member.
    pub fn malformed(operation: &'static str, message: impl Into<String>) -> Self {
        let code = RESPONSE_MALFORMED.to_owned();
        Self { operation, code, message: message.into(), class: Class::Malformed, retryable: false }
    }

    /// `operation` did not write, because a newer version of this program wrote the stored item.
    pub fn newer_schema(operation: &'static str) -> Self {
        let message =
            "a newer version of this program wrote the stored item, which is not overwritten".to_owned();
        let code = CONDITION_FAILED.to_owned();
        Self { operation, code, message, class: Class::Refused, retryable: false }
    }

    /// Other runs changed the item before each attempt of `operation`.
    pub fn contended(operation: &'static str, message: impl Into<String>) -> Self {
        let code = CONDITION_FAILED.to_owned();
        Self { operation, code, message: message.into(), class: Class::Unavailable, retryable: true }
    }

    /// Converts the SDK's error of `operation`.
    pub fn from_sdk<E>(operation: &'static str, error: &SdkError<E, Response>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        // If credentials could not be renewed, the error of the call to STS is the reason.
        if let Some(cause) = find::<Self>(error) {
            return cause.clone();
        }
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
                    if is_clock(code, &message) {
                        (CLOCK_SKEWED.to_owned(), format!("{code}: {message}"), Class::Unavailable)
                    } else {
                        let class = class_of(code, status);
                        (code.to_owned(), with_deciding_status(code, class, status, message), class)
                    }
                }
                // A page of a gateway, without an error code.
                None => {
                    (RESPONSE_MALFORMED.to_owned(), with_status(status, &chain(error)), class_of("", status))
                }
            },
            SdkError::ResponseError(_) => {
                let reason = find::<NotAnAnswer>(error).map_or_else(|| chain(error), ToString::to_string);
                (RESPONSE_MALFORMED.to_owned(), with_status(status, &reason), class_of("", status))
            }
            _ => (REQUEST_INVALID.to_owned(), chain(error), Class::Refused),
        };
        let retryable = matches!(class, Class::Throttled | Class::Unavailable);
        Self { operation, code, message, class, retryable }
    }

    /// Whether the code of the error equals `code`.
    pub fn is(&self, code: &str) -> bool {
        self.code == code
    }
}

/// The SDK returns it as the reason why credentials could not be renewed.
impl Error for CallError {}

impl fmt::Display for CallError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}: {}", self.operation, self.code, self.message)
    }
}

/// The error of type `T` among an error's causes.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

/// An error and its causes on one line, because the SDK's own text is only "service error".
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = one_line(&error.to_string());
    let mut source = error.source();
    while let Some(cause) = source {
        let message = one_line(&cause.to_string());
        // Some errors repeat their causes.
        if !text.contains(&message) {
            // Writing to a string cannot fail.
            let _ = write!(text, ": {message}");
        }
        source = cause.source();
    }
    text
}

fn one_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.join("; ")
}

#[cfg(test)]
#[path = "issue_tests.rs"]
mod tests;
