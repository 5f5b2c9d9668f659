//! Collects an account that is too large for one invocation. A sweep goes through all parts. Later runs of the same day
//! continue it where an earlier run had no more time.
//!
//! A part that failed in one of the runs is tried again at the end of the sweep. Otherwise a run that collected the rest
//! without a failure would count the whole sweep as stored.
//!
//! This module does not know what a part is: it uses only the keys of parts and their order.

use crate::config::Depth;
use insights_shared::collector::Cursor;
use insights_shared::completeness::Completeness;
use insights_shared::record::Stored;
use insights_shared::time::Timestamp;
use insights_shared::value::{Map, Value};
use std::collections::BTreeSet;

/// The maximum number of failed parts in a `state`. An account has about a hundred active assessments at most.
const MOST_FAILED: usize = 1_000;
/// The maximum length of a part's key in a `state`, in bytes. Ids are UUIDs.
const LONGEST_KEY: usize = 200;

/// The outcome of a part. The worst outcome of its pieces counts.
#[must_use = "a sweep must not skip missing data"]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartOutcome {
    /// Everything was fetched, and is stored, including as rejected.
    Done,
    /// It was deleted after it was listed. The sweep does not try it again, but its data is missing from the run.
    Deleted,
    /// A call or a write failed.
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

/// A sweep through the parts of an account, in the order of their keys: from any part to the last, and then from the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// When its first run began. Everything that the sweep has passed was fetched after this.
    pub since: Timestamp,
    depth: Depth,
    from: String,
    /// The next part to collect; `None` if only failed parts are left.
    next: Option<String>,
    /// The parts that the sweep has passed and that failed.
    failed: BTreeSet<String>,
    was_timed_out: bool,
}

impl Sweep {
    /// Continues the stored sweep, or begins one at `now`.
    ///
    /// Counts belong to a day. Parts that a sweep of an earlier day has passed must be fetched again, but last, so that every
    /// part is fetched at some time, even if only a few fit into a day.
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
            // A sweep at another depth fetched other data, and a time in the future comes from a run whose clock was ahead.
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

    /// Whether an earlier run had no time for the whole account.
    pub fn was_timed_out(&self) -> bool {
        self.was_timed_out
    }

    /// The parts that the sweep still has to collect, in its order, followed by those that failed.
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

    /// Where the next run continues, given the `outcomes` of the parts from [`Self::left`].
    pub fn cursor(&self, outcomes: &[(String, PartOutcome)]) -> Cursor {
        // If there was time for everything, the report contains the failures, and the next run begins a new sweep.
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
            // Too many for a state. The sweep restarts, so that no part counts as done.
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

    /// The sweep of a run at `now`, after a run that left `since`, `from` and `next` at depth `control`.
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

    /// The sweep after a run with these outcomes: `=` done, `!` failed, `…` timed out.
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
    fn failed_parts_are_collected_again_at_the_end_of_the_sweep() {
        let begun = || sweep(None, Depth::Control, "2026-03-10T07:00:00Z");
        let beginning_at_b =
            || sweep(Some(("2026-03-10T07:00:00Z", "b", "b")), Depth::Control, "2026-03-10T07:10:00Z");
        let after = |sweep: Sweep, runs: &[&str]| runs.iter().fold(sweep, |sweep, run| after(&sweep, run));
        for (sweep, runs, left) in [
            (begun(), &["=|a=|b…|c…"][..], "b|c"),
            (begun(), &["=|a!|b…|c…"], "b|c|a"),
            (begun(), &["!|a!|b…|c…"], "b|c||a"),
            // Several runs after each other.
            (begun(), &["=|a!|b…|c…", "b!|c…|a…"], "c|a|b"),
            // Only failed parts are left, and time runs out again.
            (begun(), &["=|a!|b…|c…", "b=|c!|a…"], "a|c"),
            (begun(), &["=|a!|b…|c…", "b=|c!|a…", "a=|c…"], "c"),
            (begun(), &["=|a!|b…|c…", "b=|c=|a…", "a…"], "a"),
            // A part that was collected concurrently with one that timed out is collected again.
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
    fn a_run_continues_after_the_timeout_of_the_last_one_until_the_start_of_the_sweep() {
        let morning = "2026-03-10T06:00:00Z";
        for (left, depth, now, parts, since) in [
            (None, Depth::Control, "2026-03-10T07:00:00Z", "|a|b|c", "2026-03-10T07:00:00Z"),
            (Some((morning, "", "b")), Depth::Control, "2026-03-10T07:00:00Z", "b|c", morning),
            (Some((morning, "b", "c")), Depth::Control, "2026-03-10T07:00:00Z", "c||a", morning),
            (Some((morning, "b", "")), Depth::Control, "2026-03-10T07:00:00Z", "|a", morning),
            // No part is done yet.
            (Some((morning, "b", "b")), Depth::Control, "2026-03-10T07:00:00Z", "b|c||a", morning),
            // The part was deleted, and so were those after it.
            (Some((morning, "", "d")), Depth::Control, "2026-03-10T07:00:00Z", "none", morning),
            // Another day: all parts, beginning with this one.
            (
                Some((morning, "", "b")),
                Depth::Control,
                "2026-03-11T00:00:00Z",
                "b|c||a",
                "2026-03-11T00:00:00Z",
            ),
            // Another depth: the parts were fetched at a lower depth.
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
    fn a_sweep_with_more_than_a_thousand_failed_parts_restarts() {
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
    fn a_sweep_without_a_timeout_leaves_no_cursor() {
        let sweep = sweep(None, Depth::Control, "2026-03-10T07:00:00Z");
        let outcomes = [("a".to_owned(), PartOutcome::Done), ("b".to_owned(), PartOutcome::Failed)];
        assert_eq!((sweep.cursor(&outcomes), sweep.was_timed_out()), (Cursor::Clear, false));
    }
}
