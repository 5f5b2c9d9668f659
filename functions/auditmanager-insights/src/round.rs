//! How an account too large for one invocation is finished by several: a round through its parts, which later runs of the
//! same day go on with where time cut an earlier one short.
//!
//! What a part is, and what is asked about it, it does not know: parts have keys, and the keys have an order.

use crate::config::Depth;
use insights_shared::collector::Resume;
use insights_shared::record::Stored;
use insights_shared::time::Timestamp;
use insights_shared::value::{Map, Value};

/// A round through the parts of an account: from where it began, around, to there again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// When its first run began. Everything that the round has come past was asked for since.
    pub since: Timestamp,
    depth: Depth,
    from: String,
    next: String,
    was_cut: bool,
}

impl Round {
    /// The round that a run at `now` goes on with, or begins.
    ///
    /// The counts of another day are other counts: what an earlier day's round has come past has to be asked for again,
    /// but last, so that every part has its turn however few of them fit into a day.
    pub fn of(state: Option<&Stored>, depth: Depth, now: Timestamp) -> Self {
        let fresh = |next: String, was_cut| Self { since: now, depth, from: next.clone(), next, was_cut };
        let Some(place) = state.and_then(|state| state.0.get("resume")) else {
            return fresh(String::new(), false);
        };
        let text = |name: &str| place.at(&[name]).and_then(Value::as_str).map(str::to_owned);
        let next = text("next").unwrap_or_default();
        let since = place.at(&["since"]).and_then(Value::as_timestamp);
        match (since, text("from")) {
            // What was passed at another depth was not asked for at this one.
            (Some(since), Some(from))
                if since.day() == now.day() && text("depth").as_deref() == Some(depth.as_str()) =>
            {
                Self { since, depth, from, next, was_cut: true }
            }
            _ => fresh(next, true),
        }
    }

    /// Whether an earlier run found the account too large.
    pub fn was_cut(&self) -> bool {
        self.was_cut
    }

    /// The parts that are left of the round, in its order.
    pub fn left<T>(&self, parts: Vec<T>, key: impl Fn(&T) -> &str) -> Vec<T> {
        let mut parts = parts;
        parts.sort_by(|left, right| key(left).cmp(key(right)));
        let behind = parts.partition_point(|part| key(part) < self.next.as_str());
        parts.rotate_left(behind);
        let is_left = |key: &str| match self.from.cmp(&self.next) {
            std::cmp::Ordering::Equal => true,
            std::cmp::Ordering::Less => key >= self.next.as_str() || key < self.from.as_str(),
            std::cmp::Ordering::Greater => key >= self.next.as_str() && key < self.from.as_str(),
        };
        parts.retain(|part| is_left(key(part)));
        parts
    }

    /// What the next run is to know, when `cut` is the first part of the round that time cut short.
    pub fn resume(&self, cut: Option<&str>) -> Resume {
        let Some(next) = cut else { return Resume::Nothing };
        Resume::At(Map::from([
            ("since".to_owned(), self.since.into()),
            ("depth".to_owned(), self.depth.as_str().into()),
            ("from".to_owned(), self.from.as_str().into()),
            ("next".to_owned(), next.into()),
        ]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 4] = ["", "a", "b", "c"];

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// The round of a run at `now`, after one that left `since`, `from` and `next` at depth `control`.
    fn round(left: Option<(&str, &str, &str)>, depth: Depth, now: &str) -> Round {
        let state = left.map(|(since, from, next)| {
            let round = Round {
                since: at(since),
                depth: Depth::Control,
                from: from.to_owned(),
                next: String::new(),
                was_cut: false,
            };
            let Resume::At(place) = round.resume(Some(next)) else { panic!("a place to go on") };
            Stored(Map::from([("resume".to_owned(), place.into())]))
        });
        Round::of(state.as_ref(), depth, at(now))
    }

    #[test]
    fn a_run_goes_on_where_the_last_one_was_cut_and_as_far_as_the_round_began() {
        let morning = "2026-03-10T06:00:00Z";
        for (left, depth, now, parts, since) in [
            (None, Depth::Control, "2026-03-10T07:00:00Z", "|a|b|c", "2026-03-10T07:00:00Z"),
            (Some((morning, "", "b")), Depth::Control, "2026-03-10T07:00:00Z", "b|c", morning),
            (Some((morning, "b", "c")), Depth::Control, "2026-03-10T07:00:00Z", "c||a", morning),
            (Some((morning, "b", "")), Depth::Control, "2026-03-10T07:00:00Z", "|a", morning),
            // Nothing of it was done yet.
            (Some((morning, "b", "b")), Depth::Control, "2026-03-10T07:00:00Z", "b|c||a", morning),
            // The part is gone, and so is what lay behind it.
            (Some((morning, "", "d")), Depth::Control, "2026-03-10T07:00:00Z", "none", morning),
            // Another day: all of it, beginning there.
            (
                Some((morning, "", "b")),
                Depth::Control,
                "2026-03-11T00:00:00Z",
                "b|c||a",
                "2026-03-11T00:00:00Z",
            ),
            // Another depth: what was passed was not asked for so deep.
            (
                Some((morning, "", "b")),
                Depth::Domain,
                "2026-03-10T07:00:00Z",
                "b|c||a",
                "2026-03-10T07:00:00Z",
            ),
        ] {
            let round = round(left, depth, now);
            let found = round.left(KEYS.into_iter().rev().collect(), |key: &&str| key);
            let found = if found.is_empty() { "none".to_owned() } else { found.join("|") };
            assert_eq!((found.as_str(), round.since), (parts, at(since)), "{left:?} {depth:?} {now}");
        }
    }

    #[test]
    fn a_round_that_was_not_cut_leaves_nothing_to_go_on_with() {
        let round = round(None, Depth::Control, "2026-03-10T07:00:00Z");
        assert_eq!((round.resume(None), round.was_cut()), (Resume::Nothing, false));
    }
}
