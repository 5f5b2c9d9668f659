//! Whether a stage of a run did all of its work. Every stage of a collector returns this, and `run.rs` combines the results
//! into watermark, window and cursor ([`crate::collector::Checkpoint`]).

use std::ops::BitAndAssign;

/// Whether a stage fetched and stored everything that it had to.
///
/// Rejected records (which are stored under `rejected`), lasting issues and a wrong clock leave a stage complete, because a
/// later run could not do better.
#[must_use = "a watermark must not move past missing data"]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Completeness {
    /// Nothing is missing.
    #[default]
    Complete,
    /// Something was not fetched, not stored or not reached. A later run has to try again.
    Incomplete,
}

impl Completeness {
    /// `Complete` if `is_complete`.
    pub fn of(is_complete: bool) -> Self {
        if is_complete { Self::Complete } else { Self::Incomplete }
    }

    /// Whether nothing is missing.
    pub fn is_complete(self) -> bool {
        self == Self::Complete
    }
}

/// A whole is complete only if both parts are.
impl BitAndAssign for Completeness {
    fn bitand_assign(&mut self, other: Self) {
        *self = Self::of(self.is_complete() && other.is_complete());
    }
}

/// A whole is complete only if every part is.
impl FromIterator<Self> for Completeness {
    fn from_iter<I: IntoIterator<Item = Self>>(parts: I) -> Self {
        let mut whole = Self::Complete;
        parts.into_iter().for_each(|part| whole &= part);
        whole
    }
}

/// The result of the writes of a stage.
#[must_use = "a watermark must not move past missing data"]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteOutcome {
    /// Complete if every record is stored, in this version or a newer one, or rejected.
    pub completeness: Completeness,
    /// Whether a write found an existing item although none was expected ([`crate::target_run::ExistenceHint::Absent`]). From
    /// then on, the run reads before it writes.
    pub found_existing: bool,
}

impl WriteOutcome {
    /// Adds the result of another part of the stage.
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
    fn a_whole_is_complete_only_if_every_part_is_and_found_existing_if_any_part_did() {
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
