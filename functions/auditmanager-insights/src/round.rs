//! How an account too large for one invocation is finished by several: a round through its parts, which later runs of the
//! same day go on with where time cut an earlier one short.
//!
//! A part that failed in one of them is asked about again at the end of the round: otherwise a run that did the rest without
//! a fault would call the whole stored.
//!
//! What a part is, and what is asked about it, it does not know: parts have keys, and the keys have an order.

use crate::config::Depth;
use insights_shared::collector::Resume;
use insights_shared::record::Stored;
use insights_shared::time::Timestamp;
use insights_shared::value::{Map, Value};
use std::collections::BTreeSet;

/// The most failed parts that a `state` names. An account has a hundred active assessments.
const MOST_FAILED: usize = 1_000;
/// The longest key of a part that a `state` names, in bytes. Ids are UUIDs.
const LONGEST_KEY: usize = 200;

/// How far a part came; the worst of its pieces counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// All of it was asked for, and what came is stored, or rejected for good.
    Done,
    /// Something of it failed.
    Failed,
    /// Time ran out.
    Cut,
}

impl Outcome {
    /// Done, or failed.
    pub fn done(is_done: bool) -> Self {
        if is_done { Self::Done } else { Self::Failed }
    }
}

/// A round through the parts of an account: from where it began, around, to there again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// When its first run began. Everything that the round has come past was asked for since.
    pub since: Timestamp,
    depth: Depth,
    from: String,
    /// The first part that is left; `None` where those that failed are all that is.
    next: Option<String>,
    /// Parts that the round has come past, and that failed.
    failed: BTreeSet<String>,
    was_cut: bool,
}

impl Round {
    /// The round that a run at `now` goes on with, or begins.
    ///
    /// The counts of another day are other counts: what an earlier day's round has come past has to be asked for again,
    /// but last, so that every part has its turn however few of them fit into a day.
    pub fn of(state: Option<&Stored>, depth: Depth, now: Timestamp) -> Self {
        let fresh = |from: String, was_cut| {
            let (next, failed) = (Some(from.clone()), BTreeSet::new());
            Self { since: now, depth, from, next, failed, was_cut }
        };
        let Some(place) = state.and_then(|state| state.0.get("resume")) else {
            return fresh(String::new(), false);
        };
        let text = |name: &str| place.at(&[name]).and_then(Value::as_str).map(str::to_owned);
        let next = text("next");
        let failed = place.at(&["failed"]).and_then(Value::as_list).unwrap_or_default();
        let since = place.at(&["since"]).and_then(Value::as_timestamp);
        match (since, text("from")) {
            // What was passed at another depth was not asked for at this one, and a run whose clock was ahead knows no time.
            (Some(since), Some(from))
                if since.day() == now.day()
                    && since <= now
                    && text("depth").as_deref() == Some(depth.as_str()) =>
            {
                let failed = failed.iter().filter_map(Value::as_str).map(str::to_owned).collect();
                Self { since, depth, from, next, failed, was_cut: true }
            }
            _ => fresh(next.unwrap_or_default(), true),
        }
    }

    /// Whether an earlier run found the account too large.
    pub fn was_cut(&self) -> bool {
        self.was_cut
    }

    /// The parts that are left of the round, in its order, and then those that failed.
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

    /// Whether the round has not come to the part yet.
    fn is_left(&self, key: &str) -> bool {
        let Some(next) = self.next.as_deref() else { return false };
        match self.from.as_str().cmp(next) {
            std::cmp::Ordering::Equal => true,
            std::cmp::Ordering::Less => key >= next || key < self.from.as_str(),
            std::cmp::Ordering::Greater => key >= next && key < self.from.as_str(),
        }
    }

    /// What the next run is to know, when the parts that were [`Self::left`] came so far.
    pub fn resume(&self, outcomes: &[(String, Outcome)]) -> Resume {
        // Where time was left for everything, the report has what failed, and the next run begins a round of its own.
        if outcomes.iter().all(|(_, outcome)| *outcome != Outcome::Cut) {
            return Resume::Nothing;
        }
        let is_cut = |(key, outcome): &&(String, Outcome)| *outcome == Outcome::Cut && self.is_left(key);
        let mut next = outcomes.iter().find(is_cut).map(|(key, _)| key.as_str());
        let is_owed = |(key, outcome): &&(String, Outcome)| match outcome {
            Outcome::Done => false,
            Outcome::Failed => true,
            Outcome::Cut => !self.is_left(key),
        };
        let mut failed: Vec<Value> =
            outcomes.iter().filter(is_owed).map(|(key, _)| key.as_str().into()).collect();
        let mut keys = failed.iter().filter_map(Value::as_str).chain(next);
        if failed.len() > MOST_FAILED || keys.any(|key| key.len() > LONGEST_KEY) {
            // More than a state holds: the round begins again where it began, so that nothing counts as done.
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
        Resume::At(place)
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
            let place = Map::from([
                ("since".into(), at(since).into()),
                ("depth".into(), "control".into()),
                ("from".into(), from.into()),
                ("next".into(), next.into()),
            ]);
            Stored(Map::from([("resume".into(), place.into())]))
        });
        Round::of(state.as_ref(), depth, at(now))
    }

    /// The round after one of which parts came so far: `=` done, `!` failed, `…` cut.
    fn after(round: &Round, outcomes: &str) -> Round {
        let outcomes: Vec<(String, Outcome)> = outcomes
            .split('|')
            .map(|text| {
                let outcome = match text.chars().last().unwrap() {
                    '=' => Outcome::Done,
                    '!' => Outcome::Failed,
                    _ => Outcome::Cut,
                };
                (text.trim_end_matches(['=', '!', '…']).to_owned(), outcome)
            })
            .collect();
        let Resume::At(place) = round.resume(&outcomes) else { panic!("{outcomes:?}: a place to go on") };
        let state = Stored(Map::from([("resume".into(), place.into())]));
        Round::of(Some(&state), Depth::Control, at("2026-03-10T08:00:00Z"))
    }

    #[test]
    fn what_failed_is_asked_about_again_at_the_end_of_the_round() {
        let begun = || round(None, Depth::Control, "2026-03-10T07:00:00Z");
        let beginning_at_b =
            || round(Some(("2026-03-10T07:00:00Z", "b", "b")), Depth::Control, "2026-03-10T07:10:00Z");
        let after = |round: Round, runs: &[&str]| runs.iter().fold(round, |round, run| after(&round, run));
        for (round, runs, left) in [
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
            let round = after(round, runs);
            let found = round.left(KEYS.into_iter().rev().collect(), |key: &&str| key);
            assert_eq!(found.join("|"), left, "{runs:?}");
            assert_eq!(round.since, at("2026-03-10T07:00:00Z"));
        }
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
    fn a_state_names_a_thousand_failed_parts_and_beyond_that_the_round_begins_again() {
        let begun = round(None, Depth::Control, "2026-03-10T07:00:00Z");
        let resume = |failed: usize, cut: &str| {
            let failed = (0..failed).map(|number| (format!("{number:036}"), Outcome::Failed));
            let Resume::At(place) =
                begun.resume(&failed.chain([(cut.to_owned(), Outcome::Cut)]).collect::<Vec<_>>())
            else {
                panic!("it was cut")
            };
            let names = place.get("failed").and_then(Value::as_list).map(<[Value]>::len);
            (names, place["next"].as_str().unwrap().to_owned())
        };
        assert_eq!(resume(1_000, "z"), (Some(1_000), "z".to_owned()));
        assert_eq!(resume(1_001, "z"), (None, String::new()), "where the round began");
        assert_eq!(resume(3, &"z".repeat(300)), (None, String::new()));
    }

    #[test]
    fn a_round_that_was_not_cut_leaves_nothing_to_go_on_with() {
        let round = round(None, Depth::Control, "2026-03-10T07:00:00Z");
        let outcomes = [("a".to_owned(), Outcome::Done), ("b".to_owned(), Outcome::Failed)];
        assert_eq!((round.resume(&outcomes), round.was_cut()), (Resume::Nothing, false));
    }
}
