//! What Audit Manager's answers say about its use, and which identifiers it accepts. No I/O.
//!
//! The service would reject an identifier that does not match the pattern, so it is not sent.

use aws_sdk_auditmanager::types::AccountStatus;
use insights_shared::key::is_uuid;

/// Whether an account with this status does not use the service. An unknown or missing status allows no conclusion; the next
/// call does.
pub fn is_unused(status: Option<&AccountStatus>) -> bool {
    matches!(status, Some(AccountStatus::Inactive | AccountStatus::PendingActivation))
}

/// Whether the service accepts `id` as the id of an assessment: a UUID in lower case.
/// <https://docs.aws.amazon.com/audit-manager/latest/APIReference/API_GetInsightsByAssessment.html>
pub fn is_assessment_id(id: &str) -> bool {
    is_uuid(id) && !id.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// Whether the service accepts `id` as the id of a control domain: `UNCATEGORIZED`, a UUID in lower case, or an ARN that
/// matches `arn:.*:controlcatalog:.*:.*:domain/.*`.
/// <https://docs.aws.amazon.com/audit-manager/latest/APIReference/API_ListControlInsightsByControlDomain.html>
pub fn is_domain_id(id: &str) -> bool {
    (13..=2_048).contains(&id.chars().count())
        && (id == "UNCATEGORIZED" || is_assessment_id(id) || is_domain_arn(id))
}

/// Uses the first `:controlcatalog:` and the last `:domain/`: if any two match the pattern, these do.
fn is_domain_arn(id: &str) -> bool {
    // In the pattern, `.` matches any character except line ends.
    if id.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']) {
        return false;
    }
    let after_service =
        id.strip_prefix("arn:").and_then(|rest| rest.split_once(":controlcatalog:")).map(|(_, rest)| rest);
    let between = after_service.and_then(|rest| rest.rsplit_once(":domain/")).map(|(between, _)| between);
    between.is_some_and(|between| between.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_two_statuses_mean_that_the_service_is_not_in_use() {
        for (status, expected) in [
            (Some("ACTIVE"), false),
            (Some("INACTIVE"), true),
            (Some("PENDING_ACTIVATION"), true),
            (Some("SOMETHING_NEW"), false),
            (None, false),
        ] {
            assert_eq!(is_unused(status.map(AccountStatus::from).as_ref()), expected, "{status:?}");
        }
    }

    #[test]
    fn assessment_ids_are_lower_case_uuids() {
        for (id, expected) in [
            ("11111111-2222-3333-4444-555555555555", true),
            ("abcdefab-2222-3333-4444-555555555555", true),
            ("ABCDEFAB-2222-3333-4444-555555555555", false),
            ("11111111-2222-3333-4444-55555555555", false),
            ("11111111-2222-3333-4444-5555555555555", false),
            ("11111111222233334444555555555555", false),
            ("11111111-2222-3333-4444-55555555555g", false),
            ("", false),
        ] {
            assert_eq!(is_assessment_id(id), expected, "{id}");
        }
    }

    #[test]
    fn domain_ids_have_three_formats() {
        let long = format!("arn:aws:controlcatalog:::domain/{}", "x".repeat(2_048 - 32));
        for (id, expected) in [
            ("UNCATEGORIZED", true),
            ("UNCATEGORIZED ", false),
            ("uncategorized", false),
            ("5c0a6f0e-3f38-4d6b-9b8a-0d3f6f9b7c21", true),
            ("5C0A6F0E-3F38-4D6B-9B8A-0D3F6F9B7C21", false),
            ("arn:aws:controlcatalog:::domain/3u3p5cwdl6agjbrvpaxc0m93n", true),
            ("arn::controlcatalog:::domain/", true),
            ("arn:aws:controlcatalog:eu-west-1:123456789012:domain/a:domain/b", true),
            ("arn:aws:controlcatalog:::domain/a:controlcatalog:x", true),
            ("arn:aws:controlcatalog:domain/x", false),
            ("arn:aws:controlcatalog::domain/x", false),
            ("arn:aws:iam::123456789012:domain/x", false),
            ("aws:controlcatalog:::domain/x", false),
            ("arn:aws:controlcatalog:::domain/a\nb", false),
            ("short", false),
            ("", false),
            (long.as_str(), true),
            (&format!("{long}x"), false),
        ] {
            assert_eq!(is_domain_id(id), expected, "{id}");
        }
    }
}
