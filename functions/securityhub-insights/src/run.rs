//! One run: every page of the custom insights, the configured managed insights, and the counts of each.
//!
//! Counts are stored while others are requested. A failure affects only its own insight. An insight that is no longer listed
//! keeps its snapshots: nothing is closed.

use crate::config::SecurityhubInsights;
use crate::fetch::Fetch;
use crate::listing::Listing;
use crate::normalize::{self, Origin};
use aws_sdk_securityhub::types::Insight;
use futures_util::stream::{self, StreamExt};
use insights_shared::aws::SdkConfig;
use insights_shared::collector::{Checkpoint, Collector};
use insights_shared::completeness::{Completeness, WriteOutcome};
use insights_shared::environment::Environment;
use insights_shared::fields::Faults;
use insights_shared::issue::{CallError, Class, REQUEST_INVALID, Stage};
use insights_shared::page::Pages;
use insights_shared::record::{Record, Source};
use insights_shared::target_run::{ExistenceHint, TargetRun, Work};
use insights_sources::securityhub;
use std::cell::Cell;

const LIST: &str = "GetInsights";
/// The code of an insight that does not exist.
const NOT_FOUND: &str = "ResourceNotFoundException";
/// The code of a request with an ARN that Security Hub does not accept.
const INVALID_INPUT: &str = "InvalidInputException";
/// The number of managed insights per request: the maximum of a page.
const ARNS: usize = 100;
/// The number of snapshots that are stored together: enough to fill requests, and few enough to lose little when a run is
/// killed.
const BATCH: usize = 25;
/// The number of batches that are written at the same time.
const WRITES_AT_ONCE: usize = 2;

impl Collector for SecurityhubInsights {
    const SOURCE: Source = securityhub::SOURCE;

    fn read(environment: &Environment, faults: &mut Faults) -> Self {
        Self::read(environment, faults)
    }

    fn prepare(sdk: &SdkConfig) {
        let _ = aws_sdk_securityhub::Client::new(sdk);
    }

    async fn collect(&self, run: &TargetRun) -> Checkpoint {
        if run.work != Work::Scheduled {
            // The service keeps no history, so payloads with a window are rejected earlier. It also pushes no events.
            return Checkpoint::default();
        }
        let collect_run = CollectRun { run, fetch: Fetch::new(run) };
        let completeness = collect_run.run(&self.managed).await;
        Checkpoint { watermark: completeness.is_complete().then_some(run.now), ..Checkpoint::default() }
    }
}

/// One target's run.
struct CollectRun<'a> {
    run: &'a TargetRun,
    fetch: Fetch<'a>,
}

impl CollectRun<'_> {
    async fn run(&self, managed: &[String]) -> Completeness {
        let report = &self.run.report;
        let mut listing = Listing::default();
        let mut completeness = match self.list(None, &mut listing).await {
            Ok(()) => {
                if listing.is_empty() {
                    // Without insights there is nothing to request. This counts as an answer.
                    report.answered();
                }
                Completeness::Complete
            }
            Err(error) if error.class == Class::NotEnabled => {
                report.not_enabled();
                return Completeness::Complete;
            }
            Err(error) => report.call_failed(Stage::Fetch, "insights", &error),
        };
        for arns in managed.chunks(ARNS) {
            completeness &= self.list_managed(arns, &mut listing).await;
        }
        let (insights, unusable) = listing.into_parts();
        let origin = self.origin();
        let unusable = unusable.iter().map(|insight| normalize::unusable(insight, origin));
        completeness &= self.run.store(LIST, unusable, ExistenceHint::Unknown).await.completeness;
        completeness &= self.collect(insights).await;
        completeness
    }

    /// Adds all insights with these ARNs to the listing, or all custom insights. After a failure, the listing contains the
    /// insights of the earlier pages.
    async fn list(&self, arns: Option<&[String]>, listing: &mut Listing) -> Result<(), CallError> {
        let mut pages = Pages::new(LIST);
        while let Some(token) = pages.next() {
            let (insights, next) = self.fetch.insights(arns, token).await?;
            let held = pages.hold(insights.len());
            let is_requested = |insight: &Insight| {
                let arn = insight.insight_arn.as_deref().unwrap_or_default();
                arns.is_none_or(|arns| arns.iter().any(|requested| requested == arn))
            };
            let (requested, others): (Vec<Insight>, Vec<Insight>) =
                insights.into_iter().partition(is_requested);
            listing.extend(requested);
            held?;
            if let Some(other) = others.first() {
                let arn = other.insight_arn.as_deref().unwrap_or_default();
                let message = format!("the answer contains the insight {arn:?}, which was not requested");
                return Err(CallError::malformed(LIST, message));
            }
            pages.turn(next.as_deref())?;
        }
        Ok(())
    }

    /// Adds the managed insights with these ARNs to the listing. An ARN that Security Hub does not know or accept is an
    /// issue, and does not affect the others.
    async fn list_managed(&self, arns: &[String], listing: &mut Listing) -> Completeness {
        let rejects_arn = |error: &CallError| error.is(NOT_FOUND) || error.is(INVALID_INPUT);
        match self.list(Some(arns), listing).await {
            Err(error) if rejects_arn(&error) && arns.len() > 1 => {
                // The error does not name the ARN that caused it.
                let mut completeness = Completeness::Complete;
                for arn in arns {
                    let listed = self.list(Some(std::slice::from_ref(arn)), listing).await;
                    completeness &= self.check_managed(std::slice::from_ref(arn), listed, listing);
                }
                completeness
            }
            listed => self.check_managed(arns, listed, listing),
        }
    }

    /// Reports the requested insights that are not in the listing.
    fn check_managed(
        &self,
        arns: &[String],
        listed: Result<(), CallError>,
        listing: &Listing,
    ) -> Completeness {
        let report = &self.run.report;
        let missing = arns.iter().filter(|arn| !listing.contains(arn));
        match listed {
            Err(error) if error.class == Class::NotReached => {
                missing.map(|arn| report.call_failed(Stage::Fetch, arn, &error)).collect()
            }
            Err(error) if !error.is(NOT_FOUND) => {
                let subject = if let [arn] = arns { arn } else { "managed insights" };
                report.call_failed(Stage::Fetch, subject, &error)
            }
            _ => {
                let message = "SECURITYHUB_INSIGHTS names it, but Security Hub has no such insight";
                let issue =
                    |arn: &String| report.issue(Stage::Fetch, LIST, arn, REQUEST_INVALID, false, message);
                missing.map(issue).collect()
            }
        }
    }

    /// Requests and stores the counts of all insights.
    async fn collect(&self, insights: impl IntoIterator<Item = (String, Insight)>) -> Completeness {
        let mut fetched = Completeness::Complete;
        let found_existing = Cell::new(false);
        let requests =
            insights.into_iter().map(|(arn, insight)| async move { self.counts(&arn, &insight).await });
        let mut completeness: Completeness = stream::iter(requests)
            .buffer_unordered(self.run.settings.concurrency)
            .filter_map(|counts| {
                let record = counts.map_err(|incomplete| fetched &= incomplete).ok();
                std::future::ready(record)
            })
            .chunks(BATCH)
            .map(|records| self.store(records, &found_existing))
            .buffer_unordered(WRITES_AT_ONCE)
            .collect::<Vec<Completeness>>()
            .await
            .into_iter()
            .collect();
        completeness &= fetched;
        completeness
    }

    /// The record of the counts of one insight.
    async fn counts(&self, arn: &str, insight: &Insight) -> Result<Record, Completeness> {
        let report = &self.run.report;
        let origin = self.origin();
        match self.fetch.results(arn).await {
            Ok(results) => {
                report.answered();
                Ok(normalize::snapshot(insight, &results, origin))
            }
            Err(error) => {
                if error.is(NOT_FOUND) {
                    // It was deleted after it was listed. This counts as an answer.
                    report.answered();
                }
                Err(report.call_failed(Stage::Fetch, arn, &error))
            }
        }
    }

    async fn store(&self, records: Vec<Record>, found_existing: &Cell<bool>) -> Completeness {
        // Before the first run of a day, the day has no snapshots.
        let oldest = records.iter().filter_map(|record| record.started_at).min();
        let hint = self.run.hint_since(oldest, found_existing.get());
        let stored: WriteOutcome = self.run.store("GetInsightResults", records, hint).await;
        found_existing.set(found_existing.get() | stored.found_existing);
        stored.completeness
    }

    fn origin(&self) -> Origin<'_> {
        Origin { target: &self.run.target, answered_at: self.run.clock_now() }
    }
}
