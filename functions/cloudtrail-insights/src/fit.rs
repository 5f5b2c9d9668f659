//! Makes the events of an insight fit into one item: takes away what is least missed, and says what. Pure.
//!
//! The events of an insight come in any order, by any route, and again and again, and what was taken away is not there to
//! decide by when they do. The result is the same nevertheless: of each event there are a few forms, each a part of the one
//! before; of the pairs of forms the first that fits, in a fixed order, is chosen; and a form of a form is what it is of the
//! whole event. So a pair that was too large once is too large again, and the pair that was chosen is chosen again.
//!
//! A look-up may come after its event, and must not cost the other event what it would have kept had both come at once. So the
//! large members of the look-up are the first that an event loses: without them it takes hardly more room than before it was
//! looked up. Events of up to 256 KB, which is CloudTrail's limit, then leave the same record in any order: an End with a
//! shortened look-up always fits beside what is essential of the Start. Beyond it the record may depend on the order until both
//! events have come once more.

use crate::event::PhaseEvent;
use crate::merge::EventPair;
use insights_shared::series::LOOKUP;
use insights_shared::validate::{LARGEST_ITEM, item_size};
use insights_shared::value::{Map, Value};

/// The member of a record's detail that names what was taken away.
pub const TRUNCATED: &str = "truncated";
/// How much of an item all else takes at most, beside the texts that are counted: keys, hash, times, index keys, stamps.
const OVERHEAD: usize = 3 * 1024;
/// The forms of an event: the whole; without what is large of the look-up; without attributions, too; without anything large;
/// what is essential.
const FORMS: usize = 5;
/// The form that takes away from the look-up alone.
const SHORTER_LOOKUP: usize = 1;
/// What is larger than this is large, in bytes.
const LARGE: usize = 1_024;
/// The most names of what was taken away of an event. The others are counted.
const MOST_NAMES: usize = 20;
/// The longest of them, in characters.
const LONGEST_NAME: usize = 100;

/// Who or what was behind the calls: nearly all of a large event.
const ATTRIBUTIONS: &str = "insight_details.insight_context.attributions";
/// What every form has, however large.
const ALWAYS: [&str; 3] = ["event_id", "event_time", "insight_details.state"];
/// The objects whose members are looked at one by one.
const OBJECTS: [&str; 6] = [
    "insight_details",
    "insight_details.insight_context",
    "insight_details.insight_context.statistics",
    "insight_details.insight_context.statistics.baseline",
    "insight_details.insight_context.statistics.insight",
    LOOKUP,
];
/// What every form has unless it is large: what title, severity, entity, beginning and series are made of, and what says
/// whose the event is.
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

/// What was taken away of an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// The names that come first, those of the look-up and the attributions before all others.
    names: Vec<String>,
    /// How many more there are.
    more: usize,
}

impl Removed {
    /// Whether nothing was.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether something of the look-up was.
    pub fn has_lookup(&self) -> bool {
        self.names.iter().any(|name| is_of_lookup(name))
    }

    fn add(&mut self, path: &str) {
        let rank = |name: &str| (!is_of_lookup(name), name != ATTRIBUTIONS);
        let name: String = path.chars().take(LONGEST_NAME).collect();
        let place = self.names.partition_point(|known| (rank(known), known) < (rank(&name), &name));
        self.names.insert(place, name);
        if self.names.len() > MOST_NAMES {
            self.names.pop();
            self.more += 1;
        }
    }

    /// As a record has it, of the event of that name.
    fn texts(&self, event: &str) -> impl Iterator<Item = String> {
        let more = (self.more > 0).then(|| format!("{event}: {} more", self.more));
        self.names.iter().map(move |name| format!("{event}.{name}")).chain(more)
    }

    /// What a record says of the event of that name.
    pub fn from_stored(truncated: Option<&Value>, event: &str) -> Self {
        let mut removed = Self::default();
        let texts = truncated.and_then(Value::as_list).unwrap_or_default().iter().filter_map(Value::as_str);
        for rest in texts.filter_map(|text| text.strip_prefix(event)) {
            if let Some(name) = rest.strip_prefix('.') {
                removed.names.push(name.to_owned());
            } else if let Some(more) = rest.strip_prefix(": ").and_then(|more| more.strip_suffix(" more")) {
                removed.more = more.parse().unwrap_or_default();
            }
        }
        removed
    }
}

/// The events as they fit into one item, if they can, and what was taken away of them: a list, if anything was.
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
    // The End's statistics and attributions are over all of the activity: the Start makes way first.
    let (starts, ends) = (forms(pair.start.as_ref(), "start"), forms(pair.end.as_ref(), "end"));
    let pairs = ends.iter().flat_map(|end| starts.iter().map(move |start| (start, end)));
    let least = starts.last().zip(ends.last());
    let mut fitting = pairs.filter(|(start, end)| start.0 + end.0 <= limit);
    // What does not fit at all is rejected when it is validated.
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

/// How much of an item an event takes, with what is repeated of it elsewhere: at least what it really is, and the same beside
/// whatever other event.
fn weight(event: Option<&PhaseEvent>, name: &str) -> usize {
    let Some(event) = event else { return 0 };
    let repeated = ["event_name", "event_source", "event_source", "error_code"];
    let repeated = repeated.map(|member| event.insight(member).map_or(0, str::len));
    // Each text of a list takes a byte beside its own.
    let names = event.removed.texts(name).map(|text| text.len() + 1).sum::<usize>();
    // Each member of a map, too.
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

/// Whether a member of this place is one of the look-up's.
fn is_of_lookup(place: &str) -> bool {
    place.strip_prefix(LOOKUP).is_some_and(|rest| rest.starts_with('.'))
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
