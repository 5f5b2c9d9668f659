//! Writes snapshots to the table in batches, while more of them are requested.
//!
//! It waits until it has enough to fill a request, or until no more can arrive, and never for a time: when time runs out, it
//! stores what it has.

use crate::catalog::{Catalog, Scope};
use insights_shared::completeness::Completeness;
use insights_shared::record::Record;
use insights_shared::target_run::TargetRun;
use std::collections::BTreeSet;
use tokio::sync::mpsc;

/// The number of snapshots that are written together: the number of keys in one batch read, and few enough to lose little
/// when a run is killed.
const BATCH: usize = 100;
/// The number of pages that may wait while others are written.
const WAITING: usize = 4;

/// The snapshots of one response.
#[derive(Debug)]
pub struct Page {
    /// The key of the part that they belong to; `None` for the account's own counts.
    pub part: Option<String>,
    /// The operation that returned them.
    pub operation: &'static str,
    /// The snapshots.
    pub records: Vec<Record>,
}

/// The result of all pages.
#[derive(Debug, Default)]
#[must_use = "a watermark must not move past missing data"]
pub struct Written {
    /// The keys of the parts of which a snapshot or a scope could not be stored.
    pub failed_parts: BTreeSet<String>,
    /// Whether everything was stored, including the account's own counts.
    pub completeness: Completeness,
}

/// The channel from the requests to the writer.
pub fn channel() -> (mpsc::Sender<Page>, mpsc::Receiver<Page>) {
    mpsc::channel(WAITING)
}

/// Stores every page that is received, and its scopes, until all senders are dropped.
pub async fn write(run: &TargetRun, catalog: &Catalog<'_>, mut pages: mpsc::Receiver<Page>) -> Written {
    let mut written = Written::default();
    let mut found_existing = false;
    let mut waiting: Vec<(Option<String>, &'static str, Record)> = Vec::new();
    loop {
        let page = pages.recv().await;
        let is_last = page.is_none();
        if let Some(Page { part, operation, records }) = page {
            waiting.extend(records.into_iter().map(|record| (part.clone(), operation, record)));
        }
        while waiting.len() >= BATCH || (is_last && !waiting.is_empty()) {
            let rest = waiting.split_off(waiting.len().min(BATCH));
            // Before the first run of a day, the day has no snapshots.
            let oldest = waiting.iter().map(|(_, _, record)| record.started_at).min().flatten();
            let (mut parts, mut records, mut scopes) = (Vec::new(), Vec::new(), Vec::new());
            for (part, operation, record) in std::mem::replace(&mut waiting, rest) {
                parts.push(part);
                scopes.push(Scope::of(&record));
                records.push((operation, record));
            }
            let stored = run.store_each(records, run.hint_since(oldest, found_existing)).await;
            found_existing |= stored.found_existing;
            written.completeness &= stored.outcome().completeness;
            let noted = catalog.note(&scopes).await;
            written.completeness &= noted.completeness;
            for (part, (mut snapshot, row)) in
                parts.into_iter().zip(stored.records.into_iter().zip(noted.rows))
            {
                snapshot &= row;
                if !snapshot.is_complete() {
                    written.failed_parts.extend(part);
                }
            }
        }
        if is_last {
            return written;
        }
    }
}
