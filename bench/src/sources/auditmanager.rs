//! Benchmark data of AWS Audit Manager.

use super::BenchSource;
use crate::load::{CHANGES, Content, Load};
use insights_sources::auditmanager;
use std::fmt::Write;

/// The registration.
pub const BENCH_SOURCE: BenchSource = BenchSource {
    source: auditmanager::SOURCE,
    variables: &[],
    starts_in_new_minute: false,
    load,
    // The account and each assessment, with domains and controls.
    records: |load| match assessments(load) {
        0 => 0,
        assessments => (1 + DOMAINS + DOMAINS * CONTROLS) * (assessments + 1),
    },
    memory: None,
};

/// Control domains of an assessment.
const DOMAINS: usize = 10;
/// Controls of a control domain.
const CONTROLS: usize = 12;

fn assessments(load: Load) -> usize {
    load.insights.div_ceil(40).min(50)
}

/// Assessments with the same controls. The evidence of one control in a hundred is corrected.
fn load(load: Load, content: Content) -> String {
    let assessments = assessments(load);
    if assessments == 0 {
        return String::new();
    }
    let mut text = String::from("[auditmanager]\n");
    let mut number = 0;
    for assessment in 0..assessments {
        let _ = writeln!(
            text,
            "[[auditmanager.assessments]]\nname = \"Assessment {assessment}\"\ncompliance_type = \"PCI DSS\"",
        );
        for domain in 0..DOMAINS {
            let _ = writeln!(
                text,
                "[[auditmanager.assessments.domains]]\nname = \"Domain {domain}\"\ncontrols = ["
            );
            for control in 0..CONTROLS {
                let changes = content == Content::Changed && number % CHANGES == 0;
                let corrections = if changes {
                    ", corrections = [{ after = \"-1m\", noncompliant = 1, renews = true }]"
                } else {
                    ""
                };
                let _ = writeln!(
                    text,
                    "{{ name = \"Control {domain}.{control}\", control_set = \"Set {domain}\", compliant = 20, \
                     noncompliant = {}, inconclusive = 2{corrections} }},",
                    control % 3,
                );
                number += 1;
            }
            text.push_str("]\n");
        }
    }
    text
}
