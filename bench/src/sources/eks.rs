//! Benchmark data of Amazon EKS.

use super::BenchSource;
use crate::load::{CHANGES, Content, Load};
use insights_sources::eks;
use std::fmt::Write;

/// The registration.
pub const BENCH_SOURCE: BenchSource = BenchSource {
    source: eks::SOURCE,
    variables: &[],
    starts_in_new_minute: false,
    load,
    // An insight and an event for each check that fails.
    records: |load| 2 * load.insights,
    memory: None,
};

/// Checks of a cluster that fail; as many pass.
const FAILING: usize = 4;

/// Clusters of which half of the checks fail. One check in a hundred has another client.
fn load(load: Load, content: Content) -> String {
    let mut text = String::from("[eks]\n");
    for check in 0..load.insights {
        if check % FAILING == 0 {
            let _ = writeln!(text, "[[eks.clusters]]\nname = \"cluster-{}\"", check / FAILING);
            for passing in 0..FAILING {
                let _ = writeln!(
                    text,
                    "[[eks.clusters.insights]]\nname = \"Passing check {passing}\"\ncategory = \"UPGRADE_READINESS\"\n\
                     kubernetes_version = \"1.32\"\nstatus = \"PASSING\"\nsince = \"-90d\"",
                );
            }
        }
        let changes = content == Content::Changed && check % CHANGES == 0;
        let addition = if changes { ", { user_agent = \"changed\", requests = 1 }" } else { "" };
        let _ = writeln!(
            text,
            "[[eks.clusters.insights]]\nname = \"Check {check}\"\ncategory = \"UPGRADE_READINESS\"\n\
             kubernetes_version = \"1.32\"\ndescription = \"Checks for usage of deprecated APIs.\"\n\
             recommendation = \"Update manifests.\"\nstatus = \"ERROR\"\nsince = \"-20d\"\n\
             resources = [{{ uri = \"/apis/batch/v1beta1/cronjobs/a\", status = \"ERROR\" }}]\n\
             [[eks.clusters.insights.deprecations]]\nusage = \"/apis/batch/v1beta1/cronjobs\"\n\
             replaced_with = \"/apis/batch/v1/cronjobs\"\nstop_serving_version = \"1.25\"\n\
             start_serving_replacement_version = \"1.21\"\n\
             clients = [{{ user_agent = \"helm\", requests = 40, last_request = \"-3d\" }}{addition}]",
        );
    }
    text
}
