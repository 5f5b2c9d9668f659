//! What a dry run would write, counted as it is told: by source, account, region and kind. It keeps the first few of each
//! and the keys of the rest, and reads no table.

use super::units::write_units;
use insights_shared::key::Key;
use insights_shared::store::dry_run::{Change, DryRunSink};
use insights_shared::value::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// The most examples of one kind that are kept.
const MOST_EXAMPLES: usize = 3;

/// What is counted together.
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
    /// The items, each by what would become of it first.
    items: HashMap<Key, Change>,
    /// What all writes would take.
    pub write_units: u64,
    /// The first items that would be written, in the request of their coming.
    pub examples: Vec<(Change, Map)>,
}

impl Counted {
    /// How many items there are of which this would become.
    pub fn number(&self, change: Change) -> u64 {
        self.items.values().filter(|other| **other == change).count() as u64
    }
}

/// The counts of a dry run. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Tally(Arc<Mutex<BTreeMap<Group, Counted>>>);

impl Tally {
    /// The plan that is counted here.
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
        // A dry run finds nothing of what it would have written before: the second part of an item looks new again.
        let key = Key::new(text("pk"), text("sk"));
        if counted.items.contains_key(&key) {
            return;
        }
        counted.items.insert(key, change);
        if change != Change::Same && counted.examples.len() < MOST_EXAMPLES {
            counted.examples.push((change, item.clone()));
        }
    }

    /// What was counted.
    pub fn counted(&self) -> BTreeMap<Group, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_that_comes_in_two_parts_is_counted_once_and_written_twice() {
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
