//! Rows that a run has left whose clock was ahead. Where the target's watermark, or a row's own, or the end of a span is in the
//! future, nobody knows until when the series was really fetched: it restarts at the beginning of the look-back.

use super::Rows;
use insights_shared::catalog::CatalogRow;
use insights_shared::issue::Stage;
use insights_shared::time::Timestamp;

impl Rows<'_> {
    /// Has every part of which something is in the future restart, before anything moves the target's watermark. `false` if a
    /// row could not be written: then the watermark has to stay.
    pub async fn repair(&mut self) -> bool {
        let run = self.run;
        let start = self.lookback;
        let is_future = |instant: Timestamp| run.is_future(instant);
        let restarts = run.future().watermark.is_some();
        let is_wrong = |row: &CatalogRow| {
            let follows =
                restarts && row.watermark.is_none() && row.expires_at.is_none() && !row.is_at_rest();
            follows || row.watermark.is_some_and(is_future) || row.covered.ends_in_future(is_future)
        };
        let was_asked_in_future =
            |row: &CatalogRow| row.unavailable.as_ref().is_some_and(|it| is_future(it.asked_at));
        let change = |row: &mut CatalogRow| {
            if is_wrong(row) {
                row.covered.cut(start, is_future);
                row.watermark = Some(start);
            }
            // Otherwise it would not be asked about for as long as the clock was ahead.
            if was_asked_in_future(row) {
                row.unavailable = None;
            }
        };
        let is_wrong = |row: &CatalogRow| is_wrong(row) || was_asked_in_future(row);
        let mut complete = true;
        for (series, row) in &mut self.series {
            if is_wrong(row)
                && let Err(error) = self.catalog.change_series(series, row, change).await
            {
                run.report.call_failed(Stage::Write, &series.to_string(), &error);
                complete = false;
            }
        }
        for (arn, row) in &mut self.trails {
            if is_wrong(row)
                && let Err(error) = self.catalog.change_trail(arn, row, change).await
            {
                run.report.call_failed(Stage::Write, arn, &error);
                complete = false;
            }
        }
        complete
    }
}
