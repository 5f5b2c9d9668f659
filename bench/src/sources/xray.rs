//! Benchmark data of AWS X-Ray.

use super::{BenchSource, MemoryData};
use crate::load::{CHANGES, Content, Load};
use crate::scale::Scale;
use insights_sources::xray;
use std::fmt::Write;

/// The registration.
pub const BENCH_SOURCE: BenchSource = BenchSource {
    source: xray::SOURCE,
    variables: &[],
    starts_in_new_minute: false,
    load,
    // Each insight with two events and a graph.
    records: |load| 4 * load.insights,
    memory: Some(MemoryData { scenario, records: |scale| 4 * scale.insights as u64, series: |_| 0 }),
};

/// Minutes in 29 of the 30 days that X-Ray keeps insights.
const KEPT_MINUTES: usize = 29 * 24 * 60;

fn groups(load: Load) -> usize {
    (load.insights / 10).min(5)
}

/// Insights with two events and a graph of two services each. One that changes has another event.
fn load(load: Load, content: Content) -> String {
    let mut text = String::from("[xray]\n");
    let groups = groups(load);
    for group in 0..groups {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "[[xray.groups]]\nname = \"group{group}\"\ninsights_enabled = true");
    }
    for number in 0..load.insights {
        let minutes = 60 + number * KEPT_MINUTES / load.insights;
        let (started, noticed, group) = (minutes + 5, minutes + 1, number % groups);
        let (mut version, mut event) = ("", String::new());
        if content == Content::Changed && number % CHANGES == 0 {
            version = "last_update_time = \"now\"\n";
            event = format!(
                "{{ time = \"-{noticed}m\", summary = \"Ever more faults\", \
                 root_cause = {{ fault = 40, ok = 60, total = 100 }} }},\n"
            );
        }
        let _ = writeln!(
            text,
            "[[xray.insights]]\nname = \"{number}\"\ngroup = \"group{group}\"\ncategories = [\"FAULT\"]\n\
             start = \"-{started}m\"\nend = \"-{minutes}m\"\nroot_cause = \"checkout\"\n{version}events = [\n\
             {{ time = \"-{started}m\", summary = \"Faults in checkout\", root_cause = {{ fault = 10, ok = 90, total = 100 }} }},\n\
             {event}\
             {{ time = \"-{minutes}m\", summary = \"More faults\", root_cause = {{ fault = 60, ok = 40, total = 100 }} }},\n]\n\
             graph = [{{ name = \"shop\", edges = [\"checkout\"] }}, {{ name = \"checkout\" }}]",
        );
    }
    text
}

/// Closed insights, each with two events and a graph of two services.
fn scenario(scale: Scale) -> String {
    let mut text = String::from("[xray]\ngroups = [{ name = \"shop\", insights_enabled = true }]\n");
    for number in 0..scale.insights {
        let minutes = 10 + number * KEPT_MINUTES / scale.insights;
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "[[xray.insights]]\nname = \"{number}\"\ngroup = \"shop\"\ncategories = [\"FAULT\"]\n\
             start = \"-{}m\"\nend = \"-{minutes}m\"\nroot_cause = \"checkout\"\nevents = [\n\
             {{ time = \"-{}m\", summary = \"Faults in checkout\", root_cause = {{ fault = 10, ok = 90, total = 100 }} }},\n\
             {{ time = \"-{minutes}m\", summary = \"More faults\", root_cause = {{ fault = 60, ok = 40, total = 100 }} }},\n]\n\
             graph = [{{ name = \"shop\", edges = [\"checkout\"] }}, {{ name = \"checkout\" }}]",
            minutes + 5,
            minutes + 5,
        );
    }
    text
}
