//! `ListInsightsData`: Insights events for the data events of one trail. All invalid parameters have the same error.

use super::lookup::{MOST_EVENTS, listed, matches, range};
use super::trails::{Trail, check_name, resolve};
use super::{Data, bad_token_parameter, failure, text};
use crate::call::{Answer, Call, ServiceError};
use crate::constraint::Constraints;
use crate::page::paginate;
use serde_json::Value;

/// The dimensions.
const DIMENSIONS: [&str; 3] = ["EventId", "EventName", "EventSource"];

/// `ListInsightsData`.
pub fn answer(data: &Data, call: &Call) -> Answer {
    let dimension = check(call).map_err(|message| failure("InvalidParameterException", message))?;
    let range = range(call, "InvalidParameterException")?;
    let trail = source(data, call, text(call, "InsightSource").unwrap_or_default())?;
    let mut events = data.events(Some(trail), call);
    events.retain(|event| {
        range.contains(event) && dimension.is_none_or(|(name, value)| matches(event, name, value))
    });
    let (page, next) =
        paginate(call, &events, "NextToken", "MaxResults", MOST_EVENTS).map_err(bad_token_parameter)?;
    Ok(listed(page, next))
}

/// Checks the constraints, and returns the dimension of the call.
fn check(call: &Call) -> Result<Option<(&str, &str)>, String> {
    let mut constraints = Constraints::new(call);
    constraints.required("InsightSource");
    constraints.string("InsightSource", 3..=256, Some(is_resource), r"^[a-zA-Z0-9._/\-:]+$");
    constraints.required("DataType");
    constraints.one_of("DataType", &["InsightsEvents"]);
    constraints.integer("MaxResults", 1..=50);
    constraints.string("NextToken", 4..=1_000, None, "");
    let mut dimension = None;
    if let Some(dimensions) = call.input.get("Dimensions").and_then(Value::as_object) {
        if dimensions.len() != 1 {
            let rule = if dimensions.is_empty() { "greater" } else { "less" };
            constraints.violate("Dimensions", &format!("have length {rule} than or equal to 1"));
        }
        for (name, value) in dimensions {
            let value = value.as_str().unwrap_or_default();
            if !DIMENSIONS.contains(&name.as_str()) {
                constraints.violate(
                    "Dimensions",
                    "have keys of the enum value set: [EventId, EventName, EventSource]",
                );
            }
            if value.is_empty() || value.chars().count() > 2_000 {
                constraints.violate("Dimensions", "have values of length 1 to 2000");
            }
            dimension = Some((name.as_str(), value));
        }
    }
    constraints.finish()?;
    Ok(dimension)
}

fn is_resource(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._/-:".contains(&byte))
}

/// The trail with this ARN, if the account may read its insights.
fn source<'a>(data: &'a Data, call: &Call, arn: &str) -> Result<&'a Trail, ServiceError> {
    if arn.starts_with("arn:") && arn.contains(":eventdatastore/") {
        let message = "Insights of event data stores are not listed by ListInsightsData.";
        return Err(failure("UnsupportedOperationException", message));
    }
    let unknown =
        || failure("InvalidParameterException", format!("InsightSource {arn} is not a trail here."));
    if !arn.starts_with("arn:") || check_name(arn).is_err() {
        return Err(unknown());
    }
    permitted(resolve(data, call, arn).ok_or_else(unknown)?, call)
}

/// Refuses an organization trail of another account.
pub fn permitted<'a>(trail: &'a Trail, call: &Call) -> Result<&'a Trail, ServiceError> {
    if trail.organization && !trail.is_own(call) {
        let message = "Member accounts cannot read the Insights of an organization trail.";
        return Err(failure("OperationNotPermittedException", message));
    }
    Ok(trail)
}
