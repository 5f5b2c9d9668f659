//! Passes the items that a dry run would write to a callback, for callers that need more than counters.

use super::Store;
use crate::value::Map;
use std::fmt;
use std::sync::Arc;

/// The effect of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Store an item under a key that has none.
    New,
    /// Replace the stored item.
    Changed,
    /// No effect: the same item is stored.
    Same,
}

type Receive = dyn Fn(&Map, Change) + Send + Sync;

/// Receives every item that a dry run would write, and every record that is already stored.
#[derive(Clone)]
pub struct DryRunSink(Arc<Receive>);

impl DryRunSink {
    /// A sink that calls `receive` with each item.
    pub fn new(receive: impl Fn(&Map, Change) + Send + Sync + 'static) -> Self {
        Self(Arc::new(receive))
    }
}

impl fmt::Debug for DryRunSink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("DryRunSink").finish_non_exhaustive()
    }
}

impl Store {
    /// Returns the store so that its dry runs pass their items to `sink`.
    #[must_use]
    pub fn with_dry_run_sink(self, sink: Option<DryRunSink>) -> Self {
        Self { dry_run_sink: sink, ..self }
    }

    /// Passes on an item that a dry run does not write.
    pub(super) fn record_dry_run(&self, item: &Map, change: Change) {
        if let Some(sink) = &self.dry_run_sink {
            (sink.0)(item, change);
        }
    }
}
