//! Conditional writes of records. A record is not written if it is already stored or older than the stored one. The condition
//! of each put checks this again when the item is written, because other runs may write at the same time.

use super::Store;
use super::condition::Condition;
use super::dry_run::Change;
use super::read::{Found, Projection};
use crate::aws::TOLERATED_MILLIS;
use crate::counts::Outcome;
use crate::issue::CallError;
use crate::key::Key;
use crate::log;
use crate::record::Stored;
use crate::time::Timestamp;
use crate::validate::ValidRecord;
use crate::value::{Map, from_attributes};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure as OnFailure,
};
use futures_util::stream::{self, StreamExt};
use std::collections::{HashMap, HashSet};

/// The result of writing one record.
#[derive(Clone, Debug, PartialEq)]
pub enum Written {
    /// It was written or did not need to be. The outcome is to be counted.
    Done(Outcome),
    /// The record has expired: it is neither stored nor counted.
    Expired,
    /// The write failed.
    Failed(CallError),
}

/// What the stored item must be for a write.
#[derive(Clone, Copy, Debug)]
pub enum Guard<'a> {
    /// Older than the record, by the version rule of its kind.
    Older,
    /// An item with this hash; `None` means no item.
    Is(Option<&'a str>),
}

impl Store {
    /// Writes records and returns the results in their order. A failure affects only its own record.
    pub async fn write(&self, records: &[ValidRecord]) -> Vec<Written> {
        let records: Vec<&ValidRecord> = records.iter().collect();
        let found = self.versions(&records).await;
        let inserted = self.insert_new(&records, &found).await;
        self.write_rest(&records, &found, inserted).await
    }

    /// The stored versions of records.
    async fn versions(&self, records: &[&ValidRecord]) -> Found {
        let keys: Vec<Key> = records.iter().map(|record| record.key().clone()).collect();
        self.read(&keys, Projection::Version).await
    }

    /// Writes the records that were not inserted, each over the item that was found for it.
    async fn write_rest(&self, records: &[&ValidRecord], found: &Found, inserted: Vec<bool>) -> Vec<Written> {
        let mut seen = HashSet::new();
        let puts = records.iter().zip(inserted).map(|(record, inserted)| {
            // Of two records with the same key, only the first is compared with the item that was read. For the second, the
            // condition decides.
            let first = seen.insert(record.key());
            let stored = found.items.get(record.key()).filter(|_| first);
            let failed = found.failed.get(record.key());
            async move {
                match failed {
                    _ if inserted => Written::Done(Outcome::Written),
                    Some(error) => Written::Failed(error.clone()),
                    None => self.write_over(record, stored).await,
                }
            }
        });
        stream::iter(puts).buffered(self.concurrency).collect().await
    }

    /// Writes records that are probably not stored, without reading first. Existing items are read afterwards. The results
    /// are those of [`Store::write`].
    pub async fn write_new(&self, records: &[ValidRecord]) -> Vec<Written> {
        if let [record] = records {
            return vec![self.put_new(record).await];
        }
        let records: Vec<&ValidRecord> = records.iter().collect();
        let inserted = self.insert_new(&records, &Found::default()).await;
        let left = records.iter().zip(&inserted).filter(|(_, inserted)| !**inserted);
        let left: Vec<&ValidRecord> = left.map(|(record, _)| *record).collect();
        let found = self.versions(&left).await;
        let mut left = self.write_rest(&left, &found, vec![false; left.len()]).await.into_iter();
        let outcome = |inserted| if inserted { None } else { left.next() };
        inserted
            .into_iter()
            .map(outcome)
            .map(|left| left.unwrap_or(Written::Done(Outcome::Written)))
            .collect()
    }

    async fn put_new(&self, record: &ValidRecord) -> Written {
        match self.put(record, Guard::Is(None)).await {
            Written::Done(Outcome::Stale) => {
                let written = self.write(std::slice::from_ref(record)).await;
                written.into_iter().next().unwrap_or(Written::Done(Outcome::Stale))
            }
            written => written,
        }
    }

    /// Inserts the records for which no item was found, and returns for each whether it is stored now.
    async fn insert_new(&self, records: &[&ValidRecord], found: &Found) -> Vec<bool> {
        let now = self.now();
        let mut seen = HashSet::new();
        let is_new = records.iter().map(|record| {
            let (key, first) = (record.key(), seen.insert(record.key()));
            let is_absent = !found.items.contains_key(key) && !found.failed.contains_key(key);
            first && is_absent && !record.is_expired(now)
        });
        let new: Vec<bool> = is_new.collect();
        let mut is_stored = vec![false; records.len()];
        let chosen: Vec<&ValidRecord> =
            records.iter().zip(&new).filter_map(|(record, new)| new.then_some(*record)).collect();
        let inserted = self.insert(&chosen).await;
        let places = is_stored.iter_mut().zip(new).filter_map(|(place, new)| new.then_some(place));
        for (place, inserted) in places.zip(inserted) {
            *place = inserted;
        }
        is_stored
    }

    /// The attributes of a record, including those that the store adds.
    pub(super) fn stamped<'a>(
        &self,
        record: &'a ValidRecord,
    ) -> impl Iterator<Item = (&'a str, AttributeValue)> + use<'a> {
        let stamps = [
            ("observed_at", AttributeValue::S(self.now().to_string())),
            ("collected_by", AttributeValue::S(self.collected_by.clone())),
        ];
        record.table_attributes().chain(stamps)
    }

    /// Writes one record over the item that was read, by the version rule of its kind.
    pub async fn write_over(&self, record: &ValidRecord, stored: Option<&Stored>) -> Written {
        if let Some(outcome) = classify(record, stored, self.now()) {
            if self.dry_run && outcome == Written::Done(Outcome::Unchanged) {
                self.record_dry_run(&record.to_map(), Change::Same);
            }
            return outcome;
        }
        // The times of a stored item that was answered in the future are wrong. It is replaced only if it still is the item
        // that was read.
        let now = self.now();
        let ahead = stored.filter(|stored| is_from_future(stored, now));
        let guard = ahead.map_or(Guard::Older, |stored| Guard::Is(stored.content_hash()));
        self.put_over(record, guard, stored.is_some()).await
    }

    /// Puts one record if `guard` holds. Otherwise it counts as unchanged if the stored item has the same hash, and as stale
    /// if not.
    ///
    /// An expired record is put only over a stored item. Otherwise an insight that is stored as open would stay open, because
    /// its end would never be stored. DynamoDB deletes the item soon afterwards.
    pub async fn put(&self, record: &ValidRecord, guard: Guard<'_>) -> Written {
        self.put_over(record, guard, matches!(guard, Guard::Is(Some(_)))).await
    }

    /// Like [`Store::put`]; `is_stored` states whether an item was found under the key.
    async fn put_over(&self, record: &ValidRecord, guard: Guard<'_>, is_stored: bool) -> Written {
        let now = self.now();
        let expired = record.is_expired(now);
        if expired && (self.dry_run || matches!(guard, Guard::Is(None))) {
            return Written::Expired;
        }
        if self.dry_run {
            let mut item = record.to_map();
            item.insert("observed_at".into(), now.into());
            item.insert("collected_by".into(), self.collected_by.as_str().into());
            self.record_dry_run(&item, if is_stored { Change::Changed } else { Change::New });
            return Written::Done(Outcome::Written);
        }
        let item = self.stamped(record).map(|(name, value)| (name.to_owned(), value)).collect();
        let condition = Condition::of(record, guard, now);
        match self.put_item(item, Some(condition)).await {
            Ok(_) if expired => Written::Expired,
            Ok(None) => Written::Done(Outcome::Written),
            Ok(Some(stored)) if stored.content_hash() == Some(record.content_hash()) => {
                Written::Done(Outcome::Unchanged)
            }
            Ok(Some(stored)) => {
                if stored.is_newer_schema() {
                    log::newer_schema(&record.key().pk, &record.key().sk);
                }
                Written::Done(Outcome::Stale)
            }
            Err(error) => Written::Failed(error),
        }
    }

    /// Puts an item. If the condition fails, it returns the stored item.
    pub(super) async fn put_item(
        &self,
        item: HashMap<String, AttributeValue>,
        condition: Option<Condition>,
    ) -> Result<Option<Stored>, CallError> {
        let mut put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        if let Some(condition) = condition {
            put = put
                .condition_expression(condition.expression)
                .set_expression_attribute_names((!condition.names.is_empty()).then_some(condition.names))
                .set_expression_attribute_values((!condition.values.is_empty()).then_some(condition.values))
                .return_values_on_condition_check_failure(OnFailure::AllOld);
        }
        match self.in_time("PutItem", put.send()).await? {
            Ok(answer) => {
                self.consumed_write(answer.consumed_capacity());
                Ok(None)
            }
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                let PutItemError::ConditionalCheckFailedException(failed) = error.into_err() else {
                    return Ok(Some(Stored(Map::new())));
                };
                let stored = failed.item.map(from_attributes);
                Ok(Some(Stored(stored.and_then(Result::ok).unwrap_or_default())))
            }
            Err(error) => Err(CallError::from_sdk("PutItem", &error)),
        }
    }
}

/// The result of writing a record, if it is certain without a request, because DynamoDB charges for a failed condition.
fn classify(record: &ValidRecord, stored: Option<&Stored>, now: Timestamp) -> Option<Written> {
    if record.is_expired(now) {
        // Only an item without an expiry needs to be replaced by an expired record.
        let outlives = |stored: &Stored| {
            stored.integer("expires_at").is_none()
                && !stored.is_newer_schema()
                && supersedes(record, stored, now)
        };
        return (!stored.is_some_and(outlives)).then_some(Written::Expired);
    }
    let stored = stored?;
    if stored.is_newer_schema() {
        log::newer_schema(&record.key().pk, &record.key().sk);
        return Some(Written::Done(Outcome::Stale));
    }
    if stored.content_hash() == Some(record.content_hash()) {
        return Some(Written::Done(Outcome::Unchanged));
    }
    (!supersedes(record, stored, now)).then_some(Written::Done(Outcome::Stale))
}

/// Whether `answered_at` of an item is in the future, so that a run with a wrong clock wrote it.
fn is_from_future(stored: &Stored, now: Timestamp) -> bool {
    let answered_at = stored.timestamp("answered_at");
    answered_at.is_some_and(|answered_at| answered_at > now.plus_millis(TOLERATED_MILLIS))
}

/// Whether `record` replaces `stored`, by the version rule of its kind. [`Condition`] is the same rule for DynamoDB.
fn supersedes(record: &ValidRecord, stored: &Stored, now: Timestamp) -> bool {
    // Times in the future are wrong and count as now.
    let latest = is_from_future(stored, now).then_some(now);
    record.kind().version.replaces(record, stored, latest)
}
