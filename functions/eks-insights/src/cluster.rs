//! Collects one cluster: the listing of its checks, the details of each check that does not pass, the end of insights, and
//! the cluster's catalog row.

use crate::fetch::{Fetch, Listed};
use crate::known::{End, OpenInsight, OpenInsights, close};
use crate::listing::{CheckState, Listing};
use crate::normalize::{self, Origin};
use crate::rows::Rows;
use crate::writer;
use futures_util::stream::{self, StreamExt};
use insights_shared::catalog::ClusterRow;
use insights_shared::completeness::Completeness;
use insights_shared::issue::{CallError, Class, Stage};
use insights_shared::record::Record;
use insights_shared::target_run::TargetRun;
use insights_shared::time::Timestamp;
use std::collections::BTreeMap;

/// The number of insights that are stored together: enough to fill requests, and few enough to lose little when a run is
/// killed.
const BATCH: usize = 16;
/// The errors of a cluster that is listed but is being created or deleted. They count as answers of the service about this
/// cluster.
const NOT_READY: [&str; 2] = ["ResourceNotFoundException", "InvalidRequestException"];

/// The clusters of one target.
pub(crate) struct Clusters<'a> {
    pub(crate) fetch: Fetch<'a>,
    pub(crate) run: &'a TargetRun,
    pub(crate) open: OpenInsights,
    pub(crate) rows: Rows<'a>,
}

/// The result of collecting one cluster.
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "a watermark must not move past missing data"]
pub(crate) struct Collected {
    /// Whether everything was fetched and stored.
    pub(crate) completeness: Completeness,
    /// Whether time ran out.
    pub(crate) is_timed_out: bool,
}

/// The last known state of a check, and when it was requested.
struct Known {
    state: CheckState,
    answered_at: Timestamp,
    /// Whether this state can close earlier periods. It cannot if the insight that follows them was not stored.
    can_end: bool,
}

/// The answer about one check.
struct Described {
    state: CheckState,
    answered_at: Timestamp,
    /// `None` if the check passes in the meantime.
    record: Option<Record>,
}

impl Collected {
    fn add(&mut self, completeness: Completeness) {
        self.completeness &= completeness;
    }
}

impl Clusters<'_> {
    /// Collects one cluster.
    pub(crate) async fn collect(&self, cluster: &str) -> Collected {
        let run = self.run;
        let mut collected = Collected::default();
        let listed_at = run.clock_now();
        let Listed { items, result } = self.fetch.summaries(cluster).await;
        let listing = Listing::of(&items);
        for summary in &listing.without_id {
            let rejected = normalize::summary_without_id(summary, &run.target, cluster);
            collected.add(run.reject("ListInsights", &rejected).await);
        }
        if let Err(error) = &result {
            if NOT_READY.iter().any(|code| error.is(code)) && error.class == Class::Refused {
                run.report.answered();
            }
            self.failed(cluster, error, &mut collected);
        } else if listing.checks.values().all(CheckState::is_passing) {
            run.report.answered();
        }
        // A summary without an id may be about any check.
        let is_whole = result.is_ok() && listing.without_id.is_empty();
        let known = |state| Known { state, answered_at: listed_at, can_end: true };
        let mut checks: BTreeMap<String, Known> =
            listing.checks.into_iter().map(|(id, state)| (id, known(state))).collect();
        self.describe_all(cluster, &mut checks, &mut collected).await;
        collected.add(self.close_ended(cluster, &checks, is_whole.then_some(listed_at)).await);
        if is_whole {
            let checks = checks.into_values().map(|known| known.state.check).collect();
            let row = ClusterRow { name: cluster.to_owned(), checks, gone_at: None };
            collected.add(self.rows.write(&row, listed_at).await);
        }
        collected
    }

    /// Handles a cluster that is missing from a complete listing of clusters.
    pub(crate) async fn gone(&self, cluster: &str, listed_at: Timestamp) -> Completeness {
        let ended: Vec<(&OpenInsight, End<'_>)> =
            self.open.of(cluster).iter().map(|insight| (insight, End::Unlisted(listed_at))).collect();
        let mut completeness = close(self.run, "ListClusters", &ended).await;
        if let Some(row) = self.rows.row(cluster).filter(|row| row.gone_at.is_none()) {
            completeness &= self.rows.write(&ClusterRow { gone_at: Some(listed_at), ..row }, listed_at).await;
        }
        completeness
    }

    /// Requests every check that does not pass, and stores the answers.
    async fn describe_all(
        &self,
        cluster: &str,
        checks: &mut BTreeMap<String, Known>,
        collected: &mut Collected,
    ) {
        let failing = checks.iter_mut().filter(|(_, known)| !known.state.is_passing());
        let failing: Vec<String> = failing
            .map(|(id, known)| {
                known.can_end = false;
                id.clone()
            })
            .collect();
        let requests = failing.into_iter().map(|id| async move {
            let described = self.describe(cluster, &id).await;
            (id, described)
        });
        let answers = stream::iter(requests).buffer_unordered(self.run.settings.concurrency).chunks(BATCH);
        let mut answers = std::pin::pin!(answers);
        while let Some(batch) = answers.next().await {
            let (mut insights, mut ids) = (Vec::new(), Vec::new());
            for (id, answer) in batch {
                match answer {
                    Ok(Described { state, answered_at, record }) => {
                        self.run.report.answered();
                        let can_end = record.is_none();
                        if let Some(record) = record {
                            insights.push(record);
                            ids.push(id.clone());
                        }
                        checks.insert(id, Known { state, answered_at, can_end });
                    }
                    Err(error) => self.failed(&format!("{cluster} {id}"), &error, collected),
                }
            }
            let stored = writer::store(self.run, insights).await;
            for (id, completeness) in ids.into_iter().zip(stored) {
                collected.add(completeness);
                if let Some(known) = checks.get_mut(&id) {
                    known.can_end = completeness.is_complete();
                }
            }
        }
    }

    async fn describe(&self, cluster: &str, id: &str) -> Result<Described, CallError> {
        let answered_at = self.run.clock_now();
        let insight = self.fetch.insight(cluster, id).await?;
        let origin = Origin { target: &self.run.target, cluster, answered_at };
        let (record, state) = normalize::insight(id, &insight, origin);
        let record = (!state.is_passing()).then_some(record);
        Ok(Described { state, answered_at, record })
    }

    /// Closes the insights of a cluster that an answer ends, and, if its listing of `whole_at` was complete, those of checks
    /// that are missing from the listing.
    async fn close_ended(
        &self,
        cluster: &str,
        checks: &BTreeMap<String, Known>,
        whole_at: Option<Timestamp>,
    ) -> Completeness {
        let end = |insight: &OpenInsight| match checks.get(&insight.id) {
            Some(Known { state, answered_at, can_end }) => {
                let ends = *can_end && state.end_of(insight.started_at).is_some();
                ends.then_some(End::Answer { state, answered_at: *answered_at })
            }
            None => whole_at.map(End::Unlisted),
        };
        let ended: Vec<(&OpenInsight, End<'_>)> =
            self.open.of(cluster).iter().filter_map(|insight| Some((insight, end(insight)?))).collect();
        close(self.run, "ListInsights", &ended).await
    }

    /// Reports a failed call.
    fn failed(&self, subject: &str, error: &CallError, collected: &mut Collected) {
        collected.is_timed_out |= error.class == Class::NotReached;
        collected.add(self.run.report.call_failed(Stage::Fetch, subject, error));
    }
}
