//! Makes the events of an insight fit into one item. It removes the least important members, and lists their names. No I/O.
//!
//! The events of an insight may come in any order, by any route and repeatedly. Members that were removed once are not
//! available later. The result must be the same nevertheless. For this reason, each event has a fixed list of forms, and each
//! form is a part of the previous one. The first pair of forms that fits, in a fixed order, is chosen. A form of a form
//! equals the same form of the whole event. A pair that is too large once is therefore always too large, and the chosen pair
//! is chosen again.
//!
//! A look-up may come after its event, and the other event must then keep as much as if both had come together. For this
//! reason, the large members of the look-up are removed first: without them, an event is hardly larger than before its
//! look-up. Events of up to 256 KB, the limit of CloudTrail, result in the same record in any order, because an End with a
//! shortened look-up always fits beside the essential members of the Start. With larger events, the record may depend on the
//! order until both events were returned again.

use crate::event::PhaseEvent;
use crate::pair::EventPair;
use crate::removed::{ATTRIBUTIONS, Removed, is_of_lookup};
use insights_shared::series::LOOKUP;
use insights_shared::validate::{LARGEST_ITEM, item_size};
use insights_shared::value::{Map, Value};

/// The maximum size of the rest of an item, in bytes: keys, hash, times, index keys, attributes of the store.
const OVERHEAD: usize = 3 * 1024;
/// The number of forms of an event: everything; without the large members of the look-up; without attributions too; without
/// all large members; only the essential members.
const FORMS: usize = 5;
/// The form that shortens only the look-up.
const SHORTER_LOOKUP: usize = 1;
/// The size above which a member is large, in bytes.
const LARGE: usize = 1_024;

/// The members of every form, regardless of their size.
const ALWAYS: [&str; 3] = ["event_id", "event_time", "insight_details.state"];
/// The objects whose members are kept or removed individually.
const OBJECTS: [&str; 6] = [
    "insight_details",
    "insight_details.insight_context",
    "insight_details.insight_context.statistics",
    "insight_details.insight_context.statistics.baseline",
    "insight_details.insight_context.statistics.insight",
    LOOKUP,
];
/// The members of every form unless they are large: those that determine title, severity, entity, start and series, and those
/// that identify the event.
const ESSENTIAL: [&str; 25] = [
    "aws_region",
    "event_category",
    "event_type",
    "event_version",
    "recipient_account_id",
    "shared_event_id",
    "insight_details.error_code",
    "insight_details.event_name",
    "insight_details.event_source",
    "insight_details.insight_source",
    "insight_details.insight_type",
    "insight_details.source_event_category",
    "insight_details.insight_context.statistics.baseline.average",
    "insight_details.insight_context.statistics.baseline_duration",
    "insight_details.insight_context.statistics.insight.average",
    "insight_details.insight_context.statistics.insight_duration",
    "lookup.access_key_id",
    "lookup.event_id",
    "lookup.event_name",
    "lookup.event_source",
    "lookup.event_time",
    "lookup.insight_source",
    "lookup.read_only",
    "lookup.resources",
    "lookup.username",
];

/// Returns the events in forms that fit into one item, if there are any, and the list of the removed members, if any.
pub fn fitted(pair: EventPair, id: &str) -> (EventPair, Option<Value>) {
    let limit = LARGEST_ITEM.saturating_sub(OVERHEAD + id.len());
    if weight(pair.start.as_ref(), "start") + weight(pair.end.as_ref(), "end") <= limit {
        return named(pair);
    }
    let forms = |event: Option<&PhaseEvent>, name: &str| {
        let form = |form| event.map(|event| reduced(event, form));
        let forms = (0..FORMS).map(form).map(|form| (weight(form.as_ref(), name), form));
        forms.collect::<Vec<(usize, Option<PhaseEvent>)>>()
    };
    // The statistics and attributions of the End cover the whole activity, so the Start is shortened first.
    let (starts, ends) = (forms(pair.start.as_ref(), "start"), forms(pair.end.as_ref(), "end"));
    let pairs = ends.iter().flat_map(|end| starts.iter().map(move |start| (start, end)));
    let least = starts.last().zip(ends.last());
    let mut fitting = pairs.filter(|(start, end)| start.0 + end.0 <= limit);
    // If no pair fits, validation rejects the record.
    match fitting.next().or(least) {
        Some((start, end)) => named(EventPair { start: start.1.clone(), end: end.1.clone() }),
        None => named(pair),
    }
}

fn named(pair: EventPair) -> (EventPair, Option<Value>) {
    let events_by_name = [("end", &pair.end), ("start", &pair.start)];
    let texts =
        events_by_name.into_iter().filter_map(|(name, event)| Some(event.as_ref()?.removed.texts(name)));
    let texts: Vec<String> = texts.flatten().collect();
    let truncated = (!texts.is_empty()).then(|| texts.into());
    (pair, truncated)
}

/// The size of an event in the item, in bytes, including members that are repeated elsewhere. It is at least the real size,
/// and does not depend on the other event.
fn weight(event: Option<&PhaseEvent>, name: &str) -> usize {
    let Some(event) = event else { return 0 };
    let repeated = ["event_name", "event_source", "event_source", "error_code"];
    let repeated = repeated.map(|member| event.insight(member).map_or(0, str::len));
    // Each text of a list takes one additional byte.
    let names = event.removed.texts(name).map(|text| text.len() + 1).sum::<usize>();
    // So does each member of a map.
    item_size(&event.detail) + event.detail.len() + repeated.iter().sum::<usize>() + names
}

/// A form of an event.
fn reduced(event: &PhaseEvent, form: usize) -> PhaseEvent {
    let mut event = event.clone();
    if form > 0 {
        event.detail = reduced_map(std::mem::take(&mut event.detail), "", form, &mut event.removed);
    }
    event
}

fn reduced_map(map: Map, path: &str, form: usize, removed: &mut Removed) -> Map {
    let mut kept = Map::new();
    for (name, value) in map {
        let path = if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
        let place = path.as_str();
        let is_large = || item_size([("", &value)]) > LARGE;
        let is_kept = match form {
            _ if ALWAYS.contains(&place) => true,
            SHORTER_LOOKUP => !is_of_lookup(place) || !is_large(),
            _ if place == ATTRIBUTIONS => false,
            2 => !is_of_lookup(place) || !is_large(),
            3 => !is_large(),
            _ => ESSENTIAL.contains(&place) && !is_large(),
        };
        match value {
            Value::Map(map) if OBJECTS.contains(&place) => {
                kept.insert(name, Value::Map(reduced_map(map, place, form, removed)));
            }
            value if is_kept => {
                kept.insert(name, value);
            }
            _ => removed.add(place),
        }
    }
    kept
}

#[cfg(test)]
#[path = "fit_tests.rs"]
mod tests;
