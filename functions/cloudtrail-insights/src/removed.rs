//! The members that were removed from an event because its item was too large. No I/O.

use insights_shared::series::LOOKUP;
use insights_shared::value::Value;

/// The member of a record's detail that lists the removed members.
pub const TRUNCATED: &str = "truncated";
/// The maximum number of names per event. Further ones are only counted.
const MOST_NAMES: usize = 20;
/// The maximum length of a name, in characters.
const LONGEST_NAME: usize = 100;
/// The path of the attributions, which are nearly all of a large event.
pub const ATTRIBUTIONS: &str = "insight_details.insight_context.attributions";

/// The members that were removed from an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// The first names: those of the look-up, then the attributions, then the others in alphabetical order.
    names: Vec<String>,
    /// The number of further members.
    more: usize,
}

impl Removed {
    /// Whether nothing was removed.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether a member of the look-up was removed.
    pub fn has_lookup(&self) -> bool {
        self.names.iter().any(|name| is_of_lookup(name))
    }

    /// Adds the path of a member.
    pub fn add(&mut self, path: &str) {
        let rank = |name: &str| (!is_of_lookup(name), name != ATTRIBUTIONS);
        let name: String = path.chars().take(LONGEST_NAME).collect();
        let place = self.names.partition_point(|known| (rank(known), known) < (rank(&name), &name));
        self.names.insert(place, name);
        if self.names.len() > MOST_NAMES {
            self.names.pop();
            self.more += 1;
        }
    }

    /// The entries of [`TRUNCATED`] for the event `event` (`start` or `end`).
    pub fn texts(&self, event: &str) -> impl Iterator<Item = String> {
        let more = (self.more > 0).then(|| format!("{event}: {} more", self.more));
        self.names.iter().map(move |name| format!("{event}.{name}")).chain(more)
    }

    /// Reads the entries of a stored record for the event `event` (`start` or `end`).
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

/// Whether the member at this path belongs to the look-up.
pub fn is_of_lookup(path: &str) -> bool {
    path.strip_prefix(LOOKUP).is_some_and(|rest| rest.starts_with('.'))
}
