//! The data of a page. `gather` fills it from the table; the other modules render it.

use super::facets::Facet;
use super::filter::Filter;
use super::recurrence::Recurrences;
use crate::command::Location;
use insights_query::counts::ScopeDays;
use insights_query::health::{Health, Target};
use insights_query::importance::Importance;
use insights_query::incident::Incident;
use insights_query::readiness::Cluster;
use insights_query::{Detail, Span};
use insights_shared::key::Key;
use insights_shared::record::{Severity, Stored};
use insights_shared::time::Timestamp;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

/// The data of a page.
#[derive(Clone, Debug)]
pub struct Model {
    /// The table's name, with its file if it is embedded.
    pub table: String,
    /// The instant of the data.
    pub now: Timestamp,
    /// The period.
    pub span: Span,
    /// The time zone.
    pub zone: TimeZone,
    /// What is listed.
    pub filter: Filter,
    /// The listed insights that are open, the worst first. On a page of the past, those that were open at the end of the period.
    pub open: Vec<Insight>,
    /// The listed insights that ended in the period, the newest first.
    pub closed: Vec<Insight>,
    /// The numbers of all insights of the period, listed or not.
    pub known: Known,
    /// How often the same thing happened in the last 30 days of the period.
    pub recurrences: Recurrences,
    /// What can be selected on a live page.
    pub facets: Vec<Facet>,
    /// The incidents of all insights of the period, listed or not.
    pub incidents: Vec<Incident>,
    /// Counts by day.
    pub counts: Vec<ScopeDays>,
    /// The condition of every target.
    pub targets: Vec<Target>,
    /// The EKS clusters of all targets.
    pub clusters: Vec<Cluster>,
    /// The health of all targets.
    pub health: Health,
    /// The health of the targets that the filter selects.
    pub selected_health: Health,
    /// The options by which commands name the table.
    pub location: Location,
    /// The number of insights without details.
    pub without_detail: usize,
    /// The number of items that were skipped because a newer version wrote them.
    pub passed_over: usize,
}

/// The numbers of the insights of a period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Those that are open.
    pub open: usize,
    /// All of each source, by its id.
    pub by_source: BTreeMap<String, usize>,
}

impl Known {
    /// The numbers of `insights`.
    pub fn of<'a>(insights: impl IntoIterator<Item = &'a Stored>) -> Self {
        let mut known = Self::default();
        for insight in insights {
            known.open += usize::from(insight.text("status") == Some("open"));
            *known.by_source.entry(insight.text("source").unwrap_or_default().to_owned()).or_default() += 1;
        }
        known
    }
}

/// An insight.
#[derive(Clone, Debug)]
pub struct Insight {
    /// The envelope from the index, or the complete record if there are details. On a page of the past, as of the end of the period.
    pub record: Stored,
    /// When it ended after the period of a page of the past.
    pub ended_later: Option<Timestamp>,
    /// The details.
    pub detail: Option<Detail>,
}

impl Insight {
    /// The partition key.
    pub fn pk(&self) -> &str {
        self.record.text("pk").unwrap_or_default()
    }

    /// The anchor of this insight within a page.
    pub fn anchor(&self) -> String {
        let text = |name| self.record.text(name).unwrap_or_default();
        format!("i-{}", Key::new(text("pk"), text("sk")).tag())
    }

    /// Whether it has not ended.
    pub fn is_open(&self) -> bool {
        self.record.text("status") == Some("open")
    }

    /// Its severity.
    pub fn severity(&self) -> Severity {
        self.record.text("severity").and_then(Severity::parse).unwrap_or(Severity::Info)
    }
}

impl Model {
    /// Removes the details of all insights except the `most` most important ones.
    pub fn keep_details(&mut self, most: usize) {
        let mut insights: Vec<&mut Insight> = self.open.iter_mut().chain(&mut self.closed).collect();
        insights.sort_by_key(|insight| Importance::of(&insight.record));
        for insight in insights.into_iter().skip(most) {
            if insight.detail.take().is_some() {
                self.without_detail += 1;
            }
        }
    }

    /// The end of the period of a page of the past.
    pub fn past(&self) -> Option<Timestamp> {
        Some(self.span.until).filter(|until| *until < self.now)
    }

    /// The instant as of which insights are shown: now, or the end of a period in the past.
    pub fn as_of(&self) -> Timestamp {
        self.span.until.min(self.now)
    }

    /// The earliest instant that is shown.
    pub fn oldest(&self) -> Timestamp {
        let began = self.insights().filter_map(|insight| insight.record.timestamp("started_at"));
        let parts = self.insights().filter_map(|insight| insight.detail.as_ref()?.oldest());
        let incidents = self.incidents.iter().map(Incident::started_at);
        let runs =
            self.targets.iter().filter_map(|target| target.state.as_ref()?.timestamp("last_success_at"));
        began.chain(parts).chain(incidents).chain(runs).fold(self.now.min(self.span.since), Timestamp::min)
    }

    /// All insights, what is open first.
    pub fn insights(&self) -> impl Iterator<Item = &Insight> {
        self.open.iter().chain(&self.closed)
    }
}
