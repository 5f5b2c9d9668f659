//! One run: the trails, the insight events in pieces, the series that they name, and insights without an End.

use crate::catalog::Catalog;
use crate::config::CloudtrailInsights;
use crate::event;
use crate::events::{Collected, Events};
use crate::fetch::{EventSource, Fetch};
use crate::merge;
use crate::redact::Redact;
use crate::rows::Rows;
use crate::trails::{self, Trails};
use crate::window::{REACH_DAYS, pieces, pieces_or_one};
use futures_util::stream::{self, StreamExt};
use insights_shared::aws::SdkConfig;
use insights_shared::collector::{Checkpoint, Collector};
use insights_shared::completeness::Completeness;
use insights_shared::environment::Environment;
use insights_shared::fields::Faults;
use insights_shared::issue::{Stage, WINDOW_UNAVAILABLE};
use insights_shared::key::Key;
use insights_shared::payload::{Push, Window};
use insights_shared::record::{Source, Stored};
use insights_shared::target_run::{TargetRun, Work};
use insights_shared::time::{DAY_SECONDS, Timestamp};
use insights_sources::cloudtrail;
use std::collections::BTreeSet;

/// A safety margin in seconds. CloudTrail keeps 90 days by its own clock. Slightly less is requested, because our clock may
/// be behind.
const REACH_MARGIN_SECONDS: i64 = 300;
/// The operation in the issues of a pushed event, which does not come from a call.
const PUSH: &str = "AWS Insight via CloudTrail";

impl Collector for CloudtrailInsights {
    const SOURCE: Source = cloudtrail::SOURCE;

    fn read(environment: &Environment, faults: &mut Faults) -> Self {
        Self::read(environment, faults)
    }

    fn prepare(sdk: &SdkConfig) {
        let _ = aws_sdk_cloudtrail::Client::new(sdk);
    }

    async fn collect(&self, run: &TargetRun) -> Checkpoint {
        let reach = run.now.plus_seconds(-REACH_DAYS * DAY_SECONDS + REACH_MARGIN_SECONDS);
        let lookback = run.now.plus_seconds(-run.settings.lookback_days * DAY_SECONDS);
        let fetch = Fetch::new(run);
        let catalog = Catalog::new(&run.store, &run.target);
        let rows = match (catalog.series().await, catalog.trails().await) {
            (Ok(series), Ok(trails)) => Rows::new(run, catalog, self, lookback, series, trails),
            (Err(error), _) | (_, Err(error)) => {
                return Checkpoint::nothing_done(run.report.call_failed(Stage::Write, "catalog", &error));
            }
        };
        let events = Events::new(run, &self.redact);
        let mut collect_run = CollectRun { fetch, run, redact: &self.redact, events, rows, reach, lookback };
        match &run.work {
            Work::Push(push) => collect_run.push(push).await,
            Work::Window(window) => collect_run.backfill(*window).await,
            Work::Scheduled => collect_run.scheduled(self.period).await,
        }
    }
}

/// One target's run.
struct CollectRun<'a> {
    fetch: Fetch<'a>,
    run: &'a TargetRun,
    redact: &'a Redact,
    events: Events<'a>,
    rows: Rows<'a>,
    /// The earliest time for which CloudTrail has data.
    reach: Timestamp,
    /// Where a series or trail without a watermark begins.
    lookback: Timestamp,
}

impl CollectRun<'_> {
    async fn scheduled(&mut self, period: i64) -> Checkpoint {
        let run = self.run;
        let watermark = run.watermark();
        // Late events are before the watermark. The first run has no watermark.
        let overlap = run.settings.overlap_minutes * 60;
        let begin = watermark.unwrap_or(self.lookback);
        let start = watermark.map_or(begin, |watermark| watermark.plus_seconds(-overlap)).max(self.reach);
        // The watermark may be slightly in the future, by the clock of another machine.
        let start = start.min(run.now);
        // The watermark does not move until every row with a time in the future is repaired.
        let repaired = self.rows.repair().await;
        let deferred = self.rows.deferred_trails();
        // A trail that cannot be read does not stop the watermark. Once it can be read, it gets a row with its own watermark.
        let trails = trails::discover(&self.fetch, run, &deferred).await;
        let mut completeness = self.account_events(start, begin.max(self.reach), repaired).await;
        completeness &= repaired;
        completeness &= self.rows.upsert_trails(&trails).await;
        completeness &=
            self.rows.collect_trails(&self.fetch, &self.events, &trails, &deferred, self.reach).await;
        completeness &= self.rows.upsert_configured().await;
        completeness &= self.rows.expire().await;
        completeness &= self.rows.collect_series(&self.fetch).await;
        // Every run finds overdue insights, regardless of the watermark.
        let _ = self.close_overdue().await;
        self.note_whether_enabled(&trails);
        // The current bucket is not stored, so the watermark is its start.
        let reached = run.limit().floor(period);
        let window = Some(Window { start, end: run.now });
        Checkpoint {
            watermark: completeness.is_complete().then_some(reached),
            window,
            ..Checkpoint::default()
        }
    }

    /// Stores the insight events of management calls, in pieces. The watermark moves after each piece, if the rows are
    /// `repaired`.
    async fn account_events(
        &mut self,
        start: Timestamp,
        begin: Timestamp,
        repaired: Completeness,
    ) -> Completeness {
        let run = self.run;
        let pieces = pieces_or_one(begin, run.now);
        let last = pieces.len().saturating_sub(1);
        for (index, (from, until)) in pieces.into_iter().enumerate() {
            let window = Window { start: if index == 0 { start } else { from }, end: until };
            let collected = self.events.collect(&self.fetch, EventSource::Account, window).await;
            let Collected { mut completeness, error } = collected;
            // The series that the pages before a failure named are kept.
            completeness &= self.rows.upsert(self.events.take_named()).await;
            if let Some(error) = error {
                completeness &= run.report.call_failed(Stage::Fetch, "insight events", &error);
            }
            if completeness.is_complete() && index < last && repaired.is_complete() {
                completeness &= self.move_watermark(until).await;
            }
            if !completeness.is_complete() {
                return completeness;
            }
        }
        Completeness::Complete
    }

    /// Moves the target's watermark to the end of a piece, after every series and trail that is behind has its own watermark.
    async fn move_watermark(&mut self, until: Timestamp) -> Completeness {
        let run = self.run;
        let completeness = self.rows.mark_behind().await;
        if !completeness.is_complete() {
            return completeness;
        }
        let (target, until, future) = (&run.target, until.min(run.limit()), run.future());
        match run.store.move_watermark(cloudtrail::SOURCE, target, until, future).await {
            Ok(()) => Completeness::Complete,
            Err(error) => run.report.call_failed(Stage::Write, "state", &error),
        }
    }

    /// The source is not in use if no trail has insights and there are no insight events.
    fn note_whether_enabled(&self, trails: &Trails) {
        let is_known = trails.completeness.is_complete();
        if is_known && !trails.any_insights && !self.events.any() && !self.rows.any_live() {
            self.run.report.not_enabled();
        }
    }

    async fn backfill(&mut self, asked: Window) -> Checkpoint {
        let run = self.run;
        let mut start = asked.start;
        if asked.start < self.reach {
            let message =
                format!("CloudTrail keeps {REACH_DAYS} days: data before {} are not available", self.reach);
            let subject = format!("{} to {}", asked.start, asked.end.min(self.reach));
            run.report.answered();
            run.report.permanent_issue(Stage::Fetch, "LookupEvents", &subject, WINDOW_UNAVAILABLE, &message);
            start = self.reach;
        }
        let trails = trails::discover(&self.fetch, run, &BTreeSet::new()).await;
        let mut completeness = self.past_events(&trails, (start, asked.end)).await;
        let mut reached = start.min(asked.end);
        for (from, until) in pieces(start, asked.end) {
            if run.is_over() {
                let _ = run.report.not_reached(1);
                break;
            }
            completeness &= self.rows.backfill_series(&self.fetch, start, (from, until)).await;
            if completeness.is_complete() {
                reached = until.min(run.limit());
            }
        }
        self.note_whether_enabled(&trails);
        Checkpoint { window: Some(Window { start: asked.start, end: reached }), ..Checkpoint::default() }
    }

    /// Stores the events of a backfill window and the rows of the series that they name.
    ///
    /// All events are fetched before the first series. The last event may name a series with points in the whole window, so
    /// until then there is no instant before which everything is stored.
    async fn past_events(&mut self, trails: &Trails, (start, end): (Timestamp, Timestamp)) -> Completeness {
        let run = self.run;
        let mut completeness = trails.completeness;
        for (arn, rejection) in &trails.rejected {
            completeness &= self.rows.reject_trail(arn, rejection).await;
        }
        // A trail that rejects a request is not requested again.
        let mut rejected: BTreeSet<&str> = BTreeSet::new();
        for (from, until) in pieces(start, end) {
            if run.is_over() {
                return Completeness::Incomplete;
            }
            let window = Window { start: from, end: until };
            let arns = trails.data.iter().map(String::as_str);
            let arns: Vec<&str> = arns.filter(|arn| !rejected.contains(arn)).collect();
            let sources = arns.into_iter().map(EventSource::Trail);
            for source in std::iter::once(EventSource::Account).chain(sources) {
                let asked_at = run.clock_now();
                let collected = self.events.collect(&self.fetch, source, window).await;
                completeness &= collected.completeness;
                match (source, collected.error) {
                    (EventSource::Account, None) => {}
                    (EventSource::Account, Some(error)) => {
                        completeness &= run.report.call_failed(Stage::Fetch, source.operation(), &error);
                    }
                    (EventSource::Trail(arn), None) => {
                        completeness &= self.rows.answer_trail(arn, asked_at).await;
                    }
                    (EventSource::Trail(arn), Some(error)) => {
                        match self.rows.trail_failed(&self.fetch, arn, &error, asked_at).await {
                            Ok(rejection) => {
                                rejected.insert(arn);
                                completeness &= self.rows.reject_trail(arn, &rejection).await;
                            }
                            Err(failed) => completeness &= failed,
                        }
                    }
                }
            }
            completeness &= self.rows.upsert(self.events.take_named()).await;
            completeness &= self.rows.retract(self.events.take_misnamed()).await;
        }
        completeness
    }

    async fn push(&mut self, push: &Push) -> Checkpoint {
        let run = self.run;
        run.report.answered();
        let event = event::read(&push.raw, &run.target.account_id);
        let mut completeness = self.events.store(PUSH, vec![event], run.now).await;
        completeness &= self.rows.upsert(self.events.take_named()).await;
        Checkpoint::nothing_done(completeness)
    }

    /// Closes insights whose End is no longer available.
    async fn close_overdue(&self) -> Completeness {
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
                    Ok(None) => Completeness::Complete,
                    Err(error) => run.report.call_failed(Stage::Write, &key.pk, &error),
                }
            })
            .buffer_unordered(run.settings.concurrency)
            .fold(Completeness::Complete, async |mut all, one| {
                all &= one;
                all
            })
            .await
    }

    async fn close(&self, stored: &Stored) -> Completeness {
        let run = self.run;
        if stored.text("status") != Some("open") || stored.is_newer_schema() {
            return Completeness::Complete;
        }
        let Some(mut record) = merge::no_end_seen(stored, run.now) else { return Completeness::Complete };
        self.redact.map(&mut record.detail);
        run.close("LookupEvents", record, stored).await
    }
}
