//! Benchmark data of AWS Security Hub.

use super::BenchSource;
use crate::load::{CHANGES, Content, Load};
use insights_sources::securityhub;
use std::fmt::Write;

/// The registration.
pub const BENCH_SOURCE: BenchSource = BenchSource {
    source: securityhub::SOURCE,
    variables: &[],
    starts_in_new_minute: false,
    load,
    // A snapshot of each insight.
    records: |load| load.insights,
    memory: None,
};

/// Values of an insight.
const VALUES: usize = 20;

/// Insights with the same values. One insight in a hundred has another finding.
fn load(load: Load, content: Content) -> String {
    let mut text = String::from("[securityhub]\n");
    for insight in 0..load.insights {
        let changes = content == Content::Changed && insight % CHANGES == 0;
        let addition = if changes { "{ value = \"changed\", count = 1 }, " } else { "" };
        let _ = writeln!(
            text,
            "[[securityhub.insights]]\nname = \"Insight {insight}\"\ngroup_by = \"ResourceId\"\n\
             filters = {{ SeverityLabel = [{{ Value = \"HIGH\", Comparison = \"EQUALS\" }}] }}\n\
             values = [{addition}{{ value = \"arn:aws:s3:::bucket-{insight}-{{n}}\", count = 3, number = {VALUES} }}]",
        );
    }
    text
}
