//! `LookupEvents`: Insights events for management events. There are no management events, so a look-up without a category
//! finds nothing.

use super::{Data, EVENT_RETENTION, Event, bad_token, failure, text, with};
use crate::call::{Answer, Call, ServiceError};
use crate::page::paginate;
use crate::timestamp;
use insights_shared::time::Timestamp;
use serde_json::{Value, json};

/// The default and maximum page size.
pub const MOST_EVENTS: usize = 50;
/// The maximum length of an attribute's value.
const LONGEST_VALUE: usize = 2_000;
/// The lookup attributes of Insights events.
const INSIGHT_ATTRIBUTES: [&str; 3] = ["EventId", "EventName", "EventSource"];
/// The further lookup attributes of management events.
const OTHER_ATTRIBUTES: [&str; 5] = ["ReadOnly", "Username", "ResourceType", "ResourceName", "AccessKeyId"];

/// `LookupEvents`.
pub fn answer(data: &Data, call: &Call) -> Answer {
    let insights = match text(call, "EventCategory") {
        None => false,
        Some("insight") => true,
        Some(other) => {
            let message = format!("{other:?} is not an event category; only \"insight\" is.");
            return Err(failure("InvalidEventCategoryException", message));
        }
    };
    let attribute = attribute(call, insights)?;
    let size = call.input.get("MaxResults").and_then(Value::as_i64);
    if size.is_some_and(|size| !(1..=50).contains(&size)) {
        return Err(failure("InvalidMaxResultsException", "MaxResults must be from 1 to 50."));
    }
    let range = range(call, "InvalidTimeRangeException")?;
    let mut events = if insights { data.events(None, call) } else { Vec::new() };
    events.retain(|event| {
        range.contains(event) && attribute.is_none_or(|(name, value)| matches(event, name, value))
    });
    let (page, next) = paginate(call, &events, "NextToken", "MaxResults", MOST_EVENTS).map_err(bad_token)?;
    Ok(listed(page, next))
}

/// The lookup attribute of the call.
fn attribute(call: &Call, insights: bool) -> Result<Option<(&str, &str)>, ServiceError> {
    let invalid = |message: String| Err(failure("InvalidLookupAttributesException", message));
    let attributes = call.input.get("LookupAttributes").and_then(Value::as_array);
    let first = match attributes.map(Vec::as_slice) {
        None | Some([]) => return Ok(None),
        Some([first]) => first,
        Some(more) => {
            return invalid(format!("{} lookup attributes are given, at most 1 can be.", more.len()));
        }
    };
    let member = |name| first.get(name).and_then(Value::as_str);
    let (Some(key), Some(value)) = (member("AttributeKey"), member("AttributeValue")) else {
        return invalid("A lookup attribute must have AttributeKey and AttributeValue.".to_owned());
    };
    if !INSIGHT_ATTRIBUTES.contains(&key) && (insights || !OTHER_ATTRIBUTES.contains(&key)) {
        let kind = if insights { "insight" } else { "management" };
        return invalid(format!("{key:?} is not a lookup attribute of {kind} events."));
    }
    if value.is_empty() || value.chars().count() > LONGEST_VALUE {
        return invalid(format!("AttributeValue must have 1 to {LONGEST_VALUE} characters."));
    }
    Ok(Some((key, value)))
}

/// Whether `event` has `value` as the attribute or dimension `name`.
pub fn matches(event: &Event<'_>, name: &str, value: &str) -> bool {
    match name {
        "EventId" => event.id() == value,
        "EventName" => event.event_name() == value,
        _ => event.event_source() == value,
    }
}

/// A time range with both ends.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    start: Timestamp,
    end: Timestamp,
}

impl Range {
    /// Whether the event is in the range.
    pub fn contains(&self, event: &Event<'_>) -> bool {
        (self.start..=self.end).contains(&event.time)
    }
}

/// The time range of the call; `code` is the error of an invalid one. A range may start before the retention of 90 days, but
/// not end before it.
pub fn range(call: &Call, code: &'static str) -> Result<Range, ServiceError> {
    let oldest = call.now.plus_seconds(-EVENT_RETENTION);
    let start = call.input.get("StartTime").and_then(timestamp::read);
    let end = call.input.get("EndTime").and_then(timestamp::read);
    if let (Some(start), Some(end)) = (start, end)
        && start > end
    {
        return Err(failure(code, format!("StartTime {start} is after EndTime {end}.")));
    }
    if let Some(end) = end.filter(|end| *end < oldest) {
        return Err(failure(code, format!("EndTime {end} is more than 90 days ago.")));
    }
    Ok(Range { start: start.unwrap_or(oldest), end: end.unwrap_or(call.now) })
}

/// The answer with a page of events.
pub fn listed(page: &[Event<'_>], next: Option<String>) -> Value {
    let events: Vec<Value> = page.iter().map(Event::answer).collect();
    with(json!({"Events": events}), "NextToken", next)
}
