//! The rows of a listing. Each counts once, even if it is returned twice: on one page, or on two pages that shifted while
//! they were read. If two differ, the greater one counts, in any order, so that the next run finds the same version that this
//! run stored. No I/O.

use crate::detail;
use aws_sdk_auditmanager::types::{AssessmentMetadataItem, ControlDomainInsights};
use insights_shared::record::Record;
use insights_shared::sdk::timestamp;
use insights_shared::time::Timestamp;
use insights_shared::value::{Map, write_canonical_map};
use std::collections::{HashMap, HashSet};

/// The maximum number of rows in memory, so that a long listing needs little memory. Real listings are shorter.
const MOST: usize = 2_000;

/// A row of a listing.
pub trait Row {
    /// The type that orders rows of one item.
    type Rank: Ord;

    /// The identity of the row's item.
    fn identity(&self) -> String;

    /// Determines which of two rows of one item counts: the greater one. Equal ranks mean equal rows.
    fn rank(&self) -> Self::Rank;
}

/// Rows in the order in which their items first appeared.
#[derive(Debug)]
pub struct Unique<T> {
    rows: Vec<T>,
    places: HashMap<String, usize>,
    /// The items that were taken.
    taken: HashSet<String>,
}

impl<T: Row> Unique<T> {
    /// Creates an empty list.
    pub fn new() -> Self {
        Self { rows: Vec::new(), places: HashMap::new(), taken: HashSet::new() }
    }

    /// Adds rows.
    pub fn extend(&mut self, rows: impl IntoIterator<Item = T>) {
        for row in rows {
            self.add(row);
        }
    }

    /// Adds a row, unless its item was already taken, or a greater row of it is in the list.
    fn add(&mut self, row: T) {
        let identity = row.identity();
        if self.taken.contains(&identity) {
            return;
        }
        match self.places.get(&identity).and_then(|place| self.rows.get_mut(*place)) {
            Some(known) if known.rank() < row.rank() => *known = row,
            Some(_) => {}
            None => {
                self.places.insert(identity, self.rows.len());
                self.rows.push(row);
            }
        }
    }

    /// Whether the list is full, so that rows must be taken before more are added.
    pub fn is_full(&self) -> bool {
        self.rows.len() >= MOST
    }

    /// Takes all rows.
    pub fn take(&mut self) -> Vec<T> {
        self.taken.extend(self.places.drain().map(|(identity, _)| identity));
        std::mem::take(&mut self.rows)
    }
}

/// A control domain of a listing, and when it was requested.
#[derive(Debug)]
pub struct ListedDomain {
    /// The domain.
    pub domain: ControlDomainInsights,
    /// When its page was requested.
    pub asked_at: Timestamp,
}

impl Row for ListedDomain {
    type Rank = (Option<Timestamp>, String);

    /// Two domains without an id are the same only if all members are equal.
    fn identity(&self) -> String {
        let id = self.domain.id.as_deref().filter(|id| !id.is_empty());
        id.map_or_else(|| format!(" {}", text(&detail::domain(&self.domain))), str::to_owned)
    }

    fn rank(&self) -> Self::Rank {
        (self.domain.last_updated.as_ref().and_then(timestamp), text(&detail::domain(&self.domain)))
    }
}

impl Row for AssessmentMetadataItem {
    type Rank = (Option<Timestamp>, String);

    fn identity(&self) -> String {
        let id = self.id.as_deref().filter(|id| !id.is_empty());
        id.map_or_else(|| format!(" {}", text(&detail::metadata(self))), str::to_owned)
    }

    fn rank(&self) -> Self::Rank {
        (self.last_updated.as_ref().and_then(timestamp), text(&detail::metadata(self)))
    }
}

/// A control, independent of the day. In an assessment, a control is a different item in each control set, as in its
/// partition key.
impl Row for Record {
    type Rank = (Option<Timestamp>, String);

    fn identity(&self) -> String {
        let has_id = self.id.as_deref().is_some_and(|id| !id.is_empty());
        if has_id { self.key.pk.clone() } else { format!("{} {}", self.key.pk, text(&self.detail)) }
    }

    fn rank(&self) -> Self::Rank {
        (self.updated_at, text(&self.detail))
    }
}

fn text(detail: &Map) -> String {
    let mut text = String::new();
    write_canonical_map(detail, &mut text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Item(&'static str, u8);

    impl Row for Item {
        type Rank = u8;

        fn identity(&self) -> String {
            self.0.to_owned()
        }

        fn rank(&self) -> u8 {
            self.1
        }
    }

    #[test]
    fn the_greater_row_of_an_item_counts_in_any_order() {
        for (rows, expected) in [
            (vec![], vec![]),
            (vec![("a", 1), ("b", 1)], vec![("a", 1), ("b", 1)]),
            (vec![("a", 1), ("a", 1)], vec![("a", 1)]),
            (vec![("a", 1), ("b", 1), ("a", 2)], vec![("a", 2), ("b", 1)]),
            (vec![("a", 2), ("b", 1), ("a", 1)], vec![("a", 2), ("b", 1)]),
            (vec![("a", 1), ("a", 3), ("a", 2)], vec![("a", 3)]),
        ] {
            let mut unique = Unique::new();
            unique.extend(rows.iter().map(|(name, rank)| Item(name, *rank)));
            let expected: Vec<Item> = expected.into_iter().map(|(name, rank)| Item(name, rank)).collect();
            assert_eq!(unique.take(), expected, "{rows:?}");
        }
    }

    #[test]
    fn a_taken_item_is_not_added_again() {
        let mut unique = Unique::new();
        unique.add(Item("a", 1));
        assert_eq!(unique.take().len(), 1);
        unique.add(Item("a", 2));
        unique.add(Item("b", 1));
        assert_eq!(unique.take(), [Item("b", 1)]);
    }
}
