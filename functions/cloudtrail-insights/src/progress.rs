//! Changes to a series' row after a run: which spans are known, and where the next run continues. Pure.

use crate::metrics::Progress;
use insights_shared::catalog::CatalogRow;
use insights_shared::time::Timestamp;

/// The position of a series before the run fetched it.
#[derive(Clone, Debug)]
pub struct Position {
    /// The revision of its row, if it had one.
    pub revision: Option<String>,
    /// How far it was fetched.
    pub reached: Timestamp,
    /// Its own watermark, if it had one.
    pub own: Option<Timestamp>,
    /// The target's watermark.
    pub target: Option<Timestamp>,
}

/// Updates a row with what was stored of its series.
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
    // At a coarser period than before, the last bucket that has ended may lie before the target's watermark.
    let is_known_on = progress.completeness.is_complete() && row.unavailable.is_none();
    if is_known_on && target.is_none_or(|target| end >= target) {
        move_to(row, None, own);
        if let Some(finest) = last.filter(|_| row.watermark.is_none()) {
            row.covered.open(finest.period, end);
        }
    } else {
        // Where a finer period follows a coarser one, what was not stored may begin before the end of what was.
        let come = progress.stopped_at.map_or(end, |stopped_at| stopped_at.min(end)).max(reached);
        move_to(row, Some(come), own);
    }
}

/// Updates a row, read at `revision`, with whether its series can be fetched.
pub fn note_availability(row: &mut CatalogRow, progress: &Progress, revision: Option<&str>) {
    row.note_availability(progress.rejection.as_ref(), progress.answered_at, revision);
}

/// Sets how far a part was fetched whose watermark was `own`; `None` is as far as the target.
pub fn move_to(row: &mut CatalogRow, come: Option<Timestamp>, own: Option<Timestamp>) {
    // Another run may have moved the part back in the meantime: the earlier watermark wins.
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
