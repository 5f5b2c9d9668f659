//! The story of a run: the trails, the insight events piece by piece, the series that they name, and what has waited for
//! its end too long.

use crate::catalog::Catalog;
use crate::config::CloudtrailInsights;
use crate::event;
use crate::events::Events;
use crate::fetch::{EventSource, Fetch};
use crate::merge;
use crate::redact::Redact;
use crate::rows::Rows;
use crate::trails::{self, Trails};
use crate::window::{REACH_DAYS, pieces, pieces_or_one};
use futures_util::stream::{self, StreamExt};
use insights_shared::aws::SdkConfig;
use insights_shared::collector::{Collector, Finish};
use insights_shared::environment::Environment;
use insights_shared::fields::Faults;
use insights_shared::issue::{CallError, Stage, WINDOW_UNAVAILABLE};
use insights_shared::key::Key;
use insights_shared::payload::{Push, Window};
use insights_shared::record::{Source, Stored};
use insights_shared::target_run::{TargetRun, Work};
use insights_shared::time::{DAY_SECONDS, Timestamp};
use insights_sources::cloudtrail;
use std::collections::BTreeSet;

/// CloudTrail answers for the last 90 days by its own clock; a little less is asked for, since ours may be behind.
const REACH_MARGIN_SECONDS: i64 = 300;
/// What a pushed event is called in issues, where there was no call.
const PUSH: &str = "AWS Insight via CloudTrail";

impl Collector for CloudtrailInsights {
    const SOURCE: Source = cloudtrail::SOURCE;

    fn read(environment: &Environment, faults: &mut Faults) -> Self {
        Self::read(environment, faults)
    }

    fn prepare(sdk: &SdkConfig) {
        let _ = aws_sdk_cloudtrail::Client::new(sdk);
    }

    async fn collect(&self, run: &TargetRun) -> Finish {
        let reach = run.now.plus_seconds(-REACH_DAYS * DAY_SECONDS + REACH_MARGIN_SECONDS);
        let lookback = run.now.plus_seconds(-run.settings.lookback_days * DAY_SECONDS);
        let fetch = Fetch::new(run);
        let catalog = Catalog::new(&run.store, &run.target);
        let rows = match (catalog.series().await, catalog.trails().await) {
            (Ok(series), Ok(trails)) => Rows::new(run, catalog, self, lookback, series, trails),
            (Err(error), _) | (_, Err(error)) => {
                run.report.call_failed(Stage::Write, "catalog", &error);
                return Finish::default();
            }
        };
        let events = Events::new(run, &self.redact);
        let mut story =
            Story { fetch, run, redact: &self.redact, events, rows, reach, lookback, is_repaired: true };
        match &run.work {
            Work::Push(push) => story.push(push).await,
            Work::Window(window) => story.backfill(*window).await,
            Work::Scheduled => story.scheduled(self.period).await,
        }
    }
}

struct Story<'a> {
    fetch: Fetch<'a>,
    run: &'a TargetRun,
    redact: &'a Redact,
    events: Events<'a>,
    rows: Rows<'a>,
    reach: Timestamp,
    lookback: Timestamp,
    /// Whether no row is left of which something is in the future. Until then the watermark stays.
    is_repaired: bool,
}

impl Story<'_> {
    async fn scheduled(&mut self, period: i64) -> Finish {
        let run = self.run;
        let watermark = run.watermark();
        // Late events come behind the watermark; the first run has none.
        let overlap = run.settings.overlap_minutes * 60;
        let begin = watermark.unwrap_or(self.lookback);
        let start = watermark.map_or(begin, |watermark| watermark.plus_seconds(-overlap)).max(self.reach);
        // The watermark may be a little ahead, by the clock of another machine.
        let start = start.min(run.now);
        self.is_repaired = self.rows.repair().await;
        let resting = self.rows.resting_trails();
        let trails = trails::discover(&self.fetch, run, &resting).await;
        let complete = match self.account_events(start, begin.max(self.reach)).await {
            Ok(complete) => complete,
            Err(error) => {
                run.report.call_failed(Stage::Fetch, "insight events", &error);
                false
            }
        };
        let mut complete = complete && self.is_repaired;
        complete &= self.rows.settle_trails(&trails).await;
        complete &= self.rows.collect_trails(&self.fetch, &self.events, &trails, &resting, self.reach).await;
        complete &= self.rows.adopt_configured().await;
        complete &= self.rows.retire().await;
        complete &= self.rows.collect_series(&self.fetch).await;
        self.close_overdue().await;
        self.note_whether_enabled(&trails);
        // The bucket that has not ended is not stored, so that everything before its begin is what is.
        let reached = run.limit().floor(period);
        let window = Some(Window { start, end: run.now });
        Finish { watermark: complete.then_some(reached), window, ..Finish::default() }
    }

    /// The events of the account's management calls, piece by piece, the watermark moving after each. `false`: something
    /// could not be stored, so that the watermark must not move further.
    async fn account_events(&mut self, start: Timestamp, begin: Timestamp) -> Result<bool, CallError> {
        let run = self.run;
        let pieces = pieces_or_one(begin, run.now);
        let last = pieces.len().saturating_sub(1);
        for (index, (from, until)) in pieces.into_iter().enumerate() {
            let window = Window { start: if index == 0 { start } else { from }, end: until };
            let stored = self.events.collect(&self.fetch, EventSource::Account, window).await;
            // What the pages before a failure named is not forgotten.
            let named = self.rows.adopt(self.events.take_named()).await;
            if !stored? || !named {
                return Ok(false);
            }
            if index < last && self.is_repaired {
                // Every part that the watermark would outrun is marked as behind before it moves.
                if !self.rows.mark_behind().await {
                    return Ok(false);
                }
                let until = until.min(run.limit());
                let (target, future) = (&run.target, run.future());
                let moved = run.store.move_watermark(cloudtrail::SOURCE, target, until, future).await;
                if let Err(error) = moved {
                    run.report.call_failed(Stage::Write, "state", &error);
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// The source is not in use without a trail that has insights and without insight events.
    fn note_whether_enabled(&self, trails: &Trails) {
        if trails.is_complete && !trails.any_insights && !self.events.any() && !self.rows.any_live() {
            self.run.report.not_enabled();
        }
    }

    async fn backfill(&mut self, asked: Window) -> Finish {
        let run = self.run;
        let mut start = asked.start;
        if asked.start < self.reach {
            let message =
                format!("CloudTrail keeps {REACH_DAYS} days: nothing is known before {}", self.reach);
            let subject = format!("{} to {}", asked.start, asked.end.min(self.reach));
            run.report.answered();
            run.report.issue(Stage::Fetch, "LookupEvents", &subject, WINDOW_UNAVAILABLE, false, &message);
            start = self.reach;
        }
        let trails = trails::discover(&self.fetch, run, &BTreeSet::new()).await;
        let mut unbroken = self.past_events(&trails, (start, asked.end)).await;
        let mut come = start.min(asked.end);
        for (from, until) in pieces(start, asked.end) {
            if run.is_over() {
                run.report.not_reached(1);
                break;
            }
            let before = run.report.gaps();
            let stored = self.rows.backfill_series(&self.fetch, start, (from, until)).await;
            unbroken &= stored && run.report.gaps() == before;
            if unbroken {
                come = until.min(run.limit());
            }
        }
        self.note_whether_enabled(&trails);
        Finish { window: Some(Window { start: asked.start, end: come }), ..Finish::default() }
    }

    /// Stores the events of a past span and takes in the series that they name. `false` if any may be missing.
    ///
    /// All of them come before the first series: what a late event names has points in all of the span, so that until then
    /// there is no instant before which everything is stored.
    async fn past_events(&mut self, trails: &Trails, (start, end): (Timestamp, Timestamp)) -> bool {
        let run = self.run;
        let before = run.report.gaps();
        let mut complete = trails.is_complete;
        for (arn, rejection) in &trails.rejected {
            complete &= self.rows.reject_trail(arn, rejection).await;
        }
        // Each is asked once.
        let mut rejected: BTreeSet<&str> = BTreeSet::new();
        for (from, until) in pieces(start, end) {
            if run.is_over() {
                return false;
            }
            let window = Window { start: from, end: until };
            let arns = trails.data.iter().map(String::as_str);
            let arns: Vec<&str> = arns.filter(|arn| !rejected.contains(arn)).collect();
            let sources = arns.into_iter().map(EventSource::Trail);
            for source in std::iter::once(EventSource::Account).chain(sources) {
                let asked_at = run.clock_now();
                let collected = self.events.collect(&self.fetch, source, window).await;
                match (source, collected) {
                    (EventSource::Account, Ok(_)) => {}
                    (EventSource::Account, Err(error)) => {
                        run.report.call_failed(Stage::Fetch, source.operation(), &error);
                    }
                    (EventSource::Trail(arn), Ok(_)) => {
                        complete &= self.rows.answer_trail(arn, asked_at).await;
                    }
                    (EventSource::Trail(arn), Err(error)) => {
                        let rejection = self.rows.trail_failed(&self.fetch, arn, &error, asked_at).await;
                        if let Some(rejection) = rejection {
                            rejected.insert(arn);
                            complete &= self.rows.reject_trail(arn, &rejection).await;
                        }
                    }
                }
            }
            complete &= self.rows.adopt(self.events.take_named()).await;
            complete &= self.rows.retract(self.events.take_misnamed()).await;
        }
        complete && run.report.gaps() == before
    }

    async fn push(&mut self, push: &Push) -> Finish {
        let run = self.run;
        run.report.answered();
        let event = event::read(&push.raw, &run.target.account_id);
        self.events.store(PUSH, vec![event], run.now).await;
        self.rows.adopt(self.events.take_named()).await;
        Finish::default()
    }

    /// Closes the starts whose end can no longer come.
    async fn close_overdue(&self) {
        let run = self.run;
        let open =
            run.store.open_insights(cloudtrail::SOURCE, &run.target.account_id, &run.target.region).await;
        let open = match open {
            Ok(open) => open,
            Err(error) => return run.report.call_failed(Stage::Write, "open", &error),
        };
        let overdue: Vec<Key> = open
            .iter()
            .filter(|stored| merge::is_overdue(stored, run.now))
            .filter_map(|stored| Some(Key::new(stored.text("pk")?, stored.text("sk")?)))
            .collect();
        stream::iter(overdue)
            .map(|key| async move {
                match run.store.get(&key).await {
                    Ok(Some(stored)) => self.close(&stored).await,
                    Ok(None) => {}
                    Err(error) => run.report.call_failed(Stage::Write, &key.pk, &error),
                }
            })
            .buffer_unordered(run.settings.concurrency)
            .collect::<Vec<()>>()
            .await;
    }

    async fn close(&self, stored: &Stored) {
        let run = self.run;
        if stored.text("status") != Some("open") || stored.is_newer_schema() {
            return;
        }
        let Some(mut record) = merge::no_end_seen(stored, run.now) else { return };
        self.redact.map(&mut record.detail);
        run.close("LookupEvents", record, stored).await;
    }
}
