//! The content of the `catalog` rows of series, trails and clusters, and how it changes. Collectors and readers share these
//! types.

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

/// The prefix of the sort keys of trail rows.
pub const TRAIL_ROWS: &str = "trail#";

/// The sort key of the row of a trail.
pub fn trail_sort_key(arn: &str) -> String {
    format!("{TRAIL_ROWS}{}", key::part(arn))
}

/// The ARN of the trail that a row is about.
pub fn trail_arn(row: &Stored) -> Option<&str> {
    row.0.get("detail")?.at(&["trail_arn"])?.as_str()
}

/// The content of the row of a series or trail.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CatalogRow {
    /// The time of the newest event that named the series.
    pub named_at: Option<Timestamp>,
    /// The spans that were fetched; empty for a trail.
    pub covered: Coverage,
    /// How far this series or trail was fetched, if that is not as far as the target.
    pub watermark: Option<Timestamp>,
    /// When the row expires (epoch seconds), if the series is no longer live.
    pub expires_at: Option<i64>,
    /// Why the series or trail cannot be fetched; `None` if it can.
    pub unavailable: Option<Unavailable>,
    /// Whether only pushed events named the series so far. A look-up may still show that these events belong to another
    /// series.
    pub is_unconfirmed: bool,
    stored: Option<Stored>,
}

impl CatalogRow {
    /// Reads a stored row.
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

    /// Creates the row of a new series or trail, which must be fetched from `start` on.
    pub fn behind(named_at: Option<Timestamp>, start: Timestamp) -> Self {
        Self { named_at, watermark: Some(start), ..Self::default() }
    }

    /// The item that was read or written; `None` if the row is not in the table.
    pub fn stored(&self) -> Option<&Stored> {
        self.stored.as_ref()
    }

    /// Returns the row with `stored` as the item in the table.
    #[must_use]
    pub fn written_as(self, stored: Stored) -> Self {
        Self { stored: Some(stored), ..self }
    }

    /// Whether the row is in the table.
    pub fn is_stored(&self) -> bool {
        self.stored.is_some()
    }

    /// The value that changes with each write of the row (optimistic locking).
    pub fn revision(&self) -> Option<&str> {
        self.stored.as_ref().and_then(|stored| stored.text("revision"))
    }

    /// Records that the API rejected a request of a run that had read the row at `revision`. Of two rejections, the later one
    /// counts.
    ///
    /// If another run has changed the row since, that run may have received a later, successful answer, which removes
    /// `unavailable`. In that case the row stays as it is, and the next run sends the request again.
    pub fn reject(&mut self, rejection: &Rejection, revision: Option<&str>) {
        if self.unavailable.is_some() || self.revision() == revision {
            self.unavailable = Some(rejection.over(self.unavailable.take()));
        }
    }

    /// Records that a request sent at `asked_at` was answered.
    pub fn answer(&mut self, asked_at: Timestamp) {
        self.unavailable = self.unavailable.take().filter(|known| known.asked_at > asked_at);
    }

    /// Records the result of a run that had read the row at `revision`: a rejection, or the time at which the last answered
    /// request was sent.
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

    /// Whether a newer version of this program wrote the row.
    pub fn is_newer_schema(&self) -> bool {
        self.stored.as_ref().is_some_and(Stored::is_newer_schema)
    }

    /// Whether the series is no longer fetched, because it is no longer live. (The expiry does not show this: with unlimited
    /// retention there is none.)
    pub fn is_inactive(&self) -> bool {
        self.is_stored() && self.watermark.is_none() && !self.covered.is_open()
    }

    /// Sets the expiry to `retention_days` after `last`, the end of the last span.
    pub fn expire_after(&mut self, last: Timestamp, retention_days: i64) {
        if retention_days > 0 {
            let kept = retention_days.saturating_mul(DAY_SECONDS);
            self.expires_at = Some(last.seconds().saturating_add(kept));
        }
    }

    /// Whether both rows have the same content, regardless of the stored items.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let Self { named_at, covered, watermark, expires_at, unavailable, is_unconfirmed, stored: _ } = self;
        (*named_at, *watermark, *expires_at) == (other.named_at, other.watermark, other.expires_at)
            && (covered, unavailable, *is_unconfirmed)
                == (&other.covered, &other.unavailable, other.is_unconfirmed)
    }

    /// Converts the row to an item. `envelope` contains the key and the common attributes; `detail` contains the parts of the
    /// series or trail.
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
