//! The `catalog` rows of EKS clusters. A row lists every check of a cluster, including those that pass, so that readers can
//! distinguish "all checks pass", "not collected" and "no cluster".
//!
//! A row does not contain the time of the last refresh. A refresh without a change therefore does not change the row.

use crate::key;
use crate::record::Stored;
use crate::time::{DAY_SECONDS, Timestamp};
use crate::value::{Map, MapBuilder, Value};

/// The prefix of the sort keys of cluster rows.
pub const CLUSTER_ROWS: &str = "cluster#";

/// The sort key of the row of a cluster.
pub fn cluster_sort_key(name: &str) -> String {
    format!("{CLUSTER_ROWS}{}", key::part(name))
}

/// The content of the row of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterRow {
    /// The name of the cluster.
    pub name: String,
    /// Its checks, sorted by id.
    pub checks: Vec<ClusterCheck>,
    /// When it was first missing from the listing of clusters; `None` while it exists.
    pub gone_at: Option<Timestamp>,
}

/// One check of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClusterCheck {
    /// The identifier of the check, which is also the `id` of its insights.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// `UPGRADE_READINESS`, `MISCONFIGURATION` or `ROLLBACK_READINESS`, or a category that this version does not know.
    pub category: Option<String>,
    /// The Kubernetes minor version that the check is about, for example `1.29`.
    pub kubernetes_version: Option<String>,
    /// `PASSING`, `WARNING`, `ERROR` or `UNKNOWN`, or a status that this version does not know.
    pub status: String,
    /// When the status last changed.
    pub last_transition_time: Option<Timestamp>,
}

impl ClusterRow {
    /// Reads a stored row; `None` if it is not the row of a cluster.
    pub fn from_stored(stored: &Stored) -> Option<Self> {
        let detail = stored.0.get("detail")?;
        let name = detail.at(&["cluster_name"])?.as_str()?.to_owned();
        let checks = detail.at(&["checks"])?.as_list()?.iter().filter_map(ClusterCheck::from_value);
        Some(Self { name, checks: checks.collect(), gone_at: stored.timestamp("gone_at") })
    }

    /// Converts the row to an item. `envelope` contains the key and the common attributes; `answered_at` is when the service
    /// was asked. The row of a deleted cluster expires `retention_days` after [`ClusterRow::gone_at`]; with 0 it never
    /// expires.
    pub fn to_item(&self, envelope: Map, answered_at: Timestamp, retention_days: i64) -> Map {
        let mut item = envelope;
        let checks = Value::List(self.checks.iter().map(|check| Value::Map(check.to_map())).collect());
        let detail = MapBuilder::new()
            .with("checks", Some(checks))
            .with("cluster_name", Some(self.name.as_str()))
            .build();
        item.insert("answered_at".into(), answered_at.into());
        item.insert("detail".into(), detail.into());
        if let Some(gone_at) = self.gone_at {
            item.insert("gone_at".into(), gone_at.into());
            if retention_days > 0 {
                let kept = retention_days.saturating_mul(DAY_SECONDS);
                item.insert("expires_at".into(), gone_at.seconds().saturating_add(kept).into());
            }
        }
        item
    }
}

impl ClusterCheck {
    fn from_value(value: &Value) -> Option<Self> {
        let text = |name: &str| value.at(&[name]).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            id: text("id")?,
            name: text("name"),
            category: text("category"),
            kubernetes_version: text("kubernetes_version"),
            status: text("status")?,
            last_transition_time: value.at(&["last_transition_time"]).and_then(Value::as_timestamp),
        })
    }

    fn to_map(&self) -> Map {
        MapBuilder::new()
            .with("category", self.category.as_deref())
            .with("id", Some(self.id.as_str()))
            .with("kubernetes_version", self.kubernetes_version.as_deref())
            .with("last_transition_time", self.last_transition_time)
            .with("name", self.name.as_deref())
            .with("status", Some(self.status.as_str()))
            .build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_unchanged() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let full = ClusterCheck {
            id: "a".into(),
            name: Some("Deprecated APIs removed in Kubernetes v1.29".into()),
            category: Some("UPGRADE_READINESS".into()),
            kubernetes_version: Some("1.29".into()),
            status: "ERROR".into(),
            last_transition_time: Some(at("2023-11-10T08:30:00.5Z")),
        };
        let bare = ClusterCheck { id: "b".into(), status: "PASSING".into(), ..ClusterCheck::default() };
        for gone_at in [None, Some(at("2023-11-20T00:00:00Z"))] {
            let row = ClusterRow { name: "prod".into(), checks: vec![full.clone(), bare.clone()], gone_at };
            let item = row.to_item(Map::new(), at("2023-11-14T22:25:00Z"), 400);
            let expiry =
                item.get("expires_at").and_then(Value::as_number).and_then(crate::number::Number::as_i64);
            // 2023-11-20 is 1700438400; 400 days are 34560000 seconds.
            assert_eq!(expiry, gone_at.map(|_| 1_734_998_400));
            assert_eq!(ClusterRow::from_stored(&Stored(item)), Some(row));
        }
    }

    #[test]
    fn a_row_without_expiry_states_that_its_cluster_is_gone() {
        let gone_at: Timestamp = "2023-11-20T00:00:00Z".parse().unwrap();
        let row = ClusterRow { name: "prod".into(), checks: Vec::new(), gone_at: Some(gone_at) };
        let item = row.to_item(Map::new(), gone_at, 0);
        assert!(!item.contains_key("expires_at"));
        assert_eq!(ClusterRow::from_stored(&Stored(item)), Some(row));
    }

    #[test]
    fn other_rows_are_not_cluster_rows() {
        assert_eq!(ClusterRow::from_stored(&Stored(Map::new())), None);
        assert_eq!(cluster_sort_key("prod"), "cluster#prod");
    }
}
