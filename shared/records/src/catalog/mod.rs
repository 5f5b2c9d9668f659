//! The `catalog` rows of series, trails and clusters: what a row says, and how that changes. Collectors write rows, readers use
//! the same types.

mod availability;
mod cluster;
mod coverage;

use crate::key;
use crate::record::Stored;
use crate::time::{DAY_SECONDS, Timestamp};
use crate::value::{Map, Value};
pub use availability::{Rejection, Unavailable};
pub use cluster::{CLUSTER_ROWS, ClusterCheck, ClusterRow, cluster_sort_key};
pub use coverage::{Coverage, CoveredSpan};

/// What the sort keys of the rows of trails begin with.
pub const TRAIL_ROWS: &str = "trail#";

/// The sort key of the row of a trail.
pub fn trail_sort_key(arn: &str) -> String {
    format!("{TRAIL_ROWS}{}", key::part(arn))
}

/// The ARN of the trail that a row is about.
pub fn trail_arn(row: &Stored) -> Option<&str> {
    row.0.get("detail")?.at(&["trail_arn"])?.as_str()
}

/// What the row of one series or trail says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CatalogRow {
    /// The newest event that named the series.
    pub named_at: Option<Timestamp>,
    /// The spans that are known; a trail has none.
    pub covered: Coverage,
    /// How far it has come, if that is not as far as the target.
    pub watermark: Option<Timestamp>,
    /// When the row ends, for one that is not live.
    pub expires_at: Option<i64>,
    /// Why nothing can be fetched of it, if nothing can.
    pub unavailable: Option<Unavailable>,
    /// Whether only pushed events named the series so far: a look-up may still show that they belong to another one.
    pub is_unconfirmed: bool,
    stored: Option<Stored>,
}

impl CatalogRow {
    /// The row that is stored.
    pub fn from_stored(stored: Stored) -> Self {
        Self {
            named_at: stored.timestamp("named_at"),
            covered: stored.0.get("covered").map(Coverage::from_value).unwrap_or_default(),
            watermark: stored.timestamp("watermark"),
            expires_at: stored.integer("expires_at"),
            unavailable: stored.0.get("unavailable").and_then(Unavailable::from_value),
            is_unconfirmed: stored.0.contains_key("unconfirmed"),
            stored: Some(stored),
        }
    }

    /// A row that is not there yet, of a part that has to be fetched from `start` on.
    pub fn behind(named_at: Option<Timestamp>, start: Timestamp) -> Self {
        Self { named_at, watermark: Some(start), ..Self::default() }
    }

    /// The item that was read or written; `None` for a row that is not in the table.
    pub fn stored(&self) -> Option<&Stored> {
        self.stored.as_ref()
    }

    /// The row as it was written.
    #[must_use]
    pub fn written_as(self, stored: Stored) -> Self {
        Self { stored: Some(stored), ..self }
    }

    /// Whether the row is in the table.
    pub fn is_stored(&self) -> bool {
        self.stored.is_some()
    }

    /// What tells the stored row from the one before.
    pub fn revision(&self) -> Option<&str> {
        self.stored.as_ref().and_then(|stored| stored.text("revision"))
    }

    /// Takes in that a request was rejected for good by a run that had read the row at `revision`. Of two answers the later
    /// counts.
    ///
    /// Whoever wrote the row since may have had a later answer, of which the row says nothing where it was a good one. Then it
    /// stays as it is, and the next run asks again.
    pub fn reject(&mut self, rejection: &Rejection, revision: Option<&str>) {
        if self.unavailable.is_some() || self.revision() == revision {
            self.unavailable = Some(rejection.over(self.unavailable.take()));
        }
    }

    /// Takes in that a request of `asked_at` was answered.
    pub fn answer(&mut self, asked_at: Timestamp) {
        self.unavailable = self.unavailable.take().filter(|known| known.asked_at > asked_at);
    }

    /// Takes in what a run heard that had read the row at `revision`: that a request was rejected for good, or when the last
    /// request was sent that was answered.
    pub fn note_availability(
        &mut self,
        rejection: Option<&Rejection>,
        answered_at: Option<Timestamp>,
        revision: Option<&str>,
    ) {
        match (rejection, answered_at) {
            (Some(rejection), _) => self.reject(rejection, revision),
            (None, Some(answered_at)) => self.answer(answered_at),
            (None, None) => {}
        }
    }

    /// Whether a newer version of this program wrote it.
    pub fn is_newer_schema(&self) -> bool {
        self.stored.as_ref().is_some_and(Stored::is_newer_schema)
    }

    /// Whether nothing more is fetched for it: a series that was retired. (Its expiry does not tell, since what is kept
    /// for ever has none.)
    pub fn is_inactive(&self) -> bool {
        self.is_stored() && self.watermark.is_none() && !self.covered.is_open()
    }

    /// What makes it expire: the last that is known of it, kept as long as records are.
    pub fn expire_after(&mut self, last: Timestamp, retention_days: i64) {
        if retention_days > 0 {
            let kept = retention_days.saturating_mul(DAY_SECONDS);
            self.expires_at = Some(last.seconds().saturating_add(kept));
        }
    }

    /// Whether the other row says the same, wherever the two are stored.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let Self { named_at, covered, watermark, expires_at, unavailable, is_unconfirmed, stored: _ } = self;
        (*named_at, *watermark, *expires_at) == (other.named_at, other.watermark, other.expires_at)
            && (covered, unavailable, *is_unconfirmed)
                == (&other.covered, &other.unavailable, other.is_unconfirmed)
    }

    /// The row as an item: `envelope`, which has its key, with what the row says of the series or trail with the parts
    /// `detail`.
    pub fn to_item(&self, envelope: Map, detail: &Map) -> Map {
        let mut item = envelope;
        item.insert("detail".into(), Value::Map(detail.clone()));
        if self.covered != Coverage::default() {
            item.insert("covered".into(), self.covered.to_value());
        }
        if let Some(named_at) = self.named_at {
            item.insert("named_at".into(), named_at.into());
        }
        if let Some(watermark) = self.watermark {
            item.insert("watermark".into(), watermark.into());
        }
        if let Some(unavailable) = &self.unavailable {
            item.insert("unavailable".into(), unavailable.to_value());
        }
        if self.is_unconfirmed {
            item.insert("unconfirmed".into(), true.into());
        }
        if let Some(expires_at) = self.expires_at {
            item.insert("expires_at".into(), expires_at.into());
        }
        item
    }
}
