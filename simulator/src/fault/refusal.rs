//! The errors that AWS's front door gives for each service, whether asked for as a fault or deserved.

use crate::call::ServiceError;
use crate::operation::Service;
use insights_shared::time::Timestamp;

/// The service's throttling error.
pub(crate) fn throttled(service: Service) -> ServiceError {
    match service {
        Service::XRay => ServiceError::new("ThrottledException", 429, "Rate exceeded"),
        Service::CloudTrail => ServiceError::new("ThrottlingException", 400, "Rate exceeded"),
        Service::AuditManager => ServiceError::new("ThrottlingException", 429, "Rate exceeded"),
        Service::Sts => ServiceError::new("Throttling", 400, "Rate exceeded"),
        Service::DynamoDb => ServiceError::new(
            "ProvisionedThroughputExceededException",
            400,
            "The level of configured provisioned throughput for the table was exceeded. Consider increasing your \
             provisioning level with the UpdateTable API.",
        ),
    }
}

/// The service's internal error.
pub(crate) fn internal(service: Service) -> ServiceError {
    match service {
        Service::AuditManager => {
            ServiceError::new("InternalServerException", 500, "An internal service error occurred.")
        }
        Service::DynamoDb => ServiceError::new("InternalServerError", 500, "Internal server error"),
        _ => ServiceError::new("InternalFailure", 500, "An internal service error occurred."),
    }
}

/// The caller `principal` may not call `operation`.
pub(crate) fn denied(service: Service, principal: &str, operation: &str) -> ServiceError {
    let code = if service == Service::Sts { "AccessDenied" } else { "AccessDeniedException" };
    let message = format!("User: {principal} is not authorized to perform: {}:{operation}", service.name());
    ServiceError::new(code, door_status(service), message)
}

/// The credentials have expired.
pub(crate) fn expired(service: Service) -> ServiceError {
    let code = if service == Service::Sts { "ExpiredToken" } else { "ExpiredTokenException" };
    let message = "The security token included in the request is expired";
    ServiceError::new(code, door_status(service), message)
}

/// The signature was made at `signed` by a clock that is wrong: `now` is what the service takes for right.
pub(crate) fn skewed(service: Service, signed: &str, now: Timestamp) -> ServiceError {
    let code = if service == Service::Sts { "SignatureDoesNotMatch" } else { "InvalidSignatureException" };
    let (now, earliest) = (compact(now), compact(now.plus_seconds(-300)));
    let message = format!("Signature expired: {signed} is now earlier than {earliest} ({now} - 5 min.)");
    ServiceError::new(code, door_status(service), message)
}

/// There is no signature.
pub(crate) fn unsigned(service: Service) -> ServiceError {
    let (code, message) = match service {
        Service::Sts => ("MissingAuthenticationToken", "Request is missing Authentication Token"),
        Service::XRay | Service::AuditManager => {
            ("MissingAuthenticationTokenException", "Missing Authentication Token")
        }
        Service::CloudTrail | Service::DynamoDb => {
            ("MissingAuthenticationTokenException", "Request is missing Authentication Token")
        }
    };
    ServiceError::new(code, door_status(service), message)
}

/// The `Authorization` header is no signature.
pub(crate) fn malformed(service: Service) -> ServiceError {
    let code = if service == Service::Sts { "IncompleteSignature" } else { "IncompleteSignatureException" };
    let message = "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters.";
    ServiceError::new(code, door_status(service), message)
}

/// The signature is for another service.
pub(crate) fn mis_scoped(service: Service) -> ServiceError {
    let code = if service == Service::Sts { "SignatureDoesNotMatch" } else { "InvalidSignatureException" };
    let message = format!("Credential should be scoped to correct service: '{}'.", service.name());
    ServiceError::new(code, door_status(service), message)
}

/// The access key and the session token do not belong together.
pub(crate) fn unrecognized(service: Service) -> ServiceError {
    let code = if service == Service::Sts { "InvalidClientTokenId" } else { "UnrecognizedClientException" };
    let message = "The security token included in the request is invalid.";
    ServiceError::new(code, door_status(service), message)
}

/// The request is not of the form that its operation has.
pub(crate) fn unreadable(service: Service, message: &str) -> ServiceError {
    let code = if service == Service::Sts { "MalformedInput" } else { "SerializationException" };
    ServiceError::new(code, 400, message)
}

/// The simulator has no such operation.
pub(crate) fn unknown(service: Service, name: &str) -> ServiceError {
    match service {
        Service::Sts => {
            let message = format!("Could not find operation {name} for version 2011-06-15");
            ServiceError::new("InvalidAction", 400, message)
        }
        Service::XRay | Service::AuditManager => {
            ServiceError::new("UnknownOperationException", 404, format!("no operation here: {name}"))
        }
        Service::CloudTrail | Service::DynamoDb => {
            ServiceError::new("UnknownOperationException", 400, format!("no operation here: {name}"))
        }
    }
}

/// The status that a protocol has for what the front door refuses.
fn door_status(service: Service) -> u16 {
    match service {
        Service::XRay | Service::AuditManager | Service::Sts => 403,
        Service::CloudTrail | Service::DynamoDb => 400,
    }
}

/// An instant as signatures have it, such as `20260301T120000Z`.
fn compact(timestamp: Timestamp) -> String {
    let text = timestamp.to_string();
    let seconds = text.split('.').next().unwrap_or(&text);
    format!("{}Z", seconds.replace(['-', ':'], ""))
}
