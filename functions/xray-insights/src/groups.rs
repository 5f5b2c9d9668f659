//! Determines which of X-Ray's groups are listed. No I/O.

use aws_sdk_xray::types::GroupSummary;
use std::collections::HashSet;

/// The groups to list, and the configured groups that cannot be listed.
#[derive(Debug, Default, PartialEq)]
pub struct Chosen {
    /// Each group once.
    pub groups: Vec<GroupSummary>,
    /// The names in `XRAY_GROUPS` that cannot be listed, with the reason.
    pub faults: Vec<(String, &'static str)>,
}

/// Selects the configured groups, or all groups with insights enabled if none are configured.
pub fn choose(groups: Vec<GroupSummary>, configured: Option<&[String]>) -> Chosen {
    // If a group is returned twice, the entry with insights and a name takes precedence, regardless of the order.
    let (mut enabled, others): (Vec<GroupSummary>, Vec<GroupSummary>) =
        groups.into_iter().partition(has_insights);
    enabled.sort_by_key(|group| group.group_name.is_none());
    let mut seen = HashSet::new();
    enabled.retain(|group| seen.insert(group.group_arn.clone().or_else(|| group.group_name.clone())));
    let Some(names) = configured else { return Chosen { groups: enabled, faults: Vec::new() } };
    let is_named = |group: &GroupSummary, name: &str| group.group_name.as_deref() == Some(name);
    let fault = |name: &String| {
        let fault = if others.iter().any(|group| is_named(group, name)) {
            "XRAY_GROUPS names it, but insights are not enabled for this group"
        } else {
            "XRAY_GROUPS names it, but there is no such group"
        };
        (name.clone(), fault)
    };
    let missing = names.iter().filter(|name| !enabled.iter().any(|group| is_named(group, name)));
    let faults = missing.map(fault).collect();
    let chosen = names.iter().flat_map(|name| enabled.iter().filter(|group| is_named(group, name)));
    Chosen { groups: chosen.cloned().collect(), faults }
}

/// Whether a group has insights enabled.
fn has_insights(group: &GroupSummary) -> bool {
    let configuration = group.insights_configuration.as_ref();
    configuration.and_then(|configuration| configuration.insights_enabled) == Some(true)
}
