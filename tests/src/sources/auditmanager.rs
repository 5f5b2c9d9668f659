//! Test data of AWS Audit Manager.

use super::TestSource;
use crate::schedule::data::{ONLY_DISTURBED, RandomData, Settings, text};
use crate::schedule::dice::Dice;
use insights_shared::key::Key;
use insights_shared::time::Timestamp;
use insights_shared::value::Map;
use insights_sources::{Kind, auditmanager};
use std::fmt::Write;

/// The registration.
pub const TEST_SOURCE: TestSource = TestSource {
    source: auditmanager::SOURCE,
    short_run: &[("AUDITMANAGER_DEPTH", "domain")],
    many_insights: || assessments(96),
    few_points: &[],
    many_requests: || assessments(9),
    frequent_operations: &["GetInsightsByAssessment"],
    schedule_variables: &[],
    random_data: |settings| {
        Box::new(AuditManagerData { settings: *settings, corrections: Vec::new(), assessments: 1 })
    },
};

/// Assessments with one control each.
fn assessments(count: usize) -> String {
    let assessment = |number: usize| {
        format!(
            "[[auditmanager.assessments]]\nname = \"assessment {number}\"\n\
             [[auditmanager.assessments.domains]]\nname = \"access {number}\"\n\
             controls = [{{ name = \"keys {number}\", control_set = \"1\", compliant = 3, noncompliant = {number} }}]\n"
        )
    };
    let assessments: String = (0..count).map(assessment).collect();
    format!("[auditmanager]\ncollected_at = \"6h\"\n{assessments}")
}

/// The controls of both assessments.
const CONTROLS: usize = 4;

/// Assessments whose evidence is corrected.
#[derive(Debug)]
struct AuditManagerData {
    settings: Settings,
    corrections: Vec<Correction>,
    assessments: usize,
}

/// Evidence that was added to a control.
#[derive(Debug)]
struct Correction {
    control: usize,
    time: Timestamp,
    noncompliant: i64,
    /// Whether the counts get a new time.
    renews: bool,
}

impl RandomData for AuditManagerData {
    fn add(&mut self, _: i64, dice: &mut Dice, now: Timestamp) {
        let (control, noncompliant) = (dice.index(CONTROLS), dice.between(1, 9));
        self.corrections.push(Correction { control, time: now, noncompliant, renews: dice.chance(50) });
    }

    fn count(&self) -> usize {
        0
    }

    fn change(&mut self, _: usize, way: u64, _: &mut Dice, _: Timestamp) -> bool {
        let adds_assessment = way < 3;
        if adds_assessment {
            self.assessments = 2;
        }
        adds_assessment
    }

    fn write_scenario(&self, scenario: &mut String) -> std::fmt::Result {
        writeln!(scenario, "[auditmanager]\npage_size = {}", self.settings.page_size)?;
        for assessment in 0..self.assessments {
            writeln!(scenario, "[[auditmanager.assessments]]\nname = \"assessment {assessment}\"")?;
            writeln!(scenario, "[[auditmanager.assessments.domains]]\nname = \"access\"")?;
            for control in 0..CONTROLS / 2 {
                writeln!(
                    scenario,
                    "[[auditmanager.assessments.domains.controls]]\nname = \"control {control}\"\n\
                     control_set = \"set\"\ncompliant = 20\nnoncompliant = 5\ncorrections = ["
                )?;
                let number = assessment * 2 + control;
                for Correction { time, noncompliant, renews, .. } in
                    self.corrections.iter().filter(|correction| correction.control == number)
                {
                    writeln!(
                        scenario,
                        "{{ after = \"{time}\", noncompliant = {noncompliant}, renews = {renews} }},"
                    )?;
                }
                writeln!(scenario, "]")?;
            }
        }
        Ok(())
    }

    fn violation_of_extra(&self, _: &Key, item: &Map) -> Option<String> {
        // No operation returns the counts of an earlier day.
        let is_snapshot = text(item, "kind").and_then(insights_sources::kind).is_some_and(Kind::is_snapshot);
        (!is_snapshot).then(|| ONLY_DISTURBED.to_owned())
    }
}
