//! Spoils answers: wrong types, nulls, unknown values, missing members, tokens that lead nowhere new. It works on the
//! answer's members by their names and knows no service's rules.

use super::FaultKind;
use crate::call::Call;
use crate::operation::Pages;
use crate::page::{self, Position};
use serde_json::Value;

/// What an enumeration holds that no model knows.
const UNKNOWN_VALUE: &str = "SOMETHING_NEW";
/// Members whose values the models enumerate.
const ENUMERATIONS: &[&str] =
    &["State", "Categories", "status", "InsightType", "EventCategories", "insightType"];
/// What stays of a record that loses its optional members: what tells it from others, and what leads on to it.
const KEPT: &[&str] = &[
    "CloudTrailEvent",
    "EventTime",
    "EventId",
    "GroupARN",
    "GroupName",
    "HasInsightSelectors",
    "InsightId",
    "InsightType",
    "InsightsConfiguration",
    "InsightsEnabled",
    "Name",
    "NextToken",
    "StartTime",
    "State",
    "Timestamps",
    "TrailARN",
    "Values",
    "id",
    "lastUpdated",
    "nextToken",
    "status",
];

/// `answer` to `call`, spoilt as `kind` says.
pub(crate) fn distort(kind: FaultKind, call: &Call, pages: Option<Pages>, mut answer: Value) -> Value {
    match kind {
        FaultKind::WrongType | FaultKind::NullInList => spoil(kind, &mut answer),
        FaultKind::UnknownEnum => unknown_values(&mut answer),
        FaultKind::MissingMembers => drop_members(&mut answer, true),
        FaultKind::RepeatToken => repeat_token(call, pages, &mut answer),
        FaultKind::EmptyPage => empty_page(call, pages, &mut answer),
        _ => {}
    }
    answer
}

/// Spoils the types of an answer, whoever gave it.
pub(crate) fn spoil(kind: FaultKind, answer: &mut Value) {
    match kind {
        FaultKind::WrongType => {
            change_first_scalar(answer);
        }
        FaultKind::NullInList => nulls_in_lists(answer),
        _ => {}
    }
}

fn change_first_scalar(value: &mut Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(_) => {
            *value = Value::from(7);
            true
        }
        Value::Number(_) | Value::Bool(_) => {
            *value = Value::from("of another type");
            true
        }
        Value::Array(elements) => elements.iter_mut().any(change_first_scalar),
        Value::Object(members) => members.values_mut().any(change_first_scalar),
    }
}

fn nulls_in_lists(value: &mut Value) {
    match value {
        Value::Array(elements) => {
            elements.iter_mut().for_each(nulls_in_lists);
            elements.push(Value::Null);
        }
        Value::Object(members) => members.values_mut().for_each(nulls_in_lists),
        _ => {}
    }
}

fn unknown_values(value: &mut Value) {
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(unknown_values),
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if name == "CloudTrailEvent" => {
                        if let Ok(mut event) = serde_json::from_str::<Value>(text) {
                            unknown_values(&mut event);
                            *text = event.to_string();
                        }
                    }
                    Value::String(text) if ENUMERATIONS.contains(&name.as_str()) => {
                        UNKNOWN_VALUE.clone_into(text);
                    }
                    Value::Array(elements) if ENUMERATIONS.contains(&name.as_str()) => {
                        elements.fill(UNKNOWN_VALUE.into());
                    }
                    other => unknown_values(other),
                }
            }
        }
        _ => {}
    }
}

/// Drops what is optional within records; the members of the answer itself, which hold the records, stay.
fn drop_members(value: &mut Value, top: bool) {
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(|element| drop_members(element, false)),
        Value::Object(members) => {
            members.retain(|name, _| top || KEPT.contains(&name.as_str()));
            members.values_mut().for_each(|member| drop_members(member, false));
        }
        _ => {}
    }
}

fn repeat_token(call: &Call, pages: Option<Pages>, answer: &mut Value) {
    let (Some(pages), Some(members)) = (pages, answer.as_object_mut()) else { return };
    match call.input.get(pages.token) {
        Some(token) => {
            members.insert(pages.token.to_owned(), token.clone());
        }
        // The first page of several keeps its token; a single page gets one that leads back to itself.
        None if !members.contains_key(pages.token) => {
            let token = page::token(call, Position::default(), pages.token, pages.size);
            members.insert(pages.token.to_owned(), token.into());
        }
        None => {}
    }
}

fn empty_page(call: &Call, pages: Option<Pages>, answer: &mut Value) {
    let (Some(pages), Some(members)) = (pages, answer.as_object_mut()) else { return };
    let position = page::position(call, pages.token, pages.size).unwrap_or_default();
    let again = Position { turn: position.turn.wrapping_add(1), ..position };
    members.insert(pages.token.to_owned(), page::token(call, again, pages.token, pages.size).into());
    for name in pages.lists {
        members.insert((*name).to_owned(), Value::Array(Vec::new()));
    }
}
