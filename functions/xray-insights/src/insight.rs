//! Fetches insights with their details, and stores each after its events and its graph. Insights are written while others are
//! requested.

use crate::fetch::Fetch;
use crate::graph;
use crate::normalize::{self, Origin, Version, insight_key};
use aws_sdk_xray::types::Insight;
use futures_util::stream::{self, StreamExt};
use insights_shared::completeness::{Completeness, WriteOutcome};
use insights_shared::issue::{CallError, Class, Stage};
use insights_shared::log;
use insights_shared::record::{Record, Stored};
use insights_shared::report::Outcome;
use insights_shared::target_run::{ExistenceHint, TargetRun};
use insights_shared::time::Timestamp;

/// The number of insights that are stored together: enough to fill requests, and few enough to lose little when a run is
/// killed.
const BATCH: usize = 16;
/// The number of batches that are written at the same time.
const WRITES_AT_ONCE: usize = 2;
/// The code with which X-Ray rejects an unknown id.
const UNKNOWN_INSIGHT: &str = "InvalidRequestException";

/// Why an insight is fetched.
#[derive(Clone, Copy)]
pub(crate) enum Reason<'a> {
    /// The listing contains it as new or changed, with this version if the summary has one.
    Listed(Option<Timestamp>),
    /// It is stored as open, and the listing no longer has it.
    Unlisted(&'a Stored),
    /// X-Ray pushed an event about it.
    Pushed,
}

/// The insights of one target.
pub(crate) struct Insights<'a> {
    pub(crate) fetch: Fetch<'a>,
    pub(crate) run: &'a TargetRun,
    /// The earliest time for which X-Ray has data.
    pub(crate) reach: Timestamp,
}

/// The result of fetching one insight.
#[must_use = "a watermark must not move past missing data"]
struct Fetched {
    /// `None` if there is nothing to store.
    records: Option<Records>,
    /// Whether everything about the insight was fetched.
    completeness: Completeness,
}

/// The records of one insight.
struct Records {
    insight: Record,
    /// Its events and its graph, each with the operation that returned it.
    parts: Vec<(&'static str, Record)>,
    /// Whether all of them were returned.
    has_all_parts: bool,
}

impl Fetched {
    fn nothing(completeness: Completeness) -> Self {
        Self { records: None, completeness }
    }
}

impl Insights<'_> {
    /// Fetches insights with their events and graphs, and stores them.
    pub(crate) async fn collect(
        &self,
        insights: Vec<(&str, Reason<'_>)>,
        hint: ExistenceHint,
    ) -> WriteOutcome {
        let mut fetched = Completeness::Complete;
        let requests = insights.into_iter().map(|(id, reason)| self.fetch_insight(id, reason, hint));
        let mut outcome = stream::iter(requests)
            .buffer_unordered(self.run.settings.concurrency)
            .filter_map(|Fetched { records, completeness }| {
                fetched &= completeness;
                std::future::ready(records)
            })
            .chunks(BATCH)
            .map(|batch| self.store(batch, hint))
            .buffer_unordered(WRITES_AT_ONCE)
            .fold(WriteOutcome::default(), async |mut all, batch| {
                all.add(batch);
                all
            })
            .await;
        outcome.add(fetched);
        outcome
    }

    /// Stores insights, each after its events and its graph.
    async fn store(&self, batch: Vec<Records>, hint: ExistenceHint) -> WriteOutcome {
        let (mut parts, mut insights) = (Vec::new(), Vec::new());
        for records in batch {
            insights.push((records.insight, records.parts.len(), records.has_all_parts));
            parts.extend(records.parts);
        }
        let written = self.run.store_each(parts, hint).await;
        let mut outcome = written.outcome();
        let mut stored = written.records.into_iter();
        let insights = insights.into_iter().map(|(mut insight, parts, has_all_parts)| {
            let are_stored: Completeness = stored.by_ref().take(parts).collect();
            if !has_all_parts || !are_stored.is_complete() {
                normalize::without_version(&mut insight);
            }
            ("GetInsight", insight)
        });
        let insights: Vec<_> = insights.collect();
        outcome.add(self.run.store_each(insights, hint).await.outcome());
        outcome
    }

    fn origin(&self) -> Origin<'_> {
        Origin { target: &self.run.target, answered_at: self.run.clock_now() }
    }

    /// Fetches one insight with its events and its graph.
    async fn fetch_insight(&self, id: &str, reason: Reason<'_>, hint: ExistenceHint) -> Fetched {
        let run = self.run;
        let origin = self.origin();
        let insight = match self.fetch.insight(id).await {
            Ok(insight) => insight,
            Err(error) => return Fetched::nothing(self.no_insight(id, reason, origin, &error).await),
        };
        run.report.answered();
        if !normalize::is_usable(&insight) {
            return Fetched::nothing(self.reject(id, &insight, reason, origin).await);
        }
        if let Reason::Unlisted(stored) = reason
            && normalize::is_complete_and_same(stored, &insight)
        {
            run.report.count(Outcome::Unchanged);
            return Fetched::nothing(Completeness::Complete);
        }
        // All records of an insight use the id of its own answer, because the case of a pushed id may differ.
        let own_id = insight.insight_id.clone().unwrap_or_else(|| id.to_owned());
        let mut completeness = Completeness::Complete;
        let mut is_reached = true;
        let requested_at = self.origin();
        let events = self.fetch.events(id).await.unwrap_or_else(|error| {
            completeness &= run.report.call_failed(Stage::Fetch, id, &error);
            is_reached = error.class != Class::NotReached;
            Vec::new()
        });
        let read = match reason {
            Reason::Pushed | Reason::Listed(None) if hint == ExistenceHint::Unknown => {
                match run.store.get(&insight_key(&run.target, &own_id)).await {
                    Ok(stored) => stored,
                    Err(error) => {
                        run.report.count(Outcome::Failed);
                        return Fetched::nothing(run.report.call_failed(Stage::Write, id, &error));
                    }
                }
            }
            _ => None,
        };
        let by_id = |stored| Version::ById { stored, newest_event: normalize::newest_event(&events) };
        let version = match reason {
            Reason::Listed(Some(version)) => Version::Summary(version),
            Reason::Listed(None) | Reason::Pushed => by_id(read.as_ref()),
            Reason::Unlisted(stored) => by_id(Some(stored)),
        };
        let record = normalize::insight(&insight, version, origin);
        let events = normalize::events(&own_id, &events, requested_at);
        let mut parts: Vec<_> = events.into_iter().map(|event| ("GetInsightEvents", event)).collect();
        let end = normalize::end_time(&insight).or(record.updated_at);
        // If there is no time for the events, the graph must not count as a second subject that was not reached.
        let graph = if is_reached { self.graph(&own_id, end, record.updated_at).await } else { Ok(None) };
        match graph {
            Ok(graph) => parts.extend(graph.map(|graph| ("GetInsightImpactGraph", graph))),
            Err(error) => completeness &= run.report.call_failed(Stage::Fetch, id, &error),
        }
        let has_all_parts = completeness.is_complete();
        Fetched { records: Some(Records { insight: record, parts, has_all_parts }), completeness }
    }

    /// The graph of the six hours before `end`; `None` if X-Ray no longer has any of that time.
    async fn graph(
        &self,
        id: &str,
        end: Option<Timestamp>,
        updated_at: Option<Timestamp>,
    ) -> Result<Option<Record>, CallError> {
        let Some((end, updated_at)) = end.zip(updated_at) else { return Ok(None) };
        let Some(window) = graph::window(end, self.reach) else { return Ok(None) };
        let origin = self.origin();
        let graph = self.fetch.impact_graph(id, window).await?;
        Ok(Some(normalize::impact_graph(id, &graph, window, updated_at, origin)))
    }

    /// Stores an answer without the insight's id or start as rejected, under the requested id.
    async fn reject(
        &self,
        id: &str,
        insight: &Insight,
        reason: Reason<'_>,
        origin: Origin<'_>,
    ) -> Completeness {
        let version = match reason {
            Reason::Listed(Some(version)) => Version::Summary(version),
            _ => Version::ById { stored: None, newest_event: None },
        };
        let mut record = normalize::insight(insight, version, origin);
        if record.id.as_deref().is_none_or(str::is_empty) {
            record.key = insight_key(&self.run.target, id);
        }
        self.run.store("GetInsight", [record], ExistenceHint::Unknown).await.completeness
    }

    /// Handles a failed request for an insight. If it is stored as open and X-Ray no longer has it, it is closed. Any other
    /// failure is an issue.
    async fn no_insight(
        &self,
        id: &str,
        reason: Reason<'_>,
        origin: Origin<'_>,
        error: &CallError,
    ) -> Completeness {
        let run = self.run;
        let (Reason::Unlisted(stored), true) =
            (reason, error.is(UNKNOWN_INSIGHT) && error.class == Class::Refused)
        else {
            return run.report.call_failed(Stage::Fetch, id, error);
        };
        run.report.answered();
        if stored.is_newer_schema() {
            log::newer_schema(stored.text("pk").unwrap_or_default(), stored.text("sk").unwrap_or_default());
            run.report.count(Outcome::Stale);
            return Completeness::Complete;
        }
        let Some(record) = normalize::no_longer_known(stored, origin.answered_at) else {
            return Completeness::Complete;
        };
        run.close("GetInsight", record, stored).await
    }
}
