//! Converts EKS's answers to records. No I/O and no clock.
//!
//! Shapes: <https://docs.aws.amazon.com/eks/latest/APIReference/API_Insight.html> and related pages.

use crate::detail;
use crate::fit;
use crate::listing::CheckState;
use aws_sdk_eks::types::Insight;
use insights_shared::fields::Faults;
use insights_shared::key::Key;
use insights_shared::record::{Record, Status, StatusReason, Stored, one_line, partition};
use insights_shared::target::Target;
use insights_shared::time::Timestamp;
use insights_shared::validate::Rejected;
use insights_shared::value::{Map, Value, write_canonical_map};
use insights_sources::eks;

/// The origin of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The account and region.
    pub target: &'a Target,
    /// The name of the cluster.
    pub cluster: &'a str,
    /// When the service was asked.
    pub answered_at: Timestamp,
}

/// The key of the record of a period that began at `transition`.
pub fn insight_key(target: &Target, cluster: &str, id: &str, transition: Option<Timestamp>) -> Key {
    let transition = transition.map(|time| time.to_string()).unwrap_or_default();
    let parts = [cluster, id, transition.as_str()];
    Key::new(partition(eks::SOURCE, &target.account_id, &target.region, parts), "insight")
}

/// The record of the check `id`, which does not pass, and its state.
///
/// Without `lastTransitionTime`, the period of an answer is unknown, and without `lastRefreshTime` its version. Validation
/// rejects such a record.
pub fn insight(id: &str, insight: &Insight, origin: Origin<'_>) -> (Record, CheckState) {
    let Origin { target, cluster, answered_at } = origin;
    let detail = detail::insight(insight);
    let state = CheckState::of(id, &detail);
    let check = &state.check;
    let key = insight_key(target, cluster, id, check.last_transition_time);
    let mut record = Record::new(eks::INSIGHT, key, &target.account_id, &target.region, answered_at);
    record.id.clone_from(&insight.id);
    let name = check.name.as_deref().map(one_line).filter(|name| !name.is_empty());
    record.title = Some(format!("{cluster}: {}: {}", name.as_deref().unwrap_or(id), check.status));
    record.status = Some(Status::Open);
    record.severity = Some(eks::STATUS_SEVERITY.severity(&check.status));
    record.entity = Some(cluster.to_owned());
    record.started_at = check.last_transition_time;
    record.updated_at = state.refreshed_at;
    record.detail = fit::fitted(detail);
    (record, state)
}

/// The event of a new or changed insight: the same answer, with the time of its refresh in the key.
pub fn insight_event(insight: &Record) -> Record {
    let refreshed_at = insight.updated_at.map(|time| time.to_string()).unwrap_or_default();
    let key = Key::new(insight.key.pk.as_str(), format!("event#{refreshed_at}"));
    let mut event =
        Record::new(eks::INSIGHT_EVENT, key, &insight.account_id, &insight.region, insight.answered_at);
    event.title.clone_from(&insight.title);
    event.started_at = insight.updated_at;
    event.updated_at = insight.updated_at;
    event.detail.clone_from(&insight.detail);
    event
}

/// The stored record of a period, closed by `state`; `None` if `state` does not end the period.
///
/// The record gets the refresh time of the closing answer as its version, so that an earlier answer that is written later
/// cannot reopen it.
pub fn ended(stored: &Stored, state: &CheckState, answered_at: Timestamp) -> Option<Record> {
    let mut record = Record::from_stored(eks::INSIGHT, stored, answered_at)?;
    let ended_at = state.end_of(record.started_at?)?;
    record.status = Some(Status::Closed);
    record.ended_at = Some(ended_at);
    record.updated_at = record.updated_at.max(state.refreshed_at).max(Some(ended_at));
    Some(record)
}

/// The stored record of a check or cluster that is missing from a complete listing of `listed_at`, closed.
pub fn no_longer_known(stored: &Stored, listed_at: Timestamp) -> Option<Record> {
    let mut record = Record::from_stored(eks::INSIGHT, stored, listed_at)?;
    record.status = Some(Status::Closed);
    record.status_reason = Some(StatusReason::NoLongerKnown);
    record.ended_at = record.started_at.max(Some(listed_at));
    Some(record)
}

/// The rejection of a summary without an id, which cannot be requested.
pub fn summary_without_id(said: &Map, target: &Target, cluster: &str) -> Rejected {
    let Key { pk, sk } = insight_key(target, cluster, "", None);
    let mut violations = Faults::default();
    violations.add("id", "", "is missing from the answer");
    // The answer does not contain the name of its cluster.
    let raw = Map::from([
        ("answer".into(), Value::Map(said.clone())),
        ("requested".into(), Value::from(pk.as_str())),
    ]);
    let mut text = String::new();
    write_canonical_map(&raw, &mut text);
    Rejected { subject: format!("{pk} {sk}"), violations, raw: text }
}

#[cfg(test)]
#[path = "normalize_tests.rs"]
mod tests;
