//! Sends requests to EKS: one function per operation, with all pages and without interpretation.
//!
//! <https://docs.aws.amazon.com/eks/latest/APIReference/API_Operations.html>

use aws_sdk_eks::Client;
use aws_sdk_eks::config::Builder;
use aws_sdk_eks::config::retry::RetryPartition;
use aws_sdk_eks::types::{Insight, InsightSummary};
use insights_shared::issue::CallError;
use insights_shared::page::Pages;
use insights_shared::target_run::TargetRun;

/// Items per page: the maximum of both listings.
const PAGE: i32 = 100;

/// A client of EKS in one account and region.
#[derive(Debug)]
pub struct Fetch<'a> {
    client: Client,
    run: &'a TargetRun,
}

/// The result of a listing: the items of all pages before a failure, and the failure.
#[derive(Debug)]
pub struct Listed<T> {
    /// The items.
    pub items: Vec<T>,
    /// `Ok` if the items are complete.
    pub result: Result<(), CallError>,
}

impl<'a> Fetch<'a> {
    /// Creates a client for the run's target.
    pub fn new(run: &'a TargetRun) -> Self {
        let config = Builder::from(run.sdk())
            .retry_partition(RetryPartition::new(run.retry_partition()))
            .interceptor(run.observer())
            .build();
        Self { client: Client::from_conf(config), run }
    }

    /// The names of all clusters.
    pub async fn clusters(&self) -> Listed<String> {
        const OPERATION: &str = "ListClusters";
        list(OPERATION, async |token| {
            let request = self.client.list_clusters().max_results(PAGE).set_next_token(token).send();
            let page = self.run.call(OPERATION, request).await?;
            let clusters = page
                .clusters
                .ok_or_else(|| CallError::malformed(OPERATION, "the answer has no list of clusters"))?;
            Ok((clusters, page.next_token))
        })
        .await
    }

    /// The summaries of all checks of a cluster, in every category and status.
    pub async fn summaries(&self, cluster: &str) -> Listed<InsightSummary> {
        const OPERATION: &str = "ListInsights";
        list(OPERATION, async |token| {
            let request = self
                .client
                .list_insights()
                .cluster_name(cluster)
                .max_results(PAGE)
                .set_next_token(token)
                .send();
            let page = self.run.call(OPERATION, request).await?;
            let summaries = page
                .insights
                .ok_or_else(|| CallError::malformed(OPERATION, "the answer has no list of insights"))?;
            Ok((summaries, page.next_token))
        })
        .await
    }

    /// One check of a cluster. A response about another check is malformed; one without an id is stored as rejected.
    pub async fn insight(&self, cluster: &str, id: &str) -> Result<Insight, CallError> {
        const OPERATION: &str = "DescribeInsight";
        let request = self.client.describe_insight().cluster_name(cluster).id(id).send();
        let answer = self.run.call(OPERATION, request).await?;
        let insight =
            answer.insight.ok_or_else(|| CallError::malformed(OPERATION, "the answer has no insight"))?;
        match insight.id().filter(|answered| !answered.is_empty() && *answered != id) {
            Some(other) => {
                let message = format!("the response is about insight {other}, not about the requested one");
                Err(CallError::malformed(OPERATION, message))
            }
            None => Ok(insight),
        }
    }
}

/// The items of every page. A page without the member that contains its items is malformed, not empty: what is missing from a
/// listing counts as deleted.
async fn list<T>(
    operation: &'static str,
    mut page: impl AsyncFnMut(Option<String>) -> Result<(Vec<T>, Option<String>), CallError>,
) -> Listed<T> {
    let mut pages = Pages::new(operation);
    let mut items = Vec::new();
    while let Some(token) = pages.next() {
        let result = page(token).await.and_then(|(page, next)| {
            let held = pages.hold(page.len());
            items.extend(page);
            held.and_then(|()| pages.turn(next.as_deref()))
        });
        if result.is_err() {
            return Listed { items, result };
        }
    }
    Listed { items, result: Ok(()) }
}
