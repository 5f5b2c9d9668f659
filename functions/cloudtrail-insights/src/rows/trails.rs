//! The rows of trails: which of them are asked for insights on data events, each from where it stands.

use super::Rows;
use crate::events::Events;
use crate::fetch::{EventSource, Fetch};
use crate::lasting::{is_lasting, may_be_about_range};
use crate::progress::stand_at;
use crate::trails::Trails;
use crate::window::{pieces_or_one, sure_span};
use insights_shared::catalog::CatalogRow;
use insights_shared::catalog::Rejection;
use insights_shared::issue::{CallError, Stage};
use insights_shared::payload::Window;
use insights_shared::time::Timestamp;
use std::collections::BTreeSet;

impl Rows<'_> {
    /// The trails that a scheduled run does not ask about, since they were found to be unavailable not long ago. Each is an
    /// issue.
    pub fn resting_trails(&self) -> BTreeSet<String> {
        let now = self.run.now;
        let resting = |(arn, row): (&String, &CatalogRow)| {
            let unavailable = row.unavailable.as_ref().filter(|unavailable| !unavailable.is_due(now))?;
            row.expires_at.is_none().then(|| (arn.clone(), unavailable.clone()))
        };
        let resting: Vec<_> = self.trails.iter().filter_map(resting).collect();
        for (arn, unavailable) in &resting {
            let operation = EventSource::Trail(arn).operation();
            self.run.report.known_lasting_issue(operation, arn, &unavailable.code, &unavailable.message());
        }
        resting.into_iter().map(|(arn, _)| arn).collect()
    }

    /// Takes in the trails that have insights on data events, and ends the rows of those that no longer do.
    pub async fn settle_trails(&mut self, found: &Trails) -> bool {
        let mut complete = true;
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
            complete &= written.map_or_else(|error| self.failed(arn, &error), |()| true);
            self.trails.insert(arn.clone(), row);
        }
        for (arn, rejection) in &found.rejected {
            complete &= self.reject_trail(arn, rejection).await;
        }
        let gone = |(arn, row): &(&String, &CatalogRow)| {
            found.is_complete && !found.may_have_data(arn) && row.expires_at.is_none()
        };
        let gone: Vec<String> = self.trails.iter().filter(gone).map(|(arn, _)| arn.clone()).collect();
        for arn in gone {
            let Some(mut row) = self.trails.remove(&arn) else { continue };
            let reached = self.reached(&row);
            let change = |row: &mut CatalogRow| {
                // Should it come back, it goes on from here.
                row.watermark = Some(reached);
                row.unavailable = None;
                row.expire_after(reached, retention_days);
            };
            let written = self.catalog.change_trail(&arn, &mut row, change).await;
            complete &= written.map_or_else(|error| self.failed(&arn, &error), |()| true);
            self.trails.insert(arn, row);
        }
        complete
    }

    /// Notes that a trail is unavailable: it stands where it was fetched last.
    pub async fn reject_trail(&mut self, arn: &str, rejection: &Rejection) -> bool {
        let start = self.lookback;
        let mut row = self.trails.remove(arn).unwrap_or_else(|| CatalogRow::behind(None, start));
        let (reached, revision) = (self.reached(&row), row.revision().map(str::to_owned));
        let change = |row: &mut CatalogRow| {
            row.expires_at = None;
            row.watermark = row.watermark.or(Some(reached));
            row.reject(rejection, revision.as_deref());
        };
        let written = self.catalog.change_trail(arn, &mut row, change).await;
        let written = written.map_or_else(|error| self.failed(arn, &error), |()| true);
        self.trails.insert(arn.to_owned(), row);
        written
    }

    /// Notes that a trail answered what was asked at `asked_at`.
    pub async fn answer_trail(&mut self, arn: &str, asked_at: Timestamp) -> bool {
        let Some(mut row) = self.trails.remove(arn) else { return true };
        let written = self.catalog.change_trail(arn, &mut row, |row| row.answer(asked_at)).await;
        let written = written.map_or_else(|error| self.failed(arn, &error), |()| true);
        self.trails.insert(arn.to_owned(), row);
        written
    }

    /// What a failed request for a trail's events means: an issue, a lasting one together with the rejection.
    pub async fn trail_failed(
        &self,
        fetch: &Fetch<'_>,
        arn: &str,
        error: &CallError,
        asked_at: Timestamp,
    ) -> Option<Rejection> {
        let run = self.run;
        let is_rejection = |error: &CallError| is_lasting(error, Some(arn), &run.target.account_id);
        let mut lasts = is_rejection(error);
        if lasts && may_be_about_range(error) {
            let (start, end) = sure_span(run.limit());
            let second = fetch.events(EventSource::Trail(arn), Window { start, end }, None).await;
            lasts = second.is_err_and(|error| is_rejection(&error));
        }
        if !lasts {
            run.report.call_failed(Stage::Fetch, arn, error);
            return None;
        }
        run.report.lasting_issue(error.operation, arn, &error.code, &error.message);
        Some(Rejection { code: error.code.clone(), asked_at })
    }

    /// The events of every trail with insights on data events, each from where it stands.
    pub async fn collect_trails(
        &mut self,
        fetch: &Fetch<'_>,
        events: &Events<'_>,
        found: &Trails,
        resting: &BTreeSet<String>,
        reach: Timestamp,
    ) -> bool {
        let run = self.run;
        let overlap = run.settings.overlap_minutes * 60;
        let live = |(arn, row): &(&String, &CatalogRow)| {
            let is_asked = found.data.contains(*arn) || !found.is_complete;
            let is_rejected = found.rejected.iter().any(|(rejected, _)| rejected == *arn);
            row.expires_at.is_none() && is_asked && !is_rejected && !resting.contains(*arn)
        };
        let arns: Vec<String> = self.trails.iter().filter(live).map(|(arn, _)| arn.clone()).collect();
        let mut complete = true;
        for arn in arns {
            let Some(row) = self.trails.get(&arn) else { continue };
            let (own, revision) = (row.watermark, row.revision().map(str::to_owned));
            let mut reached = self.reached(row).max(reach);
            let mut start = reached.plus_seconds(-overlap).max(reach).min(run.now);
            let (mut answered_at, mut rejection) = (None, None);
            for (_, until) in pieces_or_one(reached, run.now) {
                let window = Window { start, end: until };
                let asked_at = run.clock_now();
                let stored = events.collect(fetch, EventSource::Trail(&arn), window).await;
                let mut named = self.adopt(events.take_named()).await;
                named &= self.retract(events.take_misnamed()).await;
                if stored.is_ok() {
                    answered_at = Some(asked_at);
                }
                match stored {
                    Ok(true) if named => (reached, start) = (until, until),
                    Ok(_) => break,
                    Err(error) => {
                        rejection = self.trail_failed(fetch, &arn, &error, asked_at).await;
                        break;
                    }
                }
            }
            let Some(mut row) = self.trails.remove(&arn) else { continue };
            let known = reached.min(run.limit());
            let come = Some(known).filter(|_| reached != run.now);
            let change = |row: &mut CatalogRow| {
                row.note_availability(rejection.as_ref(), answered_at, revision.as_deref());
                // One that is unavailable never follows the target's watermark.
                let come = come.or_else(|| row.unavailable.as_ref().map(|_| known));
                stand_at(row, come, own);
            };
            let written = self.catalog.change_trail(&arn, &mut row, change).await;
            complete &= written.map_or_else(|error| self.failed(&arn, &error), |()| true);
            self.trails.insert(arn, row);
        }
        complete
    }
}
