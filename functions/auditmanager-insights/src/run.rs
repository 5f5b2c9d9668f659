//! One run: whether the service is in use, the account's counts, and, up to the configured `AUDITMANAGER_DEPTH`, those of
//! every active assessment, control domain and control.
//!
//! Every answer is passed to the writer immediately, so that nothing is lost when time runs out. A failure affects only its
//! own part. If time runs out, the next run continues with the part that was not finished.

use crate::account::{self, Account, Asked};
use crate::catalog::Catalog;
use crate::config::{AuditmanagerInsights, Depth};
use crate::fetch::Fetch;
use crate::limits::{is_assessment_id, is_domain_id};
use crate::normalize::{self, InDomain, Origin, Within};
use crate::sweep::{PartOutcome, Sweep};
use crate::unique::{ListedDomain, Unique};
use crate::writer::{self, Page};
use aws_sdk_auditmanager::types::{AssessmentMetadataItem, ControlDomainInsights};
use futures_util::stream::{self, StreamExt};
use insights_shared::aws::SdkConfig;
use insights_shared::collector::{Checkpoint, Collector, Cursor};
use insights_shared::completeness::Completeness;
use insights_shared::environment::Environment;
use insights_shared::fields::Faults;
use insights_shared::issue::{CallError, Class, REQUEST_INVALID, Stage};
use insights_shared::key;
use insights_shared::page::Pages;
use insights_shared::record::{Record, Source};
use insights_shared::sdk::timestamp;
use insights_shared::target_run::{TargetRun, Work};
use insights_sources::auditmanager;
use tokio::sync::{Semaphore, mpsc};

/// The code for an assessment that no longer exists.
const NOT_FOUND: &str = "ResourceNotFoundException";

impl Collector for AuditmanagerInsights {
    const SOURCE: Source = auditmanager::SOURCE;

    fn read(environment: &Environment, faults: &mut Faults) -> Self {
        Self::read(environment, faults)
    }

    fn prepare(sdk: &SdkConfig) {
        let _ = aws_sdk_auditmanager::Client::new(sdk);
    }

    async fn collect(&self, run: &TargetRun) -> Checkpoint {
        if run.work != Work::Scheduled {
            // The service keeps no history, so payloads with a window are rejected earlier. It also pushes no events.
            return Checkpoint::default();
        }
        let sweep = Sweep::of(run.state.as_ref(), self.depth, run.now);
        let mut cursor = Cursor::Keep;
        let fetch = Fetch::new(run);
        let Asked { account, mut completeness } = account::ask(&fetch, run, &self.resolver).await;
        if let Some(account) = account {
            let (catalog, read) = Catalog::read(run).await;
            let page_permits = Semaphore::new(run.settings.concurrency);
            let (pages, incoming) = writer::channel();
            let collect_run = CollectRun { depth: self.depth, run, fetch, pages, account, page_permits };
            let (swept, written) =
                tokio::join!(collect_run.run(&sweep), writer::write(run, &catalog, incoming));
            let Swept { mut parts, listed } = swept;
            completeness &= read;
            completeness &= listed;
            completeness &= written.completeness;
            for (part, outcome) in &mut parts {
                if written.failed_parts.contains(part) {
                    *outcome = (*outcome).max(PartOutcome::Failed);
                }
                completeness &= outcome.completeness();
            }
            // Without the complete list it is unknown which parts the sweep has passed.
            if listed.is_complete() {
                cursor = sweep.cursor(&parts);
            }
        }
        // A service without history has no window.
        Checkpoint { watermark: completeness.is_complete().then_some(sweep.since), window: None, cursor }
    }
}

/// One target's run.
struct CollectRun<'a> {
    depth: Depth,
    run: &'a TargetRun,
    fetch: Fetch<'a>,
    /// Passes snapshots to the writer.
    pages: mpsc::Sender<Page>,
    account: Account,
    /// Limits the total number of pages in memory. Limits of nested streams would multiply.
    page_permits: Semaphore,
}

/// A part of the account that is collected separately.
enum Part {
    /// The domains over all active assessments.
    WholeAccount,
    /// One active assessment.
    Assessment(Box<AssessmentMetadataItem>),
}

impl Part {
    /// Its key in the order of the sweep.
    fn key(&self) -> &str {
        match self {
            Self::WholeAccount => "",
            Self::Assessment(assessment) => assessment.id.as_deref().unwrap_or_default(),
        }
    }
}

/// The result of a sweep, without failures of the writer.
#[must_use = "a watermark must not move past missing data"]
struct Swept {
    /// The outcome of each part, by its key.
    parts: Vec<(String, PartOutcome)>,
    /// Whether `parts` contains all parts that the sweep still has to collect.
    listed: Completeness,
}

impl CollectRun<'_> {
    async fn run(self, sweep: &Sweep) -> Swept {
        if let Some(insights) = &self.account.insights {
            let origin = Origin { target: &self.run.target, answered_at: self.account.asked_at };
            self.store(None, "GetInsights", normalize::account(insights, origin)).await;
        }
        let mut parts = Vec::new();
        if self.depth >= Depth::Domain {
            parts.push(Part::WholeAccount);
        }
        let mut listed = Completeness::Complete;
        if self.depth >= Depth::Assessment {
            listed = self.assessments(&mut parts).await;
        }
        let this = &self;
        let work = sweep.left(parts, Part::key).into_iter().map(|part| async move {
            let outcome = match &part {
                Part::WholeAccount => {
                    this.domains(Within { assessment: None, updated_at: this.account.updated_at() }).await
                }
                Part::Assessment(assessment) => this.assessment(assessment).await,
            };
            (part.key().to_owned(), outcome)
        });
        // An account that was too large for one run is collected one part at a time. With several concurrent parts, possibly
        // none would be finished.
        let at_once = if sweep.was_timed_out() { 1 } else { self.run.settings.concurrency };
        let parts: Vec<(String, PartOutcome)> = stream::iter(work).buffered(at_once).collect().await;
        Swept { parts, listed }
    }

    /// Adds every active assessment, up to the end or a failure of the listing. There are a few hundred at most. The result
    /// is incomplete if some may be missing.
    async fn assessments(&self, parts: &mut Vec<Part>) -> Completeness {
        let mut pages = Pages::new("ListAssessments");
        let mut listed = Unique::new();
        let mut listing = Ok(());
        while let (Ok(()), Some(token)) = (&listing, pages.next()) {
            listing = match self.fetch.assessments(token).await {
                Ok((assessments, next)) => {
                    let held = pages.hold(assessments.len());
                    listed.extend(assessments.into_iter().map(|mut assessment| {
                        (assessment.roles, assessment.delegations) = (None, None);
                        assessment
                    }));
                    held.and_then(|()| pages.turn(next.as_deref()))
                }
                Err(error) => Err(error),
            };
        }
        parts.extend(listed.take().into_iter().map(|assessment| Part::Assessment(Box::new(assessment))));
        match &listing {
            Ok(()) => Completeness::Complete,
            Err(error) => self.run.report.call_failed(Stage::Fetch, "assessments", error),
        }
    }

    async fn assessment(&self, assessment: &AssessmentMetadataItem) -> PartOutcome {
        const OPERATION: &str = "GetInsightsByAssessment";
        let run = self.run;
        let id = assessment.id.as_deref().unwrap_or_default();
        if !is_assessment_id(id) {
            let subject = key::join(["assessment", id]);
            let message = format!("{id:?} must be a lowercase UUID, so nothing about it can be requested");
            let issue = run.report.issue(Stage::Fetch, OPERATION, &subject, REQUEST_INVALID, false, &message);
            return issue.into();
        }
        let mut within = Within { assessment: Some(id), updated_at: None };
        let origin = self.origin();
        let outcome = match self.fetch.assessment_insights(id).await {
            Ok(insights) => {
                run.report.answered();
                within.updated_at = insights.last_updated.as_ref().and_then(timestamp);
                let record = normalize::assessment(id, assessment, &insights, origin);
                self.store(Some(within), OPERATION, record).await;
                PartOutcome::Done
            }
            Err(error) if error.is(NOT_FOUND) => {
                let _ = self.failed(&within.scope(), &error);
                return PartOutcome::Deleted;
            }
            Err(error) => self.failed(&within.scope(), &error),
        };
        if outcome == PartOutcome::TimedOut || self.depth < Depth::Domain {
            return outcome;
        }
        outcome.max(self.domains(within).await)
    }

    /// Reports a failed call.
    fn failed(&self, subject: &str, error: &CallError) -> PartOutcome {
        let outcome = self.run.report.call_failed(Stage::Fetch, subject, error).into();
        if error.class == Class::NotReached { PartOutcome::TimedOut } else { outcome }
    }

    async fn domains(&self, within: Within<'_>) -> PartOutcome {
        let mut outcome = PartOutcome::Done;
        if let Err(error) = self.try_domains(within, &mut outcome).await {
            outcome = outcome.max(self.failed(&within.scope(), &error));
        }
        outcome
    }

    async fn try_domains(&self, within: Within<'_>, outcome: &mut PartOutcome) -> Result<(), CallError> {
        let operation = match within.assessment {
            Some(_) => "ListControlDomainInsightsByAssessment",
            None => "ListControlDomainInsights",
        };
        let mut pages = Pages::new(operation);
        let mut listed = Unique::new();
        let mut listing = Ok(());
        while let (Ok(()), Some(token)) = (&listing, pages.next()) {
            let permit = self.page_permits.acquire().await.ok();
            let asked_at = self.run.clock_now();
            let answer = match within.assessment {
                Some(assessment) => self.fetch.assessment_domains(assessment, token).await,
                None => self.fetch.domains(token).await,
            };
            drop(permit);
            listing = answer.and_then(|(domains, next)| {
                self.run.report.answered();
                let held = pages.hold(domains.len());
                listed.extend(domains.into_iter().map(|domain| ListedDomain { domain, asked_at }));
                held.and_then(|()| pages.turn(next.as_deref()))
            });
            if listed.is_full() {
                *outcome = (*outcome).max(self.store_domains(operation, within, listed.take()).await);
            }
        }
        // The rows before a failure are also stored.
        *outcome = (*outcome).max(self.store_domains(operation, within, listed.take()).await);
        listing
    }

    /// Stores domains and, at the configured depth, their controls.
    async fn store_domains(
        &self,
        operation: &'static str,
        within: Within<'_>,
        domains: Vec<ListedDomain>,
    ) -> PartOutcome {
        let target = &self.run.target;
        let records = domains.iter().filter_map(|ListedDomain { domain, asked_at }| {
            normalize::domain(domain, within, Origin { target, answered_at: *asked_at })
        });
        self.store(Some(within), operation, records).await;
        if self.depth < Depth::Control {
            return PartOutcome::Done;
        }
        let work = domains.iter().map(|listed| self.controls(&listed.domain, within));
        let work = stream::iter(work).buffer_unordered(self.run.settings.concurrency);
        work.fold(PartOutcome::Done, async |worst, outcome| worst.max(outcome)).await
    }

    async fn controls(&self, domain: &ControlDomainInsights, within: Within<'_>) -> PartOutcome {
        let id = domain.id.as_deref().unwrap_or_default();
        let operation = match within.assessment {
            Some(_) => "ListAssessmentControlInsightsByControlDomain",
            None => "ListControlInsightsByControlDomain",
        };
        let domain = within.domain(id, domain.last_updated.as_ref());
        let report = &self.run.report;
        if !is_domain_id(id) {
            let message =
                format!("{id:?} is not the id of a control domain, so its controls cannot be requested");
            let subject = domain.scope();
            return report.issue(Stage::Fetch, operation, &subject, REQUEST_INVALID, false, &message).into();
        }
        match self.try_controls(operation, domain).await {
            Ok(()) => PartOutcome::Done,
            Err(error) => self.failed(&domain.scope(), &error),
        }
    }

    async fn try_controls(&self, operation: &'static str, domain: InDomain<'_>) -> Result<(), CallError> {
        let _permit = self.page_permits.acquire().await.ok();
        let mut pages = Pages::new(operation);
        let mut listed = Unique::new();
        let mut listing = Ok(());
        while let (Ok(()), Some(token)) = (&listing, pages.next()) {
            listing = self.control_page(domain, token).await.and_then(|(records, next)| {
                self.run.report.answered();
                let held = pages.hold(records.len());
                listed.extend(records);
                held.and_then(|()| pages.turn(next.as_deref()))
            });
            if listed.is_full() {
                self.store(Some(domain.within), operation, listed.take()).await;
            }
        }
        // The rows before a failure are also stored.
        self.store(Some(domain.within), operation, listed.take()).await;
        listing
    }

    async fn control_page(
        &self,
        domain: InDomain<'_>,
        token: Option<String>,
    ) -> Result<(Vec<Record>, Option<String>), CallError> {
        let origin = self.origin();
        if let Some(assessment) = domain.within.assessment {
            let (rows, next) = self.fetch.assessment_controls(assessment, domain.domain, token).await?;
            let records = rows.iter().filter_map(|row| normalize::assessment_control(row, domain, origin));
            Ok((records.collect(), next))
        } else {
            let (rows, next) = self.fetch.controls(domain.domain, token).await?;
            Ok((rows.iter().filter_map(|row| normalize::control(row, domain, origin)).collect(), next))
        }
    }

    /// Passes snapshots of a part, or of the account, to the writer.
    async fn store(
        &self,
        within: Option<Within<'_>>,
        operation: &'static str,
        records: impl IntoIterator<Item = Record>,
    ) {
        let part = within.map(|within| within.assessment.unwrap_or_default().to_owned());
        let page = Page { part, operation, records: records.into_iter().collect() };
        // The writer receives until all senders are dropped.
        let _ = self.pages.send(page).await;
    }

    fn origin(&self) -> Origin<'_> {
        Origin { target: &self.run.target, answered_at: self.run.clock_now() }
    }
}
