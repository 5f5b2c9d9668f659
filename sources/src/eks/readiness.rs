//! The upgrade readiness of clusters, from their catalog rows.
//!
//! EKS insights do not contain the current version of the cluster. The lowest version in the upgrade checks of a cluster
//! counts as its next version. A check without a version counts for the next version.
//! <https://docs.aws.amazon.com/eks/latest/userguide/cluster-insights.html>

use crate::view::{Column, Table, Tone, Value};
use insights_records::catalog::{ClusterCheck, ClusterRow};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The category of the upgrade checks.
const UPGRADE: &str = "UPGRADE_READINESS";

/// Whether a cluster can be upgraded, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Readiness {
    /// All upgrade checks pass.
    Ready,
    /// EKS has no upgrade check for the cluster.
    NoChecks,
    /// EKS could not evaluate a check, or its status is unknown to this version.
    Unknown,
    /// A check has the status WARNING. The upgrade is possible.
    Warning,
    /// A check has the status ERROR: EKS expects problems after the upgrade.
    Blocked,
}

/// The upgrade checks of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment<'a> {
    /// Whether the next upgrade is possible.
    pub readiness: Readiness,
    /// The next version, for example `1.33`; `None` if no check names a version.
    pub version: Option<&'a str>,
    /// The failing checks of the next version, worst first.
    pub failing: Vec<&'a ClusterCheck>,
    /// The failing checks of later versions, by version, lowest version first.
    pub later: Vec<(&'a str, Vec<&'a ClusterCheck>)>,
    /// The number of failing checks of other categories.
    pub others: usize,
}

impl Readiness {
    /// The value in JSON and CSV.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::NoChecks => "no_checks",
            Self::Unknown => "unknown",
            Self::Warning => "warning",
            Self::Blocked => "blocked",
        }
    }

    /// The text for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::NoChecks => "no upgrade checks",
            Self::Unknown => "unknown",
            Self::Warning => "warnings",
            Self::Blocked => "blocked",
        }
    }

    /// The readiness that follows from the status of one check.
    fn of_status(status: &str) -> Self {
        match status {
            "PASSING" => Self::Ready,
            "WARNING" => Self::Warning,
            "ERROR" => Self::Blocked,
            _ => Self::Unknown,
        }
    }
}

impl Readiness {
    fn tone(self) -> Tone {
        match self {
            Self::Ready => Tone::Good,
            Self::NoChecks => Tone::Off,
            Self::Unknown | Self::Warning => Tone::Unsure,
            Self::Blocked => Tone::Bad,
        }
    }
}

/// A cluster in the table of clusters.
#[derive(Clone, Copy, Debug)]
pub struct Located<'a> {
    /// The account that has the cluster.
    pub account_id: &'a str,
    /// Its region.
    pub region: &'a str,
    /// Its checks.
    pub row: &'a ClusterRow,
}

/// All clusters, sorted by their next version, and within a version worst first.
pub fn table(clusters: &[Located<'_>]) -> Table {
    let mut assessed: Vec<(&Located<'_>, Assessment<'_>)> =
        clusters.iter().map(|cluster| (cluster, assess(cluster.row))).collect();
    assessed.sort_by_key(|(cluster, assessment)| {
        // Clusters without a version are last.
        let version = assessment.version.map(version_order);
        let place = (cluster.account_id, cluster.region, cluster.row.name.as_str());
        (version.is_none(), version, Reverse(assessment.readiness), place)
    });
    let columns = vec![
        Column::text("Next version").fixed(),
        Column::text("Cluster"),
        Column::text("Account").fixed(),
        Column::text("Region").fixed(),
        Column::text("State").fixed(),
        Column::text("Failing checks"),
        Column::text("Later versions"),
        Column::number("Other checks"),
    ];
    let text = |text: &str| Value::Text(text.to_owned());
    let row = |(cluster, assessment): &(&Located<'_>, Assessment<'_>)| {
        let Assessment { readiness, version, failing, later, others } = assessment;
        vec![
            version.map_or(Value::None, text),
            text(&cluster.row.name),
            text(cluster.account_id),
            text(cluster.region),
            Value::State { text: readiness.label(), tone: readiness.tone() },
            listed(failing.iter().map(|check| described(check))),
            listed(later.iter().flat_map(|(version, checks)| {
                checks.iter().map(move |check| format!("{version}: {}", described(check)))
            })),
            Value::Count(i64::try_from(*others).unwrap_or(i64::MAX)),
        ]
    };
    Table { title: summary(&assessed), columns, rows: assessed.iter().map(row).collect() }
}

fn summary(assessed: &[(&Located<'_>, Assessment<'_>)]) -> String {
    let count = |wanted: Readiness| assessed.iter().filter(|(_, one)| one.readiness == wanted).count();
    let states = [
        (Readiness::Blocked, "blocked"),
        (Readiness::Warning, "with warnings"),
        (Readiness::Unknown, "unknown"),
        (Readiness::NoChecks, "without upgrade checks"),
        (Readiness::Ready, "ready"),
    ];
    let parts =
        states.into_iter().map(|(state, words)| (count(state), words)).filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts.map(|(count, words)| format!("{count} {words}")).collect();
    let all =
        if assessed.len() == 1 { "1 cluster".to_owned() } else { format!("{} clusters", assessed.len()) };
    if parts.is_empty() { all } else { format!("{all}: {}", parts.join(", ")) }
}

fn described(check: &ClusterCheck) -> String {
    format!("{} ({})", check.name.as_deref().unwrap_or(&check.id), check.status)
}

fn listed(texts: impl Iterator<Item = String>) -> Value {
    let values: Vec<Value> = texts.map(Value::Text).collect();
    if values.is_empty() { Value::None } else { Value::List(values) }
}

/// Evaluates the upgrade checks of a cluster.
pub fn assess(row: &ClusterRow) -> Assessment<'_> {
    let (upgrade, others): (Vec<&ClusterCheck>, Vec<&ClusterCheck>) =
        row.checks.iter().partition(|check| check.category.as_deref() == Some(UPGRADE));
    let named = upgrade.iter().filter_map(|check| check.kubernetes_version.as_deref());
    let version = named.min_by_key(|version| version_order(version));
    let mut by_version: BTreeMap<_, (&str, Vec<&ClusterCheck>)> = BTreeMap::new();
    let mut failing = Vec::new();
    for check in upgrade.iter().copied().filter(|check| does_not_pass(check)) {
        match check.kubernetes_version.as_deref() {
            Some(later) if Some(later) != version => {
                by_version.entry(version_order(later)).or_insert((later, Vec::new())).1.push(check);
            }
            _ => failing.push(check),
        }
    }
    worst_first(&mut failing);
    let worst = failing.iter().map(|check| Readiness::of_status(&check.status)).max();
    let readiness = match worst {
        Some(worst) => worst,
        None if upgrade.is_empty() => Readiness::NoChecks,
        None => Readiness::Ready,
    };
    let mut later: Vec<_> = by_version.into_values().collect();
    for (_, checks) in &mut later {
        worst_first(checks);
    }
    let others = others.into_iter().filter(|check| does_not_pass(check)).count();
    Assessment { readiness, version, failing, later, others }
}

/// The sort key of a version: its numbers, so that 1.9 is before 1.10. Text that is not a version is last.
pub fn version_order(version: &str) -> (Vec<u64>, &str) {
    let numbers: Option<Vec<u64>> = version.split('.').map(|part| part.parse().ok()).collect();
    (numbers.unwrap_or_else(|| vec![u64::MAX]), version)
}

fn does_not_pass(check: &ClusterCheck) -> bool {
    Readiness::of_status(&check.status) != Readiness::Ready
}

fn worst_first(checks: &mut [&ClusterCheck]) {
    checks.sort_by_key(|check| {
        (Reverse(Readiness::of_status(&check.status)), check.last_transition_time, check.id.clone())
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(id: &str, category: &str, version: Option<&str>, status: &str) -> ClusterCheck {
        ClusterCheck {
            id: id.into(),
            category: Some(category.into()),
            kubernetes_version: version.map(str::to_owned),
            status: status.into(),
            ..ClusterCheck::default()
        }
    }

    #[test]
    fn the_worst_check_of_the_next_version_decides() {
        let upgrade = |version, status| check("a", UPGRADE, version, status);
        for (checks, readiness, version, later) in [
            (vec![], Readiness::NoChecks, None, 0),
            (vec![upgrade(Some("1.33"), "PASSING")], Readiness::Ready, Some("1.33"), 0),
            (
                vec![upgrade(Some("1.33"), "PASSING"), upgrade(None, "WARNING")],
                Readiness::Warning,
                Some("1.33"),
                0,
            ),
            (vec![upgrade(Some("1.33"), "UNKNOWN")], Readiness::Unknown, Some("1.33"), 0),
            (vec![upgrade(Some("1.33"), "A_NEW_STATUS")], Readiness::Unknown, Some("1.33"), 0),
            (
                vec![upgrade(Some("1.33"), "WARNING"), upgrade(Some("1.33"), "ERROR")],
                Readiness::Blocked,
                Some("1.33"),
                0,
            ),
            // A failure for a later version does not block the next one. 1.9 is before 1.10.
            (
                vec![upgrade(Some("1.10"), "ERROR"), upgrade(Some("1.9"), "PASSING")],
                Readiness::Ready,
                Some("1.9"),
                1,
            ),
            (vec![upgrade(None, "PASSING")], Readiness::Ready, None, 0),
            (vec![check("m", "MISCONFIGURATION", None, "ERROR")], Readiness::NoChecks, None, 0),
        ] {
            let row = ClusterRow { name: "prod".into(), checks, gone_at: None };
            let assessment = assess(&row);
            let found = (assessment.readiness, assessment.version, assessment.later.len());
            assert_eq!(found, (readiness, version, later), "{row:?}");
        }
    }

    #[test]
    fn failing_checks_are_listed_with_the_worst_first() {
        let checks = vec![
            check("warns", UPGRADE, Some("1.33"), "WARNING"),
            check("passes", UPGRADE, Some("1.33"), "PASSING"),
            check("fails", UPGRADE, None, "ERROR"),
            check("later", UPGRADE, Some("1.35"), "WARNING"),
            check("soon", UPGRADE, Some("1.34"), "ERROR"),
            check("misconfigured", "MISCONFIGURATION", None, "WARNING"),
        ];
        let row = ClusterRow { name: "prod".into(), checks, gone_at: None };
        let assessment = assess(&row);
        let ids = |checks: &[&ClusterCheck]| checks.iter().map(|check| check.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&assessment.failing), ["fails", "warns"]);
        let later: Vec<_> =
            assessment.later.iter().map(|(version, checks)| (*version, ids(checks))).collect();
        assert_eq!(later, [("1.34", vec!["soon".to_owned()]), ("1.35", vec!["later".to_owned()])]);
        assert_eq!(assessment.others, 1);
    }

    #[test]
    fn clusters_are_listed_by_their_next_version_with_the_worst_first() {
        let cluster = |name: &str, version: Option<&str>, status: &str| ClusterRow {
            name: name.into(),
            checks: vec![check("a", UPGRADE, version, status)],
            gone_at: None,
        };
        let rows = [
            cluster("unversioned", None, "ERROR"),
            cluster("ready", Some("1.9"), "PASSING"),
            cluster("newer", Some("1.10"), "ERROR"),
            cluster("blocked", Some("1.9"), "ERROR"),
        ];
        let located: Vec<Located<'_>> =
            rows.iter().map(|row| Located { account_id: "123456789012", region: "eu-west-1", row }).collect();
        let table = table(&located);
        let names: Vec<&Value> = table.rows.iter().filter_map(|row| row.get(1)).collect();
        let expected = ["blocked", "ready", "newer", "unversioned"].map(|name| Value::Text(name.into()));
        assert_eq!(names, expected.iter().collect::<Vec<_>>());
        assert_eq!(table.title, "4 clusters: 3 blocked, 1 ready");
        let failing = Value::List(vec![Value::Text("a (ERROR)".into())]);
        assert_eq!(table.rows.first().and_then(|row| row.get(5)), Some(&failing));
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
    }
}
