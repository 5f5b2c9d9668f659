//! Writes: what is stored already is not written, what is older than what is stored is not either, and each put carries
//! the condition that makes this true at the moment of writing, whatever else writes at the same time.

use super::Store;
use super::dry_run::Change;
use super::read::{Found, Projection};
use crate::aws::TOLERATED_MILLIS;
use crate::counts::Outcome;
use crate::fields::cut;
use crate::issue::CallError;
use crate::key::{self, Key};
use crate::log;
use crate::record::{SCHEMA_VERSION, Source, Stored, target_partition};
use crate::time::{DAY_SECONDS, Timestamp};
use crate::validate::{Rejected, ValidRecord};
use crate::value::{Map, Value, from_attributes, into_attributes};
use crate::version::Expression;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure as OnFailure,
};
use futures_util::stream::{self, StreamExt};
use std::collections::{HashMap, HashSet};

/// The longest raw answer that is kept of a rejected record, in bytes.
const LONGEST_RAW: usize = 300 * 1024;
/// The longest violation that is kept, in bytes: a hundred of them have to fit into the item beside the raw answer.
const LONGEST_VIOLATION: usize = 800;
/// The longest subject that is kept, in bytes.
const LONGEST_SUBJECT: usize = 4_000;

/// What became of one write.
#[derive(Clone, Debug, PartialEq)]
pub enum Written {
    /// Counted under this outcome.
    Done(Outcome),
    /// Its time would be over already: neither stored nor counted.
    Expired,
    /// The table did not take it.
    Failed(CallError),
}

/// What the stored item must be for a write to go through.
#[derive(Clone, Copy, Debug)]
pub enum Guard<'a> {
    /// Older than the record, by the rule of its kind.
    Older,
    /// Exactly the one with this hash; `None` for none at all.
    Is(Option<&'a str>),
}

impl Store {
    /// Writes records, each on its own: the result is in their order, and one that fails costs no other.
    pub async fn write(&self, records: &[ValidRecord]) -> Vec<Written> {
        let records: Vec<&ValidRecord> = records.iter().collect();
        let found = self.versions(&records).await;
        let inserted = self.insert_new(&records, &found).await;
        self.write_rest(&records, &found, inserted).await
    }

    /// What is stored under the keys of records.
    async fn versions(&self, records: &[&ValidRecord]) -> Found {
        let keys: Vec<Key> = records.iter().map(|record| record.key().clone()).collect();
        self.read(&keys, Projection::Version).await
    }

    /// Writes, one by one, the records that were not inserted over what was found.
    async fn write_rest(&self, records: &[&ValidRecord], found: &Found, inserted: Vec<bool>) -> Vec<Written> {
        let mut seen = HashSet::new();
        let puts = records.iter().zip(inserted).map(|(record, inserted)| {
            // Two records of one key in one call are written one after the other, by the condition alone.
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

    /// Writes records under whose keys there is nothing, as far as is known, without looking: each result as of
    /// [`Store::write`]. Where there is something all the same, it is looked at.
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

    /// Inserts the records of which nothing was found. Whether each is stored now.
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

    /// The attributes of a record, with the stamps of the store.
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

    /// Writes one record over what was read, by the rule of its kind.
    pub async fn write_over(&self, record: &ValidRecord, stored: Option<&Stored>) -> Written {
        if let Some(outcome) = classify(record, stored, self.now()) {
            if self.dry_run && outcome == Written::Done(Outcome::Unchanged) {
                self.record_dry_run(&record.to_map(), Change::Same);
            }
            return outcome;
        }
        // Of an item that a clock has left which was ahead, no instant counts: it must be the very one that was read.
        let now = self.now();
        let ahead = stored.filter(|stored| is_from_future(stored, now));
        let guard = ahead.map_or(Guard::Older, |stored| Guard::Is(stored.content_hash()));
        self.put_over(record, guard, stored.is_some()).await
    }

    /// Puts one record under `guard`. A stored item that is the same counts as unchanged, another one as stale.
    ///
    /// A record whose time is over is put only over an item that is there: an insight that is stored as open would
    /// otherwise stay open for ever, since its end is never stored. The table deletes it soon.
    pub async fn put(&self, record: &ValidRecord, guard: Guard<'_>) -> Written {
        self.put_over(record, guard, matches!(guard, Guard::Is(Some(_)))).await
    }

    /// As [`Store::put`]; `is_stored` says whether something was found under the key.
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

    /// Puts an item; `Some` is the stored one that did not fulfil the condition.
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

    /// Stores what broke a rule, once, so that nothing that a service said is lost.
    pub async fn reject(
        &self,
        source: Source,
        account: &str,
        region: &str,
        rejected: &Rejected,
    ) -> Result<(), CallError> {
        let key = Key::new(
            target_partition("rejected", source, account, region),
            key::sha256_hex(rejected.raw.as_bytes()),
        );
        if self.get(&key).await?.is_some() {
            return Ok(());
        }
        let now = self.now();
        let item = rejected_item(&key, source, (account, region), rejected, now, self.retention_days);
        if self.dry_run {
            self.record_dry_run(&item, Change::New);
            return Ok(());
        }
        let condition = Condition::absent(now);
        self.put_item(into_attributes(item), Some(condition)).await.map(|_| ())
    }
}

fn rejected_item(
    key: &Key,
    source: Source,
    (account, region): (&str, &str),
    rejected: &Rejected,
    now: Timestamp,
    retention_days: i64,
) -> Map {
    let Rejected { subject, violations, raw } = rejected;
    let end = raw.floor_char_boundary(LONGEST_RAW);
    let violations = violations.lines();
    let violations: Value =
        violations.iter().map(|violation| cut(violation, LONGEST_VIOLATION).into_owned()).collect();
    let mut item = Map::from([
        ("pk".into(), Value::from(key.pk.as_str())),
        ("sk".into(), key.sk.as_str().into()),
        ("kind".into(), "rejected".into()),
        ("source".into(), source.as_str().into()),
        ("account_id".into(), account.into()),
        ("region".into(), region.into()),
        ("schema_version".into(), SCHEMA_VERSION.into()),
        ("subject".into(), cut(subject, LONGEST_SUBJECT).into_owned().into()),
        ("violations".into(), violations),
        ("raw".into(), raw.get(..end).unwrap_or_default().into()),
        ("bytes".into(), u64::try_from(raw.len()).unwrap_or(u64::MAX).into()),
        ("observed_at".into(), now.into()),
    ]);
    if retention_days > 0 {
        let expiry = now.seconds().saturating_add(retention_days.saturating_mul(DAY_SECONDS));
        item.insert("expires_at".into(), expiry.into());
    }
    item
}

/// Says what becomes of a record without asking the table again, if that is certain: a condition that fails is billed.
fn classify(record: &ValidRecord, stored: Option<&Stored>, now: Timestamp) -> Option<Written> {
    if record.is_expired(now) {
        // Only what is stored for ever has to make way for what is over.
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

/// Whether an item was answered in the future: a run whose clock was ahead has stored it.
fn is_from_future(stored: &Stored, now: Timestamp) -> bool {
    let answered_at = stored.timestamp("answered_at");
    answered_at.is_some_and(|answered_at| answered_at > now.plus_millis(TOLERATED_MILLIS))
}

/// Whether `record` is newer than `stored`, by the rule of its kind. [`Condition::older`] says the same to DynamoDB.
fn supersedes(record: &ValidRecord, stored: &Stored, now: Timestamp) -> bool {
    // Of an item that a clock ahead has written, no time in the future counts.
    let latest = is_from_future(stored, now).then_some(now);
    record.kind().version.replaces(record, stored, latest)
}

/// A condition expression with what it names.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) expression: String,
    pub(super) names: HashMap<String, String>,
    pub(super) values: HashMap<String, AttributeValue>,
}

impl Condition {
    /// Nothing is there that a newer version of this program wrote.
    pub(super) fn no_newer_schema() -> Self {
        let expression = "attribute_not_exists(pk) OR schema_version <= :schema".to_owned();
        let mut condition = Self { expression, names: HashMap::new(), values: HashMap::new() };
        condition.value(":schema", AttributeValue::N(SCHEMA_VERSION.to_string()));
        condition
    }

    /// Nothing is there, or what is there has expired.
    pub(super) fn absent(now: Timestamp) -> Self {
        let expression = "attribute_not_exists(pk) OR (schema_version <= :schema AND expires_at <= :now)";
        let expression = expression.to_owned();
        let mut condition = Self { expression, names: HashMap::new(), values: HashMap::new() };
        condition.value(":schema", AttributeValue::N(SCHEMA_VERSION.to_string()));
        condition.value(":now", AttributeValue::N(now.seconds().to_string()));
        condition
    }

    fn of(record: &ValidRecord, guard: Guard<'_>, now: Timestamp) -> Self {
        let mut condition = Self { expression: String::new(), names: HashMap::new(), values: HashMap::new() };
        condition.value(":schema", AttributeValue::N(SCHEMA_VERSION.to_string()));
        let rule = match guard {
            Guard::Older => condition.older(record),
            Guard::Is(Some(hash)) => {
                condition.value(":hash", AttributeValue::S(hash.to_owned()));
                "content_hash = :hash".to_owned()
            }
            Guard::Is(None) => String::new(),
        };
        if record.is_expired(now) {
            condition.expression = format!("schema_version <= :schema AND {rule}");
            return condition;
        }
        condition.value(":now", AttributeValue::N(now.seconds().to_string()));
        let expired = "expires_at <= :now";
        let rule = if rule.is_empty() { expired.to_owned() } else { format!("{expired} OR {rule}") };
        condition.expression =
            format!("attribute_not_exists(pk) OR (schema_version <= :schema AND ({rule}))");
        condition
    }

    fn value(&mut self, name: &str, value: AttributeValue) {
        self.values.insert(name.to_owned(), value);
    }

    /// The stored item is older, by the rule of the record's kind.
    fn older(&mut self, record: &ValidRecord) -> String {
        let Expression { text, names, values } = record.kind().version.expression(record);
        self.names.extend(names.into_iter().map(|(name, attribute)| (name, attribute.to_owned())));
        for (name, value) in values {
            self.value(name, AttributeValue::S(value));
        }
        text
    }
}
