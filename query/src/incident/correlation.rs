//! What two insights have in common. It compares what the view of each insight's source gives, from as much as was read: the
//! envelope of an index contains what an insight is about, the whole record and the graph contain what else it names.

use crate::periods::{began, root};
use insights_shared::record::Stored;
use insights_shared::time::Timestamp;
use insights_sources::kind_of;
use insights_sources::view::{self, CorrelationKeys};

/// Why an insight belongs to an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CorrelationReason {
    /// It began soon after the first insight.
    Proximity,
    /// They concern the same service.
    Service(String),
    /// They have the same caller.
    Caller(String),
}

/// An insight with its correlation keys.
#[derive(Clone, Debug, PartialEq)]
pub struct Occurrence {
    /// The insight.
    pub insight: Stored,
    started_at: Timestamp,
    keys: CorrelationKeys,
}

impl Occurrence {
    /// The insight `insight` with the further items that its view compares. `None` if it is not an insight.
    pub fn new(insight: Stored, items: &[&Stored]) -> Option<Self> {
        let kind = kind_of(&insight).filter(|kind| kind.is_insight())?;
        let started_at = began(&insight)?;
        let keys = (view::of(kind.source)?.correlation)(&insight, items);
        Some(Self { insight, started_at, keys })
    }

    /// When it began, or the failure that it is a period of.
    pub fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// When it ended; `None` while it is open.
    pub fn ended_at(&self) -> Option<Timestamp> {
        self.insight.timestamp("ended_at")
    }

    /// A sort key: by start, then by key, so that the order is unique.
    pub(super) fn order(&self) -> (Timestamp, &str) {
        (self.started_at, root(&self.insight))
    }

    pub(super) fn is_at_same_place(&self, other: &Self) -> bool {
        ["account_id", "region"].into_iter().all(|name| self.insight.text(name) == other.insight.text(name))
    }

    /// What the two have in common, if anything.
    pub fn in_common(&self, other: &Self) -> Option<CorrelationReason> {
        let (own, others) = (&self.keys, &other.keys);
        let service = |name: &str| Some(CorrelationReason::Service(name.to_owned()));
        if !own.about.is_empty() && own.about == others.about {
            return service(&own.about);
        }
        if own.services.contains(&others.about) {
            return service(&others.about);
        }
        if others.services.contains(&own.about) {
            return service(&own.about);
        }
        own.callers
            .intersection(&others.callers)
            .next()
            .map(|caller| CorrelationReason::Caller(caller.clone()))
    }
}
