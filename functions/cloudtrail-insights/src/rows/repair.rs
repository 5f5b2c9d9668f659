//! Repairs rows that were written by a run whose clock was ahead. If the target's watermark, a row's watermark or the end of
//! a span is in the future, it is unknown how far the series was fetched. It restarts at the start of the look-back.

use super::Rows;
use insights_shared::catalog::CatalogRow;
use insights_shared::completeness::Completeness;
use insights_shared::issue::Stage;
use insights_shared::time::Timestamp;

impl Rows<'_> {
    /// Restarts every series and trail that has a time in the future, before the target's watermark moves. The result is
    /// incomplete if a row could not be written. The target's watermark then does not move.
    pub async fn repair(&mut self) -> Completeness {
        let run = self.run;
        let start = self.lookback;
        let is_future = |instant: Timestamp| run.is_future(instant);
        let restarts = run.future().watermark.is_some();
        let is_wrong = |row: &CatalogRow| {
            let follows =
                restarts && row.watermark.is_none() && row.expires_at.is_none() && !row.is_inactive();
            follows || row.watermark.is_some_and(is_future) || row.covered.ends_in_future(is_future)
        };
        let was_asked_in_future =
            |row: &CatalogRow| row.unavailable.as_ref().is_some_and(|it| is_future(it.asked_at));
        let change = |row: &mut CatalogRow| {
            if is_wrong(row) {
                row.covered.cut(start, is_future);
                row.watermark = Some(start);
            }
            // Otherwise it would not be requested until the wrong time is reached.
            if was_asked_in_future(row) {
                row.unavailable = None;
            }
        };
        let is_wrong = |row: &CatalogRow| is_wrong(row) || was_asked_in_future(row);
        let mut completeness = Completeness::Complete;
        for (series, row) in &mut self.series {
            if is_wrong(row)
                && let Err(error) = self.catalog.change_series(series, row, change).await
            {
                completeness &= run.report.call_failed(Stage::Write, &series.to_string(), &error);
            }
        }
        for (arn, row) in &mut self.trails {
            if is_wrong(row)
                && let Err(error) = self.catalog.change_trail(arn, row, change).await
            {
                completeness &= run.report.call_failed(Stage::Write, arn, &error);
            }
        }
        completeness
    }
}
