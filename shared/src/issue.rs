//! What can go wrong with one part of a run: its code, its class, and how an SDK error becomes one. Pure.
//!
//! Which codes mean a throttle, a denial or a wrong clock is said here and nowhere else.

use crate::aws::NotAnAnswer;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde::Serialize;
use std::error::Error;
use std::fmt::{self, Write};

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
    /// The source is not in use there: the descriptor of the source has the errors that say so.
    NotEnabled,
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
/// This machine's clock differs from the services' clocks: a note if the run could correct it, otherwise the reason why a
/// service did not accept a signature.
pub const CLOCK_SKEWED: &str = "Clock.Skewed";
/// A condition was not met; DynamoDB's own code.
pub const CONDITION_FAILED: &str = "ConditionalCheckFailedException";
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

    /// `operation` gave no answer within the part of the invocation's time that it may take.
    pub(crate) fn out_of_share(operation: &'static str) -> Self {
        Self::timed_out(
            operation,
            "no answer within the part of the invocation's time that this call may take",
        )
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

    /// `operation` did not write, because the stored item is of a newer schema.
    pub fn newer_schema(operation: &'static str) -> Self {
        let message =
            "a newer version of this program wrote the stored item, which is not overwritten".to_owned();
        let code = CONDITION_FAILED.to_owned();
        Self { operation, code, message, class: Class::Refused, retryable: false }
    }

    /// Other runs changed the item before each try of `operation`.
    pub fn contended(operation: &'static str, message: impl Into<String>) -> Self {
        let code = CONDITION_FAILED.to_owned();
        Self { operation, code, message: message.into(), class: Class::Unavailable, retryable: true }
    }

    /// What the SDK says of `operation`.
    pub fn from_sdk<E>(operation: &'static str, error: &SdkError<E, Response>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        // Credentials that could not be renewed: the call that failed is STS's, and the reason is its.
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
                // A gateway's page instead of the service's error: there is no code to read.
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

    /// Whether the service answered with exactly this code.
    pub fn is(&self, code: &str) -> bool {
        self.code == code
    }
}

/// How a message begins that names the status of the response.
const STATUS: &str = "HTTP status ";

fn with_status(status: Option<u16>, message: &str) -> String {
    status.map_or_else(|| message.to_owned(), |status| format!("{STATUS}{status}: {message}"))
}

/// `message`, with the status if that and not `code` makes the error a denial or a throttle. Readers of the stored issue know
/// nothing else of the status.
fn with_deciding_status(code: &str, class: Class, status: Option<u16>, message: String) -> String {
    let is_decided_by_code = class_of(code, None) == class;
    let is_named = matches!(class, Class::Denied | Class::Throttled) && !is_decided_by_code;
    if is_named { with_status(status, &message) } else { message }
}

/// The class of an issue, by its code and by the status that its message names.
pub fn class_of_issue(code: &str, message: &str) -> Class {
    let code = if code == RESPONSE_MALFORMED { "" } else { code };
    let status = message.strip_prefix(STATUS).and_then(|rest| rest.split(':').next());
    class_of(code, status.and_then(|status| status.parse().ok()))
}

/// As the reason for credentials that could not be renewed, which the SDK passes on.
impl Error for CallError {}

impl fmt::Display for CallError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}: {}", self.operation, self.code, self.message)
    }
}

/// The class of a service's error code and its HTTP status, as far as both are known.
///
/// Status 401 or 403 is a denial whatever the code, unless the code is a throttle's. A code of a denial is one whatever the
/// status: CloudTrail and DynamoDB deny with status 400.
pub fn class_of(code: &str, status: Option<u16>) -> Class {
    if is_throttle(code) || status == Some(429) {
        Class::Throttled
    } else if is_denial(code) || matches!(status, Some(401 | 403)) {
        Class::Denied
    } else if status.is_some_and(|status| status >= 500) || code == CLOCK_SKEWED {
        Class::Unavailable
    } else if code.is_empty() {
        Class::Malformed
    } else {
        Class::Refused
    }
}

/// The codes that mean "too many calls": the SDK's own list, by which it retries.
pub const THROTTLES: &[&str] = aws_runtime::retries::classifiers::THROTTLING_ERRORS;

/// Whether a code means "too many calls".
pub fn is_throttle(code: &str) -> bool {
    THROTTLES.contains(&code)
}

/// The codes that mean that credentials or a policy refuse the call, where the status does not tell.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/CommonErrors.html>
pub const DENIALS: [&str; 21] = [
    "AccessDenied",
    "AccessDeniedException",
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "NotAuthorized",
    "NotAuthorizedException",
    "OptInRequired",
    "RegionDisabledException",
    "SignatureDoesNotMatch",
    "SubscriptionRequiredException",
    "UnauthorizedException",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
];

fn is_denial(code: &str) -> bool {
    DENIALS.contains(&code)
}

/// The codes that mean that the instant of a signature is too far from the service's clock.
pub const CLOCK_CODES: [&str; 4] =
    ["RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed", "RequestTimeTooSkewedException"];

/// How the messages of codes begin that otherwise mean a wrong signature.
const CLOCK_MESSAGES: [&str; 2] = ["Signature expired", "Signature not yet current"];

/// Whether an error says that a request was signed at an instant that its service does not accept.
fn is_clock(code: &str, message: &str) -> bool {
    CLOCK_CODES.contains(&code) || CLOCK_MESSAGES.iter().any(|begin| message.starts_with(begin))
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

/// An error and its causes on one line. The SDK's own text says no more than "service error".
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = one_line(&error.to_string());
    let mut source = error.source();
    while let Some(cause) = source {
        let message = one_line(&cause.to_string());
        // Some errors repeat their causes.
        if !text.contains(&message) {
            // Writing to a String cannot fail.
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
mod tests {
    use super::*;
    use aws_credential_types::provider::error::CredentialsError;
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_types::error::ErrorMetadata;

    #[test]
    fn the_class_of_a_stored_issue_is_that_of_the_error() {
        for (code, status, expected) in [
            ("", Some(403), Class::Denied),
            ("", Some(401), Class::Denied),
            ("", Some(429), Class::Throttled),
            ("", Some(400), Class::Malformed),
            ("", None, Class::Malformed),
            ("SomethingNew", Some(429), Class::Throttled),
            ("SomethingNew", Some(403), Class::Denied),
            ("SomethingNew", Some(401), Class::Denied),
            ("SubscriptionRequiredException", Some(403), Class::Denied),
            ("ThrottlingException", Some(403), Class::Throttled),
            ("AccessDeniedException", Some(403), Class::Denied),
            ("AccessDeniedException", None, Class::Denied),
            ("ThrottlingException", Some(400), Class::Throttled),
            ("SomethingNew", Some(400), Class::Refused),
        ] {
            let class = class_of(code, status);
            assert_eq!(class, expected, "{code} {status:?}");
            let (code, message) = if code.is_empty() {
                (RESPONSE_MALFORMED, with_status(status, "<html>"))
            } else {
                (code, with_deciding_status(code, class, status, "service error".to_owned()))
            };
            assert_eq!(class_of_issue(code, &message), expected, "{code}: {message}");
        }
        assert_eq!(with_deciding_status("AccessDenied", Class::Denied, Some(403), "no".to_owned()), "no");
        assert_eq!(class_of_issue("SomethingNew", "HTTP status is 403: x"), Class::Refused);
    }

    #[test]
    fn an_error_and_its_causes_are_one_line_without_repetitions() {
        #[derive(Debug)]
        struct Caused(&'static str, Option<Box<Caused>>);
        impl std::fmt::Display for Caused {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.0)
            }
        }
        impl Error for Caused {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                self.1.as_deref().map(|cause| cause as &(dyn Error + 'static))
            }
        }
        let of = |texts: [&'static str; 3]| {
            let [first, second, third] = texts;
            chain(&Caused(first, Some(Box::new(Caused(second, Some(Box::new(Caused(third, None))))))))
        };
        assert_eq!(of(["dispatch failure", "io error", "refused"]), "dispatch failure: io error: refused");
        assert_eq!(
            of(["no credentials (file missing), stop", "file missing", "x"]),
            "no credentials (file missing), stop: x"
        );
        assert_eq!(of(["two\n  lines", "second\r\nline", "two"]), "two; lines: second; line");
    }

    #[test]
    fn four_answers_are_told_apart_by_code_and_status() {
        for (code, status, expected) in [
            ("ThrottledException", Some(429), Class::Throttled),
            ("ThrottlingException", Some(400), Class::Throttled),
            ("", Some(429), Class::Throttled),
            ("AccessDeniedException", Some(403), Class::Denied),
            ("ExpiredTokenException", Some(400), Class::Denied),
            ("", Some(403), Class::Denied),
            ("", Some(401), Class::Denied),
            ("SubscriptionRequiredException", Some(403), Class::Denied),
            ("AuthFailure", Some(401), Class::Denied),
            ("OptInRequired", Some(403), Class::Denied),
            ("RegionDisabledException", None, Class::Denied),
            ("ResourceNotFoundException", Some(403), Class::Denied),
            ("SomethingNew", Some(401), Class::Denied),
            ("ThrottlingException", Some(403), Class::Throttled),
            ("SlowDown", Some(503), Class::Throttled),
            ("SomethingNew", Some(429), Class::Throttled),
            ("SomethingNew", Some(402), Class::Refused),
            ("SomethingNew", Some(404), Class::Refused),
            (CLOCK_SKEWED, None, Class::Unavailable),
            ("InternalServerException", Some(500), Class::Unavailable),
            ("", Some(503), Class::Unavailable),
            ("InvalidRequestException", Some(400), Class::Refused),
            ("", Some(400), Class::Malformed),
        ] {
            assert_eq!(class_of(code, status), expected, "{code} {status:?}");
        }
    }

    #[test]
    fn a_call_without_credentials_fails_for_the_reason_for_which_they_could_not_be_renewed() {
        let denied = CallError {
            operation: "AssumeRole",
            code: "RegionDisabledException".to_owned(),
            message: "x".to_owned(),
            class: Class::Denied,
            retryable: false,
        };
        let provider = CredentialsError::provider_error(denied.clone());
        let failed = ConnectorError::other(provider.into(), None);
        let error: SdkError<ErrorMetadata, Response> = SdkError::dispatch_failure(failed);
        assert_eq!(CallError::from_sdk("GetGroups", &error), denied);
        let refused = ConnectorError::io("refused".into());
        let error: SdkError<ErrorMetadata, Response> = SdkError::dispatch_failure(refused);
        assert_eq!(CallError::from_sdk("GetGroups", &error).code, CONNECTION);
    }

    #[test]
    fn a_wrong_clock_is_told_from_a_wrong_signature() {
        for (code, message, expected) in [
            (
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
                true,
            ),
            ("RequestExpired", "", true),
            ("RequestInTheFuture", "", true),
            (
                "InvalidSignatureException",
                "Signature expired: 20261130T1200Z is now earlier than 20261130T1215Z",
                true,
            ),
            (
                "InvalidSignatureException",
                "Signature not yet current: 20261130T1300Z is still later than 20261130T1215Z",
                true,
            ),
            (
                "SignatureDoesNotMatch",
                "Signature expired: 20261130T1200Z is now earlier than 20261130T1215Z",
                true,
            ),
            (
                "InvalidSignatureException",
                "The request signature we calculated does not match the signature you provided.",
                false,
            ),
            ("SignatureDoesNotMatch", "Credential should be scoped to correct service: 'xray'.", false),
            ("ExpiredTokenException", "The security token included in the request is expired", false),
            ("AccessDeniedException", "User: x is not authorized to perform: xray:GetGroups", false),
        ] {
            assert_eq!(is_clock(code, message), expected, "{code}: {message}");
        }
    }
}
