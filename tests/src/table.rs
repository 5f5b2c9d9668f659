//! All items of the table, read by a scan, and the differences between two tables.

use aws_sdk_dynamodb::Client;
use insights_shared::key::Key;
use insights_shared::value::{Map, Value, from_attributes};
use std::collections::BTreeMap;

/// Attributes about the observation, which can differ between two runs over the same answers.
pub const OBSERVATION_STAMPS: [&str; 3] = ["answered_at", "observed_at", "collected_by"];

/// All items of a table, including expired ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table(pub BTreeMap<Key, Map>);

/// Whether `updated_at` is the time of the request, as in snapshots whose hash leaves it out. It is then not compared.
fn has_request_time(item: &Map) -> bool {
    let kind = item.get("kind").and_then(Value::as_str).and_then(insights_sources::kind);
    kind.is_some_and(|kind| kind.is_snapshot() && kind.unhashed.contains(&["updated_at"].as_slice()))
}

impl Table {
    /// Reads all items.
    ///
    /// # Panics
    ///
    /// If the table cannot be scanned or contains an item of another program.
    pub async fn scan(client: &Client, table: &str) -> Self {
        let mut items = BTreeMap::new();
        let mut start = None;
        loop {
            let page = client.scan().table_name(table).consistent_read(true).set_exclusive_start_key(start);
            let page = page.send().await.expect("the table can be scanned");
            for item in page.items.unwrap_or_default() {
                let item = from_attributes(item).expect("an item of ours");
                let text = |name: &str| item.get(name).and_then(Value::as_str).expect("a key").to_owned();
                items.insert(Key::new(text("pk"), text("sk")), item);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Self(items);
            }
        }
    }

    /// The item at `key`.
    pub fn get(&self, pk: &str, sk: &str) -> Option<&Map> {
        self.0.get(&Key::new(pk, sk))
    }

    /// The items of `kind`, sorted by key.
    pub fn of_kind(&self, kind: &str) -> Vec<&Map> {
        self.0.values().filter(|item| item.get("kind").and_then(Value::as_str) == Some(kind)).collect()
    }

    /// The number of items of each kind.
    pub fn kinds(&self) -> BTreeMap<String, usize> {
        let mut kinds = BTreeMap::new();
        for item in self.0.values() {
            let kind = item.get("kind").and_then(Value::as_str).unwrap_or_default();
            *kinds.entry(kind.to_owned()).or_default() += 1;
        }
        kinds
    }

    /// The records without `run`, `state` and the attributes about the observation: what two undisturbed runs over the same
    /// answers have in common.
    #[must_use]
    pub fn content(&self) -> Self {
        let is_record =
            |item: &Map| !matches!(item.get("kind").and_then(Value::as_str), Some("run" | "state"));
        let records = self.0.iter().filter(|(_, item)| is_record(item));
        let without_stamps = |(key, item): (&Key, &Map)| {
            let mut item = item.clone();
            item.retain(|name, _| !OBSERVATION_STAMPS.contains(&name.as_str()));
            if has_request_time(&item) {
                item.remove("updated_at");
            }
            // The expiry of a rejected answer depends on when it was received.
            if item.get("kind").and_then(Value::as_str) == Some("rejected") {
                item.remove("expires_at");
            }
            (key.clone(), item)
        };
        Self(records.map(without_stamps).collect())
    }

    /// The differences in the content of two tables, one line per attribute; empty if they are equal.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let (left, right) = (self.content().0, other.content().0);
        let mut lines = Vec::new();
        for (key, item) in &left {
            let place = format!("{} {}", key.pk, key.sk);
            match right.get(key) {
                None => lines.push(format!("{place}: only on the left")),
                Some(theirs) => {
                    let names = item.keys().chain(theirs.keys().filter(|name| !item.contains_key(name)));
                    for name in names.filter(|name| item.get(name) != theirs.get(name)) {
                        lines.push(format!(
                            "{place}: {name}: {:?} and {:?}",
                            item.get(name),
                            theirs.get(name)
                        ));
                    }
                }
            }
        }
        let only_right = right.keys().filter(|key| !left.contains_key(*key));
        lines.extend(only_right.map(|key| format!("{} {}: only on the right", key.pk, key.sk)));
        lines
    }

    /// Panics with all differences unless both have the same content.
    ///
    /// # Panics
    ///
    /// If the contents differ.
    #[track_caller]
    pub fn assert_same_content(&self, other: &Self) {
        let differences = self.differences(other);
        assert!(differences.is_empty(), "the tables differ:\n{}", differences.join("\n"));
    }
}
