//! Whether a stage of a run did all of its work. Every stage of a collector returns it, and the run folds the results
//! into watermark, window and cursor ([`crate::collector::Checkpoint`]).

use std::ops::BitAndAssign;

/// Whether a stage fetched and stored everything that it was asked to.
///
/// Rejected records (which are kept under `rejected`), lasting issues and a wrong clock leave a stage complete: a later run
/// could not do better.
#[must_use = "a watermark would pass over what is missing"]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Completeness {
    /// Nothing is missing.
    #[default]
    Complete,
    /// Something was not fetched, not stored or not reached, and a later run has to try again.
    Incomplete,
}

impl Completeness {
    /// Complete if `is_complete`.
    pub fn of(is_complete: bool) -> Self {
        if is_complete { Self::Complete } else { Self::Incomplete }
    }

    /// Whether nothing is missing.
    pub fn is_complete(self) -> bool {
        self == Self::Complete
    }
}

/// The whole is complete only if both parts are.
impl BitAndAssign for Completeness {
    fn bitand_assign(&mut self, other: Self) {
        *self = Self::of(self.is_complete() && other.is_complete());
    }
}

/// The whole is complete only if every part is.
impl FromIterator<Self> for Completeness {
    fn from_iter<I: IntoIterator<Item = Self>>(parts: I) -> Self {
        let mut whole = Self::Complete;
        parts.into_iter().for_each(|part| whole &= part);
        whole
    }
}

/// What became of the writes of a stage.
#[must_use = "a watermark would pass over what is missing"]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteOutcome {
    /// Whether all records are stored, in this version or a newer one, or rejected.
    pub completeness: Completeness,
    /// Whether a write found an item where none was expected ([`crate::target_run::ExistenceHint::Absent`]). The run reads
    /// before it writes from then on.
    pub found_existing: bool,
}

impl WriteOutcome {
    /// Adds what another part of the stage did.
    pub fn add(&mut self, part: impl Into<Self>) {
        let Self { completeness, found_existing } = part.into();
        self.completeness &= completeness;
        self.found_existing |= found_existing;
    }
}

impl From<Completeness> for WriteOutcome {
    fn from(completeness: Completeness) -> Self {
        Self { completeness, found_existing: false }
    }
}

impl FromIterator<Self> for WriteOutcome {
    fn from_iter<I: IntoIterator<Item = Self>>(parts: I) -> Self {
        let mut whole = Self::default();
        parts.into_iter().for_each(|part| whole.add(part));
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::Completeness::{Complete, Incomplete};
    use super::*;

    #[test]
    fn a_whole_is_complete_only_if_every_part_is_and_remembers_any_existing_item() {
        for (parts, expected) in [
            (&[][..], Complete),
            (&[Complete, Complete], Complete),
            (&[Incomplete, Complete], Incomplete),
            (&[Complete, Incomplete], Incomplete),
        ] {
            let whole: Completeness = parts.iter().copied().collect();
            assert_eq!(whole, expected, "{parts:?}");
            let writes: WriteOutcome = parts.iter().copied().map(WriteOutcome::from).collect();
            assert_eq!(writes, WriteOutcome { completeness: expected, found_existing: false });
        }
        let found = WriteOutcome { completeness: Complete, found_existing: true };
        for parts in [[found, Incomplete.into()], [Incomplete.into(), found]] {
            let whole: WriteOutcome = parts.into_iter().collect();
            assert_eq!(whole, WriteOutcome { completeness: Incomplete, found_existing: true });
        }
    }
}
