//! Reads and writes the `catalog` rows of series and trails. [`CatalogRow`] defines their content.
//!
//! A row is read, changed, and put if it is still the row that was read. If another run changed it first, it is read and
//! changed again, so that no change is lost.

use insights_shared::catalog::{CatalogRow, TRAIL_ROWS, trail_arn, trail_sort_key};
use insights_shared::issue::CallError;
use insights_shared::series::{SERIES_ROWS, SeriesKey};
use insights_shared::store::Store;
use insights_shared::store::catalog::{catalog_key, catalog_row};
use insights_shared::target::Target;
use insights_shared::value::Map;
use insights_sources::cloudtrail;
use std::collections::BTreeMap;

/// The maximum number of attempts to write a row that other runs change at the same time.
const MAX_TRIES: u32 = 8;

/// The rows of one target.
#[derive(Debug)]
pub struct Catalog<'a> {
    store: &'a Store,
    target: &'a Target,
}

impl<'a> Catalog<'a> {
    /// The catalog of `target`.
    pub fn new(store: &'a Store, target: &'a Target) -> Self {
        Self { store, target }
    }

    /// The rows of all series.
    pub async fn series(&self) -> Result<BTreeMap<SeriesKey, CatalogRow>, CallError> {
        let Target { account_id, region, .. } = self.target;
        let rows = self.store.catalog(cloudtrail::SOURCE, account_id, region, SERIES_ROWS).await?;
        Ok(rows
            .into_iter()
            .filter_map(|row| Some((SeriesKey::from_row(&row)?, CatalogRow::from_stored(row))))
            .collect())
    }

    /// The rows of all trails, by ARN.
    pub async fn trails(&self) -> Result<BTreeMap<String, CatalogRow>, CallError> {
        let Target { account_id, region, .. } = self.target;
        let rows = self.store.catalog(cloudtrail::SOURCE, account_id, region, TRAIL_ROWS).await?;
        let row = |row| Some((trail_arn(&row)?.to_owned(), CatalogRow::from_stored(row)));
        Ok(rows.into_iter().filter_map(row).collect())
    }

    /// Changes the row of a series, and writes it if the change has an effect.
    pub async fn change_series(
        &self,
        series: &SeriesKey,
        row: &mut CatalogRow,
        change: impl Fn(&mut CatalogRow),
    ) -> Result<(), CallError> {
        self.change(&series.catalog_sort_key(), &series.detail(), row, change).await
    }

    /// Changes the row of a trail, and writes it if the change has an effect.
    pub async fn change_trail(
        &self,
        arn: &str,
        row: &mut CatalogRow,
        change: impl Fn(&mut CatalogRow),
    ) -> Result<(), CallError> {
        let detail = Map::from([("trail_arn".into(), arn.into())]);
        self.change(&trail_sort_key(arn), &detail, row, change).await
    }

    async fn change(
        &self,
        sort_key: &str,
        detail: &Map,
        row: &mut CatalogRow,
        change: impl Fn(&mut CatalogRow),
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
            let envelope = catalog_row(cloudtrail::SOURCE, self.target, sort_key);
            let item = changed.to_item(envelope, detail);
            if let Some(stored) = self.store.replace_catalog(item, row.stored()).await? {
                *row = changed.written_as(stored);
                return Ok(());
            }
            let key = catalog_key(cloudtrail::SOURCE, self.target, sort_key);
            *row = self.store.get(&key).await?.map(CatalogRow::from_stored).unwrap_or_default();
        }
        Err(CallError::contended("PutItem", "other runs kept changing the catalog row"))
    }
}
