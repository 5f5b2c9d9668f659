//! The catalog's rows during a run: which series and trails are live, how far each has come, and what is written of it.
//!
//! Invariant: the target's watermark may pass only parts whose row has a watermark of its own. So every method that
//! leaves a part behind writes its row, and answers `false` where that failed: then the watermark has to stay.

use crate::catalog::Catalog;
use crate::config::CloudtrailInsights;
use crate::events::Naming;
use crate::fetch::Fetch;
use crate::metrics::{self, Progress};
use crate::progress::{Stand, advance, note_availability, stand_at};
use crate::window::{self, REACH_DAYS};
use futures_util::stream::{self, StreamExt};
use insights_shared::catalog::CatalogRow;
use insights_shared::catalog::Coverage;
use insights_shared::issue::{CallError, Stage};
use insights_shared::series::SeriesKey;
use insights_shared::target_run::TargetRun;
use insights_shared::time::{DAY_SECONDS, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

mod repair;
mod trails;

/// The rows of one target.
pub struct Rows<'a> {
    run: &'a TargetRun,
    catalog: Catalog<'a>,
    configured: Vec<SeriesKey>,
    period: i64,
    lookback: Timestamp,
    series: BTreeMap<SeriesKey, CatalogRow>,
    trails: BTreeMap<String, CatalogRow>,
    /// The series that this backfill has loaded from its start on.
    loaded: BTreeSet<SeriesKey>,
    /// The series whose request was rejected for good in this backfill: each is asked for once.
    rejected: BTreeSet<SeriesKey>,
}

impl<'a> Rows<'a> {
    /// The rows as they were read.
    pub fn new(
        run: &'a TargetRun,
        catalog: Catalog<'a>,
        collector: &CloudtrailInsights,
        lookback: Timestamp,
        series: BTreeMap<SeriesKey, CatalogRow>,
        trails: BTreeMap<String, CatalogRow>,
    ) -> Self {
        let (configured, period) = (collector.series.clone(), collector.period);
        let (loaded, rejected) = Default::default();
        Self { run, catalog, configured, period, lookback, series, trails, loaded, rejected }
    }

    /// Whether any series is live.
    pub fn any_live(&self) -> bool {
        self.series.iter().any(|(series, row)| self.is_live(series, row))
    }

    /// A series is live while it is configured, or was named within the days that CloudTrail keeps.
    fn is_live(&self, series: &SeriesKey, row: &CatalogRow) -> bool {
        let since = self.run.now.plus_seconds(-REACH_DAYS * DAY_SECONDS);
        self.configured.contains(series) || row.named_at.is_some_and(|named_at| named_at >= since)
    }

    /// How far a part has come: its own watermark, else the target's, else nowhere.
    fn reached(&self, row: &CatalogRow) -> Timestamp {
        self.watermark(row).unwrap_or(self.lookback)
    }

    fn watermark(&self, row: &CatalogRow) -> Option<Timestamp> {
        let of_target = if row.is_stored() { self.run.watermark() } else { None };
        row.watermark.or(of_target)
    }

    fn failed(&self, subject: &str, error: &CallError) -> bool {
        self.run.report.call_failed(Stage::Write, subject, error);
        false
    }

    /// Takes in the series that events named. One that was not known, or not live any more, has to be fetched from the
    /// beginning: its row says so before the watermark moves.
    pub async fn adopt(&mut self, named: BTreeMap<SeriesKey, Naming>) -> bool {
        let mut complete = true;
        for (series, Naming { time: named_at, is_confirmed }) in named {
            let start = self.lookback;
            let mut row =
                self.series.remove(&series).unwrap_or_else(|| CatalogRow::behind(Some(named_at), start));
            let change = |row: &mut CatalogRow| {
                if row.expires_at.take().is_some() || !row.is_stored() || row.is_at_rest() {
                    row.watermark = Some(start);
                }
                row.is_unconfirmed = !is_confirmed && (row.is_unconfirmed || !row.is_stored());
                row.named_at = row.named_at.max(Some(named_at));
            };
            let written = self.catalog.change_series(&series, &mut row, change).await;
            complete &= written.map_or_else(|error| self.failed(&series.to_string(), &error), |()| true);
            self.series.insert(series, row);
        }
        complete
    }

    /// Takes back what pushed events seemed to name, and a look-up shows that they do not: the name, and what counts as fetched,
    /// which would read as zeros of a series that nobody knows to exist. Rows that a look-up or the configuration has named
    /// stay, and so does what was stored.
    pub async fn retract(&mut self, misnamed: BTreeMap<SeriesKey, BTreeSet<Timestamp>>) -> bool {
        let mut complete = true;
        for (series, times) in misnamed {
            let is_configured = self.configured.contains(&series);
            let is_only_named_so = |row: &CatalogRow| {
                row.is_unconfirmed && row.named_at.is_some_and(|time| times.contains(&time))
            };
            let Some(row) = self.series.get_mut(&series) else { continue };
            if is_configured || !is_only_named_so(row) {
                continue;
            }
            let change = |row: &mut CatalogRow| {
                if is_only_named_so(row) {
                    row.named_at = None;
                    row.covered = Coverage::default();
                    row.unavailable = None;
                }
            };
            if let Err(error) = self.catalog.change_series(&series, row, change).await {
                complete = self.failed(&series.to_string(), &error);
            }
        }
        complete
    }

    /// Takes in the series of the configuration.
    pub async fn adopt_configured(&mut self) -> bool {
        let mut complete = true;
        for series in self.configured.clone() {
            let start = self.lookback;
            let is_followed = |row: &CatalogRow| row.expires_at.is_none() && !row.is_at_rest();
            let known = self.series.get(&series).is_some_and(|row| is_followed(row) && !row.is_unconfirmed);
            if known {
                continue;
            }
            let mut row = self.series.remove(&series).unwrap_or_else(|| CatalogRow::behind(None, start));
            let change = |row: &mut CatalogRow| {
                if !is_followed(row) || !row.is_stored() {
                    row.expires_at = None;
                    row.watermark = Some(start);
                }
                row.is_unconfirmed = false;
            };
            let written = self.catalog.change_series(&series, &mut row, change).await;
            complete &= written.map_or_else(|error| self.failed(&series.to_string(), &error), |()| true);
            self.series.insert(series, row);
        }
        complete
    }

    /// Marks every part that follows the target's watermark as standing where that is now, so that it may move on.
    pub async fn mark_behind(&mut self) -> bool {
        let Some(watermark) = self.run.watermark() else { return true };
        let mut complete = true;
        let stay = |row: &mut CatalogRow| {
            if row.watermark.is_none() {
                // An open span follows the watermark that moves on.
                row.covered.close(watermark);
                row.watermark = Some(watermark);
            }
        };
        for (series, row) in &mut self.series {
            if row.expires_at.is_none()
                && !row.is_at_rest()
                && let Err(error) = self.catalog.change_series(series, row, stay).await
            {
                self.run.report.call_failed(Stage::Write, &series.to_string(), &error);
                complete = false;
            }
        }
        for (arn, row) in &mut self.trails {
            if row.expires_at.is_none()
                && let Err(error) = self.catalog.change_trail(arn, row, stay).await
            {
                self.run.report.call_failed(Stage::Write, arn, &error);
                complete = false;
            }
        }
        complete
    }

    /// Ends the rows of series that are live no longer: what is known of them stays known, as long as records do.
    pub async fn retire(&mut self) -> bool {
        let retention_days = self.run.store.retention_days();
        let mut complete = true;
        let dead = |(series, row): &(&SeriesKey, &CatalogRow)| {
            !self.is_live(series, row) && row.expires_at.is_none()
        };
        let dead: Vec<SeriesKey> =
            self.series.iter().filter(dead).map(|(series, _)| series.clone()).collect();
        for series in dead {
            let Some(mut row) = self.series.remove(&series) else { continue };
            let reached = self.reached(&row);
            let change = |row: &mut CatalogRow| {
                row.covered.close(reached);
                row.watermark = None;
                let last = row.covered.last(None).or(row.named_at).unwrap_or(reached);
                row.expire_after(last, retention_days);
            };
            let written = self.catalog.change_series(&series, &mut row, change).await;
            complete &= written.map_or_else(|error| self.failed(&series.to_string(), &error), |()| true);
            self.series.insert(series, row);
        }
        complete
    }

    /// The points of every live series, each from where it stands, those furthest behind first.
    pub async fn collect_series(&mut self, fetch: &Fetch<'_>) -> bool {
        let run = self.run;
        let overlap = run.settings.overlap_minutes * 60;
        let mut live: Vec<(Timestamp, SeriesKey, CatalogRow)> = Vec::new();
        let mut newer: Vec<String> = Vec::new();
        for (series, row) in std::mem::take(&mut self.series) {
            let is_live = self.is_live(&series, &row);
            if is_live && row.is_newer_schema() {
                newer.push(series.to_string());
            }
            let is_live = is_live && !row.is_newer_schema();
            let resting = row.unavailable.as_ref().filter(|unavailable| !unavailable.is_due(run.now));
            if let Some(unavailable) = resting.filter(|_| is_live) {
                let (subject, message) = (series.to_string(), unavailable.message());
                run.report.known_lasting_issue(metrics::OPERATION, &subject, &unavailable.code, &message);
            }
            if is_live && resting.is_none() {
                live.push((self.reached(&row), series, row));
            } else {
                self.series.insert(series, row);
            }
        }
        let mut complete = newer.is_empty();
        for series in &newer {
            // How far it has come is only known to the version that wrote its row.
            self.failed(series, &CallError::newer_schema("PutItem"));
        }
        live.sort_by(|left, right| (left.0, &left.1).cmp(&(right.0, &right.1)));
        let this = &*self;
        let worked: Vec<(SeriesKey, CatalogRow, bool)> = stream::iter(live)
            .map(|(reached, series, mut row)| async move {
                // Late points come behind a watermark; the look-back is none, whatever has been stored since.
                let is_new = this.watermark(&row).is_none() || !row.covered.knows_before(reached);
                let from = if is_new { reached } else { reached.plus_seconds(-overlap) };
                let limit = run.limit();
                let requests = window::requests_by(from, limit, this.period, run.now, limit);
                let progress = metrics::collect(fetch, run, &series, &requests).await;
                let revision = row.revision().map(str::to_owned);
                let stand = Stand { revision, reached, own: row.watermark, target: run.watermark() };
                let change = |row: &mut CatalogRow| advance(row, &progress, &stand);
                let written = this.catalog.change_series(&series, &mut row, change).await;
                let written =
                    written.map_or_else(|error| this.failed(&series.to_string(), &error), |()| true);
                (series, row, written)
            })
            .buffer_unordered(run.settings.concurrency)
            .collect()
            .await;
        for (series, row, written) in worked {
            complete &= written;
            self.series.insert(series, row);
        }
        complete
    }

    /// The points of every live series within a piece of a span of the past, which begins at `start`: of a series whose
    /// earlier pieces failed, what lies before the piece too. Where a series stands is left alone, unless it turns out to be
    /// unavailable: then it stands where it was fetched last.
    pub async fn backfill_series(
        &mut self,
        fetch: &Fetch<'_>,
        start: Timestamp,
        (from, until): (Timestamp, Timestamp),
    ) -> bool {
        let run = self.run;
        let configured = self.configured.iter().filter(|series| !self.series.contains_key(series)).cloned();
        let unknown: Vec<(SeriesKey, CatalogRow)> =
            configured.map(|series| (series, CatalogRow::behind(None, self.lookback))).collect();
        let mut live: Vec<(SeriesKey, CatalogRow)> = Vec::new();
        for (series, row) in std::mem::take(&mut self.series).into_iter().chain(unknown) {
            let is_asked = !row.is_newer_schema() && !self.rejected.contains(&series);
            if is_asked && self.is_live(&series, &row) {
                live.push((series, row));
            } else {
                self.series.insert(series, row);
            }
        }
        let this = &*self;
        let worked: Vec<(SeriesKey, CatalogRow, bool, Progress)> = stream::iter(live)
            .map(|(series, mut row)| async move {
                let from = if this.loaded.contains(&series) { from } else { start };
                let requests = window::requests_by(from, until, this.period, run.now, run.limit());
                let progress = metrics::collect(fetch, run, &series, &requests).await;
                let (own, reached) = (row.watermark, this.reached(&row));
                let revision = row.revision().map(str::to_owned);
                let change = |row: &mut CatalogRow| {
                    note_availability(row, &progress, revision.as_deref());
                    if row.unavailable.is_some() && row.watermark.is_none() {
                        row.covered.close(reached);
                        stand_at(row, Some(reached), own);
                    }
                    for request in &progress.stored {
                        row.covered.add(request.period, request.start, request.end);
                    }
                };
                let written = this.catalog.change_series(&series, &mut row, change).await;
                let written =
                    written.map_or_else(|error| this.failed(&series.to_string(), &error), |()| true);
                (series, row, written, progress)
            })
            .buffer_unordered(run.settings.concurrency)
            .collect()
            .await;
        let mut complete = true;
        for (series, row, written, progress) in worked {
            // A rejection is nothing to come back to.
            let is_rejected = progress.rejection.is_some();
            complete &= written && (progress.is_complete || is_rejected);
            if is_rejected {
                self.rejected.insert(series.clone());
            } else if written && progress.is_complete {
                self.loaded.insert(series.clone());
            }
            self.series.insert(series, row);
        }
        complete
    }
}
