//! The class of an error, from its code and HTTP status: throttles, denials, wrong clocks. No I/O.

use super::{CLOCK_SKEWED, Class, RESPONSE_MALFORMED};

/// The beginning of a message that contains the status of the response.
const STATUS: &str = "HTTP status ";

/// `message`, preceded by the status.
pub(super) fn with_status(status: Option<u16>, message: &str) -> String {
    status.map_or_else(|| message.to_owned(), |status| format!("{STATUS}{status}: {message}"))
}

/// `message`, preceded by the status if the error is a denial or a throttle because of its status, not because of `code`. A
/// stored issue contains the status nowhere else.
pub(super) fn with_deciding_status(code: &str, class: Class, status: Option<u16>, message: String) -> String {
    let is_decided_by_code = class_of(code, None) == class;
    let is_named = matches!(class, Class::Denied | Class::Throttled) && !is_decided_by_code;
    if is_named { with_status(status, &message) } else { message }
}

/// The class of an issue, from its code and the status in its message.
pub fn class_of_issue(code: &str, message: &str) -> Class {
    let code = if code == RESPONSE_MALFORMED { "" } else { code };
    let status = message.strip_prefix(STATUS).and_then(|rest| rest.split(':').next());
    class_of(code, status.and_then(|status| status.parse().ok()))
}

/// The class of a service's error, from its code and HTTP status as far as they are known.
///
/// Status 401 or 403 is a denial, unless the code is a throttling code. A denial code is a denial with any status, because
/// CloudTrail and DynamoDB deny with status 400.
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

/// The throttling codes: the SDK's own list, which it uses for retries.
pub const THROTTLES: &[&str] = aws_runtime::retries::classifiers::THROTTLING_ERRORS;

/// Whether a code is a throttling code.
pub fn is_throttle(code: &str) -> bool {
    THROTTLES.contains(&code)
}

/// The codes of denials, for any status: the credentials or a policy do not allow the call.
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

/// The codes that mean that the time of a signature differs too much from the service's clock.
pub const CLOCK_CODES: [&str; 4] =
    ["RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed", "RequestTimeTooSkewedException"];

/// The beginnings of messages that mean a wrong clock, with codes that otherwise mean a wrong signature.
const CLOCK_MESSAGES: [&str; 2] = ["Signature expired", "Signature not yet current"];

/// Whether an error means that a service does not accept the time of a signature.
pub(super) fn is_clock(code: &str, message: &str) -> bool {
    CLOCK_CODES.contains(&code) || CLOCK_MESSAGES.iter().any(|begin| message.starts_with(begin))
}
