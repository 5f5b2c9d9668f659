//! The first two questions: whether the service is in use, and what the account's counts are.

use crate::availability::{FirstCall, Resolver, first_call};
use crate::fetch::Fetch;
use crate::limits::is_unused;
use crate::normalize::ACCOUNT;
use aws_sdk_auditmanager::types::Insights;
use insights_shared::issue::{CallError, Class, Stage};
use insights_shared::log;
use insights_shared::sdk::timestamp;
use insights_shared::target_run::TargetRun;
use insights_shared::time::Timestamp;

/// An account in which the service is in use, as far as anybody can tell.
#[derive(Debug)]
pub struct Account {
    /// Its counts; `None` if they could not be had.
    pub insights: Option<Insights>,
    /// When they were asked for.
    pub asked_at: Timestamp,
}

impl Account {
    /// Asks, and notes what fails; `None` if the service is not available or not in use, or no time is left.
    pub async fn ask(fetch: &Fetch<'_>, run: &TargetRun, resolver: &Resolver) -> Option<Self> {
        let report = &run.report;
        let status = match first_call(fetch, run, resolver).await {
            FirstCall::Ended(status) => status,
            FirstCall::NotAvailable(reason) => {
                log::not_available(run.source.as_str(), &run.target, &reason);
                report.not_enabled();
                return None;
            }
        };
        if status.as_ref().is_ok_and(|status| is_unused(status.as_ref())) {
            report.not_enabled();
            return None;
        }
        let is_not_enabled = |error: &CallError| error.class == Class::NotEnabled;
        let asked_at = run.clock_now();
        let insights = fetch.insights().await;
        if insights.as_ref().is_err_and(is_not_enabled) {
            // This answers the question for the status as well, should that one have failed.
            report.not_enabled();
            return None;
        }
        // Without time for the status there was none for the counts either, and the account is one subject.
        if let Err(error) = &status
            && error.class != Class::NotReached
        {
            report.call_failed(Stage::Fetch, ACCOUNT, error);
        }
        match insights {
            Ok(insights) => {
                report.answered();
                Some(Self { insights: Some(insights), asked_at })
            }
            Err(error) => {
                report.call_failed(Stage::Fetch, ACCOUNT, &error);
                // Assessments may be open to us where the account's own counts are not.
                (error.class != Class::NotReached).then_some(Self { insights: None, asked_at })
            }
        }
    }

    /// When its counts were last updated.
    pub fn updated_at(&self) -> Option<Timestamp> {
        self.insights.as_ref().and_then(|insights| insights.last_updated.as_ref()).and_then(timestamp)
    }
}
