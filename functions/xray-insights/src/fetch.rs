//! Sends requests to X-Ray: one function per operation, with all pages and without interpretation.
//!
//! <https://docs.aws.amazon.com/xray/latest/api/API_Operations.html>

use crate::graph::ImpactGraph;
use aws_sdk_xray::Client;
use aws_sdk_xray::config::Builder;
use aws_sdk_xray::config::retry::RetryPartition;
use aws_sdk_xray::types::{GroupSummary, Insight, InsightEvent, InsightSummary};
use insights_shared::issue::CallError;
use insights_shared::page::Pages;
use insights_shared::payload::Window;
use insights_shared::sdk::date_time;
use insights_shared::target_run::TargetRun;

/// Summaries per page: the maximum of X-Ray.
const SUMMARIES_PAGE: i32 = 100;
/// Events per page: the maximum of X-Ray.
const EVENTS_PAGE: i32 = 50;

/// A client of X-Ray in one account and region.
#[derive(Debug)]
pub struct Fetch<'a> {
    client: Client,
    run: &'a TargetRun,
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

    /// Every group of the account and region.
    pub async fn groups(&self) -> Result<Vec<GroupSummary>, CallError> {
        const OPERATION: &str = "GetGroups";
        let mut pages = Pages::new(OPERATION);
        let mut groups = Vec::new();
        while let Some(token) = pages.next() {
            let page =
                self.run.call(OPERATION, self.client.get_groups().set_next_token(token).send()).await?;
            pages.turn(page.next_token())?;
            let page = page.groups.unwrap_or_default();
            pages.hold(page.len())?;
            groups.extend(page);
        }
        Ok(groups)
    }

    /// One page of the insights of a group that overlap `window`, and the token of the next page.
    pub async fn summaries(
        &self,
        group: &GroupSummary,
        window: Window,
        token: Option<String>,
    ) -> Result<(Vec<InsightSummary>, Option<String>), CallError> {
        // A group is identified by name or by ARN. Unlike a name, an ARN is never reused.
        let arn = group.group_arn.clone();
        let name = if arn.is_none() { group.group_name.clone() } else { None };
        let request = self
            .client
            .get_insight_summaries()
            .set_group_arn(arn)
            .set_group_name(name)
            .start_time(date_time(window.start))
            .end_time(date_time(window.end))
            .max_results(SUMMARIES_PAGE)
            .set_next_token(token)
            .send();
        let page = self.run.call("GetInsightSummaries", request).await?;
        Ok((page.insight_summaries.unwrap_or_default(), page.next_token))
    }

    /// One insight. A response about another insight is malformed; one without an id is stored as rejected.
    pub async fn insight(&self, id: &str) -> Result<Insight, CallError> {
        const OPERATION: &str = "GetInsight";
        let answer = self.run.call(OPERATION, self.client.get_insight().insight_id(id).send()).await?;
        let insight = answer
            .insight
            .ok_or_else(|| CallError::malformed(OPERATION, "the answer contains no insight"))?;
        is_about(OPERATION, id, insight.insight_id())?;
        Ok(insight)
    }

    /// Every event of an insight.
    pub async fn events(&self, id: &str) -> Result<Vec<InsightEvent>, CallError> {
        const OPERATION: &str = "GetInsightEvents";
        let mut pages = Pages::new(OPERATION);
        let mut events = Vec::new();
        while let Some(token) = pages.next() {
            let request = self
                .client
                .get_insight_events()
                .insight_id(id)
                .max_results(EVENTS_PAGE)
                .set_next_token(token)
                .send();
            // Optional: the insight is stored without its events too, and the next run requests it again.
            let page = self.run.optional(OPERATION, self.run.call(OPERATION, request)).await?;
            pages.turn(page.next_token())?;
            let page = page.insight_events.unwrap_or_default();
            pages.hold(page.len())?;
            events.extend(page);
        }
        Ok(events)
    }

    /// The service graph of an insight within `window`, which may be six hours at most.
    pub async fn impact_graph(&self, id: &str, window: Window) -> Result<ImpactGraph, CallError> {
        const OPERATION: &str = "GetInsightImpactGraph";
        let mut pages = Pages::new(OPERATION);
        let mut graph = ImpactGraph::default();
        while let Some(token) = pages.next() {
            let request = self
                .client
                .get_insight_impact_graph()
                .insight_id(id)
                .start_time(date_time(window.start))
                .end_time(date_time(window.end))
                .set_next_token(token)
                .send();
            // Optional, like the events.
            let page = self.run.optional(OPERATION, self.run.call(OPERATION, request)).await?;
            is_about(OPERATION, id, page.insight_id())?;
            pages.turn(page.next_token())?;
            graph.insight_id = page.insight_id.or(graph.insight_id);
            graph.start_time = page.start_time.or(graph.start_time);
            graph.end_time = page.end_time.or(graph.end_time);
            graph.service_graph_start_time = page.service_graph_start_time.or(graph.service_graph_start_time);
            graph.service_graph_end_time = page.service_graph_end_time.or(graph.service_graph_end_time);
            if let Some(services) = page.services {
                pages.hold(services.len())?;
                graph.services.get_or_insert_default().extend(services);
            }
        }
        Ok(graph)
    }
}

/// Fails if a response is about another insight than the requested one. Ids are UUIDs, so case does not matter.
fn is_about(operation: &'static str, requested: &str, answered: Option<&str>) -> Result<(), CallError> {
    match answered.filter(|id| !id.is_empty() && !id.eq_ignore_ascii_case(requested)) {
        Some(other) => {
            let message = format!("the response is about insight {other}, not about the requested one");
            Err(CallError::malformed(operation, message))
        }
        None => Ok(()),
    }
}
