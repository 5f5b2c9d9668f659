//! Collects an account that is too large for one invocation in several: a sweep through its parts, which later runs of the same
//! day continue where an earlier one ran out of time.
//!
//! A part that failed in one of the runs is tried again at the end of the sweep: otherwise a run that did the rest without a
//! failure would count the whole as stored.
//!
//! This module does not know what a part is: parts have keys, and the keys have an order.

use crate::config::Depth;
use insights_shared::collector::Cursor;
use insights_shared::completeness::Completeness;
use insights_shared::record::Stored;
use insights_shared::time::Timestamp;
use insights_shared::value::{Map, Value};
use std::collections::BTreeSet;

/// The most failed parts that a `state` names. An account has a hundred active assessments.
const MOST_FAILED: usize = 1_000;
/// The longest key of a part that a `state` names, in bytes. Ids are UUIDs.
const LONGEST_KEY: usize = 200;

/// How far a part came. The worst outcome of its pieces counts.
#[must_use = "a sweep would pass over what is missing"]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartOutcome {
    /// All of it was fetched, and is stored or rejected.
    Done,
    /// It was deleted after it was listed. The sweep does not come back to it; what it had is missing from the run.
    Deleted,
    /// Something of it failed.
    Failed,
    /// Time ran out.
    TimedOut,
}

impl PartOutcome {
    /// Whether nothing is missing.
    pub fn completeness(self) -> Completeness {
        Completeness::of(self == Self::Done)
    }
}

impl From<Completeness> for PartOutcome {
    fn from(completeness: Completeness) -> Self {
        if completeness.is_complete() { Self::Done } else { Self::Failed }
    }
}

/// A sweep through the parts of an account, in the order of their keys: from one part to the last, and on from the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// When its first run began. Everything that the sweep has passed was fetched since.
    pub since: Timestamp,
    depth: Depth,
    from: String,
    /// The first part that is left; `None` if only failed parts are left.
    next: Option<String>,
    /// The parts that the sweep has passed and that failed.
    failed: BTreeSet<String>,
    was_timed_out: bool,
}

impl Sweep {
    /// The sweep that a run at `now` continues or begins.
    ///
    /// Counts belong to a day: the parts that an earlier day's sweep has passed have to be fetched again, but last, so that
    /// every part is fetched in time, however few of them fit into a day.
    pub fn of(state: Option<&Stored>, depth: Depth, now: Timestamp) -> Self {
        let fresh = |from: String, was_timed_out| {
            let (next, failed) = (Some(from.clone()), BTreeSet::new());
            Self { since: now, depth, from, next, failed, was_timed_out }
        };
        let Some(place) = state.and_then(|state| state.0.get("resume")) else {
            return fresh(String::new(), false);
        };
        let text = |name: &str| place.at(&[name]).and_then(Value::as_str).map(str::to_owned);
        let next = text("next");
        let failed = place.at(&["failed"]).and_then(Value::as_list).unwrap_or_default();
        let since = place.at(&["since"]).and_then(Value::as_timestamp);
        match (since, text("from")) {
            // A sweep at another depth did not fetch what this one has to, and the time of a run whose clock was ahead is wrong.
            (Some(since), Some(from))
                if since.day() == now.day()
                    && since <= now
                    && text("depth").as_deref() == Some(depth.as_str()) =>
            {
                let failed = failed.iter().filter_map(Value::as_str).map(str::to_owned).collect();
                Self { since, depth, from, next, failed, was_timed_out: true }
            }
            _ => fresh(next.unwrap_or_default(), true),
        }
    }

    /// Whether an earlier run found the account too large.
    pub fn was_timed_out(&self) -> bool {
        self.was_timed_out
    }

    /// The parts that are left of the sweep, in its order, and then those that failed.
    pub fn left<T>(&self, parts: Vec<T>, key: impl Fn(&T) -> &str) -> Vec<T> {
        let mut parts = parts;
        parts.sort_by(|left, right| key(left).cmp(key(right)));
        let next = self.next.as_deref().unwrap_or_default();
        let behind = parts.partition_point(|part| key(part) < next);
        parts.rotate_left(behind);
        let (mut left, passed): (Vec<T>, Vec<T>) =
            parts.into_iter().partition(|part| self.is_left(key(part)));
        left.extend(passed.into_iter().filter(|part| self.failed.contains(key(part))));
        left
    }

    /// Whether the sweep has not reached the part yet.
    fn is_left(&self, key: &str) -> bool {
        let Some(next) = self.next.as_deref() else { return false };
        match self.from.as_str().cmp(next) {
            std::cmp::Ordering::Equal => true,
            std::cmp::Ordering::Less => key >= next || key < self.from.as_str(),
            std::cmp::Ordering::Greater => key >= next && key < self.from.as_str(),
        }
    }

    /// Where the next run continues, after `outcomes` of the parts that were [`Self::left`].
    pub fn cursor(&self, outcomes: &[(String, PartOutcome)]) -> Cursor {
        // If there was time for everything, the report has what failed, and the next run begins a new sweep.
        if outcomes.iter().all(|(_, outcome)| *outcome != PartOutcome::TimedOut) {
            return Cursor::Clear;
        }
        let is_timed_out =
            |(key, outcome): &&(String, PartOutcome)| *outcome == PartOutcome::TimedOut && self.is_left(key);
        let mut next = outcomes.iter().find(is_timed_out).map(|(key, _)| key.as_str());
        let is_owed = |(key, outcome): &&(String, PartOutcome)| match outcome {
            PartOutcome::Done | PartOutcome::Deleted => false,
            PartOutcome::Failed => true,
            PartOutcome::TimedOut => !self.is_left(key),
        };
        let mut failed: Vec<Value> =
            outcomes.iter().filter(is_owed).map(|(key, _)| key.as_str().into()).collect();
        let mut keys = failed.iter().filter_map(Value::as_str).chain(next);
        if failed.len() > MOST_FAILED || keys.any(|key| key.len() > LONGEST_KEY) {
            // More than a state holds: the sweep restarts, so that nothing counts as done.
            (failed, next) = (Vec::new(), Some(self.from.as_str()));
        }
        let mut place = Map::from([
            ("since".into(), self.since.into()),
            ("depth".into(), self.depth.as_str().into()),
            ("from".into(), self.from.as_str().into()),
        ]);
        place.extend(next.map(|next| ("next".into(), next.into())));
        if !failed.is_empty() {
            place.insert("failed".into(), Value::List(failed));
        }
        Cursor::Set(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 4] = ["", "a", "b", "c"];

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// The sweep of a run at `now`, after one that left `since`, `from` and `next` at depth `control`.
    fn sweep(left: Option<(&str, &str, &str)>, depth: Depth, now: &str) -> Sweep {
        let state = left.map(|(since, from, next)| {
            let place = Map::from([
                ("since".into(), at(since).into()),
                ("depth".into(), "control".into()),
                ("from".into(), from.into()),
                ("next".into(), next.into()),
            ]);
            Stored(Map::from([("resume".into(), place.into())]))
        });
        Sweep::of(state.as_ref(), depth, at(now))
    }

    /// The sweep after one of which parts came so far: `=` done, `!` failed, `…` cut.
    fn after(sweep: &Sweep, outcomes: &str) -> Sweep {
        let outcomes: Vec<(String, PartOutcome)> = outcomes
            .split('|')
            .map(|text| {
                let outcome = match text.chars().last().unwrap() {
                    '=' => PartOutcome::Done,
                    '!' => PartOutcome::Failed,
                    _ => PartOutcome::TimedOut,
                };
                (text.trim_end_matches(['=', '!', '…']).to_owned(), outcome)
            })
            .collect();
        let Cursor::Set(place) = sweep.cursor(&outcomes) else { panic!("{outcomes:?}: a place to go on") };
        let state = Stored(Map::from([("resume".into(), place.into())]));
        Sweep::of(Some(&state), Depth::Control, at("2026-03-10T08:00:00Z"))
    }

    #[test]
    fn what_failed_is_asked_about_again_at_the_end_of_the_round() {
        let begun = || sweep(None, Depth::Control, "2026-03-10T07:00:00Z");
        let beginning_at_b =
            || sweep(Some(("2026-03-10T07:00:00Z", "b", "b")), Depth::Control, "2026-03-10T07:10:00Z");
        let after = |sweep: Sweep, runs: &[&str]| runs.iter().fold(sweep, |sweep, run| after(&sweep, run));
        for (sweep, runs, left) in [
            (begun(), &["=|a=|b…|c…"][..], "b|c"),
            (begun(), &["=|a!|b…|c…"], "b|c|a"),
            (begun(), &["!|a!|b…|c…"], "b|c||a"),
            // Again and again.
            (begun(), &["=|a!|b…|c…", "b!|c…|a…"], "c|a|b"),
            // Nothing is left but what failed, and time ran out over it.
            (begun(), &["=|a!|b…|c…", "b=|c!|a…"], "a|c"),
            (begun(), &["=|a!|b…|c…", "b=|c!|a…", "a=|c…"], "c"),
            (begun(), &["=|a!|b…|c…", "b=|c=|a…", "a…"], "a"),
            // A part that was worked on beside the one that was cut is asked about again with it.
            (begun(), &["=|a…|b!|c="], "a|b|c"),
            (beginning_at_b(), &["b!|c…|…|a…"], "c||a|b"),
        ] {
            let sweep = after(sweep, runs);
            let found = sweep.left(KEYS.into_iter().rev().collect(), |key: &&str| key);
            assert_eq!(found.join("|"), left, "{runs:?}");
            assert_eq!(sweep.since, at("2026-03-10T07:00:00Z"));
        }
    }

    #[test]
    fn a_run_goes_on_where_the_last_one_was_timed_out_and_as_far_as_the_round_began() {
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
            let sweep = sweep(left, depth, now);
            let found = sweep.left(KEYS.into_iter().rev().collect(), |key: &&str| key);
            let found = if found.is_empty() { "none".to_owned() } else { found.join("|") };
            assert_eq!((found.as_str(), sweep.since), (parts, at(since)), "{left:?} {depth:?} {now}");
        }
    }

    #[test]
    fn a_state_names_a_thousand_failed_parts_and_beyond_that_the_round_begins_again() {
        let begun = sweep(None, Depth::Control, "2026-03-10T07:00:00Z");
        let cursor = |failed: usize, cut: &str| {
            let failed = (0..failed).map(|number| (format!("{number:036}"), PartOutcome::Failed));
            let Cursor::Set(place) =
                begun.cursor(&failed.chain([(cut.to_owned(), PartOutcome::TimedOut)]).collect::<Vec<_>>())
            else {
                panic!("it was cut")
            };
            let names = place.get("failed").and_then(Value::as_list).map(<[Value]>::len);
            (names, place["next"].as_str().unwrap().to_owned())
        };
        assert_eq!(cursor(1_000, "z"), (Some(1_000), "z".to_owned()));
        assert_eq!(cursor(1_001, "z"), (None, String::new()), "where the sweep began");
        assert_eq!(cursor(3, &"z".repeat(300)), (None, String::new()));
    }

    #[test]
    fn a_round_that_was_not_cut_leaves_nothing_to_go_on_with() {
        let sweep = sweep(None, Depth::Control, "2026-03-10T07:00:00Z");
        let outcomes = [("a".to_owned(), PartOutcome::Done), ("b".to_owned(), PartOutcome::Failed)];
        assert_eq!((sweep.cursor(&outcomes), sweep.was_timed_out()), (Cursor::Clear, false));
    }
}
