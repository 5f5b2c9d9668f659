//! Reads: keys in batches, partitions, and the index of open insights. All reads except that of the index are consistent:
//! with an old hash, an unchanged record would be written again.

use super::{Store, backoff, before};
use crate::issue::CallError;
use crate::key::Key;
use crate::log;
use crate::page::Pages;
use crate::record::{Source, Stored};
use crate::value::from_attributes;
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, ReturnConsumedCapacity};
use futures_util::stream::{self, StreamExt};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tokio::time::Instant;

/// The maximum number of keys in one BatchGetItem request.
pub(crate) const BATCH: usize = 100;
/// The maximum number of attempts for unprocessed keys.
const MAX_BATCH_ATTEMPTS: u32 = 8;

/// The attributes to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Projection {
    /// Every attribute.
    Whole,
    /// The attributes that a write compares: hash, version, status reason and expiry.
    Version,
}

/// The result of a batched read.
#[derive(Debug, Default)]
pub struct Found {
    /// The items that exist and have not expired.
    pub items: HashMap<Key, Stored>,
    /// The keys that could not be read, with the reason.
    pub failed: HashMap<Key, CallError>,
}

impl Store {
    /// Reads the items at `keys`. An expired item counts as absent.
    pub async fn read(&self, keys: &[Key], projection: Projection) -> Found {
        self.read_until(keys, projection, self.until).await
    }

    /// Like [`Store::read`], but ends at `until`.
    pub(super) async fn read_until(
        &self,
        keys: &[Key],
        projection: Projection,
        until: Option<Instant>,
    ) -> Found {
        let distinct: Vec<Key> = keys.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
        let batches = distinct.chunks(BATCH).map(|batch| self.read_batch(batch, projection, until));
        let results: Vec<Found> = stream::iter(batches).buffer_unordered(self.concurrency).collect().await;
        let mut found = Found::default();
        for result in results {
            found.items.extend(result.items);
            found.failed.extend(result.failed);
        }
        let now = self.now();
        found.items.retain(|_, item| !item.is_expired(now));
        found
    }

    /// Reads one item. An expired item counts as absent.
    pub async fn get(&self, key: &Key) -> Result<Option<Stored>, CallError> {
        let mut found = self.read(std::slice::from_ref(key), Projection::Whole).await;
        match found.failed.remove(key) {
            Some(error) => Err(error),
            None => Ok(found.items.remove(key)),
        }
    }

    async fn read_batch(&self, batch: &[Key], projection: Projection, until: Option<Instant>) -> Found {
        let mut found = Found::default();
        let mut request = Some(keys_and_attributes(batch, projection));
        let mut attempt = 0;
        while let Some(keys) = request.take() {
            let request_of_keys = self
                .client
                .batch_get_item()
                .request_items(&self.table, keys)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send();
            let result = before(until, "BatchGetItem", request_of_keys)
                .await
                .and_then(|result| result.map_err(|error| CallError::from_sdk("BatchGetItem", &error)));
            let mut answer = match result.and_then(|answer| self.checked(answer)) {
                Ok(answer) => answer,
                Err(error) => {
                    let missing = batch.iter().filter(|key| !found.items.contains_key(*key));
                    found.failed = missing.map(|key| (key.clone(), error.clone())).collect();
                    return found;
                }
            };
            for capacity in answer.consumed_capacity() {
                self.consumed_read(Some(capacity));
            }
            let items = answer.responses.take().and_then(|mut tables| tables.remove(&self.table));
            for item in items.unwrap_or_default() {
                if let Some((key, stored)) = read_item(item).filter(|(key, _)| batch.contains(key)) {
                    found.items.insert(key, stored);
                }
            }
            request = answer.unprocessed_keys.take().and_then(|mut tables| tables.remove(&self.table));
            if let Some(keys) = &request {
                attempt += 1;
                let pause = backoff(attempt);
                let is_late = until.is_some_and(|until| Instant::now() + pause >= until);
                if attempt >= MAX_BATCH_ATTEMPTS || is_late {
                    let error = unprocessed();
                    found.failed =
                        keys.keys().iter().filter_map(key_of).map(|key| (key, error.clone())).collect();
                    return found;
                }
                tokio::time::sleep(pause).await;
            }
        }
        found
    }

    /// Returns the answer if it contains items or unprocessed keys of this table. Otherwise the keys would count as absent.
    fn checked(&self, answer: BatchGetItemOutput) -> Result<BatchGetItemOutput, CallError> {
        let responses = answer.responses.as_ref().is_some_and(|tables| tables.contains_key(&self.table));
        let unprocessed =
            answer.unprocessed_keys.as_ref().is_some_and(|tables| tables.contains_key(&self.table));
        if responses || unprocessed {
            return Ok(answer);
        }
        let message = format!("the answer contains nothing about the table {}", self.table);
        Err(CallError::malformed("BatchGetItem", message))
    }

    /// The items of one partition key whose sort key begins with `prefix`, without expired items.
    pub async fn partition(&self, pk: &str, prefix: &str) -> Result<Vec<Stored>, CallError> {
        let mut query = self
            .client
            .query()
            .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()))
            .consistent_read(true);
        query = if prefix.is_empty() {
            query.key_condition_expression("pk = :pk")
        } else {
            query
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()))
        };
        let now = self.now();
        self.every_page(query, |item| (!item.is_expired(now)).then_some(item)).await
    }

    /// The open insights of `source` in one account and region, without `detail`.
    pub async fn open_insights(
        &self,
        source: Source,
        account: &str,
        region: &str,
    ) -> Result<Vec<Stored>, CallError> {
        self.choose_open_insights(source, account, region, Some).await
    }

    /// The results of `choose` for these insights. Only the results are kept in memory.
    pub async fn choose_open_insights<T>(
        &self,
        source: Source,
        account: &str,
        region: &str,
        choose: impl FnMut(Stored) -> Option<T> + Send,
    ) -> Result<Vec<T>, CallError> {
        let query = self
            .client
            .query()
            .index_name(super::schema::OPEN)
            .key_condition_expression("open_pk = :pk AND begins_with(open_sk, :prefix)")
            .expression_attribute_values(":pk", AttributeValue::S(source.as_str().to_owned()))
            .expression_attribute_values(":prefix", AttributeValue::S(format!("{account}#{region}#")));
        self.every_page(query, choose).await
    }

    /// The results of `choose` for the items of all pages.
    ///
    /// The limits of a service's listing do not apply, because these items were written by this program: rows are kept for
    /// the whole retention, and a target whose rows could not be read would fail in every run. A query always ends, because
    /// each page has a different last key, and a repeated key is an error.
    async fn every_page<T>(
        &self,
        query: QueryFluentBuilder,
        mut choose: impl FnMut(Stored) -> Option<T> + Send,
    ) -> Result<Vec<T>, CallError> {
        let query = query.table_name(&self.table).return_consumed_capacity(ReturnConsumedCapacity::Total);
        let mut items = Vec::new();
        let mut pages = Pages::new("Query").unlimited();
        let mut start: Option<HashMap<String, AttributeValue>> = None;
        while pages.next().is_some() {
            let page = query.clone().set_exclusive_start_key(start.take()).send();
            let page = self.in_time("Query", page).await?;
            let answer = page.map_err(|error| CallError::from_sdk("Query", &error))?;
            self.consumed_read(answer.consumed_capacity());
            let Some(page) = answer.items else {
                return Err(CallError::malformed("Query", "the answer contains no list of items"));
            };
            let stored = page.into_iter().filter_map(|item| read_item(item).map(|(_, stored)| stored));
            items.extend(stored.filter_map(&mut choose));
            start = answer.last_evaluated_key;
            pages.turn(start.as_ref().map(token).as_deref())?;
        }
        Ok(items)
    }
}

/// The last key of a page as a token. Equal keys have equal tokens.
fn token(key: &HashMap<String, AttributeValue>) -> String {
    format!("{:?}", key.iter().collect::<BTreeMap<_, _>>())
}

fn unprocessed() -> CallError {
    CallError {
        operation: "BatchGetItem",
        code: "ProvisionedThroughputExceededException".to_owned(),
        message: "the table left keys unprocessed on every attempt".to_owned(),
        class: crate::issue::Class::Throttled,
        retryable: true,
    }
}

fn keys_and_attributes(batch: &[Key], projection: Projection) -> KeysAndAttributes {
    let key = |key: &Key| {
        HashMap::from([
            ("pk".to_owned(), AttributeValue::S(key.pk.clone())),
            ("sk".to_owned(), AttributeValue::S(key.sk.clone())),
        ])
    };
    let mut builder =
        KeysAndAttributes::builder().consistent_read(true).set_keys(Some(batch.iter().map(key).collect()));
    if projection == Projection::Version {
        builder = builder.projection_expression(
            "pk, sk, schema_version, content_hash, status_reason, updated_at, answered_at, expires_at, \
                 covered_from, detail.last_update_time",
        );
    }
    // The builder fails only without keys, and every batch has keys.
    builder.build().unwrap_or_else(|_| unreachable_keys())
}

fn unreachable_keys() -> KeysAndAttributes {
    #[expect(clippy::unwrap_used, reason = "keys are set on the line itself")]
    KeysAndAttributes::builder().set_keys(Some(Vec::new())).build().unwrap()
}

fn key_of(item: &HashMap<String, AttributeValue>) -> Option<Key> {
    let text = |name| item.get(name).and_then(|value| value.as_s().ok()).cloned();
    Some(Key { pk: text("pk")?, sk: text("sk")? })
}

fn read_item(item: HashMap<String, AttributeValue>) -> Option<(Key, Stored)> {
    let key = key_of(&item)?;
    match from_attributes(item) {
        Ok(map) => Some((key, Stored(map))),
        Err(reason) => {
            log::unreadable_item(&format!("{} {}: {reason}", key.pk, key.sk));
            None
        }
    }
}
