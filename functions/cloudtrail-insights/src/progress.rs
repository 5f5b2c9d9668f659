//! What a series' row says after a run: which spans are known, and where the next run goes on. Pure.

use crate::metrics::Progress;
use insights_shared::catalog::CatalogRow;
use insights_shared::time::Timestamp;

/// Where a series stood when the run began on it.
#[derive(Clone, Debug)]
pub struct Stand {
    /// The revision of its row, if it had one.
    pub revision: Option<String>,
    /// How far it had come.
    pub reached: Timestamp,
    /// The watermark of its own that said so, if it had one.
    pub own: Option<Timestamp>,
    /// The target's watermark.
    pub target: Option<Timestamp>,
}

/// Takes into a row what was stored of its series.
pub fn advance(row: &mut CatalogRow, progress: &Progress, stand: &Stand) {
    let Stand { reached, own, target, .. } = *stand;
    note_availability(row, progress, stand.revision.as_deref());
    let last = progress.stored.last();
    if progress.is_complete && last.is_none() {
        // There is no bucket that was not known.
        return;
    }
    row.covered.close(reached);
    for request in &progress.stored {
        row.covered.add(request.period, request.start, request.end);
    }
    let end = last.map_or(reached, |request| request.end);
    // At a coarser period than before, the last bucket that has ended may lie before the target's watermark.
    let is_known_on = progress.is_complete && row.unavailable.is_none();
    if is_known_on && target.is_none_or(|target| end >= target) {
        stand_at(row, None, own);
        if let Some(finest) = last.filter(|_| row.watermark.is_none()) {
            row.covered.open(finest.period, end);
        }
    } else {
        // What was not stored may begin before the end of what was, where a finer period takes over from a coarser one.
        let come = progress.stopped_at.map_or(end, |stopped_at| stopped_at.min(end)).max(reached);
        stand_at(row, Some(come), own);
    }
}

/// Takes into a row, read at `revision`, whether its series can be fetched.
pub fn note_availability(row: &mut CatalogRow, progress: &Progress, revision: Option<&str>) {
    row.note_availability(progress.rejection.as_ref(), progress.answered_at, revision);
}

/// Notes how far a part has come that stood at a watermark of its `own`; `None` is as far as the target.
pub fn stand_at(row: &mut CatalogRow, come: Option<Timestamp>, own: Option<Timestamp>) {
    // Another run may have left the part behind meanwhile: the watermark that is further back counts.
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
