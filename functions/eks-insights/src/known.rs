//! The stored open insights of a target, and how those that ended are closed.
//!
//! The index of open insights may lag behind the items, so each item is read again before it is closed.

use crate::listing::CheckState;
use crate::normalize;
use insights_shared::completeness::Completeness;
use insights_shared::issue::Stage;
use insights_shared::key::Key;
use insights_shared::log;
use insights_shared::record::{Record, Status, Stored};
use insights_shared::report::Outcome;
use insights_shared::store::read::Projection;
use insights_shared::target::Target;
use insights_shared::target_run::TargetRun;
use insights_shared::time::Timestamp;
use insights_sources::eks;
use std::collections::BTreeMap;

/// The maximum number of insights that are read at the same time, with `detail`.
const AT_ONCE: usize = 100;

/// An insight that the index shows as open.
#[derive(Debug)]
pub(crate) struct OpenInsight {
    pub(crate) key: Key,
    /// The id of the check.
    pub(crate) id: String,
    pub(crate) started_at: Timestamp,
}

/// Why an insight is closed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End<'a> {
    /// An answer ends it.
    Answer { state: &'a CheckState, answered_at: Timestamp },
    /// The check or its cluster is missing from a complete listing of this time.
    Unlisted(Timestamp),
}

impl End<'_> {
    /// When the service was asked.
    fn answered_at(self) -> Timestamp {
        match self {
            Self::Answer { answered_at, .. } | Self::Unlisted(answered_at) => answered_at,
        }
    }
}

/// The open insights of a target, by cluster name.
#[derive(Debug, Default)]
pub(crate) struct OpenInsights(BTreeMap<String, Vec<OpenInsight>>);

impl OpenInsights {
    /// Reads the open insights. If that fails, there are none to close.
    pub(crate) async fn read(run: &TargetRun) -> (Self, Completeness) {
        let Target { account_id, region, .. } = &run.target;
        let open = |stored: Stored| {
            let text = |name: &str| stored.text(name).map(str::to_owned);
            let key = Key { pk: text("pk")?, sk: text("sk")? };
            let open = OpenInsight { key, id: text("id")?, started_at: stored.timestamp("started_at")? };
            Some((text("entity")?, open))
        };
        match run.store.choose_open_insights(eks::SOURCE, account_id, region, open).await {
            Ok(insights) => {
                let mut clusters: BTreeMap<String, Vec<OpenInsight>> = BTreeMap::new();
                for (cluster, insight) in insights {
                    clusters.entry(cluster).or_default().push(insight);
                }
                (Self(clusters), Completeness::Complete)
            }
            Err(error) => (Self::default(), run.report.call_failed(Stage::Write, "open", &error)),
        }
    }

    /// The open insights of a cluster.
    pub(crate) fn of(&self, cluster: &str) -> &[OpenInsight] {
        self.0.get(cluster).map(Vec::as_slice).unwrap_or_default()
    }

    /// The clusters that have open insights.
    pub(crate) fn clusters(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// Closes insights because of an answer of `operation`. Each write replaces only the item that is read here.
pub(crate) async fn close(
    run: &TargetRun,
    operation: &'static str,
    ended: &[(&OpenInsight, End<'_>)],
) -> Completeness {
    let mut completeness = Completeness::Complete;
    for batch in ended.chunks(AT_ONCE) {
        let keys: Vec<Key> = batch.iter().map(|(insight, _)| insight.key.clone()).collect();
        let found = run.store.read(&keys, Projection::Whole).await;
        for (OpenInsight { key, .. }, end) in batch {
            if let Some(error) = found.failed.get(key) {
                run.report.count(Outcome::Failed);
                completeness &= run.report.call_failed(Stage::Write, &key.pk, error);
                continue;
            }
            let Some(stored) = found.items.get(key).filter(|stored| is_open(stored)) else { continue };
            if stored.is_newer_schema() {
                log::newer_schema(&key.pk, &key.sk);
                run.report.count(Outcome::Stale);
            } else if is_answered_after(run, stored, end.answered_at()) {
                run.report.count(Outcome::Stale);
            } else if let Some(record) = closed(stored, *end) {
                completeness &= run.close(operation, record, stored).await;
            }
        }
    }
    completeness
}

/// Whether the stored insight comes from a later answer, which another run stored.
fn is_answered_after(run: &TargetRun, stored: &Stored, answered_at: Timestamp) -> bool {
    let stored = stored.timestamp("answered_at").filter(|stored| !run.is_future(*stored));
    stored.is_some_and(|stored| stored > answered_at)
}

fn is_open(stored: &Stored) -> bool {
    stored.text("status") == Some(Status::Open.as_str())
}

fn closed(stored: &Stored, end: End<'_>) -> Option<Record> {
    match end {
        End::Answer { state, answered_at } => normalize::ended(stored, state, answered_at),
        End::Unlisted(listed_at) => normalize::no_longer_known(stored, listed_at),
    }
}
