//! The rows of a listing, each of which counts once although it may come twice: on one page, or on two where pages shift while
//! they are read. Of two that differ the greater counts, in whichever order they come, so that the next run finds what this one
//! has stored. Pure.

use crate::detail;
use aws_sdk_auditmanager::types::{AssessmentMetadataItem, ControlDomainInsights};
use insights_shared::record::Record;
use insights_shared::sdk::timestamp;
use insights_shared::time::Timestamp;
use insights_shared::value::{Map, write_canonical_map};
use std::collections::{HashMap, HashSet};

/// The rows that are held at most, so that a listing takes little memory however long it is. Real listings are shorter.
const MOST: usize = 2_000;

/// A row of a listing.
pub trait Row {
    /// What puts two rows of one item in order.
    type Rank: Ord;

    /// What tells items apart.
    fn identity(&self) -> String;

    /// Which of two rows of one item counts: the greater. Equal ranks mean equal rows.
    fn rank(&self) -> Self::Rank;
}

/// Rows in the order in which their items first came.
#[derive(Debug)]
pub struct Unique<T> {
    rows: Vec<T>,
    places: HashMap<String, usize>,
    /// The items that were taken out.
    taken: HashSet<String>,
}

impl<T: Row> Unique<T> {
    /// No rows yet.
    pub fn new() -> Self {
        Self { rows: Vec::new(), places: HashMap::new(), taken: HashSet::new() }
    }

    /// Adds rows.
    pub fn extend(&mut self, rows: impl IntoIterator<Item = T>) {
        for row in rows {
            self.add(row);
        }
    }

    /// Adds a row, unless its item was taken out, or a greater row of it is there.
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

    /// Whether there are so many rows that they have to be taken out before more are added.
    pub fn is_full(&self) -> bool {
        self.rows.len() >= MOST
    }

    /// Takes all rows out.
    pub fn take(&mut self) -> Vec<T> {
        self.taken.extend(self.places.drain().map(|(identity, _)| identity));
        std::mem::take(&mut self.rows)
    }
}

/// A control domain of a listing, and when that was asked for.
#[derive(Debug)]
pub struct ListedDomain {
    /// The domain.
    pub domain: ControlDomainInsights,
    /// When its page was asked for.
    pub asked_at: Timestamp,
}

impl Row for ListedDomain {
    type Rank = (Option<Timestamp>, String);

    /// A domain without an id is only equal to one that is equal in all.
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

/// A control, of whatever day: in an assessment it is another one in each control set, as its partition key is.
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
    fn the_greater_row_of_an_item_counts_in_whichever_order_they_come() {
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
    fn an_item_that_was_taken_out_does_not_come_again() {
        let mut unique = Unique::new();
        unique.add(Item("a", 1));
        assert_eq!(unique.take().len(), 1);
        unique.add(Item("a", 2));
        unique.add(Item("b", 1));
        assert_eq!(unique.take(), [Item("b", 1)]);
    }
}
