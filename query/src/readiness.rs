//! The EKS clusters of all accounts and regions, from their catalog rows, and whether each is ready for its next Kubernetes
//! version.

use crate::error::Error;
use crate::query::{Question, Sort};
use crate::reader::Reader;
use crate::targets::Place;
use insights_shared::catalog::{CLUSTER_ROWS, ClusterRow};
use insights_shared::record::Stored;
use insights_shared::value::{Map, Value};
use insights_sources::eks;
pub use insights_sources::eks::readiness::{Assessment, Located, Readiness, assess, table};

/// A cluster that existed when its target was last collected.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// Its account and region.
    pub place: Place,
    /// Its name and its checks.
    pub row: ClusterRow,
    /// The stored catalog row.
    pub stored: Stored,
}

impl Cluster {
    fn of(stored: Stored) -> Option<Self> {
        let row = ClusterRow::from_stored(&stored).filter(|row| row.gone_at.is_none())?;
        Some(Self { place: Place::of(&stored)?, row, stored })
    }

    /// The stored row with the member `readiness`, which contains the result of the assessment: `state`,
    /// `kubernetes_version`, `failing` (the ids of the failing checks for this version), `failing_later` (the ids of the
    /// failing checks for later versions), `failing_others` (the number of failing checks that are not about an upgrade).
    pub fn to_record(&self) -> Stored {
        let Assessment { readiness, version, failing, later, others } = assess(&self.row);
        let later = later.iter().flat_map(|(_, checks)| checks.iter().map(|check| check.id.as_str()));
        let mut said = Map::from([
            ("failing".into(), Value::List(failing.iter().map(|check| check.id.as_str().into()).collect())),
            ("failing_later".into(), Value::List(later.map(Value::from).collect())),
            ("failing_others".into(), (others as u64).into()),
            ("state".into(), readiness.as_str().into()),
        ]);
        if let Some(version) = version {
            said.insert("kubernetes_version".into(), version.into());
        }
        let mut record = self.stored.clone();
        record.0.insert("readiness".into(), Value::Map(said));
        record
    }
}

impl Reader {
    /// The clusters of all accounts and regions, sorted by account, region and name, without deleted clusters.
    pub async fn clusters(&self) -> Result<Vec<Cluster>, Error> {
        let places = self.places(eks::SOURCE).await?;
        let questions = places.iter().map(|place| Question {
            partition: ("pk", place.catalog(eks::SOURCE)),
            sort: Some(("sk", Sort::BeginsWith(CLUSTER_ROWS.to_owned()))),
            ..Question::default()
        });
        let rows = self.ask_all(questions.collect()).await?;
        let mut clusters: Vec<Cluster> = rows.into_iter().filter_map(Cluster::of).collect();
        clusters.sort_by(|one, other| (&one.place, &one.row.name).cmp(&(&other.place, &other.row.name)));
        Ok(clusters)
    }
}
