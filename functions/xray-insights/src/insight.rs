//! Insights that a run looks at: each asked for in full, and stored with its events and its graph, many at a time, while
//! others are asked for.

use crate::graph;
use crate::normalize::{self, Origin, Version, insight_key};
use crate::run::Story;
use aws_sdk_xray::types::Insight;
use futures_util::stream::{self, StreamExt};
use insights_shared::issue::{CallError, Class, Stage};
use insights_shared::log;
use insights_shared::record::{Record, Stored};
use insights_shared::report::Outcome;
use insights_shared::target_run::Known;
use insights_shared::time::Timestamp;

/// The insights that are stored together: enough to fill requests, and few enough to lose little when a run is killed.
const TOGETHER: usize = 16;
/// How many times as many are in hand, so that some are written while others are asked for.
const WRITES_AT_ONCE: usize = 2;
/// What X-Ray answers for an id that it does not know.
const UNKNOWN_INSIGHT: &str = "InvalidRequestException";

/// How an insight came to be looked at.
#[derive(Clone, Copy)]
pub(crate) enum Asked<'a> {
    /// The listing shows it as new or changed, with this version if it gave one.
    Listed(Option<Timestamp>),
    /// It is stored as open, and the listing no longer has it.
    Vanished(&'a Stored),
    /// X-Ray pushed an event about it.
    Pushed,
}

/// What was found of one insight.
struct Collected {
    insight: Record,
    /// Its events and its graph, each with the operation that gave it.
    parts: Vec<(&'static str, Record)>,
    /// Whether all of them came.
    is_complete: bool,
}

impl Story<'_> {
    /// Fetches insights with their events and graphs, and stores them. `known` says whether something is stored of them.
    pub(crate) async fn collect(&self, insights: Vec<(&str, Asked<'_>)>, known: Known) {
        let asked = insights.into_iter().map(|(id, asked)| self.ask(id, asked, known));
        stream::iter(asked)
            .buffer_unordered(self.run.settings.concurrency)
            .filter_map(std::future::ready)
            .chunks(TOGETHER)
            .map(|collected| self.store(collected, known))
            .buffer_unordered(WRITES_AT_ONCE)
            .collect::<Vec<()>>()
            .await;
    }

    /// Stores insights, each after its events and its graph.
    async fn store(&self, collected: Vec<Collected>, known: Known) {
        let (mut parts, mut insights) = (Vec::new(), Vec::new());
        for one in collected {
            insights.push((one.insight, one.parts.len(), one.is_complete));
            parts.extend(one.parts);
        }
        let mut stored = self.run.store_each(parts, known).await.into_iter();
        let insights = insights.into_iter().map(|(mut insight, parts, is_complete)| {
            let is_complete =
                stored.by_ref().take(parts).fold(is_complete, |all, is_stored| all && is_stored);
            if !is_complete {
                normalize::without_version(&mut insight);
            }
            ("GetInsight", insight)
        });
        let insights: Vec<_> = insights.collect();
        self.run.store_each(insights, known).await;
    }

    fn origin(&self) -> Origin<'_> {
        Origin { target: &self.run.target, answered_at: self.run.clock_now() }
    }

    /// Asks for one insight with its events and its graph; `None` if there is nothing to store of it.
    async fn ask(&self, id: &str, asked: Asked<'_>, known: Known) -> Option<Collected> {
        let run = self.run;
        let origin = self.origin();
        let insight = match self.fetch.insight(id).await {
            Ok(insight) => insight,
            Err(error) => {
                self.no_insight(id, asked, origin, &error).await;
                return None;
            }
        };
        run.report.answered();
        if !normalize::is_usable(&insight) {
            self.reject(id, &insight, asked, origin).await;
            return None;
        }
        if let Asked::Vanished(stored) = asked
            && normalize::is_complete_and_same(stored, &insight)
        {
            run.report.count(Outcome::Unchanged);
            return None;
        }
        // All records of an insight have the id that its own answer has: a pushed one may be written in other letters.
        let own_id = insight.insight_id.clone().unwrap_or_else(|| id.to_owned());
        let mut is_complete = true;
        let mut is_reached = true;
        let asked_at = self.origin();
        let events = self.fetch.events(id).await.unwrap_or_else(|error| {
            run.report.call_failed(Stage::Fetch, id, &error);
            is_complete = false;
            is_reached = error.class != Class::NotReached;
            Vec::new()
        });
        let read = match asked {
            Asked::Pushed | Asked::Listed(None) if known == Known::Unknown => {
                match run.store.get(&insight_key(&run.target, &own_id)).await {
                    Ok(stored) => stored,
                    Err(error) => {
                        run.report.count(Outcome::Failed);
                        run.report.call_failed(Stage::Write, id, &error);
                        return None;
                    }
                }
            }
            _ => None,
        };
        let by_id = |stored| Version::ById { stored, newest_event: normalize::newest_event(&events) };
        let version = match asked {
            Asked::Listed(Some(version)) => Version::Summary(version),
            Asked::Listed(None) | Asked::Pushed => by_id(read.as_ref()),
            Asked::Vanished(stored) => by_id(Some(stored)),
        };
        let record = normalize::insight(&insight, version, origin);
        let events = normalize::events(&own_id, &events, asked_at);
        let mut parts: Vec<_> = events.into_iter().map(|event| ("GetInsightEvents", event)).collect();
        let end = normalize::end_time(&insight).or(record.updated_at);
        // An insight that time did not allow is one subject, not two.
        let graph = if is_reached { self.graph(&own_id, end, record.updated_at).await } else { Ok(None) };
        match graph {
            Ok(graph) => parts.extend(graph.map(|graph| ("GetInsightImpactGraph", graph))),
            Err(error) => {
                run.report.call_failed(Stage::Fetch, id, &error);
                is_complete = false;
            }
        }
        Some(Collected { insight: record, parts, is_complete })
    }

    /// The graph of the six hours before `end`; `None` if X-Ray keeps none of them any more.
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

    /// Keeps an answer that lacks the insight's id or its start as rejected, under the id that was asked for.
    async fn reject(&self, id: &str, insight: &Insight, asked: Asked<'_>, origin: Origin<'_>) {
        let version = match asked {
            Asked::Listed(Some(version)) => Version::Summary(version),
            _ => Version::ById { stored: None, newest_event: None },
        };
        let mut record = normalize::insight(insight, version, origin);
        if record.id.as_deref().is_none_or(str::is_empty) {
            record.key = insight_key(&self.run.target, id);
        }
        self.run.store("GetInsight", [record]).await;
    }

    /// An insight that X-Ray does not give: closed if it is stored as open and no longer known, an issue otherwise.
    async fn no_insight(&self, id: &str, asked: Asked<'_>, origin: Origin<'_>, error: &CallError) {
        let run = self.run;
        let (Asked::Vanished(stored), true) =
            (asked, error.is(UNKNOWN_INSIGHT) && error.class == Class::Refused)
        else {
            return run.report.call_failed(Stage::Fetch, id, error);
        };
        run.report.answered();
        if stored.is_newer_schema() {
            log::newer_schema(stored.text("pk").unwrap_or_default(), stored.text("sk").unwrap_or_default());
            return run.report.count(Outcome::Stale);
        }
        let Some(record) = normalize::no_longer_known(stored, origin.answered_at) else { return };
        run.close("GetInsight", record, stored).await;
    }
}
