//! Fetches and stores insight events: every page of a look-up. The Start and the End of an insight are joined with the stored
//! record.

use crate::event::{InsightEvent, Phase, PhaseEvent, read_looked_up, redacted};
use crate::fetch::{EventSource, Fetch};
use crate::merge::insight_key;
use crate::pair::EventPair;
use crate::redact::Redact;
use futures_util::stream::{self, StreamExt};
use insights_shared::completeness::Completeness;
use insights_shared::issue::{CallError, Stage};
use insights_shared::key::Key;
use insights_shared::log;
use insights_shared::page::Pages;
use insights_shared::payload::Window;
use insights_shared::record::Stored;
use insights_shared::report::Outcome;
use insights_shared::series::SeriesKey;
use insights_shared::store::read::Projection;
use insights_shared::store::write::{Guard, Written};
use insights_shared::target_run::{ExistenceHint, TargetRun};
use insights_shared::time::Timestamp;
use insights_shared::validate::{Rejected, ValidRecord, validate};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// The maximum number of attempts to write an insight that other runs write at the same time.
const MAX_TRIES: u32 = 8;

/// The maximum number of events of one look-up.
const MOST_EVENTS: usize = 100_000;

/// How events named a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Naming {
    /// The newest event's time.
    pub time: Timestamp,
    /// Whether a look-up returned any of these events. In a pushed event, the series may be missing or wrong. The look-up
    /// that returns the event shows the right one.
    pub is_confirmed: bool,
}

/// The result of a look-up.
#[derive(Debug)]
#[must_use = "a watermark must not move past missing data"]
pub struct Collected {
    /// Whether all events that were returned are stored, including as rejected.
    pub completeness: Completeness,
    /// Why the later pages are missing, if they are. The caller reports this error.
    pub error: Option<CallError>,
}

/// The events of one run.
#[derive(Debug)]
pub struct Events<'a> {
    run: &'a TargetRun,
    redact: &'a Redact,
    /// The outcome of each insight so far. Its two events may be on different pages, but it counts once.
    outcomes: Mutex<HashMap<String, Outcome>>,
    named: Mutex<BTreeMap<SeriesKey, Naming>>,
    misnamed: Mutex<BTreeMap<SeriesKey, BTreeSet<Timestamp>>>,
    any: AtomicBool,
}

impl<'a> Events<'a> {
    /// Creates an empty set of events. `redact` is applied to every event.
    pub fn new(run: &'a TargetRun, redact: &'a Redact) -> Self {
        let (outcomes, named, misnamed) = Default::default();
        Self { run, redact, outcomes, named, misnamed, any: AtomicBool::new(false) }
    }

    /// Whether any event was returned, including rejected ones.
    pub fn any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// The series that events named since the last call.
    pub fn take_named(&self) -> BTreeMap<SeriesKey, Naming> {
        std::mem::take(&mut *self.named.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The series that events seemed to name, although the look-up that returned the events shows another one. Each has the
    /// times of the events.
    pub fn take_misnamed(&self) -> BTreeMap<SeriesKey, BTreeSet<Timestamp>> {
        std::mem::take(&mut *self.misnamed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Fetches and stores every event within `window`.
    pub async fn collect(&self, fetch: &Fetch<'_>, source: EventSource<'_>, window: Window) -> Collected {
        let mut completeness = Completeness::Complete;
        let error = self.collect_pages(fetch, source, window, &mut completeness).await.err();
        Collected { completeness, error }
    }

    async fn collect_pages(
        &self,
        fetch: &Fetch<'_>,
        source: EventSource<'_>,
        window: Window,
        completeness: &mut Completeness,
    ) -> Result<(), CallError> {
        let operation = source.operation();
        let account_id = &self.run.target.account_id;
        let mut pages = Pages::new(operation).holding_at_most(MOST_EVENTS);
        while let Some(token) = pages.next() {
            let asked_at = self.run.clock_now();
            let (events, next) = fetch.events(source, window, token).await?;
            self.run.report.answered();
            // The outcome of each insight is kept until the run ends.
            let turned = pages.turn(next.as_deref()).and_then(|()| pages.hold(events.len()));
            let read = events.iter().map(|event| {
                let mut event = read_looked_up(event, account_id)?;
                if let EventSource::Trail(arn) = source {
                    event.event.came_from(arn);
                }
                Ok(event)
            });
            let read = read.collect();
            *completeness &= self.store(operation, read, asked_at).await;
            turned?;
        }
        Ok(())
    }

    /// Stores events that were read. The result is complete if each is stored, including as rejected.
    pub async fn store(
        &self,
        operation: &'static str,
        events: Vec<Result<InsightEvent, Box<Rejected>>>,
        answered_at: Timestamp,
    ) -> Completeness {
        let run = self.run;
        let mut completeness = Completeness::Complete;
        let mut insights: BTreeMap<String, Vec<(Phase, PhaseEvent)>> = BTreeMap::new();
        let mut uncategorized: Vec<(String, SeriesKey, Naming)> = Vec::new();
        for event in events {
            self.any.store(true, Ordering::Relaxed);
            let event = redacted(event, self.redact);
            if let Ok(InsightEvent { shared_event_id, event, .. }) = &event {
                let naming = Naming { time: event.time, is_confirmed: event.is_looked_up() };
                let series = event.series();
                if naming.is_confirmed && series.trail.is_some() {
                    // Without the look-up, or in a push without a category, the event may have seemed to belong to another
                    // series.
                    let mut misnamed = self.misnamed.lock().unwrap_or_else(PoisonError::into_inner);
                    for seeming in [event.series_by_itself(), SeriesKey { trail: None, ..series.clone() }] {
                        if seeming != series {
                            misnamed.entry(seeming).or_default().insert(event.time);
                        }
                    }
                }
                if event.has_unknown_category() {
                    uncategorized.push((shared_event_id.clone(), series, naming));
                } else {
                    note(&self.named, series, naming);
                }
            }
            match event.and_then(|event| self.checked(event, answered_at)) {
                Ok(InsightEvent { shared_event_id, phase, event }) => {
                    insights.entry(shared_event_id).or_default().push((phase, event));
                }
                Err(rejected) => completeness &= run.reject(operation, &rejected).await,
            }
        }
        // Even in a first run, this run may have stored the other event of an insight, so the store must read first. Only
        // chunks are written without reading. They are written later, so no unexpected item was found so far.
        let hint = run.hint(false);
        let may_be_stored = |id: &&String| hint == ExistenceHint::Unknown || self.is_counted(id);
        let keys: Vec<Key> =
            insights.keys().filter(may_be_stored).map(|id| insight_key(&run.target, id)).collect();
        let mut found = run.store.read(&keys, Projection::Whole).await;
        for (id, series, naming) in uncategorized {
            // The other event, or the event's own look-up, may contain the category that the event itself lacks.
            let stored = found.items.get(&insight_key(&run.target, &id)).map(EventPair::from_stored);
            let trail = stored.and_then(|events| events.trail_of(&series));
            note(&self.named, SeriesKey { trail, ..series }, naming);
        }
        let merges: Vec<_> = insights
            .into_iter()
            .map(|(id, events)| {
                let key = insight_key(&run.target, &id);
                let stored = match found.failed.remove(&key) {
                    Some(error) => Err(error),
                    None => Ok(found.items.remove(&key)),
                };
                Merge { key, id, events, stored, operation, answered_at }
            })
            .collect();
        let merges = self.insert(merges).await;
        let outcomes =
            stream::iter(merges).map(|merge| self.merge(merge)).buffer_unordered(run.settings.concurrency);
        outcomes
            .fold(completeness, async |mut all, one| {
                all &= one;
                all
            })
            .await
    }

    /// The event, if it is valid on its own. If it were joined, it would cause the rejection of the other event too.
    fn checked(&self, event: InsightEvent, answered_at: Timestamp) -> Result<InsightEvent, Box<Rejected>> {
        let mut alone = EventPair::default();
        alone.add(event.phase, event.event.clone());
        let record = alone.into_record(&self.run.target, &event.shared_event_id, answered_at);
        validate(record, self.run.store.retention_days()).map(|_| event)
    }

    /// Inserts the insights of which nothing is stored, if there are several, and returns those that must be joined.
    async fn insert(&self, merges: Vec<Merge>) -> Vec<Merge> {
        let run = self.run;
        let now = run.clock_now();
        let new: Vec<Option<ValidRecord>> = merges
            .iter()
            .map(|merge| {
                let is_new = matches!(merge.stored, Ok(None));
                let record = is_new.then(|| {
                    self.joined(None, merge).0.into_record(&run.target, &merge.id, merge.answered_at)
                });
                let record = validate(record?, run.store.retention_days()).ok()?;
                (!record.is_expired(now)).then_some(record)
            })
            .collect();
        let inserted = run.store.insert(&new.iter().flatten().collect::<Vec<_>>()).await;
        let mut inserted = inserted.into_iter();
        let mut left = Vec::new();
        for (merge, record) in merges.into_iter().zip(new) {
            if record.is_some() && inserted.next() == Some(true) {
                self.count(&merge.id, Outcome::Written);
            } else {
                left.push(merge);
            }
        }
        left
    }

    /// The stored events joined with the new ones, and whether none of the new ones is older than its stored version.
    fn joined(&self, known: Option<&Stored>, merge: &Merge) -> (EventPair, bool) {
        let mut joined = known.map(EventPair::from_stored).unwrap_or_default();
        // Data that was stored before `REDACT` was set must not be written again with the other event.
        joined.redact(self.redact);
        let mut newest = true;
        for (phase, event) in &merge.events {
            newest &= joined.add(*phase, event.clone());
        }
        (joined, newest)
    }

    async fn merge(&self, mut merge: Merge) -> Completeness {
        let run = self.run;
        for _ in 0..MAX_TRIES {
            let known = match std::mem::replace(&mut merge.stored, Ok(None)) {
                Ok(known) => known,
                Err(error) => return self.failed(&merge.id, &error),
            };
            let (joined, newest) = self.joined(known.as_ref(), &merge);
            let Merge { key, id, operation, answered_at, .. } = &merge;
            if known.as_ref().is_some_and(Stored::is_newer_schema) {
                log::newer_schema(&key.pk, &key.sk);
                self.count(id, Outcome::Stale);
                return Completeness::Complete;
            }
            let record =
                match validate(joined.into_record(&run.target, id, *answered_at), run.store.retention_days())
                {
                    Ok(record) => record,
                    Err(rejected) => return run.reject(operation, &rejected).await,
                };
            let hash = known.as_ref().and_then(Stored::content_hash);
            if hash == Some(record.content_hash()) {
                self.count(id, if newest { Outcome::Unchanged } else { Outcome::Stale });
                return Completeness::Complete;
            }
            match run.store.put(&record, Guard::Is(hash)).await {
                Written::Done(Outcome::Stale) => merge.stored = run.store.get(key).await,
                Written::Done(outcome) => {
                    self.count(id, outcome);
                    return Completeness::Complete;
                }
                Written::Expired => return Completeness::Complete,
                Written::Failed(error) => return self.failed(id, &error),
            }
        }
        self.failed(&merge.id, &CallError::contended("PutItem", "other runs kept changing the insight"))
    }

    fn failed(&self, id: &str, error: &CallError) -> Completeness {
        self.count(id, Outcome::Failed);
        self.run.report.call_failed(Stage::Write, id, error)
    }

    /// Whether this run stored an event of the insight, or tried to.
    fn is_counted(&self, id: &str) -> bool {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner).contains_key(id)
    }

    /// Counts an insight once, under the outcome of the highest rank.
    fn count(&self, id: &str, outcome: Outcome) {
        let rank = |outcome: Outcome| match outcome {
            Outcome::Failed => 4,
            Outcome::Written => 3,
            Outcome::Rejected => 2,
            Outcome::Stale => 1,
            Outcome::Unchanged => 0,
        };
        let mut outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        match outcomes.get(id).copied() {
            None => {
                self.run.report.count(outcome);
                outcomes.insert(id.to_owned(), outcome);
            }
            Some(before) if rank(outcome) > rank(before) => {
                self.run.report.recount(before, outcome);
                outcomes.insert(id.to_owned(), outcome);
            }
            Some(_) => {}
        }
    }
}

/// Records a series that an event names.
fn note(named: &Mutex<BTreeMap<SeriesKey, Naming>>, series: SeriesKey, naming: Naming) {
    let mut named = named.lock().unwrap_or_else(PoisonError::into_inner);
    let known = named.entry(series).or_insert(naming);
    known.time = known.time.max(naming.time);
    known.is_confirmed |= naming.is_confirmed;
}

/// An insight to be stored.
struct Merge {
    key: Key,
    id: String,
    events: Vec<(Phase, PhaseEvent)>,
    stored: Result<Option<Stored>, CallError>,
    operation: &'static str,
    answered_at: Timestamp,
}
