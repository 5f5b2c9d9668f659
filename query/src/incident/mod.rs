//! Groups correlated insights into incidents. Pure; the order of the input does not matter. The rule (see `docs/incidents.md`):
//!
//! - Insights of one account and region are taken in the order in which they began. The first is the lead of an incident.
//! - An insight joins if it began at most [`NEAR`] after the lead; or if it has something in common with a member, began
//!   at most [`REACH`] after the lead, and at most [`GRACE`] after that member had ended. Otherwise it is the lead of a new one.
//! - All times are measured from the lead, so the members of an incident begin within [`REACH`]: chains cannot merge a whole day.
//!
//! An incident says which insight began first. That need not be the cause.
//!
//! The id of an incident is `i-` and the tag of its lead: the first 8 hex digits of SHA-256 over the lead's keys. The tag of every
//! other member finds the incident too, so an id stays valid if an insight that began earlier becomes the lead.

mod correlation;
mod read;
mod record;
mod sentence;

use crate::find::tag;
use crate::periods::{began, root};
use crate::targets::Place;
pub use correlation::{CorrelationReason, Occurrence};
use insights_shared::record::{Severity, Stored};
use insights_shared::time::Timestamp;
use std::cmp::Reverse;

/// An insight that begins within this time after the lead joins without a further reason, in milliseconds.
pub const NEAR: i64 = 15 * 60_000;
/// An insight with something in common may begin within this time after the lead, in milliseconds.
pub const REACH: i64 = 2 * 3_600_000;
/// An insight with something in common may begin within this time after the end of the other, in milliseconds.
pub const GRACE: i64 = 30 * 60_000;

/// Begins the id of an incident.
const ID_PREFIX: &str = "i-";
/// The length of a tag, in hexadecimal digits.
const TAG_LENGTH: usize = 8;

/// The tag in the id of an incident; `None` if `text` is no such id.
pub fn tag_in_id(text: &str) -> Option<&str> {
    let is_tag = |tag: &&str| {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        tag.len() == TAG_LENGTH && tag.bytes().all(is_digit)
    };
    text.strip_prefix(ID_PREFIX).filter(is_tag)
}

/// Correlated insights; often only one.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// In the order in which they began; never empty.
    members: Vec<Member>,
}

/// An insight in an incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The insight.
    pub occurrence: Occurrence,
    /// How long after the lead it began, in milliseconds.
    pub after: i64,
    /// Why it belongs to the incident; the lead has no reason.
    pub reason: Option<CorrelationReason>,
}

/// Groups insights into incidents, in the order in which they began.
pub fn incidents(mut occurrences: Vec<Occurrence>) -> Vec<Incident> {
    occurrences.sort_by(|left, right| left.order().cmp(&right.order()));
    let mut incidents: Vec<Incident> = Vec::new();
    for occurrence in occurrences {
        let found = candidates(&incidents, &occurrence);
        match found.and_then(|(index, reason)| Some((incidents.get_mut(index)?, reason))) {
            Some((incident, reason)) => {
                let after = occurrence.started_at().millis_since(incident.started_at());
                incident.members.push(Member { occurrence, after, reason: Some(reason) });
            }
            None => incidents.push(Incident { members: vec![Member { occurrence, after: 0, reason: None }] }),
        }
    }
    incidents
}

/// The incident that `occurrence` joins, and why: preferably one with something in common, otherwise the first.
fn candidates(incidents: &[Incident], occurrence: &Occurrence) -> Option<(usize, CorrelationReason)> {
    let within = |incident: &&Incident| occurrence.started_at().millis_since(incident.started_at()) <= REACH;
    // Incidents are in the order in which they began, so the candidates are the last ones.
    let first = incidents.len() - incidents.iter().rev().take_while(within).count();
    let near = incidents.iter().enumerate().skip(first);
    let reasons = near.filter_map(|(index, incident)| Some((index, incident.reason(occurrence)?)));
    reasons.min_by_key(|(index, reason)| (*reason == CorrelationReason::Proximity, *index))
}

/// The insights that may have something in common with another, so their details must be read: those that began within [`REACH`] of
/// another one of the same account and region.
pub fn worth_reading(insights: &[Stored]) -> Vec<&Stored> {
    let place = |insight: &Stored| {
        let text = |name: &str| insight.text(name).unwrap_or_default().to_owned();
        (text("account_id"), text("region"))
    };
    let mut ordered: Vec<(_, Timestamp, &Stored)> =
        insights.iter().filter_map(|insight| Some((place(insight), began(insight)?, insight))).collect();
    ordered.sort_by_key(|(place, started_at, _)| (place.clone(), *started_at));
    let neighbours = |left: &(_, Timestamp, _), right: &(_, Timestamp, _)| {
        left.0 == right.0 && right.1.millis_since(left.1) <= REACH
    };
    let mut worth = Vec::new();
    for (index, this) in ordered.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| ordered.get(index));
        let after = ordered.get(index + 1);
        if before.is_some_and(|before| neighbours(before, this))
            || after.is_some_and(|after| neighbours(this, after))
        {
            worth.push(this.2);
        }
    }
    worth
}

impl Incident {
    fn reason(&self, occurrence: &Occurrence) -> Option<CorrelationReason> {
        if !self.lead().is_at_same_place(occurrence) {
            return None;
        }
        let common = self.members.iter().find_map(|member| {
            let is_over = member
                .occurrence
                .ended_at()
                .is_some_and(|ended_at| occurrence.started_at().millis_since(ended_at) > GRACE);
            if is_over { None } else { member.occurrence.in_common(occurrence) }
        });
        let is_near = occurrence.started_at().millis_since(self.started_at()) <= NEAR;
        common.or(is_near.then_some(CorrelationReason::Proximity))
    }

    fn lead(&self) -> &Occurrence {
        #[expect(clippy::indexing_slicing, reason = "an incident begins with its lead")]
        &self.members[0].occurrence
    }

    /// Its id, for example `i-3f2a9c01`. It depends only on the lead: it stays the same when members are added or filters change.
    pub fn id(&self) -> String {
        format!("{ID_PREFIX}{}", tag(root(&self.lead().insight)))
    }

    /// The account and region of all of its insights.
    pub fn place(&self) -> Option<Place> {
        Place::of(&self.lead().insight)
    }

    /// Its insights, in the order in which they began.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Whether it has several insights.
    pub fn is_correlated(&self) -> bool {
        self.members.len() > 1
    }

    /// When the first began.
    pub fn started_at(&self) -> Timestamp {
        self.lead().started_at()
    }

    /// When the last ended; `None` while one is open.
    pub fn ended_at(&self) -> Option<Timestamp> {
        let ends: Option<Vec<Timestamp>> =
            self.members.iter().map(|member| member.occurrence.ended_at()).collect();
        ends?.into_iter().max()
    }

    /// The highest severity of its insights.
    pub fn severity(&self) -> Severity {
        let severities = self.members.iter().filter_map(|member| member.occurrence.insight.text("severity"));
        severities.filter_map(Severity::parse).max().unwrap_or(Severity::Info)
    }

    /// Whether it contains the insight with the partition key `pk`, or a failure whose first period has this key.
    pub fn holds(&self, pk: &str) -> bool {
        let is_it = |insight: &Stored| insight.text("pk") == Some(pk) || root(insight) == pk;
        self.members.iter().any(|member| is_it(&member.occurrence.insight))
    }
}

/// Sorts incidents by priority: open ones first, then by severity, then the newest.
pub fn worst_first(incidents: &mut [Incident]) {
    incidents.sort_by_key(|incident| {
        (incident.ended_at().is_some(), Reverse(incident.severity()), Reverse(incident.started_at()))
    });
}

#[cfg(test)]
mod tests;
