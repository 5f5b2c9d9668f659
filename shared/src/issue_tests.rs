//! Tests of the conversion of SDK errors to issues.

use super::class::{is_clock, with_deciding_status, with_status};
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
fn four_classes_are_distinguished_by_code_and_status() {
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
fn a_call_without_credentials_fails_with_the_reason_of_the_failed_renewal() {
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
fn a_wrong_clock_is_distinguished_from_a_wrong_signature() {
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
