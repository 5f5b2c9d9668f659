//! Test data of Amazon EKS.

use super::TestSource;
use crate::schedule::data::{RandomData, Settings, text};
use crate::schedule::dice::Dice;
use crate::table::Table;
use insights_shared::key::Key;
use insights_shared::time::Timestamp;
use insights_shared::value::Map;
use insights_sources::eks;
use std::fmt::Write;

/// The registration.
pub const TEST_SOURCE: TestSource = TestSource {
    source: eks::SOURCE,
    short_run: &[],
    many_insights: || clusters(6, 16),
    few_points: &[],
    many_requests: || format!("[eks]\npage_size = 2\n{}", clusters(3, 5)),
    frequent_operations: &["ListInsights", "DescribeInsight"],
    schedule_variables: &[],
    random_data: |settings| {
        Box::new(EksData { settings: *settings, checks: Vec::new(), is_gone: [false; CLUSTERS] })
    },
};

/// Clusters with this number of checks that do not pass.
fn clusters(clusters: usize, checks: usize) -> String {
    let check = |number: usize| {
        format!(
            "[[eks.clusters.insights]]\nname = \"check {number}\"\ncategory = \"UPGRADE_READINESS\"\n\
             kubernetes_version = \"1.32\"\nstatus = \"ERROR\"\nsince = \"-9d\"\n"
        )
    };
    let checks: String = (0..checks).map(check).collect();
    let cluster = |number: usize| format!("[[eks.clusters]]\nname = \"cluster-{number}\"\n{checks}");
    (0..clusters).map(cluster).collect()
}

/// The clusters of a schedule. The checks are distributed among them.
const CLUSTERS: usize = 2;
/// The possible statuses of a check.
const STATUSES: [&str; 4] = ["PASSING", "WARNING", "ERROR", "UNKNOWN"];

/// Checks whose status and recommendation change, and which are deleted with or without their cluster.
#[derive(Debug)]
struct EksData {
    settings: Settings,
    checks: Vec<Check>,
    is_gone: [bool; CLUSTERS],
}

#[derive(Debug)]
struct Check {
    id: String,
    /// When each status began, and its index in [`STATUSES`], oldest first.
    statuses: Vec<(Timestamp, usize)>,
    recommendation: i64,
    is_deleted: bool,
}

impl RandomData for EksData {
    fn add(&mut self, age_seconds: i64, dice: &mut Dice, now: Timestamp) {
        self.checks.push(Check {
            id: self.settings.id(self.checks.len()),
            statuses: vec![(now.plus_seconds(-age_seconds), dice.index(STATUSES.len()))],
            recommendation: 0,
            is_deleted: false,
        });
    }

    fn count(&self) -> usize {
        self.checks.len()
    }

    fn change(&mut self, index: usize, way: u64, dice: &mut Dice, now: Timestamp) -> bool {
        let step = dice.index(STATUSES.len() - 1) + 1;
        let Some(check) = self.checks.get_mut(index) else { return false };
        match (way, check.statuses.last().copied()) {
            (0..5, Some((from, status))) if from < now => {
                check.statuses.push((now, (status + step) % STATUSES.len()));
            }
            (5..7, _) => check.recommendation += 1,
            (7, _) => check.is_deleted = !check.is_deleted,
            (8, _) => {
                let gone = &mut self.is_gone[index % CLUSTERS];
                *gone = !*gone;
            }
            _ => {}
        }
        true
    }

    fn write_scenario(&self, scenario: &mut String) -> std::fmt::Result {
        writeln!(scenario, "[eks]\npage_size = {}", self.settings.page_size)?;
        for cluster in (0..CLUSTERS).filter(|cluster| !self.is_gone[*cluster]) {
            writeln!(scenario, "[[eks.clusters]]\nname = \"cluster-{cluster}\"")?;
            let checks = self.checks.iter().enumerate().filter(|(number, _)| number % CLUSTERS == cluster);
            for (number, check) in checks.filter(|(_, check)| !check.is_deleted) {
                writeln!(scenario, "[[eks.clusters.insights]]\nid = \"{}\"", check.id)?;
                writeln!(scenario, "name = \"check {number}\"\ncategory = \"MISCONFIGURATION\"")?;
                writeln!(scenario, "recommendation = \"version {}\"\nstatuses = [", check.recommendation)?;
                for (from, status) in &check.statuses {
                    writeln!(scenario, "{{ from = \"{from}\", status = \"{}\" }},", STATUSES[*status])?;
                }
                writeln!(scenario, "]")?;
            }
        }
        Ok(())
    }

    /// Every stored answer has an event under the time of its refresh, so the events depend on the times of the runs.
    fn depends_on_runs(&self, item: &Map) -> bool {
        text(item, "kind") == Some(eks::INSIGHT_EVENT.name)
    }

    /// If the service no longer returns a check, its insight must be closed.
    fn violation_of_extra(&self, _: &Key, item: &Map) -> Option<String> {
        let is_over = match text(item, "kind") {
            Some(kind) if kind == eks::INSIGHT.name => text(item, "status") == Some("closed"),
            Some("catalog") => text(item, "gone_at").is_some(),
            _ => false,
        };
        (!is_over).then(|| "must be closed, or the row of a cluster that is gone".to_owned())
    }

    /// Every insight has the event of its answer.
    fn violations_of_table(&self, table: &Table) -> Vec<String> {
        let mut violations = Vec::new();
        for insight in table.of_kind(eks::INSIGHT.name) {
            let is_event = |event: &&&Map| {
                event.get("pk") == insight.get("pk") && event.get("detail") == insight.get("detail")
            };
            if table.of_kind(eks::INSIGHT_EVENT.name).iter().find(is_event).is_none() {
                violations.push(format!("{:?} has no event of its answer", text(insight, "pk")));
            }
        }
        violations
    }
}
