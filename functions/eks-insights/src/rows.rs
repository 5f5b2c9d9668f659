//! The catalog rows of clusters: all are read when a run begins, and a row is written if its content changes.

use insights_shared::catalog::{CLUSTER_ROWS, ClusterRow, cluster_sort_key};
use insights_shared::completeness::Completeness;
use insights_shared::issue::{CallError, Stage};
use insights_shared::record::Stored;
use insights_shared::store::catalog::{catalog_key, catalog_row};
use insights_shared::target::Target;
use insights_shared::target_run::TargetRun;
use insights_shared::time::Timestamp;
use insights_sources::eks;
use std::collections::BTreeMap;

/// The maximum number of attempts to write a row that other runs change at the same time.
const MAX_TRIES: usize = 5;

/// The rows of a target.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    run: &'a TargetRun,
    /// The stored rows, by cluster name.
    stored: BTreeMap<String, Stored>,
}

impl<'a> Rows<'a> {
    /// Reads the rows. If that fails, each row is read before it is written.
    pub(crate) async fn read(run: &'a TargetRun) -> (Self, Completeness) {
        let Target { account_id, region, .. } = &run.target;
        match run.store.catalog(eks::SOURCE, account_id, region, CLUSTER_ROWS).await {
            Ok(rows) => {
                let named = |row: Stored| Some((ClusterRow::from_stored(&row)?.name, row));
                (Self { run, stored: rows.into_iter().filter_map(named).collect() }, Completeness::Complete)
            }
            Err(error) => {
                let completeness = run.report.call_failed(Stage::Write, "catalog", &error);
                (Self { run, stored: BTreeMap::new() }, completeness)
            }
        }
    }

    /// The clusters that existed when their row was written.
    pub(crate) fn existing(&self) -> impl Iterator<Item = &str> {
        let exists = |row: &Stored| ClusterRow::from_stored(row).is_some_and(|row| row.gone_at.is_none());
        self.stored.iter().filter(move |(_, row)| exists(row)).map(|(name, _)| name.as_str())
    }

    /// The row of a cluster that was read.
    pub(crate) fn row(&self, cluster: &str) -> Option<ClusterRow> {
        self.stored.get(cluster).and_then(ClusterRow::from_stored)
    }

    /// Writes a row that was created from answers of `answered_at`, unless the stored row has the same content or comes from
    /// a later answer.
    pub(crate) async fn write(&self, row: &ClusterRow, answered_at: Timestamp) -> Completeness {
        match self.try_write(row, answered_at).await {
            Ok(()) => Completeness::Complete,
            Err(error) => self.run.report.call_failed(Stage::Write, &cluster_sort_key(&row.name), &error),
        }
    }

    async fn try_write(&self, row: &ClusterRow, answered_at: Timestamp) -> Result<(), CallError> {
        let run = self.run;
        let sort_key = cluster_sort_key(&row.name);
        let mut stored = self.stored.get(&row.name).cloned();
        for _ in 0..MAX_TRIES {
            if let Some(stored) = &stored {
                if stored.is_newer_schema() {
                    return Err(CallError::newer_schema("PutItem"));
                }
                let known = stored.timestamp("answered_at").filter(|known| !run.is_future(*known));
                let is_later = known.is_some_and(|known| known > answered_at);
                if is_later || ClusterRow::from_stored(stored).as_ref() == Some(row) {
                    return Ok(());
                }
            }
            let envelope = catalog_row(eks::SOURCE, &run.target, sort_key.as_str());
            let item = row.to_item(envelope, answered_at, run.store.retention_days());
            if run.store.replace_catalog(item, stored.as_ref()).await?.is_some() {
                return Ok(());
            }
            stored = run.store.get(&catalog_key(eks::SOURCE, &run.target, sort_key.as_str())).await?;
        }
        Err(CallError::contended("PutItem", "other runs kept changing the catalog row"))
    }
}
