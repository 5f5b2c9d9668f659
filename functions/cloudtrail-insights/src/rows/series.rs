//! Fetches the points of every live series, and writes the rows.

use super::Rows;
use crate::fetch::Fetch;
use crate::metrics::{self, Progress};
use crate::progress::{Position, advance, move_to, note_availability};
use crate::window;
use futures_util::stream::{self, FuturesUnordered, StreamExt};
use insights_shared::catalog::CatalogRow;
use insights_shared::completeness::{Completeness, WriteOutcome};
use insights_shared::issue::CallError;
use insights_shared::series::SeriesKey;
use insights_shared::target_run::ExistenceHint;
use insights_shared::time::Timestamp;

impl Rows<'_> {
    /// Fetches the points of every live series, each from its own position, starting with those that are furthest behind. A
    /// series that fails gets its own watermark, so the result is incomplete only if a row could not be written.
    pub async fn collect_series(&mut self, fetch: &Fetch<'_>) -> Completeness {
        let run = self.run;
        let mut live: Vec<(Timestamp, SeriesKey, CatalogRow)> = Vec::new();
        let mut completeness = Completeness::Complete;
        for (series, row) in std::mem::take(&mut self.series) {
            let is_live = self.is_live(&series, &row);
            if is_live && row.is_newer_schema() {
                // Only the version that wrote the row knows how far the series was fetched.
                let newer = Err(CallError::newer_schema("PutItem"));
                completeness &= self.written(&series.to_string(), newer);
            }
            let is_live = is_live && !row.is_newer_schema();
            let deferred = row.unavailable.as_ref().filter(|unavailable| !unavailable.is_due(run.now));
            if let Some(unavailable) = deferred.filter(|_| is_live) {
                let (subject, message) = (series.to_string(), unavailable.message());
                run.report.known_lasting_issue(metrics::OPERATION, &subject, &unavailable.code, &message);
            }
            if is_live && deferred.is_none() {
                live.push((self.reached(&row), series, row));
            } else {
                self.series.insert(series, row);
            }
        }
        live.sort_by(|left, right| (left.0, &left.1).cmp(&(right.0, &right.1)));
        let mut live = live.into_iter();
        let mut under_way = FuturesUnordered::new();
        let mut found_existing = false;
        let mut worked = Vec::new();
        loop {
            while under_way.len() < run.settings.concurrency
                && let Some((reached, series, row)) = live.next()
            {
                under_way.push(self.collect_one(fetch, reached, series, row, run.hint(found_existing)));
            }
            let Some((series, row, written)) = under_way.next().await else { break };
            completeness &= written.completeness;
            // If one series has unexpected items, for example after a run that was killed, others probably have them too.
            found_existing |= written.found_existing;
            worked.push((series, row));
        }
        drop(under_way);
        self.series.extend(worked);
        completeness
    }

    /// Fetches the points of one series from its position on, and writes its row.
    async fn collect_one(
        &self,
        fetch: &Fetch<'_>,
        reached: Timestamp,
        series: SeriesKey,
        mut row: CatalogRow,
        hint: ExistenceHint,
    ) -> (SeriesKey, CatalogRow, WriteOutcome) {
        let run = self.run;
        let overlap = run.settings.overlap_minutes * 60;
        // Late points can only be before a watermark. The start of the look-back is not a watermark, whatever has been stored
        // since.
        let is_new = self.watermark(&row).is_none() || !row.covered.knows_before(reached);
        let from = if is_new { reached } else { reached.plus_seconds(-overlap) };
        let limit = run.limit();
        let requests = window::requests(from, limit, self.period, run.now, limit);
        let progress = metrics::collect(fetch, run, &series, &requests, hint).await;
        let revision = row.revision().map(str::to_owned);
        let position = Position { revision, reached, own: row.watermark, target: run.watermark() };
        let change = |row: &mut CatalogRow| advance(row, &progress, &position);
        let written = self.catalog.change_series(&series, &mut row, change).await;
        let completeness = self.written(&series.to_string(), written);
        (series, row, WriteOutcome { completeness, found_existing: progress.found_existing })
    }

    /// Fetches the points of every live series for a piece of a backfill window that begins at `start`. If earlier pieces of
    /// a series failed, its points are fetched from `start` on. The position of a series does not change, unless the series
    /// is unavailable: then its row gets a watermark where it was last fetched.
    pub async fn backfill_series(
        &mut self,
        fetch: &Fetch<'_>,
        start: Timestamp,
        (from, until): (Timestamp, Timestamp),
    ) -> Completeness {
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
        let worked: Vec<(SeriesKey, CatalogRow, Completeness, Progress)> = stream::iter(live)
            .map(|(series, mut row)| async move {
                let from = if this.loaded.contains(&series) { from } else { start };
                let requests = window::requests(from, until, this.period, run.now, run.limit());
                let progress = metrics::collect(fetch, run, &series, &requests, ExistenceHint::Unknown).await;
                let (own, reached) = (row.watermark, this.reached(&row));
                let revision = row.revision().map(str::to_owned);
                let change = |row: &mut CatalogRow| {
                    note_availability(row, &progress, revision.as_deref());
                    if row.unavailable.is_some() && row.watermark.is_none() {
                        row.covered.close(reached);
                        move_to(row, Some(reached), own);
                    }
                    for request in &progress.stored {
                        row.covered.add(request.period, request.start, request.end);
                    }
                };
                let written = this.catalog.change_series(&series, &mut row, change).await;
                let written = this.written(&series.to_string(), written);
                (series, row, written, progress)
            })
            .buffer_unordered(run.settings.concurrency)
            .collect()
            .await;
        let mut completeness = Completeness::Complete;
        for (series, row, written, progress) in worked {
            completeness &= written;
            if progress.rejection.is_some() {
                // The series is unavailable. A later run could not do better.
                self.rejected.insert(series.clone());
            } else {
                completeness &= progress.completeness;
                if written.is_complete() && progress.completeness.is_complete() {
                    self.loaded.insert(series.clone());
                }
            }
            self.series.insert(series, row);
        }
        completeness
    }
}
