//! The `state` of a target. The watermark is written last and moves only forward. The only exception is a stored watermark in
//! the future, which was written by a run with a wrong clock.

use super::Store;
use super::dry_run::Change;
use super::read::{Found, Projection};
use super::recurrence::Recurrence;
use crate::collector::Cursor;
use crate::counts::{Counts, RunStatus};
use crate::issue::CallError;
use crate::key::{self, Key};
use crate::log;
use crate::record::{SCHEMA_VERSION, Source, Stored, target_partition};
use crate::response::TargetResponse;
use crate::target::Target;
use crate::time::Timestamp;
use crate::value::{Map, Value, from_attributes};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure as OnFailure,
};
use std::collections::BTreeMap;
use tokio::time::Instant;

const UPDATE: &str = "UpdateItem";
/// The key of a target's `state`.
pub fn state_key(source: Source, target: &Target) -> Key {
    Key::new(target_partition("run", source, &target.account_id, &target.region), "state")
}

/// What `state` and `run` contain in addition to the response.
#[derive(Clone, Debug)]
pub struct RunStamp<'a> {
    /// When the invocation began.
    pub started_at: Timestamp,
    /// When the run of the target began.
    pub begun_at: Timestamp,
    /// When the run of the target ended.
    pub ended_at: Timestamp,
    /// The invocation's request id.
    pub request_id: &'a str,
    /// `scheduled`, `window` or `push`.
    pub trigger: &'static str,
    /// The time of the schedule, which is only recorded.
    pub scheduled_time: Option<Timestamp>,
    /// The attributes of the target's `state` that were in the future.
    pub in_future: InFuture,
    /// When the next run of the target is expected.
    pub recurrence: Recurrence,
}

impl Store {
    /// The existing `state` of each target, and those that could not be read by `until`.
    pub async fn states(&self, source: Source, targets: &[Target], until: Option<Instant>) -> Found {
        let keys: Vec<Key> = targets.iter().map(|target| state_key(source, target)).collect();
        self.read_until(&keys, Projection::Whole, until).await
    }

    /// Moves a target's watermark forward to `watermark`, unless it is already later. A stored watermark in the `future` is
    /// replaced.
    pub async fn move_watermark(
        &self,
        source: Source,
        target: &Target,
        watermark: Timestamp,
        future: InFuture,
    ) -> Result<(), CallError> {
        let mut item = state_base(source, target);
        item.insert("retention_days".into(), self.retention_days.into());
        // An item of a newer version is not changed. The run reports this at its end.
        self.update_state(source, target, item, &[], Watermark::To(watermark, future.watermark))
            .await
            .map(|_| ())
    }

    /// Writes the state after a scheduled run. A watermark that another run has moved further is kept. Attributes in the
    /// future are removed. A stored item with a newer schema version is an error.
    pub async fn put_state(
        &self,
        source: Source,
        target: &Target,
        response: &TargetResponse,
        stamp: &RunStamp<'_>,
        watermark: Option<Timestamp>,
        cursor: &Cursor,
    ) -> Result<(), CallError> {
        let mut item = state_base(source, target);
        item.insert("last_run_at".into(), stamp.ended_at.into());
        item.insert("last_begun_at".into(), stamp.begun_at.into());
        item.insert("last_status".into(), response.status.as_str().into());
        item.insert("retention_days".into(), self.retention_days.into());
        if matches!(response.status, RunStatus::Ok | RunStatus::NotEnabled) {
            item.insert("last_success_at".into(), stamp.ended_at.into());
        }
        item.extend(counters(&response.counts));
        item.insert("issue_counts".into(), codes(&response.issue_counts));
        let mut removed: Vec<&str> = Vec::new();
        stamp.recurrence.store(response.status, response.counts.fetched, &mut item, &mut removed);
        match cursor {
            Cursor::Keep => {}
            Cursor::Clear => removed.push("resume"),
            Cursor::Set(place) => item.extend([("resume".into(), place.clone().into())]),
        }
        // Readers show these as issues that no later run can resolve.
        if response.lasting_counts.is_empty() {
            removed.push("lasting_counts");
        } else {
            item.insert("lasting_counts".into(), codes(&response.lasting_counts));
        }
        if stamp.in_future.last_success && !item.contains_key("last_success_at") {
            removed.push("last_success_at");
        }
        let watermark = match (watermark, stamp.in_future.watermark) {
            (Some(watermark), replaced) => Watermark::To(watermark, replaced),
            (None, Some(replaced)) => Watermark::Forget(replaced),
            (None, None) => Watermark::Keep,
        };
        let mut updated = self.update_state(source, target, item.clone(), &removed, watermark).await?;
        if updated == Updated::Behind {
            updated = self.update_state(source, target, item, &removed, Watermark::Keep).await?;
        }
        if updated == Updated::NewerSchema { Err(CallError::newer_schema(UPDATE)) } else { Ok(()) }
    }

    /// Sets and removes attributes of `state`, and moves its watermark if the condition allows it.
    async fn update_state(
        &self,
        source: Source,
        target: &Target,
        mut attributes: Map,
        removed: &[&str],
        watermark: Watermark,
    ) -> Result<Updated, CallError> {
        let key = state_key(source, target);
        if let Watermark::To(watermark, _) = watermark {
            attributes.insert("watermark".into(), watermark.into());
        }
        if self.dry_run {
            let mut item = attributes;
            item.extend([("pk".into(), key.pk.into()), ("sk".into(), key.sk.into())]);
            self.record_dry_run(&item, Change::Changed);
            return Ok(Updated::Done);
        }
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(key.pk))
            .key("sk", AttributeValue::S(key.sk))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .return_values_on_condition_check_failure(OnFailure::AllOld)
            .expression_attribute_values(":schema", AttributeValue::N(SCHEMA_VERSION.to_string()));
        let mut sets = Vec::new();
        for (index, (name, value)) in attributes.into_iter().enumerate() {
            sets.push(format!("#n{index} = :v{index}"));
            update = update
                .expression_attribute_names(format!("#n{index}"), name)
                .expression_attribute_values(format!(":v{index}"), value.into_attribute());
        }
        let mut condition = "(attribute_not_exists(schema_version) OR schema_version <= :schema)".to_owned();
        let mut removed = removed.to_vec();
        // Only the watermark that was read is replaced, because another run may have corrected it since.
        let replaced = match watermark {
            Watermark::Keep => None,
            Watermark::To(watermark, replaced) => {
                condition.push_str(" AND (attribute_not_exists(watermark) OR watermark < :watermark");
                condition.push_str(if replaced.is_some() { " OR watermark = :replaced)" } else { ")" });
                let value = AttributeValue::S(watermark.to_string());
                update = update.expression_attribute_values(":watermark", value);
                replaced
            }
            Watermark::Forget(replaced) => {
                condition.push_str(" AND watermark = :replaced");
                removed.push("watermark");
                Some(replaced)
            }
        };
        if let Some(replaced) = replaced {
            let value = AttributeValue::S(replaced.to_string());
            update = update.expression_attribute_values(":replaced", value);
        }
        let mut expression = format!("SET {}", sets.join(", "));
        if !removed.is_empty() {
            expression.push_str(" REMOVE ");
            expression.push_str(&removed.join(", "));
        }
        let update = update.update_expression(expression).condition_expression(condition).send();
        match self.in_time(UPDATE, update).await? {
            Ok(answer) => {
                self.consumed_write(answer.consumed_capacity());
                Ok(Updated::Done)
            }
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                let UpdateItemError::ConditionalCheckFailedException(failed) = error.into_err() else {
                    return Ok(Updated::Behind);
                };
                let stored =
                    Stored(failed.item.and_then(|item| from_attributes(item).ok()).unwrap_or_default());
                if !stored.is_newer_schema() {
                    return Ok(Updated::Behind);
                }
                let Key { pk, sk } = state_key(source, target);
                log::newer_schema(&pk, &sk);
                Ok(Updated::NewerSchema)
            }
            Err(error) => Err(CallError::from_sdk(UPDATE, &error)),
        }
    }
}

/// The change of a watermark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watermark {
    /// It is not changed.
    Keep,
    /// It moves to the first time if it is earlier than that, or if it equals the second time, which is in the future.
    To(Timestamp, Option<Timestamp>),
    /// It is removed if it equals this time, which is in the future.
    Forget(Timestamp),
}

/// The attributes of a `state` that were in the future when it was read. A run with a wrong clock wrote them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InFuture {
    /// The watermark.
    pub watermark: Option<Timestamp>,
    /// Whether `last_success_at` was in the future.
    pub last_success: bool,
}

/// The result of an update of `state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Updated {
    /// The item was updated.
    Done,
    /// Another run has moved the watermark further.
    Behind,
    /// A newer version of this program wrote the item.
    NewerSchema,
}

/// The attributes of every `state`, including the keys of the index `by_entity`.
fn state_base(source: Source, target: &Target) -> Map {
    Map::from([
        ("kind".into(), "state".into()),
        ("source".into(), source.as_str().into()),
        ("account_id".into(), target.account_id.as_str().into()),
        ("region".into(), target.region.as_str().into()),
        ("schema_version".into(), SCHEMA_VERSION.into()),
        ("entity_pk".into(), key::join(["run", source.as_str()]).into()),
        ("entity_sk".into(), key::join([target.account_id.as_str(), &target.region]).into()),
    ])
}

/// The counters as attributes.
pub(super) fn counters(counts: &Counts) -> Map {
    let named = [
        ("fetched", counts.fetched),
        ("written", counts.written),
        ("unchanged", counts.unchanged),
        ("stale", counts.stale),
        ("rejected", counts.rejected),
        ("failed", counts.failed),
        ("not_reached", counts.not_reached),
    ];
    named.into_iter().map(|(name, count)| (name.into(), count.into())).collect()
}

/// The number of issues of each code.
pub(super) fn codes(counts: &BTreeMap<String, u64>) -> Value {
    Value::Map(counts.iter().map(|(code, count)| (code.as_str().into(), (*count).into())).collect())
}
