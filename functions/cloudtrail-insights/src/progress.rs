//! Changes to a series' row after a run: the covered spans, and where the next run continues. No I/O.

use crate::metrics::Progress;
use insights_shared::catalog::CatalogRow;
use insights_shared::time::Timestamp;

/// The position of a series before the run.
#[derive(Clone, Debug)]
pub struct Position {
    /// The revision of its row; `None` if there was no row.
    pub revision: Option<String>,
    /// How far it was fetched.
    pub reached: Timestamp,
    /// Its own watermark; `None` if it had none.
    pub own: Option<Timestamp>,
    /// The target's watermark.
    pub target: Option<Timestamp>,
}

/// Updates a row with the stored requests of its series.
pub fn advance(row: &mut CatalogRow, progress: &Progress, position: &Position) {
    let Position { reached, own, target, .. } = *position;
    note_availability(row, progress, position.revision.as_deref());
    let last = progress.stored.last();
    if progress.completeness.is_complete() && last.is_none() {
        // No new bucket has ended.
        return;
    }
    row.covered.close(reached);
    for request in &progress.stored {
        row.covered.add(request.period, request.start, request.end);
    }
    let end = last.map_or(reached, |request| request.end);
    // With a coarser period than before, the last bucket that has ended may end before the target's watermark.
    let is_known_on = progress.completeness.is_complete() && row.unavailable.is_none();
    if is_known_on && target.is_none_or(|target| end >= target) {
        move_to(row, None, own);
        if let Some(finest) = last.filter(|_| row.watermark.is_none()) {
            row.covered.open(finest.period, end);
        }
    } else {
        // Where a finer period follows a coarser one, the first request that was not stored may begin before the end of the
        // stored ones.
        let come = progress.stopped_at.map_or(end, |stopped_at| stopped_at.min(end)).max(reached);
        move_to(row, Some(come), own);
    }
}

/// Records in a row, read at `revision`, whether its series can be fetched.
pub fn note_availability(row: &mut CatalogRow, progress: &Progress, revision: Option<&str>) {
    row.note_availability(progress.rejection.as_ref(), progress.answered_at, revision);
}

/// Sets the watermark of a series or trail, which was `own` before. `None` means that it follows the target's watermark.
pub fn move_to(row: &mut CatalogRow, come: Option<Timestamp>, own: Option<Timestamp>) {
    // Another run may have set an earlier watermark in the meantime. The earlier one takes precedence.
    let is_ours = row.watermark == own || row.watermark.is_none();
    row.watermark = match come {
        _ if is_ours => come,
        Some(come) => row.watermark.min(Some(come)),
        None => row.watermark,
    };
}

#[cfg(test)]
#[path = "progress_tests.rs"]
mod tests;
