//! Sends requests to Security Hub: one function per operation, one page per call, without interpretation.
//!
//! <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_Operations.html>

use aws_sdk_securityhub::Client;
use aws_sdk_securityhub::config::Builder;
use aws_sdk_securityhub::config::retry::RetryPartition;
use aws_sdk_securityhub::types::{Insight, InsightResults};
use insights_shared::issue::CallError;
use insights_shared::target_run::TargetRun;

/// The maximum number of insights per page.
const PAGE: i32 = 100;

/// A client of Security Hub in one account and region.
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

    /// One page of the insights with these ARNs, and the token of the next page. `None` means all custom insights.
    pub async fn insights(
        &self,
        arns: Option<&[String]>,
        token: Option<String>,
    ) -> Result<(Vec<Insight>, Option<String>), CallError> {
        let request = self
            .client
            .get_insights()
            .set_insight_arns(arns.map(<[String]>::to_vec))
            .max_results(PAGE)
            .set_next_token(token)
            .send();
        let page = self.run.call("GetInsights", request).await?;
        Ok((page.insights.unwrap_or_default(), page.next_token))
    }

    /// The counts of one insight.
    pub async fn results(&self, arn: &str) -> Result<InsightResults, CallError> {
        const OPERATION: &str = "GetInsightResults";
        let request = self.client.get_insight_results().insight_arn(arn).send();
        let answer = self.run.call(OPERATION, request).await?;
        let results = answer
            .insight_results
            .ok_or_else(|| CallError::malformed(OPERATION, "the answer contains no results"))?;
        match results.insight_arn.as_deref() {
            Some(answered) if answered == arn => Ok(results),
            answered => {
                let answered = answered.unwrap_or_default();
                let message = format!("the answer is about {answered:?}, not about the requested insight");
                Err(CallError::malformed(OPERATION, message))
            }
        }
    }
}
