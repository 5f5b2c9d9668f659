//! The checks of a listing. Each counts once, even if pages shift while they are read. No I/O.

use crate::detail;
use aws_sdk_eks::types::InsightSummary;
use insights_shared::catalog::ClusterCheck;
use insights_shared::time::Timestamp;
use insights_shared::value::{Map, Value, write_canonical_map};
use insights_sources::eks::{PASSING, UNKNOWN};
use std::collections::BTreeMap;

/// The state of a check, from a listing or from the answer about the check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckState {
    /// The check as it is stored in the cluster's row.
    pub check: ClusterCheck,
    /// When EKS last refreshed it.
    pub refreshed_at: Option<Timestamp>,
}

impl CheckState {
    /// Reads the state of the check `id` from the detail of a summary or an insight.
    pub fn of(id: &str, detail: &Map) -> Self {
        let text = |name: &str| detail.get(name).and_then(Value::as_str).map(str::to_owned);
        let time = |name: &str| detail.get(name).and_then(Value::as_timestamp);
        let status = detail.get("insight_status").and_then(|status| status.at(&["status"]));
        let check = ClusterCheck {
            id: id.to_owned(),
            name: text("name"),
            category: text("category"),
            kubernetes_version: text("kubernetes_version"),
            status: status.and_then(Value::as_str).unwrap_or(UNKNOWN).to_owned(),
            last_transition_time: time("last_transition_time"),
        };
        Self { check, refreshed_at: time("last_refresh_time") }
    }

    /// Whether the check passes. Any other status, even an unknown one, is an insight.
    pub fn is_passing(&self) -> bool {
        self.check.status == PASSING
    }

    /// The end of a period that began at `started_at` and is not the period of this state; `None` if this state does not end
    /// it.
    ///
    /// The next transition ends it. A check that passes without a later transition ends it at its refresh, unless the refresh
    /// was before the period began: then the state is older than the period.
    pub fn end_of(&self, started_at: Timestamp) -> Option<Timestamp> {
        let is_later = |transition: &Timestamp| *transition > started_at;
        let refreshed_at = self.refreshed_at.filter(|refreshed_at| *refreshed_at >= started_at);
        let passed_at = refreshed_at.filter(|_| self.is_passing());
        self.check.last_transition_time.filter(is_later).or(passed_at)
    }
}

/// The checks of a listing.
#[derive(Debug, Default, PartialEq)]
pub struct Listing {
    /// The state of each check, by its id.
    pub checks: BTreeMap<String, CheckState>,
    /// The details of summaries without an id, each once. They may be about any check.
    pub without_id: Vec<Map>,
}

impl Listing {
    /// The checks of `summaries`. Of two summaries of one check the later one counts, in any order.
    pub fn of(summaries: &[InsightSummary]) -> Self {
        let mut listing = Self::default();
        let mut ranks: BTreeMap<String, Rank> = BTreeMap::new();
        for summary in summaries {
            let detail = detail::summary(summary);
            let Some(id) = summary.id().filter(|id| !id.is_empty()) else {
                if !listing.without_id.contains(&detail) {
                    listing.without_id.push(detail);
                }
                continue;
            };
            let state = CheckState::of(id, &detail);
            let rank = rank(&state, &detail);
            if ranks.get(id).is_none_or(|known| *known < rank) {
                ranks.insert(id.to_owned(), rank);
                listing.checks.insert(id.to_owned(), state);
            }
        }
        listing
    }
}

/// Determines which of two summaries of one check counts: the greater one. Equal ranks mean equal summaries.
type Rank = (Option<Timestamp>, Option<Timestamp>, String);

fn rank(state: &CheckState, detail: &Map) -> Rank {
    let mut text = String::new();
    write_canonical_map(detail, &mut text);
    (state.refreshed_at, state.check.last_transition_time, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_eks::types::{InsightStatus, InsightStatusValue};
    use aws_smithy_types::DateTime;

    fn summary(id: &str, status: Option<&str>, transition: i64, refresh: i64) -> InsightSummary {
        let status = status.map(|status| InsightStatus::builder().status(status.into()).build());
        InsightSummary::builder()
            .id(id)
            .set_insight_status(status)
            .last_transition_time(DateTime::from_secs(transition))
            .last_refresh_time(DateTime::from_secs(refresh))
            .build()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn the_later_of_two_summaries_of_a_check_counts_in_any_order() {
        let (earlier, later) = (summary("a", Some("ERROR"), 10, 20), summary("a", Some("PASSING"), 25, 30));
        let other = summary("b", Some("WARNING"), 5, 20);
        for summaries in [[&earlier, &other, &later], [&later, &earlier, &other]] {
            let listing = Listing::of(&summaries.map(Clone::clone));
            let statuses: Vec<(&str, &str)> =
                listing.checks.iter().map(|(id, state)| (id.as_str(), state.check.status.as_str())).collect();
            assert_eq!(statuses, [("a", "PASSING"), ("b", "WARNING")]);
            assert!(listing.without_id.is_empty());
        }
    }

    #[test]
    fn summaries_without_an_id_are_listed_separately_and_once() {
        let mut missing = summary("", Some("ERROR"), 10, 20);
        let empty = missing.clone();
        missing.id = None;
        let listing = Listing::of(&[missing.clone(), missing, empty]);
        assert!(listing.checks.is_empty());
        // An absent id and an empty id are two answers.
        assert_eq!(listing.without_id.len(), 2);
    }

    #[test]
    fn every_status_but_passing_is_an_insight() {
        for (status, passes, word) in [
            (Some("PASSING"), true, "PASSING"),
            (Some("WARNING"), false, "WARNING"),
            (Some("ERROR"), false, "ERROR"),
            (Some("UNKNOWN"), false, "UNKNOWN"),
            (Some("SOMETHING_NEW"), false, "SOMETHING_NEW"),
            (None, false, "UNKNOWN"),
        ] {
            let state = CheckState::of("a", &detail::summary(&summary("a", status, 10, 20)));
            assert_eq!((state.is_passing(), state.check.status.as_str()), (passes, word), "{status:?}");
        }
        assert_eq!(InsightStatusValue::UnknownValue.as_str(), "UNKNOWN");
    }

    #[test]
    fn a_period_ends_at_the_next_transition_and_without_one_when_the_check_passes() {
        // Each row has the status, transition and refresh of an answer, the start of a period, and its expected end.
        for (status, transition, refresh, started_at, expected) in [
            // A later transition to any status.
            ("PASSING", Some(30), Some(40), 10, Some(30)),
            ("ERROR", Some(30), Some(40), 10, Some(30)),
            ("ERROR", Some(30), None, 10, Some(30)),
            // Passing without a later transition.
            ("PASSING", Some(10), Some(40), 10, Some(40)),
            ("PASSING", Some(5), Some(40), 10, Some(40)),
            ("PASSING", None, Some(40), 10, Some(40)),
            ("PASSING", None, Some(10), 10, Some(10)),
            // Answers from before the period.
            ("PASSING", Some(5), Some(9), 10, None),
            ("WARNING", Some(5), Some(9), 10, None),
            // No time that could be the end.
            ("PASSING", None, None, 10, None),
            // A check that does not pass, without a later transition.
            ("WARNING", Some(10), Some(40), 10, None),
            ("WARNING", None, Some(40), 10, None),
        ] {
            let mut summary = summary("a", Some(status), 0, 0);
            summary.last_transition_time = transition.map(DateTime::from_secs);
            summary.last_refresh_time = refresh.map(DateTime::from_secs);
            let state = CheckState::of("a", &detail::summary(&summary));
            let case = format!("{status} {transition:?} {refresh:?} {started_at}");
            assert_eq!(state.end_of(at(started_at)), expected.map(at), "{case}");
        }
    }
}
