//! The catalog's rows of series and trails: what is stored of each, where it stands, and how it is written.
//!
//! A row is read, changed and put over what was read; where another run was faster it is read and changed again, so that
//! neither run's news is lost.

use crate::coverage::Coverage;
use crate::lasting::{Rejection, Unavailable};
use crate::series::Series;
use insights_shared::issue::CallError;
use insights_shared::record::{Source, Stored};
use insights_shared::store::Store;
use insights_shared::store::catalog::{catalog_key, catalog_row};
use insights_shared::target::Target;
use insights_shared::time::{DAY_SECONDS, Timestamp};
use insights_shared::value::{Map, Value};
use std::collections::BTreeMap;

/// How often a row is tried when other runs change it at the same time.
const MAX_TRIES: u32 = 8;

/// What a row says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
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

impl Row {
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

    /// Whether the row stands in the table.
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
    pub fn is_at_rest(&self) -> bool {
        self.is_stored() && self.watermark.is_none() && !self.covered.is_open()
    }

    /// What makes it expire: the last that is known of it, kept as long as records are.
    pub fn expire_after(&mut self, last: Timestamp, retention_days: i64) {
        if retention_days > 0 {
            let kept = retention_days.saturating_mul(DAY_SECONDS);
            self.expires_at = Some(last.seconds().saturating_add(kept));
        }
    }

    fn says_the_same(&self, other: &Self) -> bool {
        let Self { named_at, covered, watermark, expires_at, unavailable, is_unconfirmed, stored: _ } = self;
        (*named_at, *watermark, *expires_at) == (other.named_at, other.watermark, other.expires_at)
            && (covered, unavailable, *is_unconfirmed)
                == (&other.covered, &other.unavailable, other.is_unconfirmed)
    }

    fn to_item(&self, target: &Target, sort_key: &str, detail: &Map) -> Map {
        let mut item = catalog_row(Source::Cloudtrail, target, sort_key);
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

/// The rows of one target.
#[derive(Debug)]
pub struct Catalog<'a> {
    store: &'a Store,
    target: &'a Target,
}

impl<'a> Catalog<'a> {
    /// The rows of `target`.
    pub fn new(store: &'a Store, target: &'a Target) -> Self {
        Self { store, target }
    }

    /// The rows of all series.
    pub async fn series(&self) -> Result<BTreeMap<Series, Row>, CallError> {
        let Target { account_id, region, .. } = self.target;
        let rows = self.store.catalog(Source::Cloudtrail, account_id, region, "series#").await?;
        Ok(rows
            .into_iter()
            .filter_map(|row| Some((Series::from_row(&row)?, Row::from_stored(row))))
            .collect())
    }

    /// The rows of all trails, by ARN.
    pub async fn trails(&self) -> Result<BTreeMap<String, Row>, CallError> {
        let Target { account_id, region, .. } = self.target;
        let rows = self.store.catalog(Source::Cloudtrail, account_id, region, "trail#").await?;
        let arn = |row: &Stored| row.0.get("detail")?.at(&["trail_arn"])?.as_str().map(str::to_owned);
        Ok(rows.into_iter().filter_map(|row| Some((arn(&row)?, Row::from_stored(row)))).collect())
    }

    /// Changes a series' row and writes it, if that changes anything.
    pub async fn change_series(
        &self,
        series: &Series,
        row: &mut Row,
        change: impl Fn(&mut Row),
    ) -> Result<(), CallError> {
        self.change(&series.catalog_sort_key(), &series.detail(), row, change).await
    }

    /// Changes a trail's row and writes it, if that changes anything.
    pub async fn change_trail(
        &self,
        arn: &str,
        row: &mut Row,
        change: impl Fn(&mut Row),
    ) -> Result<(), CallError> {
        let detail = Map::from([("trail_arn".into(), arn.into())]);
        let sort_key = format!("trail#{}", insights_shared::key::part(arn));
        self.change(&sort_key, &detail, row, change).await
    }

    async fn change(
        &self,
        sort_key: &str,
        detail: &Map,
        row: &mut Row,
        change: impl Fn(&mut Row),
    ) -> Result<(), CallError> {
        for _ in 0..MAX_TRIES {
            let mut changed = row.clone();
            change(&mut changed);
            if row.is_stored() && changed.says_the_same(row) {
                *row = changed;
                return Ok(());
            }
            if row.is_newer_schema() {
                return Err(CallError::newer_schema("PutItem"));
            }
            let item = changed.to_item(self.target, sort_key, detail);
            if let Some(stored) = self.store.replace_catalog(item, row.stored.as_ref()).await? {
                changed.stored = Some(stored);
                *row = changed;
                return Ok(());
            }
            let key = catalog_key(Source::Cloudtrail, self.target, sort_key);
            *row = self.store.get(&key).await?.map(Row::from_stored).unwrap_or_default();
        }
        Err(CallError::contended("PutItem", "other runs kept changing the catalog row"))
    }
}
