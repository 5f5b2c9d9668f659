//! One run: the clusters, the listing of each cluster's checks, the details of those that do not pass, and the end of
//! insights.

use crate::cluster::{Clusters, Collected};
use crate::config::EksInsights;
use crate::fetch::{Fetch, Listed};
use crate::known::OpenInsights;
use crate::rows::Rows;
use crate::sweep::Sweep;
use futures_util::stream::{self, StreamExt};
use insights_shared::aws::SdkConfig;
use insights_shared::collector::{Checkpoint, Collector, Cursor};
use insights_shared::completeness::Completeness;
use insights_shared::environment::Environment;
use insights_shared::fields::Faults;
use insights_shared::issue::{REQUEST_INVALID, Stage};
use insights_shared::record::Source;
use insights_shared::target_run::{TargetRun, Work};
use insights_shared::time::Timestamp;
use insights_sources::eks;
use std::collections::BTreeSet;

impl Collector for EksInsights {
    const SOURCE: Source = eks::SOURCE;

    fn read(environment: &Environment, faults: &mut Faults) -> Self {
        Self::read(environment, faults)
    }

    fn prepare(sdk: &SdkConfig) {
        let _ = aws_sdk_eks::Client::new(sdk);
    }

    async fn collect(&self, run: &TargetRun) -> Checkpoint {
        if run.work != Work::Scheduled {
            // The service keeps no history, so payloads with a window are rejected earlier. It also pushes no events.
            return Checkpoint::default();
        }
        let fetch = Fetch::new(run);
        let listed_at = run.clock_now();
        let Listed { items, result } = fetch.clusters().await;
        let clusters: BTreeSet<String> = items.into_iter().collect();
        let mut completeness = match &result {
            Ok(()) => Completeness::Complete,
            Err(error) => run.report.call_failed(Stage::Fetch, "clusters", error),
        };
        let is_whole = result.is_ok();
        if is_whole && clusters.is_empty() {
            run.report.not_enabled();
        }
        if clusters.is_empty() && !is_whole {
            return Checkpoint::nothing_done(completeness);
        }
        let (open, are_open_read) = OpenInsights::read(run).await;
        let (rows, are_rows_read) = Rows::read(run).await;
        completeness &= are_open_read;
        completeness &= are_rows_read;
        let clusters_of_run = Clusters { fetch, run, open, rows };
        if is_whole {
            completeness &= self.check_configured(run, &clusters);
            completeness &= collect_gone(&clusters_of_run, &clusters, listed_at).await;
        }
        let sweep = Sweep::of(run.state.as_ref(), run.now);
        let chosen = clusters.iter().filter(|cluster| self.is_chosen(cluster) && sweep.has_left(cluster));
        let mut unfinished = None;
        for (cluster, collected) in collect_each(&clusters_of_run, chosen).await {
            if collected.is_timed_out {
                unfinished = unfinished.or(Some(cluster));
            } else {
                completeness &= collected.completeness;
            }
        }
        let (watermark, mut cursor) = sweep.end(completeness, unfinished);
        if !is_whole {
            // Without the complete list it is unknown which clusters the sweep has passed.
            cursor = Cursor::Keep;
        }
        Checkpoint { watermark, window: None, cursor }
    }
}

impl EksInsights {
    fn is_chosen(&self, cluster: &str) -> bool {
        self.clusters.as_ref().is_none_or(|chosen| chosen.contains(cluster))
    }

    /// Reports the configured clusters that do not exist.
    fn check_configured(&self, run: &TargetRun, clusters: &BTreeSet<String>) -> Completeness {
        let missing = self.clusters.iter().flatten().filter(|name| !clusters.contains(*name));
        let report = |name: &String| {
            let message = "EKS_CLUSTERS names it, but there is no such cluster";
            run.report.issue(Stage::Fetch, "ListClusters", name, REQUEST_INVALID, false, message)
        };
        missing.map(report).collect()
    }
}

/// Handles clusters that are missing from a complete listing. A cluster that is not configured is not missing.
async fn collect_gone(
    clusters: &Clusters<'_>,
    listed: &BTreeSet<String>,
    listed_at: Timestamp,
) -> Completeness {
    let known: BTreeSet<&str> = clusters.open.clusters().chain(clusters.rows.existing()).collect();
    let mut completeness = Completeness::Complete;
    for cluster in known.into_iter().filter(|cluster| !listed.contains(*cluster)) {
        completeness &= clusters.gone(cluster, listed_at).await;
    }
    completeness
}

/// Collects several clusters concurrently, and returns the results in their order.
async fn collect_each<'a>(
    clusters: &Clusters<'_>,
    names: impl Iterator<Item = &'a String>,
) -> Vec<(&'a str, Collected)> {
    let work = names.map(|cluster| async move { (cluster.as_str(), clusters.collect(cluster).await) });
    stream::iter(work).buffered(clusters.run.settings.concurrency).collect().await
}
