//! The data of a page. `gather` fills it from the table; the other modules render it.

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
    /// Open insights, the worst first.
    pub open: Vec<Insight>,
    /// Insights that ended in the period, the newest first.
    pub closed: Vec<Insight>,
    /// The incidents.
    pub incidents: Vec<Incident>,
    /// Counts by day.
    pub counts: Vec<ScopeDays>,
    /// The condition of every target.
    pub targets: Vec<Target>,
    /// The EKS clusters of all targets.
    pub clusters: Vec<Cluster>,
    /// The health of the selected targets.
    pub health: Health,
    /// The options by which commands name the table.
    pub location: Location,
    /// Whether a filter restricts the insights.
    pub narrowed: bool,
    /// The number of insights without details.
    pub without_detail: usize,
    /// The number of items that were skipped because a newer version wrote them.
    pub passed_over: usize,
}

/// An insight.
#[derive(Clone, Debug)]
pub struct Insight {
    /// The envelope from the index, or the complete record if there are details.
    pub record: Stored,
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
