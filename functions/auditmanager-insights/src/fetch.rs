//! Sends requests to Audit Manager: one function per operation, one page per call, without interpretation.
//!
//! <https://docs.aws.amazon.com/audit-manager/latest/APIReference/API_Operations.html>

use aws_sdk_auditmanager::Client;
use aws_sdk_auditmanager::config::Builder;
use aws_sdk_auditmanager::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
use aws_sdk_auditmanager::config::interceptors::InterceptorContext;
use aws_sdk_auditmanager::config::retry::{ClassifyRetry, RetryAction, RetryConfig, RetryPartition};
use aws_sdk_auditmanager::types::{
    AccountStatus, AssessmentMetadataItem, AssessmentStatus, ControlDomainInsights,
    ControlInsightsMetadataByAssessmentItem, ControlInsightsMetadataItem, Insights, InsightsByAssessment,
};
use insights_shared::aws::is_endpoint_overridden;
use insights_shared::issue::CallError;
use insights_shared::target_run::TargetRun;
use url::Url;

/// Rows per page. The service returns up to 1,000, but several pages are in memory at the same time.
const PAGE: i32 = 100;

/// The rows of one page, and the token of the next page.
pub type Page<T> = (Vec<T>, Option<String>);

/// Prevents the retry of a request without a connection. If a connection only took too long, the request is retried.
#[derive(Debug)]
struct ConnectionsOnce;

impl ClassifyRetry for ConnectionsOnce {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let error =
            context.output_or_error().and_then(Result::err).and_then(|error| error.as_connector_error());
        match error {
            Some(error) if !error.is_timeout() => RetryAction::RetryForbidden,
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "ConnectionsOnce"
    }
}

/// A client of Audit Manager in one account and region.
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

    /// The registration status of the account.
    pub async fn account_status(&self) -> Result<Option<AccountStatus>, CallError> {
        self.account_status_with(Builder::new()).await
    }

    /// Like [`Fetch::account_status`], but ends with the first request that finds no connection. Other failures are retried
    /// as usual.
    pub async fn account_status_if_connected(&self) -> Result<Option<AccountStatus>, CallError> {
        self.account_status_with(Builder::new().retry_classifier(ConnectionsOnce)).await
    }

    /// Like [`Fetch::account_status`], with one attempt less, because the first request was already sent.
    pub async fn account_status_after_first_request(&self) -> Result<Option<AccountStatus>, CallError> {
        let usual = self.run.sdk().retry_config().cloned().unwrap_or_else(RetryConfig::standard);
        let attempts = usual.max_attempts().saturating_sub(1).max(1);
        self.account_status_with(Builder::new().retry_config(usual.with_max_attempts(attempts))).await
    }

    async fn account_status_with(&self, config: Builder) -> Result<Option<AccountStatus>, CallError> {
        const OPERATION: &str = "GetAccountStatus";
        let request = self.client.get_account_status().customize().config_override(config).send();
        // Optional, because GetInsights shows the same.
        Ok(self.run.optional(OPERATION, self.run.call(OPERATION, request)).await?.status)
    }

    /// The host of the service's own endpoint in the region; `None` if requests go to another endpoint.
    pub async fn endpoint_host(&self) -> Option<String> {
        let sdk = self.run.sdk();
        if is_endpoint_overridden(sdk, "AuditManager") {
            return None;
        }
        let parameters = Params::builder()
            .set_region(sdk.region().map(ToString::to_string))
            .set_use_fips(sdk.use_fips())
            .set_use_dual_stack(sdk.use_dual_stack())
            .build()
            .ok()?;
        let resolver = DefaultResolver::new();
        let endpoint = ResolveEndpoint::resolve_endpoint(&resolver, &parameters).await.ok()?;
        Url::parse(endpoint.url()).ok()?.host_str().map(str::to_owned)
    }

    /// The counts of all active assessments together.
    pub async fn insights(&self) -> Result<Insights, CallError> {
        const OPERATION: &str = "GetInsights";
        let answer = self.run.call(OPERATION, self.client.get_insights().send()).await?;
        answer.insights.ok_or_else(|| CallError::malformed(OPERATION, "the answer contains no insights"))
    }

    /// One page of the active assessments.
    pub async fn assessments(
        &self,
        token: Option<String>,
    ) -> Result<Page<AssessmentMetadataItem>, CallError> {
        let request = self
            .client
            .list_assessments()
            .status(AssessmentStatus::Active)
            .max_results(PAGE)
            .set_next_token(token)
            .send();
        let page = self.run.call("ListAssessments", request).await?;
        Ok((page.assessment_metadata.unwrap_or_default(), page.next_token))
    }

    /// The counts of one active assessment.
    pub async fn assessment_insights(&self, assessment: &str) -> Result<InsightsByAssessment, CallError> {
        const OPERATION: &str = "GetInsightsByAssessment";
        let request = self.client.get_insights_by_assessment().assessment_id(assessment).send();
        let answer = self.run.call(OPERATION, request).await?;
        answer.insights.ok_or_else(|| CallError::malformed(OPERATION, "the answer contains no insights"))
    }

    /// One page of the control domains over all active assessments.
    pub async fn domains(&self, token: Option<String>) -> Result<Page<ControlDomainInsights>, CallError> {
        let request =
            self.client.list_control_domain_insights().max_results(PAGE).set_next_token(token).send();
        let page = self.run.call("ListControlDomainInsights", request).await?;
        Ok((page.control_domain_insights.unwrap_or_default(), page.next_token))
    }

    /// One page of the control domains of one assessment.
    pub async fn assessment_domains(
        &self,
        assessment: &str,
        token: Option<String>,
    ) -> Result<Page<ControlDomainInsights>, CallError> {
        let request = self
            .client
            .list_control_domain_insights_by_assessment()
            .assessment_id(assessment)
            .max_results(PAGE)
            .set_next_token(token)
            .send();
        let page = self.run.call("ListControlDomainInsightsByAssessment", request).await?;
        Ok((page.control_domain_insights.unwrap_or_default(), page.next_token))
    }

    /// One page of the controls of a control domain over all active assessments.
    pub async fn controls(
        &self,
        domain: &str,
        token: Option<String>,
    ) -> Result<Page<ControlInsightsMetadataItem>, CallError> {
        let request = self
            .client
            .list_control_insights_by_control_domain()
            .control_domain_id(domain)
            .max_results(PAGE)
            .set_next_token(token)
            .send();
        let page = self.run.call("ListControlInsightsByControlDomain", request).await?;
        Ok((page.control_insights_metadata.unwrap_or_default(), page.next_token))
    }

    /// One page of the controls of a control domain in one assessment.
    pub async fn assessment_controls(
        &self,
        assessment: &str,
        domain: &str,
        token: Option<String>,
    ) -> Result<Page<ControlInsightsMetadataByAssessmentItem>, CallError> {
        let request = self
            .client
            .list_assessment_control_insights_by_control_domain()
            .assessment_id(assessment)
            .control_domain_id(domain)
            .max_results(PAGE)
            .set_next_token(token)
            .send();
        let page = self.run.call("ListAssessmentControlInsightsByControlDomain", request).await?;
        Ok((page.control_insights_by_assessment.unwrap_or_default(), page.next_token))
    }
}
