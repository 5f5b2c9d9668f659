//! Explains issues to a person: the missing IAM action and its principal, throttling, what is missing. No I/O.

use insights_query::format::plain;
use insights_query::health::is_about_permission;
use insights_shared::issue::{CLOCK_SKEWED, Class, class_of, class_of_issue};
use insights_shared::record::Source;
use insights_shared::report::{Issue, RunStatus, TargetResponse};

/// The condition of a target in one word. Different reasons of failures have different words.
pub fn condition(target: &TargetResponse) -> &'static str {
    // The codes do not identify all denials and throttles; the issues contain the status.
    let has = |class: Class| {
        target.issue_counts.keys().any(|code| class_of(code, None) == class)
            || target.issues.iter().any(|issue| class_of_issue(&issue.code, &issue.message) == class)
    };
    match target.status {
        RunStatus::Ok if target.counts.fetched == 0 => "no data",
        RunStatus::Failed if has(Class::Denied) => "denied",
        RunStatus::Failed if has(Class::Throttled) => "throttled",
        status => status.as_str(),
    }
}

/// Explains "not enabled" and "no data" for `source`; `None` for other conditions.
pub fn absence(source: Source, condition: &str) -> Option<&'static str> {
    match condition {
        "not_enabled" => Some(source.not_enabled.meaning),
        "no data" => Some(source.no_data),
        _ => None,
    }
}

/// Explains an issue of the target at `place` and says what to do.
pub fn explain(issue: &Issue, source: Source, place: &str) -> String {
    let Issue { operation, code, .. } = issue;
    let message = plain(&issue.message);
    let subject = plain(&issue.subject);
    if issue.lasting {
        return format!(
            "{place}: not available: {operation} {subject}: {message} ({code}). Requested again once a day; nothing to do"
        );
    }
    match class_of_issue(code, &issue.message) {
        _ if code == CLOCK_SKEWED => format!("{place}: {operation}: {message} ({code})"),
        Class::Denied if is_about_permission(code) => {
            let refused = Refusal::read(&message);
            let action = refused.action.map_or_else(|| actions(source, operation), str::to_owned);
            let principal = refused.principal.map_or_else(|| "these credentials".to_owned(), str::to_owned);
            let on = match *operation {
                "AssumeRole" => format!(" on {subject}, and let its trust policy name them"),
                _ => String::new(),
            };
            if let Some(reason) = refused.explicit {
                return format!(
                    "{place}: denied: {principal} may not call {operation}: {reason}. An allow policy cannot override this ({code})"
                );
            }
            format!(
                "{place}: denied: {principal} may not call {operation}. Allow the IAM action {action}{on} ({code})"
            )
        }
        Class::Denied if code.contains("Expired") => {
            format!(
                "{place}: denied: the credentials have expired; sign in and run the command again ({code})"
            )
        }
        Class::Denied if class_of(code, None) == Class::Denied => {
            format!("{place}: denied: the credentials are not accepted ({code}: {message})")
        }
        Class::Denied => format!("{place}: denied: {operation} was refused ({code}: {message})"),
        Class::Throttled if is_of_the_table(operation) => format!(
            "{place}: throttled: the table throttled {operation} ({code}). Nothing is lost: run the command again; an on-demand \
             table scales automatically, up to its maximum"
        ),
        Class::Throttled => format!(
            "{place}: throttled: {operation} exceeded the rate of the service ({code}). Nothing is lost: run the command again, or set \
             RATE_LIMITS='{{\"{operation}\":0.5}}'"
        ),
        _ => format!("{place}: {operation} {subject}: {code}: {message}"),
    }
}

/// Whether `operation` is an operation of DynamoDB. `RATE_LIMITS` does not apply to these.
fn is_of_the_table(operation: &str) -> bool {
    ["BatchExecuteStatement", "BatchGetItem", "PutItem", "Query", "UpdateItem"].contains(&operation)
}

/// The IAM actions that `operation` needs, where AWS does not name the one that is missing.
fn actions(source: Source, operation: &str) -> String {
    match operation {
        // AssumeRole needs no other action.
        "ListInsightsMetricData" => {
            "cloudtrail:LookupEvents, and for a trail's data events cloudtrail:ListInsightsData on the trail"
                .to_owned()
        }
        "AssumeRole" | "GetCallerIdentity" => format!("sts:{operation}"),
        "BatchExecuteStatement" => "dynamodb:PartiQLInsert".to_owned(),
        operation if is_of_the_table(operation) => format!("dynamodb:{operation}"),
        _ => source.operation(operation).map_or(operation, |known| known.iam_action).to_owned(),
    }
}

/// An access error of AWS: `User: <principal> is not authorized to perform: <action> on resource: …`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Refusal<'a> {
    principal: Option<&'a str>,
    action: Option<&'a str>,
    /// The policy that denies the call, if AWS names it: `with an explicit deny in a service control policy`.
    explicit: Option<&'a str>,
}

impl<'a> Refusal<'a> {
    fn read(message: &'a str) -> Self {
        let Some((before, after)) = message.split_once(" is not authorized to perform: ") else {
            return Self::default();
        };
        let principal = before.split_once("User: ").map(|(_, principal)| principal.trim());
        let action = after.split_whitespace().next().map(|action| action.trim_end_matches(['.', ',', ';']));
        let explicit = after.find("with an explicit deny").and_then(|begin| after.get(begin..));
        let explicit = explicit.map(|reason| reason.trim_end_matches('.'));
        Self { principal, action: action.filter(|action| action.contains(':')), explicit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_shared::issue::Stage;
    use insights_shared::payload::Window;
    use insights_shared::report::Counts;
    use std::collections::BTreeMap;

    fn issue(operation: &'static str, code: &str, message: &str) -> Issue {
        Issue {
            stage: Stage::Fetch,
            operation,
            subject: "shop".to_owned(),
            code: code.to_owned(),
            retryable: false,
            lasting: false,
            message: message.to_owned(),
        }
    }

    /// The explanation of an issue of the source that has the operation.
    fn explained(operation: &'static str, code: &str, message: &str) -> String {
        let has_it = |source: &Source| source.operation(operation).is_some();
        let source = insights_sources::all().find(has_it).unwrap_or(insights_sources::xray::SOURCE);
        explain(&issue(operation, code, message), source, "here")
    }

    #[test]
    fn a_missing_permission_is_explained_with_iam_action_and_principal() {
        let check = |operation, code: &str, message: &str, expected: &str| {
            assert_eq!(explained(operation, code, message), expected);
        };
        check(
            "GetInsightSummaries",
            "AccessDeniedException",
            "User: arn:aws:sts::123456789012:assumed-role/audit/ann is not authorized to perform: \
             xray:GetInsightSummaries because no identity-based policy allows the xray:GetInsightSummaries action",
            "here: denied: arn:aws:sts::123456789012:assumed-role/audit/ann may not call GetInsightSummaries. Allow the IAM \
             action xray:GetInsightSummaries (AccessDeniedException)",
        );
        // The action of a key policy differs from the action of the operation.
        check(
            "BatchGetItem",
            "AccessDeniedException",
            "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:x",
            "here: denied: arn:aws:iam::123456789012:user/ann may not call BatchGetItem. Allow the IAM action kms:Decrypt \
             (AccessDeniedException)",
        );
        // An explicit deny overrides every allow.
        check(
            "LookupEvents",
            "AccessDeniedException",
            "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: cloudtrail:LookupEvents with an explicit \
             deny in a service control policy",
            "here: denied: arn:aws:iam::123456789012:user/ann may not call LookupEvents: with an explicit deny in a service \
             control policy. An allow policy cannot override this (AccessDeniedException)",
        );
        check(
            "ListInsightsMetricData",
            "AccessDeniedException",
            "Access denied",
            "here: denied: these credentials may not call ListInsightsMetricData. Allow the IAM action cloudtrail:LookupEvents, \
             and for a trail's data events cloudtrail:ListInsightsData on the trail (AccessDeniedException)",
        );
        check(
            "AssumeRole",
            "AccessDenied",
            "no",
            "here: denied: these credentials may not call AssumeRole. Allow the IAM action sts:AssumeRole on shop, and let its \
             trust policy name them (AccessDenied)",
        );
    }

    #[test]
    fn every_operation_of_the_collectors_has_an_action() {
        for source in insights_sources::all() {
            for operation in source.operations {
                let action = actions(source, operation.name);
                let is_named = action.starts_with(operation.iam_action);
                assert!(is_named, "{}: {action}", operation.name);
            }
            assert_eq!(actions(source, "PutItem"), "dynamodb:PutItem");
            assert_eq!(actions(source, "BatchExecuteStatement"), "dynamodb:PartiQLInsert");
        }
    }

    #[test]
    fn rejected_credentials_are_not_a_missing_permission() {
        let expired = explained("GetGroups", "ExpiredTokenException", "expired");
        assert!(expired.contains("have expired; sign in") && !expired.contains("IAM"), "{expired}");
        let unknown = explained("GetGroups", "UnrecognizedClientException", "invalid token");
        assert!(unknown.contains("are not accepted") && !unknown.contains("IAM"), "{unknown}");
        let table = explained("PutItem", "ProvisionedThroughputExceededException", "slow down");
        assert!(table.contains("the table throttled PutItem") && !table.contains("RATE_LIMITS"), "{table}");
        let throttled = explained("LookupEvents", "ThrottlingException", "Rate exceeded");
        assert!(
            throttled.contains("throttled: LookupEvents")
                && throttled.contains("RATE_LIMITS='{\"LookupEvents\":0.5}'")
        );
        let proxy = explained("GetGroups", "Response.Malformed", "HTTP status 403: service error");
        let expected =
            "here: denied: GetGroups was refused (Response.Malformed: HTTP status 403: service error)";
        assert_eq!(proxy, expected);
        let other = explained("GetInsight", "Connection", "refused");
        assert_eq!(other, "here: GetInsight shop: Connection: refused");
        // A permission would not help: the trail belongs to another account.
        let lasting =
            Issue { lasting: true, ..issue("ListInsightsMetricData", "AccessDeniedException", "not yours") };
        let expected = "here: not available: ListInsightsMetricData shop: not yours (AccessDeniedException). \
             Requested again once a day; nothing to do";
        assert_eq!(explain(&lasting, insights_sources::cloudtrail::SOURCE, "here"), expected);
    }

    #[test]
    fn not_enabled_denied_throttled_and_no_data_are_different_conditions() {
        let check_with = |status, fetched, codes: &[&str], message: &str, expected: &str| {
            let target = TargetResponse {
                account_id: "123456789012".to_owned(),
                region: "eu-west-1".to_owned(),
                status,
                window: None::<Window>,
                ask_again_at: None,
                counts: Counts { fetched, ..Counts::default() },
                issue_counts: codes.iter().map(|code| ((*code).to_owned(), 1)).collect::<BTreeMap<_, _>>(),
                lasting_counts: BTreeMap::new(),
                issues: codes.iter().map(|code| issue("GetGroups", code, message)).collect(),
                issues_left_out: 0,
            };
            assert_eq!(condition(&target), expected);
        };
        let check = |status, fetched, codes: &[&str], expected: &str| {
            check_with(status, fetched, codes, "x", expected);
        };
        check_with(RunStatus::Failed, 0, &["Response.Malformed"], "HTTP status 403: service error", "denied");
        check_with(RunStatus::Failed, 0, &["SomethingNew"], "HTTP status 429: service error", "throttled");
        check_with(RunStatus::Failed, 0, &["Response.Malformed"], "HTTP status 502: service error", "failed");
        check(RunStatus::NotEnabled, 0, &[], "not_enabled");
        check(RunStatus::Failed, 0, &["AccessDeniedException"], "denied");
        check(RunStatus::Failed, 0, &["ThrottledException"], "throttled");
        check(RunStatus::Ok, 0, &[], "no data");
        check(RunStatus::Ok, 1, &[], "ok");
        check(RunStatus::Partial, 0, &["ThrottledException"], "partial");
        check(RunStatus::Failed, 0, &["Timeout"], "failed");
    }
}
