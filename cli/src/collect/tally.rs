//! Counts the writes of a dry run by source, account, region and kind. It keeps examples of each group and the keys of
//! all items, and reads no table.

use super::units::write_units;
use insights_shared::key::Key;
use insights_shared::store::dry_run::{Change, DryRunSink};
use insights_shared::value::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// The maximum number of examples of a group.
const MOST_EXAMPLES: usize = 3;

/// The fields by which items are grouped.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    /// `xray` and so on.
    pub source: String,
    /// The account.
    pub account_id: String,
    /// The region.
    pub region: String,
    /// The attribute `kind`.
    pub kind: String,
}

/// The counts of one group.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// The items by key, each with its first change.
    items: HashMap<Key, Change>,
    /// The write units of all writes.
    pub write_units: u64,
    /// The first items that would be written, in the order of arrival.
    pub examples: Vec<(Change, Map)>,
}

impl Counted {
    /// The number of items with this change.
    pub fn number(&self, change: Change) -> u64 {
        self.items.values().filter(|other| **other == change).count() as u64
    }
}

/// The counts of a dry run. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Tally(Arc<Mutex<BTreeMap<Group, Counted>>>);

impl Tally {
    /// The sink that counts here.
    pub fn plan(&self) -> DryRunSink {
        let tally = self.clone();
        DryRunSink::new(move |item, change| tally.count(item, change))
    }

    fn count(&self, item: &Map, change: Change) {
        let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let group = Group {
            source: text("source"),
            account_id: text("account_id"),
            region: text("region"),
            kind: text("kind"),
        };
        let mut groups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counted = groups.entry(group).or_default();
        if change != Change::Same {
            counted.write_units += write_units(item);
        }
        // A dry run does not find its own earlier writes: the second part of an item looks new again.
        let key = Key::new(text("pk"), text("sk"));
        if counted.items.contains_key(&key) {
            return;
        }
        counted.items.insert(key, change);
        if change != Change::Same && counted.examples.len() < MOST_EXAMPLES {
            counted.examples.push((change, item.clone()));
        }
    }

    /// The counts.
    pub fn counted(&self) -> BTreeMap<Group, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_in_two_parts_counts_once_but_its_units_count_twice() {
        let tally = Tally::default();
        let item = |sk: &str| {
            let texts = [("pk", "p"), ("sk", sk), ("kind", "cloudtrail.insight"), ("source", "cloudtrail")];
            texts.into_iter().map(|(name, text)| (name.into(), Value::from(text))).collect::<Map>()
        };
        for (sk, change) in [
            ("a", Change::New),
            ("a", Change::New),
            ("b", Change::Changed),
            ("c", Change::Same),
            ("d", Change::New),
            ("e", Change::New),
        ] {
            tally.count(&item(sk), change);
        }
        let counted = tally.counted();
        let (group, counted) = counted.first_key_value().unwrap();
        assert_eq!((group.source.as_str(), group.kind.as_str()), ("cloudtrail", "cloudtrail.insight"));
        let numbers = [Change::New, Change::Changed, Change::Same].map(|change| counted.number(change));
        assert_eq!((numbers, counted.write_units), ([3, 1, 1], 5));
        let examples: Vec<&str> =
            counted.examples.iter().map(|(_, item)| item["sk"].as_str().unwrap()).collect();
        assert_eq!(examples, ["a", "b", "d"]);
    }
}
