//! The catalog rows during a run: which series and trails are live, and how far each was fetched.
//!
//! Invariant: the target's watermark may move past a series or trail only if its row has its own watermark. Every method
//! after which a series or trail is behind therefore writes its row, and is incomplete if that failed. The target's watermark
//! then does not move.

use crate::catalog::Catalog;
use crate::config::CloudtrailInsights;
use crate::events::Naming;
use crate::window::REACH_DAYS;
use insights_shared::catalog::{CatalogRow, Coverage};
use insights_shared::completeness::Completeness;
use insights_shared::issue::{CallError, Stage};
use insights_shared::series::SeriesKey;
use insights_shared::target_run::TargetRun;
use insights_shared::time::{DAY_SECONDS, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

mod repair;
mod series;
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
    /// The series that this backfill has fetched from the start of its window.
    loaded: BTreeSet<SeriesKey>,
    /// The series whose request was rejected in this backfill. It is not repeated.
    rejected: BTreeSet<SeriesKey>,
}

impl<'a> Rows<'a> {
    /// Creates the set from the rows that were read.
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

    /// Whether a series is live: it is configured, or was named within the days that CloudTrail keeps.
    fn is_live(&self, series: &SeriesKey, row: &CatalogRow) -> bool {
        let since = self.run.now.plus_seconds(-REACH_DAYS * DAY_SECONDS);
        self.configured.contains(series) || row.named_at.is_some_and(|named_at| named_at >= since)
    }

    /// How far a series or trail was fetched: its own watermark, otherwise the target's, otherwise the start of the
    /// look-back.
    fn reached(&self, row: &CatalogRow) -> Timestamp {
        self.watermark(row).unwrap_or(self.lookback)
    }

    fn watermark(&self, row: &CatalogRow) -> Option<Timestamp> {
        let of_target = if row.is_stored() { self.run.watermark() } else { None };
        row.watermark.or(of_target)
    }

    /// Reports a row that could not be written.
    fn written(&self, subject: &str, result: Result<(), CallError>) -> Completeness {
        match result {
            Ok(()) => Completeness::Complete,
            Err(error) => self.run.report.call_failed(Stage::Write, subject, &error),
        }
    }

    /// Creates or updates the rows of series that events named. A series that is new or had expired must be fetched from the
    /// start of the look-back. Its row states this before the target's watermark moves.
    pub async fn upsert(&mut self, named: BTreeMap<SeriesKey, Naming>) -> Completeness {
        let mut completeness = Completeness::Complete;
        for (series, Naming { time: named_at, is_confirmed }) in named {
            let start = self.lookback;
            let mut row =
                self.series.remove(&series).unwrap_or_else(|| CatalogRow::behind(Some(named_at), start));
            let change = |row: &mut CatalogRow| {
                if row.expires_at.take().is_some() || !row.is_stored() || row.is_inactive() {
                    row.watermark = Some(start);
                }
                row.is_unconfirmed = !is_confirmed && (row.is_unconfirmed || !row.is_stored());
                row.named_at = row.named_at.max(Some(named_at));
            };
            let written = self.catalog.change_series(&series, &mut row, change).await;
            completeness &= self.written(&series.to_string(), written);
            self.series.insert(series, row);
        }
        completeness
    }

    /// Corrects the rows of series that pushed events seemed to name, although a look-up shows that they do not. The time of
    /// the naming is removed, and so is the coverage, which would mean zeros of a series that may not exist. Rows that a
    /// look-up or the configuration named stay, and so do stored points.
    pub async fn retract(&mut self, misnamed: BTreeMap<SeriesKey, BTreeSet<Timestamp>>) -> Completeness {
        let mut completeness = Completeness::Complete;
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
            let written = self.catalog.change_series(&series, row, change).await;
            completeness &= self.written(&series.to_string(), written);
        }
        completeness
    }

    /// Creates or updates the rows of the configured series.
    pub async fn upsert_configured(&mut self) -> Completeness {
        let mut completeness = Completeness::Complete;
        for series in self.configured.clone() {
            let start = self.lookback;
            let is_followed = |row: &CatalogRow| row.expires_at.is_none() && !row.is_inactive();
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
            completeness &= self.written(&series.to_string(), written);
            self.series.insert(series, row);
        }
        completeness
    }

    /// Gives every series and trail that follows the target's watermark its own watermark, so that the target's can move.
    pub async fn mark_behind(&mut self) -> Completeness {
        let Some(watermark) = self.run.watermark() else { return Completeness::Complete };
        let mut completeness = Completeness::Complete;
        let stay = |row: &mut CatalogRow| {
            if row.watermark.is_none() {
                // An open span would follow the target's watermark.
                row.covered.close(watermark);
                row.watermark = Some(watermark);
            }
        };
        for (series, row) in &mut self.series {
            if row.expires_at.is_none()
                && !row.is_inactive()
                && let Err(error) = self.catalog.change_series(series, row, stay).await
            {
                completeness &= self.run.report.call_failed(Stage::Write, &series.to_string(), &error);
            }
        }
        for (arn, row) in &mut self.trails {
            if row.expires_at.is_none()
                && let Err(error) = self.catalog.change_trail(arn, row, stay).await
            {
                completeness &= self.run.report.call_failed(Stage::Write, arn, &error);
            }
        }
        completeness
    }

    /// Sets the expiry of rows of series that are no longer live. Their coverage stays valid as long as records are kept.
    pub async fn expire(&mut self) -> Completeness {
        let retention_days = self.run.store.retention_days();
        let mut completeness = Completeness::Complete;
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
            completeness &= self.written(&series.to_string(), written);
            self.series.insert(series, row);
        }
        completeness
    }
}
