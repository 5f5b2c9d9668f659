//! The story of a run: whether the service is in use, the account's counts, and below them, as far as `AUDITMANAGER_DEPTH`
//! goes, those of every active assessment, control domain and control.
//!
//! What was answered goes to the writer at once, so that nothing in hand is lost when time runs out, and so that a failure
//! costs what it is about and nothing else. Where time runs out, the next run goes on with the part that was cut short.

use crate::account::Account;
use crate::catalog::Catalog;
use crate::config::{AuditmanagerInsights, Depth};
use crate::fetch::Fetch;
use crate::limits::{is_assessment_id, is_domain_id};
use crate::normalize::{self, InDomain, Origin, Within};
use crate::round::{Outcome, Round};
use crate::unique::{ListedDomain, Unique};
use crate::writer::{self, Page};
use aws_sdk_auditmanager::types::{AssessmentMetadataItem, ControlDomainInsights};
use futures_util::stream::{self, StreamExt};
use insights_shared::aws::SdkConfig;
use insights_shared::collector::{Collector, Finish, Resume};
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

/// What the service answers for an assessment that is there no longer.
const NOT_FOUND: &str = "ResourceNotFoundException";

impl Collector for AuditmanagerInsights {
    const SOURCE: Source = auditmanager::SOURCE;

    fn read(environment: &Environment, faults: &mut Faults) -> Self {
        Self::read(environment, faults)
    }

    fn prepare(sdk: &SdkConfig) {
        let _ = aws_sdk_auditmanager::Client::new(sdk);
    }

    async fn collect(&self, run: &TargetRun) -> Finish {
        if run.work != Work::Scheduled {
            // Nothing to do: the service has no past, so that payloads with a window are refused, and it pushes nothing.
            return Finish::default();
        }
        let round = Round::of(run.state.as_ref(), self.depth, run.now);
        let mut resume = Resume::Keep;
        let fetch = Fetch::new(run);
        if let Some(account) = Account::ask(&fetch, run, &self.resolver).await {
            let catalog = Catalog::read(run).await;
            let hands = Semaphore::new(run.settings.concurrency);
            let (pages, incoming) = writer::channel();
            let story = Story { depth: self.depth, run, fetch, pages, account, hands };
            let (told, unstored) = tokio::join!(story.tell(&round), writer::write(run, &catalog, incoming));
            // Without the whole list nobody knows what the round has passed.
            if let Some(mut outcomes) = told {
                for (part, outcome) in &mut outcomes {
                    *outcome = (*outcome).max(Outcome::done(!unstored.contains(part)));
                }
                resume = round.resume(&outcomes);
            }
        }
        // There is no past to have worked on, so there is no window either.
        Finish { watermark: run.report.is_clean().then_some(round.since), window: None, resume }
    }
}

struct Story<'a> {
    depth: Depth,
    run: &'a TargetRun,
    fetch: Fetch<'a>,
    /// Where what was found goes to be stored.
    pages: mpsc::Sender<Page>,
    account: Account,
    /// Pages in hand at once: streams within streams would multiply the bound.
    hands: Semaphore,
}

/// What is worked through on its own.
enum Part {
    /// The domains over all active assessments.
    WholeAccount,
    /// One active assessment.
    Assessment(Box<AssessmentMetadataItem>),
}

impl Part {
    /// What puts it in the round's order.
    fn key(&self) -> &str {
        match self {
            Self::WholeAccount => "",
            Self::Assessment(assessment) => assessment.id.as_deref().unwrap_or_default(),
        }
    }
}

impl Story<'_> {
    /// Tells it, and says how far each part came; `None` if not all parts are known.
    async fn tell(self, round: &Round) -> Option<Vec<(String, Outcome)>> {
        if let Some(insights) = &self.account.insights {
            let origin = Origin { target: &self.run.target, answered_at: self.account.asked_at };
            self.store(None, "GetInsights", normalize::account(insights, origin)).await;
        }
        let mut parts = Vec::new();
        if self.depth >= Depth::Domain {
            parts.push(Part::WholeAccount);
        }
        let mut is_listed = true;
        if self.depth >= Depth::Assessment {
            is_listed = self.assessments(&mut parts).await;
        }
        let story = &self;
        let work = round.left(parts, Part::key).into_iter().map(|part| async move {
            let outcome = match &part {
                Part::WholeAccount => {
                    story.domains(Within { assessment: None, updated_at: story.account.updated_at() }).await
                }
                Part::Assessment(assessment) => story.assessment(assessment).await,
            };
            (part.key().to_owned(), outcome)
        });
        // Once an account has shown to be too large, its parts come one by one: of many at once, none might be finished.
        let at_once = if round.was_cut() { 1 } else { self.run.settings.concurrency };
        let outcomes: Vec<(String, Outcome)> = stream::iter(work).buffered(at_once).collect().await;
        is_listed.then_some(outcomes)
    }

    /// Adds every active assessment, as far as the listing goes; there are hundreds of them at the most. `false` if some of
    /// them may be missing: a failed listing does not mean that there are no others.
    async fn assessments(&self, parts: &mut Vec<Part>) -> bool {
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
        if let Err(error) = &listing {
            self.run.report.call_failed(Stage::Fetch, "assessments", error);
        }
        listing.is_ok()
    }

    async fn assessment(&self, assessment: &AssessmentMetadataItem) -> Outcome {
        const OPERATION: &str = "GetInsightsByAssessment";
        let run = self.run;
        let id = assessment.id.as_deref().unwrap_or_default();
        if !is_assessment_id(id) {
            let subject = key::join(["assessment", id]);
            let message = format!("{id:?} must be a UUID in small letters, so nothing about it can be asked");
            run.report.issue(Stage::Fetch, OPERATION, &subject, REQUEST_INVALID, false, &message);
            return Outcome::Failed;
        }
        let mut within = Within { assessment: Some(id), updated_at: None };
        let origin = self.origin();
        let outcome = match self.fetch.assessment_insights(id).await {
            Ok(insights) => {
                run.report.answered();
                within.updated_at = insights.last_updated.as_ref().and_then(timestamp);
                let record = normalize::assessment(id, assessment, &insights, origin);
                self.store(Some(within), OPERATION, record).await;
                Outcome::Done
            }
            // Deleted since it was listed: there is nothing to ask about.
            Err(error) if error.is(NOT_FOUND) => {
                run.report.call_failed(Stage::Fetch, &within.scope(), &error);
                return Outcome::Done;
            }
            Err(error) => self.failed(&within.scope(), &error),
        };
        if outcome == Outcome::Cut || self.depth < Depth::Domain {
            return outcome;
        }
        outcome.max(self.domains(within).await)
    }

    /// What a call has failed of, said in the report.
    fn failed(&self, subject: &str, error: &CallError) -> Outcome {
        self.run.report.call_failed(Stage::Fetch, subject, error);
        if error.class == Class::NotReached { Outcome::Cut } else { Outcome::Failed }
    }

    async fn domains(&self, within: Within<'_>) -> Outcome {
        let mut outcome = Outcome::Done;
        if let Err(error) = self.try_domains(within, &mut outcome).await {
            outcome = outcome.max(self.failed(&within.scope(), &error));
        }
        outcome
    }

    async fn try_domains(&self, within: Within<'_>, outcome: &mut Outcome) -> Result<(), CallError> {
        let operation = match within.assessment {
            Some(_) => "ListControlDomainInsightsByAssessment",
            None => "ListControlDomainInsights",
        };
        let mut pages = Pages::new(operation);
        let mut listed = Unique::new();
        let mut listing = Ok(());
        while let (Ok(()), Some(token)) = (&listing, pages.next()) {
            let hand = self.hands.acquire().await.ok();
            let asked_at = self.run.clock_now();
            let answer = match within.assessment {
                Some(assessment) => self.fetch.assessment_domains(assessment, token).await,
                None => self.fetch.domains(token).await,
            };
            drop(hand);
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
        // What came before a failure is stored all the same.
        *outcome = (*outcome).max(self.store_domains(operation, within, listed.take()).await);
        listing
    }

    /// Stores domains, and their controls as far as these are asked for.
    async fn store_domains(
        &self,
        operation: &'static str,
        within: Within<'_>,
        domains: Vec<ListedDomain>,
    ) -> Outcome {
        let target = &self.run.target;
        let records = domains.iter().filter_map(|ListedDomain { domain, asked_at }| {
            normalize::domain(domain, within, Origin { target, answered_at: *asked_at })
        });
        self.store(Some(within), operation, records).await;
        if self.depth < Depth::Control {
            return Outcome::Done;
        }
        let work = domains.iter().map(|listed| self.controls(&listed.domain, within));
        let work = stream::iter(work).buffer_unordered(self.run.settings.concurrency);
        work.fold(Outcome::Done, async |worst, outcome| worst.max(outcome)).await
    }

    async fn controls(&self, domain: &ControlDomainInsights, within: Within<'_>) -> Outcome {
        let id = domain.id.as_deref().unwrap_or_default();
        let operation = match within.assessment {
            Some(_) => "ListAssessmentControlInsightsByControlDomain",
            None => "ListControlInsightsByControlDomain",
        };
        let domain = within.domain(id, domain.last_updated.as_ref());
        let report = &self.run.report;
        if !is_domain_id(id) {
            let message = format!("{id:?} is no control domain's id, so its controls cannot be asked for");
            report.issue(Stage::Fetch, operation, &domain.scope(), REQUEST_INVALID, false, &message);
            return Outcome::Failed;
        }
        match self.try_controls(operation, domain).await {
            Ok(()) => Outcome::Done,
            Err(error) => self.failed(&domain.scope(), &error),
        }
    }

    async fn try_controls(&self, operation: &'static str, domain: InDomain<'_>) -> Result<(), CallError> {
        let _hand = self.hands.acquire().await.ok();
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
        // What came before a failure is stored all the same.
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

    /// Has snapshots stored, which are of a part or, without one, of the account.
    async fn store(
        &self,
        within: Option<Within<'_>>,
        operation: &'static str,
        records: impl IntoIterator<Item = Record>,
    ) {
        let part = within.map(|within| within.assessment.unwrap_or_default().to_owned());
        let page = Page { part, operation, records: records.into_iter().collect() };
        // The writer takes pages for as long as anybody may have one.
        let _ = self.pages.send(page).await;
    }

    fn origin(&self) -> Origin<'_> {
        Origin { target: &self.run.target, answered_at: self.run.clock_now() }
    }
}
