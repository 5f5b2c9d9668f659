//! What a page shows, before anybody has thought of how it looks. `gather` fills it from the table; the rest of this folder
//! draws it.

use crate::command::Location;
use insights_query::counts::ScopeDays;
use insights_query::health::{Health, Target};
use insights_query::importance::Importance;
use insights_query::incident::Incident;
use insights_query::{Detail, Span};
use insights_shared::key::Key;
use insights_shared::record::{Severity, Stored};
use insights_shared::time::Timestamp;
use jiff::tz::TimeZone;

/// Everything that a page shows.
#[derive(Clone, Debug)]
pub struct Model {
    /// The table's name, and the file that it is in if it is in one.
    pub table: String,
    /// As of when.
    pub now: Timestamp,
    /// Of which span.
    pub span: Span,
    /// Whose clocks tell the time.
    pub zone: TimeZone,
    /// What is open, worst first.
    pub open: Vec<Insight>,
    /// What ended within the span, newest first.
    pub closed: Vec<Insight>,
    /// What belongs together.
    pub incidents: Vec<Incident>,
    /// Counts by day.
    pub counts: Vec<ScopeDays>,
    /// The condition of every target.
    pub targets: Vec<Target>,
    /// What can be said of the insights that were asked for.
    pub health: Health,
    /// What leads a person to the same table.
    pub location: Location,
    /// Whether only some of the insights were asked for.
    pub narrowed: bool,
    /// How many insights have no detail here, since there are so many.
    pub without_detail: usize,
    /// How many items a newer version wrote, so that they were passed over.
    pub passed_over: usize,
}

/// An insight.
#[derive(Clone, Debug)]
pub struct Insight {
    /// What the index holds of it, or all of it where there is detail.
    pub record: Stored,
    /// What else there is.
    pub detail: Option<Detail>,
}

impl Insight {
    /// The partition key, by which it is asked for.
    pub fn pk(&self) -> &str {
        self.record.text("pk").unwrap_or_default()
    }

    /// The name of this insight within a page.
    pub fn anchor(&self) -> String {
        let text = |name| self.record.text(name).unwrap_or_default();
        format!("i-{}", Key::new(text("pk"), text("sk")).tag())
    }

    /// Whether it has not ended.
    pub fn is_open(&self) -> bool {
        self.record.text("status") == Some("open")
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.record.text("severity").and_then(Severity::parse).unwrap_or(Severity::Info)
    }
}

impl Model {
    /// Takes the details of all insights but the `most` that matter most: what is open, then the severe, then the new.
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
