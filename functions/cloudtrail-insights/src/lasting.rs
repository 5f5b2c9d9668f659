//! Determines which errors are lasting: the data of a series or trail can never be fetched. The `catalog` row stores this as
//! [`insights_shared::catalog::Unavailable`]. No I/O.

use insights_shared::issue::{CallError, Class};
use insights_shared::target::account_of_arn;

/// The codes with which CloudTrail rejects a request because of what it names: a trail that does not exist (any more), a
/// trail that this account may not read, or a name that the API does not accept.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListInsightsMetricData.html>
const REJECTIONS: [&str; 10] = [
    "CloudTrailARNInvalidException",
    "InsightNotEnabledException",
    "InvalidParameterCombinationException",
    "InvalidParameterException",
    "InvalidTrailNameException",
    "OperationNotPermittedException",
    "ResourceNotFoundException",
    "TrailNotFoundException",
    "UnsupportedOperationException",
    "ValidationException",
];

/// Those of these codes that may be about the time range of a request, which differs in every run and depends on clocks.
/// ListInsightsMetricData and ListInsightsData have no separate code for this.
const RANGE_REJECTIONS: [&str; 3] =
    ["InvalidParameterCombinationException", "InvalidParameterException", "ValidationException"];

/// The prefixes of codes that mean a denial by a policy. All other denials are about credentials, signatures and
/// subscriptions, or do not come from the service. Their result may differ in the next run.
const PERMISSION_DENIALS: [&str; 4] =
    ["AccessDenied", "NotAuthorized", "OperationNotPermitted", "UnauthorizedOperation"];

/// Whether `error`, about `trail` or a series of it, stays the same for all requests of `account`. A denial is lasting only
/// if it comes from a policy and the trail belongs to another account. Any other missing permission can be granted.
pub fn is_lasting(error: &CallError, trail: Option<&str>, account: &str) -> bool {
    match error.class {
        Class::Refused => !error.retryable && REJECTIONS.contains(&error.code.as_str()),
        Class::Denied => {
            let is_of_policy = PERMISSION_DENIALS.iter().any(|begin| error.code.starts_with(begin));
            is_of_policy && trail.and_then(account_of_arn).is_some_and(|owner| owner != account)
        }
        Class::NotEnabled | Class::Throttled | Class::Unavailable | Class::Malformed | Class::NotReached => {
            false
        }
    }
}

/// Whether a rejection may be about the time range. It is lasting only if the same request is also rejected for a range that
/// is certainly valid ([`crate::window::valid_span`]).
pub fn may_be_about_range(error: &CallError) -> bool {
    RANGE_REJECTIONS.contains(&error.code.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_shared::issue::class_of;

    fn error(code: &str, status: u16) -> CallError {
        let class = class_of(code, Some(status));
        let retryable = matches!(class, Class::Throttled | Class::Unavailable);
        CallError {
            operation: "ListInsightsMetricData",
            code: code.into(),
            message: String::new(),
            class,
            retryable,
        }
    }

    #[test]
    fn rejections_are_lasting_and_denials_only_for_trails_of_other_accounts() {
        let own = Some("arn:aws:cloudtrail:eu-west-1:123456789012:trail/data");
        let other = Some("arn:aws:cloudtrail:eu-west-1:111122223333:trail/organization");
        let china = Some("arn:aws-cn:cloudtrail:cn-north-1:111122223333:trail/organization");
        for (code, status, trail, expected) in [
            ("InvalidTrailNameException", 400, own, true),
            ("TrailNotFoundException", 400, own, true),
            ("InvalidParameterException", 400, None, true),
            ("UnsupportedOperationException", 400, None, true),
            ("OperationNotPermittedException", 400, other, true),
            ("CloudTrailARNInvalidException", 400, own, true),
            ("AccessDeniedException", 400, other, true),
            ("AccessDeniedException", 403, china, true),
            ("NotAuthorized", 400, other, true),
            ("UnauthorizedOperation", 403, other, true),
            ("OperationNotPermittedException", 403, other, true),
            ("AccessDeniedException", 400, own, false),
            ("OperationNotPermittedException", 403, own, false),
            ("AccessDeniedException", 400, None, false),
            ("AccessDeniedException", 400, Some("data"), false),
            ("ExpiredTokenException", 400, own, false),
            // Credentials, clocks and subscriptions do not depend on the trail, and the page of a proxy is not an answer of
            // the service.
            ("ExpiredTokenException", 400, other, false),
            ("UnrecognizedClientException", 403, other, false),
            ("InvalidSignatureException", 403, other, false),
            ("SignatureDoesNotMatch", 403, other, false),
            ("AuthFailure", 401, other, false),
            ("RequestExpired", 403, other, false),
            ("OptInRequired", 403, other, false),
            ("SubscriptionRequiredException", 403, other, false),
            ("InvalidTrailNameException", 403, other, false),
            ("Response.Malformed", 403, other, false),
            ("", 403, other, false),
            ("ThrottlingException", 400, other, false),
            ("InternalFailure", 500, other, false),
            // A failure of the service, whatever its code.
            ("InvalidParameterException", 500, None, false),
            ("SomethingNew", 400, None, false),
            ("", 400, other, false),
        ] {
            let lasting = is_lasting(&error(code, status), trail, "123456789012");
            assert_eq!(lasting, expected, "{code} {status} {trail:?}");
        }
        let later_page = CallError { retryable: true, ..error("InvalidParameterException", 400) };
        assert!(!is_lasting(&later_page, None, "123456789012"), "a token may have expired");
    }
}
