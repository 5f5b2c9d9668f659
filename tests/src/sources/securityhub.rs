//! Test data of AWS Security Hub.

use super::TestSource;
use crate::schedule::data::{ONLY_DISTURBED, RandomData, Settings, text};
use crate::schedule::dice::Dice;
use insights_shared::key::Key;
use insights_shared::time::Timestamp;
use insights_shared::value::Map;
use insights_sources::{Kind, securityhub};
use std::fmt::Write;

/// The registration.
pub const TEST_SOURCE: TestSource = TestSource {
    source: securityhub::SOURCE,
    short_run: &[],
    many_insights: || insights(240),
    few_points: &[],
    many_requests: || insights(9),
    frequent_operations: &["GetInsightResults"],
    schedule_variables: &[],
    random_data: |settings| {
        Box::new(SecurityHubData { settings: *settings, counts: vec![[3, 1]; 2], deleted: None })
    },
};

/// Insights with two values each.
fn insights(number: usize) -> String {
    let insight = |number: usize| {
        format!(
            "[[securityhub.insights]]\nname = \"insight {number}\"\ngroup_by = \"ResourceId\"\n\
             values = [{{ value = \"a\", count = {} }}, {{ value = \"b\", count = 1 }}]\n",
            number + 1
        )
    };
    let insights: String = (0..number).map(insight).collect();
    format!("[securityhub]\n{insights}")
}

/// Insights whose counts change.
#[derive(Debug)]
struct SecurityHubData {
    settings: Settings,
    /// The counts of both values of each insight.
    counts: Vec<[i64; 2]>,
    /// The insight that was deleted.
    deleted: Option<usize>,
}

impl RandomData for SecurityHubData {
    fn add(&mut self, _: i64, dice: &mut Dice, _: Timestamp) {
        self.counts.push([dice.between(0, 9), dice.between(1, 9)]);
    }

    fn count(&self) -> usize {
        self.counts.len()
    }

    fn change(&mut self, index: usize, way: u64, dice: &mut Dice, _: Timestamp) -> bool {
        let Some(counts) = self.counts.get_mut(index) else { return false };
        if way < 1 {
            self.deleted = Some(index);
        } else if let Some(count) = counts.get_mut(dice.index(2)) {
            *count = dice.between(0, 9);
        }
        true
    }

    fn write_scenario(&self, scenario: &mut String) -> std::fmt::Result {
        writeln!(scenario, "[securityhub]\npage_size = {}", self.settings.page_size)?;
        for (number, [first, second]) in self.counts.iter().enumerate() {
            if self.deleted == Some(number) {
                continue;
            }
            writeln!(
                scenario,
                "[[securityhub.insights]]\nname = \"insight {number}\"\nid = \"{}\"\ngroup_by = \"ResourceId\"\n\
                 values = [{{ value = \"a\", count = {first} }}, {{ value = \"b\", count = {second} }}]",
                self.settings.id(number)
            )?;
        }
        Ok(())
    }

    fn violation_of_extra(&self, _: &Key, item: &Map) -> Option<String> {
        // No operation returns the counts of an earlier day, or those of a deleted insight.
        let is_snapshot = text(item, "kind").and_then(insights_sources::kind).is_some_and(Kind::is_snapshot);
        (!is_snapshot).then(|| ONLY_DISTURBED.to_owned())
    }
}
