//! The insights that the listing returned so far. Each counts once, even if it is on two pages because pages shift while they
//! are read. No I/O except the report.

use aws_sdk_xray::types::InsightSummary;
use insights_shared::report::{Outcome, ReportSink};
use insights_shared::sdk::timestamp;
use insights_shared::time::Timestamp;
use std::cmp::Reverse;
use std::collections::HashMap;

/// The insights that the listing returned so far.
#[derive(Debug, Default)]
pub struct Listing {
    /// By id in lower case: ids are UUIDs, whose case does not matter.
    insights: HashMap<String, Listed>,
}

#[derive(Debug)]
struct Listed {
    /// The latest version in a summary.
    version: Option<Timestamp>,
    /// The outcome under which the insight was counted, unless it was fetched.
    counted: Option<Outcome>,
    /// The version because of which it was fetched.
    fetched: Option<Fetched>,
}

/// Why an insight was fetched: its id as in the summary, and the version in the summary.
#[derive(Debug)]
struct Fetched {
    id: String,
    version: Option<Timestamp>,
}

/// The time of a summary, which is the insight's version.
pub fn version(summary: &InsightSummary) -> Option<Timestamp> {
    summary.last_update_time.as_ref().and_then(timestamp)
}

impl Listing {
    /// Adds the summaries of a page, and returns those to process: each insight once, in its latest version, unless an
    /// earlier page had that version or a later one. The result does not depend on the order of the summaries.
    pub fn add(&mut self, summaries: Vec<InsightSummary>) -> Vec<InsightSummary> {
        let mut chosen: Vec<InsightSummary> = Vec::with_capacity(summaries.len());
        let mut places: HashMap<String, usize> = HashMap::with_capacity(summaries.len());
        for summary in summaries {
            let id = lower(&summary);
            match places.get(&id).and_then(|place| chosen.get_mut(*place)) {
                Some(known) if rank(known) < rank(&summary) => *known = summary,
                Some(_) => {}
                None => {
                    places.insert(id, chosen.len());
                    chosen.push(summary);
                }
            }
        }
        chosen.retain(|summary| self.is_newer(summary));
        chosen
    }

    /// Records the version of a summary. Returns `false` if that version, or a later one, was listed before.
    fn is_newer(&mut self, summary: &InsightSummary) -> bool {
        let version = version(summary);
        match self.insights.get_mut(&lower(summary)) {
            Some(listed) if listed.version >= version => false,
            Some(listed) => {
                listed.version = version;
                true
            }
            None => {
                self.insights.insert(lower(summary), Listed { version, counted: None, fetched: None });
                true
            }
        }
    }

    /// Whether the insight was listed.
    pub fn contains(&self, id: &str) -> bool {
        self.insights.contains_key(&id.to_ascii_lowercase())
    }

    /// Counts an insight that need not be fetched. This replaces the count from an earlier page.
    pub fn count(&mut self, report: &ReportSink, id: &str, outcome: Outcome) {
        let before = self
            .insights
            .get_mut(&id.to_ascii_lowercase())
            .and_then(|listed| listed.counted.replace(outcome));
        match before {
            Some(before) => report.recount(before, outcome),
            None => report.count(outcome),
        }
    }

    /// Records that an insight is fetched in the latest listed version, and removes its count from an earlier page.
    pub fn fetch(&mut self, report: &ReportSink, id: &str) {
        let Some(listed) = self.insights.get_mut(&id.to_ascii_lowercase()) else { return };
        listed.fetched = Some(Fetched { id: id.to_owned(), version: listed.version });
        if let Some(before) = listed.counted.take() {
            report.uncount(before);
        }
    }

    /// Whether the insight was fetched because of an earlier page.
    pub fn is_fetched(&self, id: &str) -> bool {
        self.insights.get(&id.to_ascii_lowercase()).is_some_and(|listed| listed.fetched.is_some())
    }

    /// The insights of which a newer version was listed after they were fetched, with that version, sorted by id. From then
    /// on they count as fetched in that version.
    pub fn take_outdated(&mut self) -> Vec<(String, Option<Timestamp>)> {
        let outdated = self.insights.values_mut().filter_map(|Listed { version, fetched, .. }| {
            let fetched = fetched.as_mut().filter(|fetched| fetched.version < *version)?;
            fetched.version = *version;
            Some((fetched.id.clone(), *version))
        });
        let mut outdated: Vec<(String, Option<Timestamp>)> = outdated.collect();
        outdated.sort();
        outdated
    }
}

fn lower(summary: &InsightSummary) -> String {
    summary.insight_id.as_deref().unwrap_or_default().to_ascii_lowercase()
}

/// The later version takes precedence, then the summary without an end, then the id in lower case, as X-Ray writes it.
fn rank(summary: &InsightSummary) -> (Option<Timestamp>, Reverse<Option<Timestamp>>, &str) {
    let end = summary.end_time.as_ref().and_then(timestamp);
    (version(summary), Reverse(end), summary.insight_id.as_deref().unwrap_or_default())
}
