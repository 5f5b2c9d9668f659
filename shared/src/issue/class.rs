//! The class of an error, by its code and its status: which codes mean a throttle, a denial or a wrong clock. Pure.

use super::{CLOCK_SKEWED, Class, RESPONSE_MALFORMED};

/// The beginning of a message that states the status of the response.
const STATUS: &str = "HTTP status ";

/// `message`, preceded by the status.
pub(super) fn with_status(status: Option<u16>, message: &str) -> String {
    status.map_or_else(|| message.to_owned(), |status| format!("{STATUS}{status}: {message}"))
}

/// `message`, preceded by the status if the status and not `code` makes the error a denial or a throttle. A stored issue does not
/// contain the status elsewhere.
pub(super) fn with_deciding_status(code: &str, class: Class, status: Option<u16>, message: String) -> String {
    let is_decided_by_code = class_of(code, None) == class;
    let is_named = matches!(class, Class::Denied | Class::Throttled) && !is_decided_by_code;
    if is_named { with_status(status, &message) } else { message }
}

/// The class of an issue, by its code and by the status in its message.
pub fn class_of_issue(code: &str, message: &str) -> Class {
    let code = if code == RESPONSE_MALFORMED { "" } else { code };
    let status = message.strip_prefix(STATUS).and_then(|rest| rest.split(':').next());
    class_of(code, status.and_then(|status| status.parse().ok()))
}

/// The class of a service's error code and its HTTP status, as far as both are known.
///
/// Status 401 or 403 is a denial, unless the code is a throttle's. A code of a denial is one with any status, because CloudTrail
/// and DynamoDB deny with status 400.
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

/// The codes that mean that credentials or a policy refuse the call, for any status.
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

/// The beginnings of messages that mean a wrong clock, with codes that otherwise mean a wrong signature.
const CLOCK_MESSAGES: [&str; 2] = ["Signature expired", "Signature not yet current"];

/// Whether an error means that the time of a signature is not accepted.
pub(super) fn is_clock(code: &str, message: &str) -> bool {
    CLOCK_CODES.contains(&code) || CLOCK_MESSAGES.iter().any(|begin| message.starts_with(begin))
}
