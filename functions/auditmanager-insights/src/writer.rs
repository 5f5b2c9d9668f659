//! Puts snapshots into the table, many at a time, while more of them are asked for.
//!
//! It waits for enough to fill its requests, or until nobody has any more, and never for a clock: what is in hand when time
//! runs out is stored then.

use crate::catalog::{Catalog, Scope};
use insights_shared::record::Record;
use insights_shared::target_run::TargetRun;
use std::collections::BTreeSet;
use tokio::sync::mpsc;

/// How many snapshots are written at a time: as many as the table is asked for at once, and few enough to lose little when
/// a run is killed.
const ENOUGH: usize = 100;
/// The pages that may wait while others are written.
const WAITING: usize = 4;

/// What one answer gave.
#[derive(Debug)]
pub struct Page {
    /// The key of the part that it belongs to; `None` for the account's own counts.
    pub part: Option<String>,
    /// The operation that was answered.
    pub operation: &'static str,
    /// Its snapshots.
    pub records: Vec<Record>,
}

/// Where pages go in, and where the writer takes them out.
pub fn channel() -> (mpsc::Sender<Page>, mpsc::Receiver<Page>) {
    mpsc::channel(WAITING)
}

/// Stores every page that comes, and the scopes that it shows to be there, until nobody has any more. The parts of which
/// something could not be stored.
pub async fn write(
    run: &TargetRun,
    catalog: &Catalog<'_>,
    mut pages: mpsc::Receiver<Page>,
) -> BTreeSet<String> {
    let mut failed = BTreeSet::new();
    let mut waiting: Vec<(Option<String>, &'static str, Record)> = Vec::new();
    loop {
        let page = pages.recv().await;
        let is_last = page.is_none();
        if let Some(Page { part, operation, records }) = page {
            waiting.extend(records.into_iter().map(|record| (part.clone(), operation, record)));
        }
        while waiting.len() >= ENOUGH || (is_last && !waiting.is_empty()) {
            let rest = waiting.split_off(waiting.len().min(ENOUGH));
            // Counts of a day that no run has seen are all new.
            let oldest = waiting.iter().map(|(_, _, record)| record.started_at).min().flatten();
            let (mut parts, mut records, mut scopes) = (Vec::new(), Vec::new(), Vec::new());
            for (part, operation, record) in std::mem::replace(&mut waiting, rest) {
                parts.push(part);
                scopes.push(Scope::of(&record));
                records.push((operation, record));
            }
            let stored = run.store_each(records, run.known_since(oldest)).await;
            let noted = catalog.note(&scopes).await;
            let whole = stored.into_iter().zip(noted).map(|(is_stored, is_noted)| is_stored && is_noted);
            failed.extend(
                parts.into_iter().zip(whole).filter(|(_, is_whole)| !is_whole).filter_map(|(part, _)| part),
            );
        }
        if is_last {
            return failed;
        }
    }
}
