//! The upgrade readiness of EKS clusters as sections of a view: all clusters, and the accounts and regions whose clusters are
//! unknown or whose checks are not recent.

use crate::command::Location;
use crate::status;
use insights_query::health::{Condition, Target};
use insights_query::readiness::{Cluster, Located, table};
use insights_sources::eks;
use insights_sources::view::Section;

/// The clusters, and what is unknown. Empty if EKS was never collected.
pub fn sections(clusters: &[Cluster], targets: &[Target], location: &Location) -> Vec<Section> {
    let targets = || targets.iter().filter(|target| target.source == eks::SOURCE);
    let is_collected = |target: &Target| target.classification.condition != Condition::NeverRun;
    if clusters.is_empty() && !targets().any(is_collected) {
        return Vec::new();
    }
    let located: Vec<Located<'_>> = clusters
        .iter()
        .map(|Cluster { place, row, .. }| Located {
            account_id: &place.account_id,
            region: &place.region,
            row,
        })
        .collect();
    let first = match clusters {
        [] => Section::Note("No cluster is known.".to_owned()),
        _ => Section::Table(table(&located)),
    };
    let unknown = status::actions("Unknown or not recent", targets(), location);
    [Some(first), unknown].into_iter().flatten().collect()
}
