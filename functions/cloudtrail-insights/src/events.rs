//! Stores insight events: every page of a look-up, the halves of each insight joined with what is stored.

use crate::event::{Half, InsightEvent, Side, read_looked_up};
use crate::fetch::{EventSource, Fetch};
use crate::merge::{Halves, insight_key};
use crate::redact::Redact;
use futures_util::stream::{self, StreamExt};
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
use insights_shared::target_run::{Known, TargetRun};
use insights_shared::time::Timestamp;
use insights_shared::validate::{Rejected, ValidRecord, validate};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// How often an insight is joined again when other runs write it at the same time.
const MAX_TRIES: u32 = 8;

/// The most events of one look-up.
const MOST_EVENTS: usize = 100_000;

/// What events said that named a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Naming {
    /// The newest event's time.
    pub time: Timestamp,
    /// Whether any of them was looked up. A push may leave open, or have wrong, what an event is about: only what was asked
    /// shows it.
    pub is_confirmed: bool,
}

/// The events of one run.
#[derive(Debug)]
pub struct Events<'a> {
    run: &'a TargetRun,
    redact: &'a Redact,
    /// What became of each insight so far: its halves may come on different pages, and it is counted once.
    outcomes: Mutex<HashMap<String, Outcome>>,
    named: Mutex<BTreeMap<SeriesKey, Naming>>,
    misnamed: Mutex<BTreeMap<SeriesKey, BTreeSet<Timestamp>>>,
    any: AtomicBool,
}

impl<'a> Events<'a> {
    /// No events yet. What comes is kept as `redact` has it.
    pub fn new(run: &'a TargetRun, redact: &'a Redact) -> Self {
        let (outcomes, named, misnamed) = Default::default();
        Self { run, redact, outcomes, named, misnamed, any: AtomicBool::new(false) }
    }

    /// Whether any event came, be it one that had to be rejected.
    pub fn any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// The series that events named since this was asked last.
    pub fn take_named(&self) -> BTreeMap<SeriesKey, Naming> {
        std::mem::take(&mut *self.named.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The series that events seem to name, but do not, as the trail shows that was asked: each with the events' times.
    pub fn take_misnamed(&self) -> BTreeMap<SeriesKey, BTreeSet<Timestamp>> {
        std::mem::take(&mut *self.misnamed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Fetches and stores every event within `window`. `Ok(false)`: all came, but not all could be stored.
    pub async fn collect(
        &self,
        fetch: &Fetch<'_>,
        source: EventSource<'_>,
        window: Window,
    ) -> Result<bool, CallError> {
        let operation = source.operation();
        let account_id = &self.run.target.account_id;
        let mut pages = Pages::new(operation).holding_at_most(MOST_EVENTS);
        let mut complete = true;
        while let Some(token) = pages.next() {
            let asked_at = self.run.clock_now();
            let (events, next) = fetch.events(source, window, token).await?;
            self.run.report.answered();
            // What became of each insight is noted until the run ends.
            let turned = pages.turn(next.as_deref()).and_then(|()| pages.hold(events.len()));
            let read = events.iter().map(|event| {
                let mut event = read_looked_up(event, account_id)?;
                if let EventSource::Trail(arn) = source {
                    event.half.came_from(arn);
                }
                Ok(event)
            });
            let read = read.collect();
            complete &= self.store(operation, read, asked_at).await;
            turned?;
        }
        Ok(complete)
    }

    /// Stores events that were read. `true` if each is stored, or rejected for good.
    pub async fn store(
        &self,
        operation: &'static str,
        events: Vec<Result<InsightEvent, Box<Rejected>>>,
        answered_at: Timestamp,
    ) -> bool {
        let run = self.run;
        let mut complete = true;
        let mut insights: BTreeMap<String, Vec<(Side, Half)>> = BTreeMap::new();
        let mut silent: Vec<(String, SeriesKey, Naming)> = Vec::new();
        for event in events {
            self.any.store(true, Ordering::Relaxed);
            let event = self.redact.event(event);
            if let Ok(InsightEvent { shared_event_id, half, .. }) = &event {
                let naming = Naming { time: half.time, is_confirmed: half.is_looked_up() };
                let series = half.series();
                if naming.is_confirmed && series.trail.is_some() {
                    // By itself, or where it was silent when it was pushed, it may have seemed to be of another series.
                    let mut misnamed = self.misnamed.lock().unwrap_or_else(PoisonError::into_inner);
                    for seeming in [half.series_by_itself(), SeriesKey { trail: None, ..series.clone() }] {
                        if seeming != series {
                            misnamed.entry(seeming).or_default().insert(half.time);
                        }
                    }
                }
                if half.is_silent() {
                    silent.push((shared_event_id.clone(), series, naming));
                } else {
                    note(&self.named, series, naming);
                }
            }
            match event.and_then(|event| self.sound(event, answered_at)) {
                Ok(InsightEvent { shared_event_id, side, half }) => {
                    insights.entry(shared_event_id).or_default().push((side, half));
                }
                Err(rejected) => complete &= run.reject(operation, &rejected).await,
            }
        }
        // Of what nobody else has stored, this run may have stored one half.
        let may_be_stored = |id: &&String| run.known() == Known::Unknown || self.is_counted(id);
        let keys: Vec<Key> =
            insights.keys().filter(may_be_stored).map(|id| insight_key(&run.target, id)).collect();
        let mut found = run.store.read(&keys, Projection::Whole).await;
        for (id, series, naming) in silent {
            // What the event itself leaves open, the other half, or its own look-up, may have said.
            let stored = found.items.get(&insight_key(&run.target, &id)).map(Halves::from_stored);
            let trail = stored.and_then(|halves| halves.trail_of(&series));
            note(&self.named, SeriesKey { trail, ..series }, naming);
        }
        let merges: Vec<_> = insights
            .into_iter()
            .map(|(id, halves)| {
                let key = insight_key(&run.target, &id);
                let stored = match found.failed.remove(&key) {
                    Some(error) => Err(error),
                    None => Ok(found.items.remove(&key)),
                };
                Merge { key, id, halves, stored, operation, answered_at }
            })
            .collect();
        let merges = self.insert(merges).await;
        let outcomes =
            stream::iter(merges).map(|merge| self.merge(merge)).buffer_unordered(run.settings.concurrency);
        outcomes.fold(complete, |complete, stored| async move { complete && stored }).await
    }

    /// The event, if the table could hold it by itself: joined with another one, it would cost that one too.
    fn sound(&self, event: InsightEvent, answered_at: Timestamp) -> Result<InsightEvent, Box<Rejected>> {
        let mut alone = Halves::default();
        alone.add(event.side, event.half.clone());
        let record = alone.into_record(&self.run.target, &event.shared_event_id, answered_at);
        validate(record, self.run.store.retention_days()).map(|_| event)
    }

    /// Stores the insights that nothing is known of, if they are many, and gives back what is left to be joined.
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

    /// What is known with the halves that came, and whether none of these is older than what was known.
    fn joined(&self, known: Option<&Stored>, merge: &Merge) -> (Halves, bool) {
        let mut joined = known.map(Halves::from_stored).unwrap_or_default();
        // What was stored before there was anything to replace must not come back with the other half.
        joined.redact(self.redact);
        let mut newest = true;
        for (side, half) in &merge.halves {
            newest &= joined.add(*side, half.clone());
        }
        (joined, newest)
    }

    async fn merge(&self, mut merge: Merge) -> bool {
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
                return true;
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
                return true;
            }
            match run.store.put(&record, Guard::Is(hash)).await {
                Written::Done(Outcome::Stale) => merge.stored = run.store.get(key).await,
                Written::Done(outcome) => {
                    self.count(id, outcome);
                    return true;
                }
                Written::Expired => return true,
                Written::Failed(error) => return self.failed(id, &error),
            }
        }
        self.failed(&merge.id, &CallError::contended("PutItem", "other runs kept changing the insight"))
    }

    fn failed(&self, id: &str, error: &CallError) -> bool {
        self.count(id, Outcome::Failed);
        self.run.report.call_failed(Stage::Write, id, error);
        false
    }

    /// Whether this run has stored something of the insight, or tried to.
    fn is_counted(&self, id: &str) -> bool {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner).contains_key(id)
    }

    /// Counts an insight once, under the most telling of what became of it.
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

/// Notes a series that an event names.
fn note(named: &Mutex<BTreeMap<SeriesKey, Naming>>, series: SeriesKey, naming: Naming) {
    let mut named = named.lock().unwrap_or_else(PoisonError::into_inner);
    let known = named.entry(series).or_insert(naming);
    known.time = known.time.max(naming.time);
    known.is_confirmed |= naming.is_confirmed;
}

/// One insight on its way into the table.
struct Merge {
    key: Key,
    id: String,
    halves: Vec<(Side, Half)>,
    stored: Result<Option<Stored>, CallError>,
    operation: &'static str,
    answered_at: Timestamp,
}
