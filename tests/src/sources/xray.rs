//! Test data of AWS X-Ray.

use super::TestSource;
use crate::schedule::backend::Backend;
use crate::schedule::data::{ONLY_DISTURBED, RandomData, Settings, text};
use crate::schedule::dice::Dice;
use insights_shared::key::Key;
use insights_shared::time::Timestamp;
use insights_shared::value::Map;
use insights_sources::xray;
use serde_json::{Value, json};
use std::fmt::Write;

/// The registration.
pub const TEST_SOURCE: TestSource = TestSource {
    source: xray::SOURCE,
    short_run: &[],
    many_insights: || format!("[xray]\n{GROUPS}\n{}", insights(96)),
    few_points: &[],
    many_requests: || format!("[xray]\npage_size = 3\n{GROUPS}\n{}", insights(9)),
    frequent_operations: &["GetInsight"],
    schedule_variables: &[],
    random_data: |settings| Box::new(XrayData { settings: *settings, insights: Vec::new() }),
};

const GROUPS: &str = "groups = [{ name = \"shop\", insights_enabled = true }]";

/// Open insights with one event each.
fn insights(count: usize) -> String {
    let insight = |number: usize| {
        let minutes = 20 * number + 40;
        format!(
            "[[xray.insights]]\nname = \"{number}\"\ngroup = \"shop\"\nroot_cause = \"checkout\"\n\
             start = \"-{minutes}m\"\nevents = [{{ time = \"-{minutes}m\", summary = \"faults\" }}]\n"
        )
    };
    (0..count).map(insight).collect()
}

/// Insights that grow, end, and disappear from the listing.
#[derive(Debug)]
struct XrayData {
    settings: Settings,
    insights: Vec<Insight>,
}

#[derive(Debug)]
struct Insight {
    id: String,
    start: Timestamp,
    /// Each event's time and number of faults, oldest first.
    events: Vec<(Timestamp, i64)>,
    end: Option<Timestamp>,
    /// Whether listings omit it.
    is_unlisted: bool,
    /// Whether no operation returns it.
    is_deleted: bool,
}

impl RandomData for XrayData {
    fn add(&mut self, age_seconds: i64, dice: &mut Dice, now: Timestamp) {
        self.insights.push(Insight {
            id: self.settings.id(self.insights.len()),
            start: now.plus_seconds(-age_seconds),
            events: vec![(now, dice.between(1, 90))],
            end: None,
            is_unlisted: false,
            is_deleted: false,
        });
    }

    fn count(&self) -> usize {
        self.insights.len()
    }

    fn change(&mut self, index: usize, way: u64, dice: &mut Dice, now: Timestamp) -> bool {
        if let Some(insight) = self.insights.get_mut(index) {
            insight.change(way, dice.between(1, 90), now);
        }
        true
    }

    fn write_scenario(&self, scenario: &mut String) -> std::fmt::Result {
        writeln!(scenario, "[xray]\npage_size = {}\n{GROUPS}", self.settings.page_size)?;
        for insight in self.insights.iter().filter(|insight| !insight.is_deleted) {
            writeln!(scenario, "[[xray.insights]]\nid = \"{}\"\ngroup = \"shop\"", insight.id)?;
            writeln!(scenario, "start = \"{}\"\nroot_cause = \"checkout\"", insight.start)?;
            writeln!(scenario, "unlisted = {}", insight.is_unlisted)?;
            if let Some(end) = insight.end {
                writeln!(scenario, "end = \"{end}\"")?;
            }
            writeln!(
                scenario,
                "graph = [{{ name = \"shop\", edges = [\"checkout\"] }}, {{ name = \"checkout\" }}]"
            )?;
            writeln!(scenario, "events = [")?;
            for (time, faults) in &insight.events {
                let counts = format!("{{ fault = {faults}, ok = {}, total = 100 }}", 100 - faults);
                writeln!(
                    scenario,
                    "{{ time = \"{time}\", summary = \"{faults} faults\", root_cause = {counts} }},"
                )?;
            }
            writeln!(scenario, "]")?;
        }
        Ok(())
    }

    fn push_detail(&self, dice: &mut Dice, _: &Backend) -> Option<Value> {
        let insight = dice.pick(&self.insights)?;
        Some(json!({"InsightId": insight.id}))
    }

    fn violation_of_extra(&self, key: &Key, item: &Map) -> Option<String> {
        let id = key.pk.rsplit('#').next().unwrap_or_default();
        match self.insights.iter().find(|insight| insight.id == id) {
            None => Some("the service never returned it".to_owned()),
            Some(insight) if insight.is_deleted || insight.is_unlisted => {
                let is_closed = insight.is_deleted || insight.end.is_some();
                let expected = if is_closed { "closed" } else { "open" };
                let status = text(item, "status");
                (text(item, "kind") == Some(xray::INSIGHT.name) && status != Some(expected))
                    .then(|| format!("must be {expected}, but is {status:?}"))
            }
            Some(_) => Some(ONLY_DISTURBED.to_owned()),
        }
    }
}

impl Insight {
    fn change(&mut self, way: u64, faults: i64, now: Timestamp) {
        let is_newest = self.events.last().is_none_or(|(time, _)| *time < now);
        match way {
            0..6 if self.end.is_none() && is_newest => {
                self.events.push((now, faults));
                if way == 5 {
                    self.end = Some(now);
                }
            }
            6..8 => self.is_unlisted = !self.is_unlisted,
            8 => self.is_deleted = !self.is_deleted,
            _ => {}
        }
    }
}
