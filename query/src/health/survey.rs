//! All targets with their condition: those with a `state`, the other sources in the same accounts and regions, and the
//! targets of open insights without a completed scheduled run. `condition` classifies a state.

use super::condition::{Classification, Condition, classify, is_run_of};
use crate::error::Error;
use crate::format::{length, service};
use crate::reader::Reader;
use crate::rejected::Rejected;
use crate::span::Span;
use crate::targets::Place;
use insights_shared::record::{Source, Stored};
use insights_shared::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The number of runs that are read to find the one that wrote the state. Pushes and backfills may have run since.
const LAST_RUNS: usize = 10;

/// A target with its condition.
#[derive(Clone, Debug)]
pub struct Target {
    /// The account and region.
    pub place: Place,
    /// The source.
    pub source: Source,
    /// Its `state`; `None` if no scheduled run has ended.
    pub state: Option<Stored>,
    /// The condition, with its reasons.
    pub classification: Classification,
    /// The rejected answers, if requested.
    pub rejected: Rejected,
}

/// All targets, by account, region and source. A target is stale if its last run is older than `stale_after` seconds; the
/// default depends on the source and on the interval of the target's runs.
pub async fn survey(reader: &Reader, stale_after: Option<i64>) -> Result<Vec<Target>, Error> {
    let mut states: BTreeMap<Source, BTreeMap<Place, Stored>> = BTreeMap::new();
    for source in insights_sources::all() {
        states.insert(source, reader.states(source).await?);
    }
    let mut places: BTreeSet<Place> = states.values().flat_map(|states| states.keys().cloned()).collect();
    // Backfills and pushes write no state. Open insights show the accounts and regions in which they ran.
    let ever = Span { since: Timestamp::MIN, until: reader.now() };
    let open = reader.open_among(&insights_sources::insight_kinds().collect::<Vec<_>>(), ever).await?;
    places.extend(open.iter().filter_map(Place::of));
    let mut targets = Vec::new();
    for place in places {
        for source in insights_sources::all() {
            let state = states.get_mut(&source).and_then(|states| states.remove(&place));
            let classification = classified(reader, source, &place, state.as_ref(), stale_after).await?;
            targets.push(Target {
                place: place.clone(),
                source,
                state,
                classification,
                rejected: Rejected::default(),
            });
        }
    }
    Ok(targets)
}

/// The condition of a target by its state and, if data is missing, by its last run.
async fn classified(
    reader: &Reader,
    source: Source,
    place: &Place,
    state: Option<&Stored>,
    stale_after: Option<i64>,
) -> Result<Classification, Error> {
    let classify = |run: Option<&Stored>| classify(state, run, source, reader.now(), stale_after);
    let classification = classify(None);
    if !classification.condition.wants_its_run() {
        return Ok(classification);
    }
    let runs = reader.last_runs(source, place, LAST_RUNS).await?;
    let run = runs.iter().find(|run| is_run_of(run, state)).or(runs.first());
    let mut classification = classify(run);
    classification.add_run(run);
    Ok(classification)
}

/// The condition of a target with a state, as in [`survey`].
pub async fn condition_of(
    reader: &Reader,
    source: Source,
    place: &Place,
    state: &Stored,
) -> Result<Condition, Error> {
    let condition = classify(Some(state), None, source, reader.now(), None).condition;
    // Only the reason of a failed run can change the condition.
    if condition != Condition::Failed {
        return Ok(condition);
    }
    Ok(classified(reader, source, place, Some(state), None).await?.condition)
}

/// Counts the rejected answers of each of `targets`, with one query for each.
pub async fn count_rejected(reader: &Reader, targets: &mut [Target]) -> Result<(), Error> {
    let wanted = targets.iter().map(|target| (target.source, target.place.clone())).collect();
    for (target, rejected) in targets.iter_mut().zip(reader.rejected(wanted).await?) {
        target.rejected = rejected;
    }
    Ok(())
}

/// The condition of a target and its last success, as a part of a sentence.
pub fn described(
    source: Source,
    place: &Place,
    condition: Condition,
    last_success_at: Option<Timestamp>,
    now: Timestamp,
) -> String {
    let age = last_success_at.map(|at| length(now.millis_since(at)));
    let age = age.map_or_else(|| "never succeeded".to_owned(), |age| format!("last succeeded {age} ago"));
    format!(
        "{} in {} {} is {} and {age}",
        service(source.as_str()),
        place.account_id,
        place.region,
        condition.in_words()
    )
}
