//! Writes insights, each after the event of its answer. If an answer is already stored, neither is written.

use crate::normalize::insight_event;
use insights_shared::completeness::Completeness;
use insights_shared::issue::Stage;
use insights_shared::key::Key;
use insights_shared::record::{Record, Stored};
use insights_shared::report::Outcome;
use insights_shared::store::read::Projection;
use insights_shared::target_run::{ExistenceHint, TargetRun};
use insights_shared::validate::{ValidRecord, validate};

/// The operation that returns insights in full.
pub(crate) const OPERATION: &str = "DescribeInsight";

/// An insight to write.
struct Pending {
    /// Its index among all insights.
    place: usize,
    insight: Record,
    /// Whether the table has an earlier answer.
    is_stored: bool,
}

/// Stores insights and their events, and returns whether each is complete, in their order.
pub(crate) async fn store(run: &TargetRun, insights: Vec<Record>) -> Vec<Completeness> {
    let mut results = vec![Completeness::Complete; insights.len()];
    let keys: Vec<Key> = insights.iter().map(|insight| insight.key.clone()).collect();
    let found = run.store.read(&keys, Projection::Version).await;
    let (mut pending, mut events) = (Vec::new(), Vec::new());
    for (place, insight) in insights.into_iter().enumerate() {
        let Some(result) = results.get_mut(place) else { continue };
        if let Some(error) = found.failed.get(&insight.key) {
            run.report.count(Outcome::Failed);
            *result = run.report.call_failed(Stage::Write, &insight.key.pk, error);
            continue;
        }
        let stored = found.items.get(&insight.key);
        match validate(insight.clone(), run.store.retention_days()) {
            Err(rejected) => *result = run.reject(OPERATION, &rejected).await,
            Ok(valid) if stored.is_some_and(|stored| is_same(&valid, stored)) => {
                run.report.count(Outcome::Unchanged);
            }
            Ok(valid) => {
                let is_newer = stored.is_none_or(|stored| replaces(&valid, stored));
                // An answer older than the stored one counts as stale and has no event.
                events.extend(is_newer.then(|| (pending.len(), insight_event(&insight))));
                pending.push(Pending { place, insight, is_stored: stored.is_some() });
            }
        }
    }
    let failed_events = store_events(run, events).await;
    let (mut new, mut changed) = (Vec::new(), Vec::new());
    for (number, Pending { place, insight, is_stored }) in pending.into_iter().enumerate() {
        if failed_events.contains(&number) {
            // Otherwise the next run would find the answer stored, and its event would never be written.
            run.report.count(Outcome::Failed);
            if let Some(result) = results.get_mut(place) {
                *result = Completeness::Incomplete;
            }
            continue;
        }
        let list = if is_stored { &mut changed } else { &mut new };
        list.push((place, insight));
    }
    for (list, hint) in [(new, ExistenceHint::Absent), (changed, ExistenceHint::Unknown)] {
        let (places, records): (Vec<usize>, Vec<_>) =
            list.into_iter().map(|(place, insight)| (place, (OPERATION, insight))).unzip();
        let written = run.store_each(records, hint).await;
        for (place, completeness) in places.into_iter().zip(written.records) {
            if let Some(result) = results.get_mut(place) {
                *result = completeness;
            }
        }
    }
    results
}

/// Stores events, and returns the indexes of those that could not be stored.
async fn store_events(run: &TargetRun, events: Vec<(usize, Record)>) -> Vec<usize> {
    let (numbers, records): (Vec<usize>, Vec<_>) =
        events.into_iter().map(|(number, event)| (number, (OPERATION, event))).unzip();
    // The event of a new answer is new, unless a run was killed before it stored the insight.
    let hint = if run.store.is_dry_run() { ExistenceHint::Unknown } else { ExistenceHint::Absent };
    let written = run.store_each(records, hint).await;
    let numbers = numbers.into_iter().zip(written.records);
    numbers.filter(|(_, completeness)| !completeness.is_complete()).map(|(number, _)| number).collect()
}

/// Whether the stored insight comes from the same answer, apart from its time.
fn is_same(insight: &ValidRecord, stored: &Stored) -> bool {
    stored.content_hash() == Some(insight.content_hash())
}

/// Whether the insight replaces the stored one.
fn replaces(insight: &ValidRecord, stored: &Stored) -> bool {
    !stored.is_newer_schema() && insight.kind().version.replaces(insight, stored, None)
}
