//! The rows of trails with insights on data events: which trails are requested, and how far each was fetched.

use super::Rows;
use crate::events::{Collected, Events};
use crate::fetch::{EventSource, Fetch};
use crate::lasting::{is_lasting, may_be_about_range};
use crate::progress::move_to;
use crate::trails::Trails;
use crate::window::{pieces_or_one, valid_span};
use insights_shared::catalog::{CatalogRow, Rejection};
use insights_shared::completeness::Completeness;
use insights_shared::issue::{CallError, Stage};
use insights_shared::payload::Window;
use insights_shared::time::Timestamp;
use std::collections::BTreeSet;

impl Rows<'_> {
    /// The trails that a scheduled run does not request, because they were unavailable less than a day ago. Each is reported
    /// as a lasting issue.
    pub fn deferred_trails(&self) -> BTreeSet<String> {
        let now = self.run.now;
        let deferred = |(arn, row): (&String, &CatalogRow)| {
            let unavailable = row.unavailable.as_ref().filter(|unavailable| !unavailable.is_due(now))?;
            row.expires_at.is_none().then(|| (arn.clone(), unavailable.clone()))
        };
        let deferred: Vec<_> = self.trails.iter().filter_map(deferred).collect();
        for (arn, unavailable) in &deferred {
            let operation = EventSource::Trail(arn).operation();
            self.run.report.known_lasting_issue(operation, arn, &unavailable.code, &unavailable.message());
        }
        deferred.into_iter().map(|(arn, _)| arn).collect()
    }

    /// Creates or updates the rows of trails with insights on data events, and sets the expiry of those of other trails.
    pub async fn upsert_trails(&mut self, found: &Trails) -> Completeness {
        let mut completeness = Completeness::Complete;
        let retention_days = self.run.store.retention_days();
        for arn in &found.data {
            let start = self.lookback;
            let mut row = self.trails.remove(arn).unwrap_or_else(|| CatalogRow::behind(None, start));
            let change = |row: &mut CatalogRow| {
                row.expires_at = None;
                if !row.is_stored() {
                    row.watermark = Some(start);
                }
            };
            let written = self.catalog.change_trail(arn, &mut row, change).await;
            completeness &= self.written(arn, written);
            self.trails.insert(arn.clone(), row);
        }
        for (arn, rejection) in &found.rejected {
            completeness &= self.reject_trail(arn, rejection).await;
        }
        let gone = |(arn, row): &(&String, &CatalogRow)| {
            found.completeness.is_complete() && !found.may_have_data(arn) && row.expires_at.is_none()
        };
        let gone: Vec<String> = self.trails.iter().filter(gone).map(|(arn, _)| arn.clone()).collect();
        for arn in gone {
            let Some(mut row) = self.trails.remove(&arn) else { continue };
            let reached = self.reached(&row);
            let change = |row: &mut CatalogRow| {
                // If the trail appears again, it continues here.
                row.watermark = Some(reached);
                row.unavailable = None;
                row.expire_after(reached, retention_days);
            };
            let written = self.catalog.change_trail(&arn, &mut row, change).await;
            completeness &= self.written(&arn, written);
            self.trails.insert(arn, row);
        }
        completeness
    }

    /// Records that a trail is unavailable. Its row gets a watermark where it was last fetched.
    pub async fn reject_trail(&mut self, arn: &str, rejection: &Rejection) -> Completeness {
        let start = self.lookback;
        let mut row = self.trails.remove(arn).unwrap_or_else(|| CatalogRow::behind(None, start));
        let (reached, revision) = (self.reached(&row), row.revision().map(str::to_owned));
        let change = |row: &mut CatalogRow| {
            row.expires_at = None;
            row.watermark = row.watermark.or(Some(reached));
            row.reject(rejection, revision.as_deref());
        };
        let written = self.catalog.change_trail(arn, &mut row, change).await;
        let written = self.written(arn, written);
        self.trails.insert(arn.to_owned(), row);
        written
    }

    /// Records that a trail answered a request that was sent at `asked_at`.
    pub async fn answer_trail(&mut self, arn: &str, asked_at: Timestamp) -> Completeness {
        let Some(mut row) = self.trails.remove(arn) else { return Completeness::Complete };
        let written = self.catalog.change_trail(arn, &mut row, |row| row.answer(asked_at)).await;
        let written = self.written(arn, written);
        self.trails.insert(arn.to_owned(), row);
        written
    }

    /// Reports a failed request for a trail's events: as a lasting issue with the rejection, or as an issue that a later run
    /// resolves.
    pub async fn trail_failed(
        &self,
        fetch: &Fetch<'_>,
        arn: &str,
        error: &CallError,
        asked_at: Timestamp,
    ) -> Result<Rejection, Completeness> {
        let run = self.run;
        let is_rejection = |error: &CallError| is_lasting(error, Some(arn), &run.target.account_id);
        let mut lasts = is_rejection(error);
        if lasts && may_be_about_range(error) {
            let (start, end) = valid_span(run.limit());
            let second = fetch.events(EventSource::Trail(arn), Window { start, end }, None).await;
            lasts = second.is_err_and(|error| is_rejection(&error));
        }
        if !lasts {
            return Err(run.report.call_failed(Stage::Fetch, arn, error));
        }
        run.report.lasting_issue(error.operation, arn, &error.code, &error.message);
        Ok(Rejection { code: error.code.clone(), asked_at })
    }

    /// Fetches the events of every trail with insights on data events, each from its own position. A trail that fails gets
    /// its own watermark, so the result is incomplete only if a row could not be written.
    pub async fn collect_trails(
        &mut self,
        fetch: &Fetch<'_>,
        events: &Events<'_>,
        found: &Trails,
        deferred: &BTreeSet<String>,
        reach: Timestamp,
    ) -> Completeness {
        let run = self.run;
        let overlap = run.settings.overlap_minutes * 60;
        let live = |(arn, row): &(&String, &CatalogRow)| {
            let is_asked = found.data.contains(*arn) || !found.completeness.is_complete();
            let is_rejected = found.rejected.iter().any(|(rejected, _)| rejected == *arn);
            row.expires_at.is_none() && is_asked && !is_rejected && !deferred.contains(*arn)
        };
        let arns: Vec<String> = self.trails.iter().filter(live).map(|(arn, _)| arn.clone()).collect();
        let mut completeness = Completeness::Complete;
        for arn in arns {
            let Some(row) = self.trails.get(&arn) else { continue };
            let (own, revision) = (row.watermark, row.revision().map(str::to_owned));
            let mut reached = self.reached(row).max(reach);
            let mut start = reached.plus_seconds(-overlap).max(reach).min(run.now);
            let (mut answered_at, mut rejection) = (None, None);
            for (_, until) in pieces_or_one(reached, run.now) {
                let window = Window { start, end: until };
                let asked_at = run.clock_now();
                let collected = events.collect(fetch, EventSource::Trail(&arn), window).await;
                let Collected { completeness: mut piece, error } = collected;
                piece &= self.upsert(events.take_named()).await;
                piece &= self.retract(events.take_misnamed()).await;
                match error {
                    None => answered_at = Some(asked_at),
                    Some(error) => match self.trail_failed(fetch, &arn, &error, asked_at).await {
                        Ok(rejected) => {
                            rejection = Some(rejected);
                            break;
                        }
                        Err(failed) => piece &= failed,
                    },
                }
                if !piece.is_complete() {
                    break;
                }
                (reached, start) = (until, until);
            }
            let Some(mut row) = self.trails.remove(&arn) else { continue };
            let known = reached.min(run.limit());
            let behind = Some(known).filter(|_| reached != run.now);
            let change = |row: &mut CatalogRow| {
                row.note_availability(rejection.as_ref(), answered_at, revision.as_deref());
                // An unavailable trail never follows the target's watermark.
                let behind = behind.or_else(|| row.unavailable.as_ref().map(|_| known));
                move_to(row, behind, own);
            };
            let written = self.catalog.change_trail(&arn, &mut row, change).await;
            completeness &= self.written(&arn, written);
            self.trails.insert(arn, row);
        }
        completeness
    }
}
