//! `catalog` rows list the series, trails, clusters and scopes of an account and region, so that readers need no scan, and
//! contain the progress of each. This module reads and writes rows and does not interpret them.

use super::Store;
use super::condition::Condition;
use super::dry_run::Change;
use crate::issue::CallError;
use crate::key::{self, Key};
use crate::record::{SCHEMA_VERSION, Source, Stored, target_partition};
use crate::target::Target;
use crate::validate::item_size;
use crate::value::{Map, Value, into_attributes, to_attributes, write_canonical_map};
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::stream::{self, StreamExt};
use std::collections::HashMap;

/// The key of a catalog row.
pub fn catalog_key(source: Source, target: &Target, sk: impl Into<String>) -> Key {
    Key::new(target_partition("catalog", source, &target.account_id, &target.region), sk)
}

/// A catalog row with only its envelope.
pub fn catalog_row(source: Source, target: &Target, sk: impl Into<String>) -> Map {
    let Key { pk, sk } = catalog_key(source, target, sk);
    Map::from([
        ("pk".into(), Value::from(pk)),
        ("sk".into(), sk.into()),
        ("kind".into(), "catalog".into()),
        ("source".into(), source.as_str().into()),
        ("account_id".into(), target.account_id.as_str().into()),
        ("region".into(), target.region.as_str().into()),
        ("schema_version".into(), SCHEMA_VERSION.into()),
    ])
}

impl Store {
    /// The rows whose sort key begins with `prefix` (`series#`, `scope#`, `trail#`, `cluster#`).
    pub async fn catalog(
        &self,
        source: Source,
        account: &str,
        region: &str,
        prefix: &str,
    ) -> Result<Vec<Stored>, CallError> {
        self.partition(&target_partition("catalog", source, account, region), prefix).await
    }

    /// Writes many rows, like [`Store::put_catalog`], and returns the results in their order. `true` means that no row was
    /// found; such rows are inserted in batches.
    pub async fn put_catalog_rows(&self, rows: Vec<(Map, bool)>) -> Vec<Result<(), CallError>> {
        let new: Vec<&Map> = rows.iter().filter_map(|(row, is_new)| is_new.then_some(row)).collect();
        let mut inserted = self
            .insert_each(
                &new,
                |row| item_size(*row),
                |row| row.iter().map(|(name, value)| (name.as_str(), value.to_attribute())),
            )
            .await
            .into_iter();
        let is_stored: Vec<bool> =
            rows.iter().map(|(_, is_new)| *is_new && inserted.next() == Some(true)).collect();
        let puts = rows.into_iter().zip(is_stored).map(|((row, _), is_stored)| async move {
            if is_stored { Ok(()) } else { self.put_catalog(row).await }
        });
        stream::iter(puts).buffered(self.concurrency).collect().await
    }

    /// Writes a row. If a newer version of this program wrote the stored row, it is not replaced, and this is an error.
    pub async fn put_catalog(&self, row: Map) -> Result<(), CallError> {
        if self.is_dry_run() {
            self.record_dry_run(&row, Change::Changed);
            return Ok(());
        }
        match self.put_item(into_attributes(row), Some(Condition::no_newer_schema())).await? {
            Some(_) => Err(CallError::newer_schema("PutItem")),
            None => Ok(()),
        }
    }

    /// Replaces the row that was read (`None` if there was none) and returns the new row. Returns `None` if another run has
    /// changed the row in the meantime, or if a newer version of this program wrote it.
    pub async fn replace_catalog(
        &self,
        mut row: Map,
        read: Option<&Stored>,
    ) -> Result<Option<Stored>, CallError> {
        row.insert("revision".into(), revision(&row).into());
        if self.is_dry_run() {
            self.record_dry_run(&row, if read.is_some() { Change::Changed } else { Change::New });
            return Ok(Some(Stored(row)));
        }
        let condition = match read {
            None => Condition::absent(self.now()),
            Some(read) => over_revision(read.0.get("revision")),
        };
        let refused = self.put_item(to_attributes(&row), Some(condition)).await?;
        Ok(refused.is_none().then_some(Stored(row)))
    }
}

/// The revision of a row: a hash of its content without the times and the number of writes, so that an interrupted run leaves
/// the same rows as any other.
fn revision(row: &Map) -> String {
    let mut content = row.clone();
    content.remove("answered_at");
    let mut text = String::new();
    write_canonical_map(&content, &mut text);
    let mut hash = key::sha256_hex(text.as_bytes());
    hash.truncate(16);
    hash
}

/// The condition that the stored row has this revision; `None` means no revision.
fn over_revision(revision: Option<&Value>) -> Condition {
    let schema = AttributeValue::N(SCHEMA_VERSION.to_string());
    let mut values = HashMap::from([(":schema".to_owned(), schema)]);
    let is_it = match revision {
        Some(revision) => {
            values.insert(":revision".to_owned(), revision.clone().into_attribute());
            "revision = :revision"
        }
        None => "attribute_not_exists(revision)",
    };
    Condition { expression: format!("schema_version <= :schema AND {is_it}"), names: HashMap::new(), values }
}
