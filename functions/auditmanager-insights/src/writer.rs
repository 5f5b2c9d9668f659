//! Writes snapshots to the table, many at a time, while more of them are requested.
//!
//! It waits for enough to fill its requests, or until no more can come, and never for a clock: when time runs out, it stores
//! what it has.

use crate::catalog::{Catalog, Scope};
use insights_shared::completeness::Completeness;
use insights_shared::record::Record;
use insights_shared::target_run::TargetRun;
use std::collections::BTreeSet;
use tokio::sync::mpsc;

/// How many snapshots are written at once: as many as one batch read has keys, and few enough to lose little when a run is
/// killed.
const BATCH: usize = 100;
/// The pages that may wait while others are written.
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

/// What became of all pages.
#[derive(Debug, Default)]
#[must_use = "a watermark would pass over what is missing"]
pub struct Written {
    /// The keys of the parts of which a snapshot or a scope could not be stored.
    pub failed_parts: BTreeSet<String>,
    /// Whether everything was stored, the account's own counts included.
    pub completeness: Completeness,
}

/// The two ends of the way from the requests to the writer.
pub fn channel() -> (mpsc::Sender<Page>, mpsc::Receiver<Page>) {
    mpsc::channel(WAITING)
}

/// Stores every page that is received, and its scopes, until all senders are gone.
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
            // Counts of a day on which no run has been are all new.
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
