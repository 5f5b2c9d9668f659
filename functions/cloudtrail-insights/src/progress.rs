//! What a series' row says after a run: which spans are known, and where the next run goes on. Pure.

use crate::catalog::Row;
use crate::metrics::Progress;
use insights_shared::time::Timestamp;

/// Where a series stood when the run began on it.
#[derive(Clone, Copy, Debug)]
pub struct Stand {
    /// How far it had come.
    pub reached: Timestamp,
    /// The watermark of its own that said so, if it had one.
    pub own: Option<Timestamp>,
    /// The target's watermark.
    pub target: Option<Timestamp>,
}

/// Takes into a row what was stored of its series.
pub fn advance(row: &mut Row, progress: &Progress, stand: Stand) {
    let Stand { reached, own, target } = stand;
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
    // Another run may have left the series behind meanwhile: its watermark stays.
    let is_ours = row.watermark == own || row.watermark.is_none();
    // At a coarser period than before, the last bucket that has ended may lie before the target's watermark.
    if progress.is_complete && target.is_none_or(|target| end >= target) {
        if is_ours {
            if let Some(finest) = last {
                row.covered.open(finest.period, end);
            }
            row.watermark = None;
        }
        return;
    }
    // What was not stored may begin before the end of what was, where a finer period takes over from a coarser one.
    let come = progress.stopped_at.map_or(end, |stopped_at| stopped_at.min(end)).max(reached);
    row.watermark = if is_ours { Some(come) } else { row.watermark.min(Some(come)) };
}

#[cfg(test)]
#[path = "progress_tests.rs"]
mod tests;
