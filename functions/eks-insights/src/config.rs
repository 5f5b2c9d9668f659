//! The function's own variable, `EKS_CLUSTERS`.

use insights_shared::environment::Environment;
use insights_shared::fields::Faults;
use insights_sources::eks::is_cluster_name;
use std::collections::BTreeSet;

/// The collector of EKS, with its configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EksInsights {
    /// The names of the clusters to collect from; `None` means every cluster.
    pub clusters: Option<BTreeSet<String>>,
}

impl EksInsights {
    /// Reads the variable. Adds every fault to `faults`.
    pub fn read(environment: &Environment, faults: &mut Faults) -> Self {
        let Some(text) = environment.get("EKS_CLUSTERS") else { return Self::default() };
        let mut clusters = BTreeSet::new();
        for name in text.split(',').map(str::trim) {
            if !is_cluster_name(name) {
                let rule = "must be names of clusters, separated by commas: each is 1 to 100 letters, digits, \
                            hyphens and underscores, and begins with a letter or a digit";
                faults.add("EKS_CLUSTERS", name, rule);
            } else if !clusters.insert(name.to_owned()) {
                faults.add("EKS_CLUSTERS", name, "must not name a cluster twice");
            }
        }
        Self { clusters: Some(clusters) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (EksInsights, String) {
        let mut faults = Faults::default();
        let environment = [("EKS_CLUSTERS", text)].into_iter().collect();
        let collector = EksInsights::read(&environment, &mut faults);
        (collector, faults.to_string())
    }

    #[test]
    fn clusters_are_names_separated_by_commas_and_the_default_is_every_cluster() {
        assert_eq!(read("").0.clusters, None);
        let expected = BTreeSet::from(["prod".to_owned(), "test_2".to_owned()]);
        assert_eq!(read("test_2, prod"), (EksInsights { clusters: Some(expected) }, String::new()));
    }

    #[test]
    fn every_invalid_name_is_reported() {
        let (_, faults) = read(&format!("a,,a,prod/eu,{}", "x".repeat(101)));
        assert_eq!(faults.matches("EKS_CLUSTERS").count(), 4, "{faults}");
        assert!(faults.contains("EKS_CLUSTERS is prod/eu: must be names of clusters"), "{faults}");
        assert!(faults.contains("EKS_CLUSTERS is a: must not name a cluster twice"), "{faults}");
    }
}
