//! The rows of trails: which of them are asked for insights on data events, each from where it stands.

use super::Rows;
use crate::catalog::Row;
use crate::events::Events;
use crate::fetch::{EventSource, Fetch};
use crate::progress::stand_at;
use crate::trails::Trails;
use crate::window::pieces_or_one;
use insights_shared::issue::Stage;
use insights_shared::payload::Window;
use insights_shared::time::Timestamp;

impl Rows<'_> {
    /// Takes in the trails that have insights on data events, and ends the rows of those that no longer do.
    pub async fn settle_trails(&mut self, found: &Trails) -> bool {
        let mut complete = true;
        let retention_days = self.run.store.retention_days();
        for arn in &found.data {
            let start = self.lookback;
            let mut row = self.trails.remove(arn).unwrap_or_else(|| Row::behind(None, start));
            let change = |row: &mut Row| {
                row.expires_at = None;
                if !row.is_stored() {
                    row.watermark = Some(start);
                }
            };
            let written = self.catalog.change_trail(arn, &mut row, change).await;
            complete &= written.map_or_else(|error| self.failed(arn, &error), |()| true);
            self.trails.insert(arn.clone(), row);
        }
        let gone = |(arn, row): &(&String, &Row)| {
            found.is_complete && !found.data.contains(*arn) && row.expires_at.is_none()
        };
        let gone: Vec<String> = self.trails.iter().filter(gone).map(|(arn, _)| arn.clone()).collect();
        for arn in gone {
            let Some(mut row) = self.trails.remove(&arn) else { continue };
            let reached = self.reached(&row);
            let change = |row: &mut Row| {
                // Should it come back, it goes on from here.
                row.watermark = Some(reached);
                row.expire_after(reached, retention_days);
            };
            let written = self.catalog.change_trail(&arn, &mut row, change).await;
            complete &= written.map_or_else(|error| self.failed(&arn, &error), |()| true);
            self.trails.insert(arn, row);
        }
        complete
    }

    /// The events of every trail with insights on data events, each from where it stands.
    pub async fn collect_trails(
        &mut self,
        fetch: &Fetch<'_>,
        events: &Events<'_>,
        found: &Trails,
        reach: Timestamp,
    ) -> bool {
        let run = self.run;
        let overlap = run.settings.overlap_minutes * 60;
        let live = |(arn, row): &(&String, &Row)| {
            row.expires_at.is_none() && (found.data.contains(*arn) || !found.is_complete)
        };
        let arns: Vec<String> = self.trails.iter().filter(live).map(|(arn, _)| arn.clone()).collect();
        let mut complete = true;
        for arn in arns {
            let Some(mut row) = self.trails.remove(&arn) else { continue };
            let mut reached = self.reached(&row).max(reach);
            let mut start = reached.plus_seconds(-overlap).max(reach).min(run.now);
            for (_, until) in pieces_or_one(reached, run.now) {
                let window = Window { start, end: until };
                let stored = events.collect(fetch, EventSource::Trail(&arn), window).await;
                let named = self.adopt(events.take_named()).await;
                match stored {
                    Ok(true) if named => (reached, start) = (until, until),
                    Ok(_) => break,
                    Err(error) => {
                        run.report.call_failed(Stage::Fetch, &arn, &error);
                        break;
                    }
                }
            }
            let (own, come) = (row.watermark, Some(reached).filter(|reached| *reached != run.now));
            let change = |row: &mut Row| stand_at(row, come, own);
            let written = self.catalog.change_trail(&arn, &mut row, change).await;
            complete &= written.map_or_else(|error| self.failed(&arn, &error), |()| true);
            self.trails.insert(arn, row);
        }
        complete
    }
}
