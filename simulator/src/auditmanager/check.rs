//! Checks the parameters of a call against the constraints of the model. A `ValidationException` has one message for all of
//! them, a reason, and a message for each field.

use crate::call::{Call, ServiceError};
use crate::constraint::Constraints;
use serde_json::{Value, json};

const TOKEN: &str = r"^[A-Za-z0-9+\/=]*$";
const UUID: &str = "^[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}$";
const DOMAIN: &str = "^arn:.*:controlcatalog:.*:.*:domain/.*|UNCATEGORIZED|\
                      ^[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}$";

type Check = (&'static str, fn(&mut Constraints<'_>, &str));

const ASSESSMENT_ID: Check = ("assessmentId", |constraints, name| {
    constraints.required(name);
    constraints.string(name, 36..=36, Some(is_uuid), UUID);
});
const CONTROL_DOMAIN_ID: Check = ("controlDomainId", |constraints, name| {
    constraints.required(name);
    constraints.string(name, 13..=2048, Some(is_domain_id), DOMAIN);
});
const STATUS: Check = ("status", |constraints, name| {
    constraints.one_of(name, &["ACTIVE", "INACTIVE"]);
});
const NEXT_TOKEN: Check = ("nextToken", |constraints, name| {
    constraints.string(name, 1..=1_000, Some(is_token), TOKEN);
});
const MAX_RESULTS: Check = ("maxResults", |constraints, name| {
    constraints.integer(name, 1..=1_000);
});

/// Checks the parameters of a call.
pub(super) fn input(call: &Call) -> Result<(), ServiceError> {
    let checks: &[Check] = match call.operation {
        "ListAssessments" => &[STATUS, NEXT_TOKEN, MAX_RESULTS],
        "GetInsightsByAssessment" => &[ASSESSMENT_ID],
        "ListControlDomainInsights" => &[NEXT_TOKEN, MAX_RESULTS],
        "ListControlDomainInsightsByAssessment" => &[ASSESSMENT_ID, NEXT_TOKEN, MAX_RESULTS],
        "ListControlInsightsByControlDomain" => &[CONTROL_DOMAIN_ID, NEXT_TOKEN, MAX_RESULTS],
        "ListAssessmentControlInsightsByControlDomain" => {
            &[CONTROL_DOMAIN_ID, ASSESSMENT_ID, NEXT_TOKEN, MAX_RESULTS]
        }
        _ => &[],
    };
    let mut all = Constraints::new(call);
    let mut fields = Vec::new();
    for (name, check) in checks {
        check(&mut all, name);
        let mut one = Constraints::new(call);
        check(&mut one, name);
        if let Err(message) = one.finish() {
            fields.push(json!({"name": name, "message": message}));
        }
    }
    all.finish().map_err(|message| validation(&message, fields))
}

/// The error for a parameter that violates `rule` only.
pub(super) fn field(name: &str, rule: &str) -> ServiceError {
    let message = format!("{name} {rule}");
    let fields = vec![json!({"name": name, "message": message})];
    validation(&message, fields)
}

/// Whether `text` matches the service's pattern of a UUID: lower case, and any version.
pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

/// Whether `text` matches the service's pattern of control domain ids.
pub(super) fn is_domain_id(text: &str) -> bool {
    text == "UNCATEGORIZED" || is_uuid(text) || is_catalog_arn(text)
}

fn is_catalog_arn(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("arn:") else { return false };
    let mut services = rest.match_indices(":controlcatalog:").map(|(index, service)| index + service.len());
    services.any(|end| {
        let tail = rest.get(end..).unwrap_or_default();
        tail.match_indices(":domain/")
            .any(|(index, _)| tail.get(..index).is_some_and(|head| head.contains(':')))
    })
}

fn is_token(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
}

/// The error, with strings of at most 2048 characters, as the model requires.
fn validation(message: &str, fields: Vec<Value>) -> ServiceError {
    let mut error = ServiceError::new("ValidationException", 400, truncate(message));
    error.members.insert("reason".to_owned(), Value::from("fieldValidationFailed"));
    let fields = fields.into_iter().map(|mut field| {
        if let Some(message) = field.get_mut("message") {
            *message = Value::from(truncate(message.as_str().unwrap_or_default()));
        }
        field
    });
    error.members.insert("fields".to_owned(), fields.collect());
    error
}

fn truncate(message: &str) -> String {
    message.chars().take(2_048).collect()
}
