//! The first two requests: whether the service is in use, and the account's counts.

use crate::availability::{FirstCall, Resolver, first_call};
use crate::fetch::Fetch;
use crate::limits::is_unused;
use crate::normalize::ACCOUNT;
use aws_sdk_auditmanager::types::Insights;
use insights_shared::completeness::Completeness;
use insights_shared::issue::{CallError, Class, Stage};
use insights_shared::log;
use insights_shared::sdk::timestamp;
use insights_shared::target_run::TargetRun;
use insights_shared::time::Timestamp;

/// An account in which the service may be in use.
#[derive(Debug)]
pub struct Account {
    /// Its counts; `None` if the request failed.
    pub insights: Option<Insights>,
    /// When they were requested.
    pub asked_at: Timestamp,
}

/// The result of the first two requests.
#[derive(Debug)]
#[must_use = "a watermark must not move past missing data"]
pub struct Asked {
    /// `None` if the service is not available or not in use, or if there is no time left.
    pub account: Option<Account>,
    /// Whether both requests succeeded, if they were needed.
    pub completeness: Completeness,
}

impl Account {
    /// When its counts were last updated.
    pub fn updated_at(&self) -> Option<Timestamp> {
        self.insights.as_ref().and_then(|insights| insights.last_updated.as_ref()).and_then(timestamp)
    }
}

/// Requests the account's status and counts.
pub async fn ask(fetch: &Fetch<'_>, run: &TargetRun, resolver: &Resolver) -> Asked {
    let report = &run.report;
    let not_in_use = || {
        report.not_enabled();
        Asked { account: None, completeness: Completeness::Complete }
    };
    let status = match first_call(fetch, run, resolver).await {
        FirstCall::Ended(status) => status,
        FirstCall::NotAvailable(reason) => {
            log::not_available(run.source.as_str(), &run.target, &reason);
            return not_in_use();
        }
    };
    if status.as_ref().is_ok_and(|status| is_unused(status.as_ref())) {
        return not_in_use();
    }
    let is_not_enabled = |error: &CallError| error.class == Class::NotEnabled;
    let asked_at = run.clock_now();
    let insights = fetch.insights().await;
    if insights.as_ref().is_err_and(is_not_enabled) {
        // This answer makes the status request unnecessary, even if it failed.
        return not_in_use();
    }
    let mut completeness = Completeness::Complete;
    // Without time for the status there was no time for the counts either, and the account counts as one subject.
    if let Err(error) = &status
        && error.class != Class::NotReached
    {
        completeness &= report.call_failed(Stage::Fetch, ACCOUNT, error);
    }
    let account = match insights {
        Ok(insights) => {
            report.answered();
            Some(Account { insights: Some(insights), asked_at })
        }
        Err(error) => {
            completeness &= report.call_failed(Stage::Fetch, ACCOUNT, &error);
            // A role without permission for the account's counts may still be allowed to read assessments.
            (error.class != Class::NotReached).then_some(Account { insights: None, asked_at })
        }
    };
    Asked { account, completeness }
}
