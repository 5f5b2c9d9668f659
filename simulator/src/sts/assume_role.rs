//! `AssumeRole` (<https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>).

use super::Data;
use crate::call::{Answer, Call, ServiceError};
use crate::constraint::Constraints;
use crate::principal::{Principal, Session};
use crate::protocol::signature::TEMPORARY_PREFIX;
use crate::scenario::{hash, is_account};
use crate::timestamp::rfc3339;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use insights_shared::time::Clock;
use serde_json::json;

/// The default duration of a session.
const DEFAULT_SECONDS: i64 = 3_600;
/// The maximum duration of a session with role chaining.
const LONGEST_CHAINED_SECONDS: i64 = 3_600;
/// The model's pattern of an ARN.
const PRINTABLE: &str =
    "[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u0085\\u00A0-\\uD7FF\\uE000-\\uFFFD\\u10000-\\u10FFFF]+";

pub(super) fn answer(data: &Data, call: &Call, principal: &Principal) -> Answer {
    let mut constraints = Constraints::new(call);
    constraints.required("RoleArn");
    constraints.required("RoleSessionName");
    let arn = constraints.string("RoleArn", 20..=2_048, Some(is_printable), PRINTABLE).unwrap_or_default();
    let name =
        constraints.string("RoleSessionName", 2..=64, Some(is_name), "[\\w+=,.@-]*").unwrap_or_default();
    let seconds = constraints.integer("DurationSeconds", 900..=43_200).unwrap_or(DEFAULT_SECONDS);
    let external_id = constraints.string("ExternalId", 2..=1_224, Some(is_external_id), "[\\w+=,.@:\\/-]*");
    let source_identity = constraints.string("SourceIdentity", 2..=64, Some(is_name), "[\\w+=,.@-]*");
    constraints.string("SerialNumber", 9..=256, Some(is_serial), "[\\w+=/:,.@-]*");
    constraints.string("TokenCode", 6..=6, Some(is_code), "[\\d]*");
    constraints.string("Policy", 1..=usize::MAX, Some(is_policy), "[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+");
    constraints.finish().map_err(invalid)?;
    let (account, role) = role_of(arn).ok_or_else(|| invalid(format!("{arn} is invalid")))?;
    if principal.is_temporary && seconds > LONGEST_CHAINED_SECONDS {
        return Err(invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        ));
    }
    let listed = data.roles.iter().find(|role| role.arn == arn);
    let refused = listed.is_some_and(|role| {
        role.deny || role.external_id.is_some() && role.external_id.as_deref() != external_id
    });
    if refused {
        let message = format!(
            "User: {} is not authorized to perform: sts:AssumeRole on resource: {arn}",
            principal.arn
        );
        return Err(ServiceError::new("AccessDenied", 403, message));
    }
    let expires = Clock::System.now().plus_seconds(seconds);
    let session = Session {
        account: account.to_owned(),
        role: role.to_owned(),
        name: name.to_owned(),
        expires: expires.millis(),
    };
    let mut answer = json!({
        "Credentials": {
            "AccessKeyId": format!("{TEMPORARY_PREFIX}{account}X"),
            // 40 characters, as in AWS, that can be recognized in a log.
            "SecretAccessKey": format!("SimulatedSecret/{}", STANDARD.encode(hash(0, arn).get(..18).unwrap_or_default())),
            "SessionToken": session.encode(),
            "Expiration": rfc3339(expires),
        },
        "AssumedRoleUser": { "Arn": session.arn(&call.region), "AssumedRoleId": session.user_id() },
        "PackedPolicySize": 0,
    });
    if let (Some(identity), Some(members)) = (source_identity, answer.as_object_mut()) {
        members.insert("SourceIdentity".to_owned(), identity.into());
    }
    Ok(answer)
}

fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::new("ValidationError", 400, message)
}

/// The account and the name, without its path, in a role's ARN.
fn role_of(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.splitn(6, ':');
    let mut part = || parts.next();
    let scheme = part()? == "arn" && part()?.starts_with("aws") && part()? == "iam" && part()?.is_empty();
    let account = part().filter(|account| scheme && is_account(account))?;
    let path = part()?.strip_prefix("role/")?;
    let role = path.rsplit('/').next().filter(|role| !role.is_empty())?;
    Some((account, role))
}

fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c))
}

fn is_external_id(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c))
}

fn is_serial(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "_+=/:,.@-".contains(c))
}

fn is_code(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit())
}

fn is_policy(text: &str) -> bool {
    text.chars().all(|c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{ff}'))
}

fn is_printable(text: &str) -> bool {
    let printable = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..);
    !text.is_empty() && text.chars().all(printable)
}
