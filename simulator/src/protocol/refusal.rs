//! The errors that every AWS service has. Except for throttling and internal errors, they depend only on the protocol. See
//! <https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>.

use super::Protocol;
use crate::call::ServiceError;
use crate::service::Service;
use crate::timestamp::rfc3339;
use insights_shared::time::Timestamp;

/// The service's throttling error.
pub(crate) fn throttled(service: Service) -> ServiceError {
    (service.descriptor().throttled)()
}

/// The service's internal error.
pub(crate) fn internal(service: Service) -> ServiceError {
    (service.descriptor().internal)()
}

/// The principal has no permission for `operation`.
pub(crate) fn denied(service: Service, principal: &str, operation: &str) -> ServiceError {
    let message = format!("User: {principal} is not authorized to perform: {service}:{operation}");
    rejected(service, "AccessDeniedException", "AccessDenied", message)
}

/// The credentials have expired.
pub(crate) fn expired(service: Service) -> ServiceError {
    let message = "The security token included in the request is expired";
    rejected(service, "ExpiredTokenException", "ExpiredToken", message)
}

/// The time of the signature differs too much from `now`, the service's time.
pub(crate) fn skewed(service: Service, signed: &str, now: Timestamp) -> ServiceError {
    let (now, earliest) = (compact(now), compact(now.plus_seconds(-300)));
    let message = format!("Signature expired: {signed} is now earlier than {earliest} ({now} - 5 min.)");
    rejected(service, "InvalidSignatureException", "SignatureDoesNotMatch", message)
}

/// The request is not signed.
pub(crate) fn unsigned(service: Service) -> ServiceError {
    let message = match service.descriptor().protocol {
        Protocol::RestJson => "Missing Authentication Token",
        Protocol::AwsJson { .. } | Protocol::Query { .. } => "Request is missing Authentication Token",
    };
    rejected(service, "MissingAuthenticationTokenException", "MissingAuthenticationToken", message)
}

/// The `Authorization` header is not a signature.
pub(crate) fn malformed(service: Service) -> ServiceError {
    let message = "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters.";
    rejected(service, "IncompleteSignatureException", "IncompleteSignature", message)
}

/// The signature is for another service.
pub(crate) fn mis_scoped(service: Service) -> ServiceError {
    let message = format!("Credential should be scoped to correct service: '{service}'.");
    rejected(service, "InvalidSignatureException", "SignatureDoesNotMatch", message)
}

/// The access key and the session token do not belong together.
pub(crate) fn unrecognized(service: Service) -> ServiceError {
    let message = "The security token included in the request is invalid.";
    rejected(service, "UnrecognizedClientException", "InvalidClientTokenId", message)
}

/// The request is not a valid input of its operation.
pub(crate) fn unreadable(service: Service, message: &str) -> ServiceError {
    ServiceError { status: 400, ..rejected(service, "SerializationException", "MalformedInput", message) }
}

/// The simulator does not have this operation.
pub(crate) fn unknown(service: Service, name: &str) -> ServiceError {
    let (code, status, message) = match service.descriptor().protocol {
        Protocol::Query { version } => {
            ("InvalidAction", 400, format!("Could not find operation {name} for version {version}"))
        }
        Protocol::RestJson => ("UnknownOperationException", 404, format!("no operation here: {name}")),
        Protocol::AwsJson { .. } => ("UnknownOperationException", 400, format!("no operation here: {name}")),
    };
    ServiceError::new(code, status, message)
}

/// An error for a caller that is not accepted, with the code and status of the service's protocol.
fn rejected(
    service: Service,
    json_code: &'static str,
    query_code: &'static str,
    message: impl Into<String>,
) -> ServiceError {
    let (code, status) = match service.descriptor().protocol {
        Protocol::AwsJson { .. } => (json_code, 400),
        Protocol::RestJson => (json_code, 403),
        Protocol::Query { .. } => (query_code, 403),
    };
    ServiceError::new(code, status, message)
}

/// A time in the format of signatures, for example `20260301T120000Z`.
fn compact(timestamp: Timestamp) -> String {
    rfc3339(timestamp).replace(['-', ':'], "")
}
