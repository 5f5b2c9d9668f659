//! Every target there is, and how it is: those with a `state`, the sources that have none in the same place, and places of
//! which open insights are stored though no scheduled run has ended there. What a state means is `condition`'s.

use super::condition::{Judged, judge};
use crate::exit::Failure;
use crate::read::Reader;
use crate::read::rejected::Rejected;
use crate::read::span::Span;
use crate::read::targets::Place;
use insights_shared::record::{Kind, Source, Stored};
use insights_shared::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// One target: what is known of it, and what that means.
pub struct Target {
    /// The account and region.
    pub place: Place,
    /// The source.
    pub source: Source,
    /// Its `state`, if a scheduled run has ever ended.
    pub state: Option<Stored>,
    /// How it is.
    pub judged: Judged,
    /// What of it broke a rule.
    pub rejected: Rejected,
}

/// All of them, by place and source. A last run older than `stale_after` (seconds), else than the source's own, is stale.
pub async fn survey(reader: &Reader, stale_after: Option<i64>) -> Result<Vec<Target>, Failure> {
    let mut states: BTreeMap<Source, BTreeMap<Place, Stored>> = BTreeMap::new();
    for source in Source::ALL {
        states.insert(source, reader.states(source).await?);
    }
    let mut places: BTreeSet<Place> = states.values().flat_map(|states| states.keys().cloned()).collect();
    // A window or a push writes no state. What they leave open tells where they were.
    let ever = Span { since: Timestamp::MIN, until: reader.now() };
    let open = reader.open_among(&[Kind::XrayInsight, Kind::CloudtrailInsight], ever).await?;
    places.extend(open.iter().filter_map(Place::of));
    let mut targets = Vec::new();
    for place in places {
        for source in Source::ALL {
            let state = states.get_mut(&source).and_then(|states| states.remove(&place));
            let mut judged = judge(state.as_ref(), source, reader.now(), stale_after);
            if judged.condition.wants_its_run() {
                let run = reader.last_runs(source, &place, 1).await?.pop();
                judged.learn(run.as_ref(), source);
            }
            judged.command = judged.command.map(|command| command.at(reader.location()));
            targets.push(Target {
                place: place.clone(),
                source,
                state,
                judged,
                rejected: Rejected::default(),
            });
        }
    }
    Ok(targets)
}

/// Counts what was rejected of each of `targets`: a question more for each, so only for those who show it.
pub async fn count_rejected(reader: &Reader, targets: &mut [Target]) -> Result<(), Failure> {
    let wanted = targets.iter().map(|target| (target.source, target.place.clone())).collect();
    for (target, rejected) in targets.iter_mut().zip(reader.rejected(wanted).await?) {
        target.rejected = rejected;
    }
    Ok(())
}
