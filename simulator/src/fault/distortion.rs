//! Changes answers so that they differ from the model: wrong types, nulls, unknown values, missing members, repeated tokens.

use super::FaultKind;
use crate::call::Call;
use crate::operation::Paging;
use crate::page::{self, Position};
use serde_json::Value;

/// A value that no model enumerates.
const UNKNOWN_VALUE: &str = "SOMETHING_NEW";
/// The members of a service's answers that faults change.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordMembers {
    /// Members whose values the model enumerates.
    pub(crate) enumerations: &'static [&'static str],
    /// Members that `missing-members` keeps: those that identify a record or refer to other records.
    pub(crate) kept: &'static [&'static str],
    /// Members that are a record as a JSON string.
    pub(crate) json: &'static [&'static str],
}

/// Changes `answer` to `call` according to `kind`.
pub(crate) fn distort(
    kind: FaultKind,
    call: &Call,
    paging: Option<Paging>,
    records: Option<RecordMembers>,
    answer: &mut Value,
) {
    match (kind, paging, records) {
        (FaultKind::WrongType | FaultKind::NullInList, ..) => distort_types(kind, answer),
        (FaultKind::UnknownEnum, _, Some(records)) => unknown_values(answer, records),
        (FaultKind::MissingMembers, _, Some(records)) => drop_members(answer, records, true),
        (FaultKind::RepeatToken, Some(paging), _) => repeat_token(call, paging, answer),
        (FaultKind::EmptyPage, Some(paging), _) => empty_page(call, paging, answer),
        _ => {}
    }
}

/// Changes the types of an answer.
pub(crate) fn distort_types(kind: FaultKind, answer: &mut Value) {
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

fn unknown_values(value: &mut Value, records: RecordMembers) {
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(|element| unknown_values(element, records)),
        Value::Object(members) => {
            for (name, member) in members {
                let is_enumeration = records.enumerations.contains(&name.as_str());
                match member {
                    Value::String(text) if records.json.contains(&name.as_str()) => {
                        if let Ok(mut record) = serde_json::from_str::<Value>(text) {
                            unknown_values(&mut record, records);
                            *text = record.to_string();
                        }
                    }
                    Value::String(text) if is_enumeration => UNKNOWN_VALUE.clone_into(text),
                    Value::Array(elements) if is_enumeration => elements.fill(UNKNOWN_VALUE.into()),
                    other => unknown_values(other, records),
                }
            }
        }
        _ => {}
    }
}

/// Removes the optional members of records. The members of the answer itself (`is_top`) contain the records and are kept.
fn drop_members(value: &mut Value, records: RecordMembers, is_top: bool) {
    match value {
        Value::Array(elements) => {
            for element in elements {
                drop_members(element, records, false);
            }
        }
        Value::Object(members) => {
            members.retain(|name, _| is_top || records.kept.contains(&name.as_str()));
            members.values_mut().for_each(|member| drop_members(member, records, false));
        }
        _ => {}
    }
}

fn repeat_token(call: &Call, paging: Paging, answer: &mut Value) {
    let Some(members) = answer.as_object_mut() else { return };
    match call.input.get(paging.token) {
        Some(token) => {
            members.insert(paging.token.to_owned(), token.clone());
        }
        // The first of several pages keeps its token. A single page gets one that leads to itself.
        None if !members.contains_key(paging.token) => {
            let token = page::token(call, Position::default(), paging.token, paging.size);
            members.insert(paging.token.to_owned(), token.into());
        }
        None => {}
    }
}

fn empty_page(call: &Call, paging: Paging, answer: &mut Value) {
    let Some(members) = answer.as_object_mut() else { return };
    let position = page::position(call, paging.token, paging.size).unwrap_or_default();
    let next = Position { number: position.number.wrapping_add(1), ..position };
    members.insert(paging.token.to_owned(), page::token(call, next, paging.token, paging.size).into());
    for name in paging.lists {
        members.insert((*name).to_owned(), Value::Array(Vec::new()));
    }
}
