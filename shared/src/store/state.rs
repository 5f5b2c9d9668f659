//! `state` and `run`: what is known of a target, and what each run did. The watermark moves last, and only forward.

use super::Store;
use super::plan::Change;
use super::read::{Found, Projection};
use super::write::Condition;
use crate::collector::Resume;
use crate::issue::CallError;
use crate::key::{self, Key};
use crate::record::{SCHEMA_VERSION, Source, target_partition};
use crate::report::{Counts, RunStatus, TargetResponse};
use crate::target::Target;
use crate::time::{DAY_SECONDS, Timestamp};
use crate::value::{Map, Value, into_attributes, write_canonical_map};
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use std::collections::BTreeMap;
use tokio::time::Instant;

/// How long a `run` record is kept.
const RUN_RETENTION_DAYS: i64 = 30;

/// The key of a target's `state`.
pub fn state_key(source: Source, target: &Target) -> Key {
    Key::new(target_partition("run", source, &target.account_id, &target.region), "state")
}

/// What a run says of itself beside its response.
#[derive(Clone, Debug)]
pub struct RunStamp<'a> {
    /// When the run began.
    pub started_at: Timestamp,
    /// When the target was begun.
    pub begun_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// The invocation's request id.
    pub request_id: &'a str,
    /// `scheduled`, `window` or `push`.
    pub trigger: &'static str,
    /// The schedule's own time, recorded and nothing more.
    pub scheduled_time: Option<Timestamp>,
}

impl Store {
    /// The `state` of each target, where there is one, and which of them could not be read by
    /// `until`.
    pub async fn states(&self, source: Source, targets: &[Target], until: Option<Instant>) -> Found {
        let keys: Vec<Key> = targets.iter().map(|target| state_key(source, target)).collect();
        self.read_until(&keys, Projection::Whole, until).await
    }

    /// Moves a target's watermark forward to `watermark`, if it is behind.
    pub async fn move_watermark(
        &self,
        source: Source,
        target: &Target,
        watermark: Timestamp,
    ) -> Result<(), CallError> {
        let mut item = state_base(source, target);
        item.insert("watermark".into(), watermark.into());
        item.insert("retention_days".into(), self.retention_days.into());
        self.update_state(source, target, item, &[], Some(watermark)).await.map(|_| ())
    }

    /// Writes what a scheduled run leaves behind. Where another run has moved the watermark further, that one stays.
    pub async fn put_state(
        &self,
        source: Source,
        target: &Target,
        response: &TargetResponse,
        stamp: &RunStamp<'_>,
        watermark: Option<Timestamp>,
        resume: &Resume,
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
        let mut removed = Vec::new();
        match resume {
            Resume::Keep => {}
            Resume::Nothing => removed.push("resume"),
            Resume::At(place) => {
                item.insert("resume".into(), place.clone().into());
            }
        }
        // Readers say of these that no later run can resolve them.
        if response.lasting_counts.is_empty() {
            removed.push("lasting_counts");
        } else {
            item.insert("lasting_counts".into(), codes(&response.lasting_counts));
        }
        if let Some(watermark) = watermark {
            let mut with_watermark = item.clone();
            with_watermark.insert("watermark".into(), watermark.into());
            if self.update_state(source, target, with_watermark, &removed, Some(watermark)).await? {
                return Ok(());
            }
        }
        self.update_state(source, target, item, &removed, None).await.map(|_| ())
    }

    /// Sets and removes attributes of `state`; `false` if its watermark has reached `watermark` already.
    async fn update_state(
        &self,
        source: Source,
        target: &Target,
        attributes: Map,
        removed: &[&str],
        watermark: Option<Timestamp>,
    ) -> Result<bool, CallError> {
        let key = state_key(source, target);
        if self.dry_run {
            let mut item = attributes;
            item.extend([("pk".into(), key.pk.into()), ("sk".into(), key.sk.into())]);
            self.intend(&item, Change::Changed);
            return Ok(true);
        }
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", AttributeValue::S(key.pk))
            .key("sk", AttributeValue::S(key.sk))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .expression_attribute_values(":schema", AttributeValue::N(SCHEMA_VERSION.to_string()));
        let mut sets = Vec::new();
        for (index, (name, value)) in attributes.into_iter().enumerate() {
            sets.push(format!("#n{index} = :v{index}"));
            update = update
                .expression_attribute_names(format!("#n{index}"), name)
                .expression_attribute_values(format!(":v{index}"), value.into_attribute());
        }
        let mut condition = "(attribute_not_exists(schema_version) OR schema_version <= :schema)".to_owned();
        if let Some(watermark) = watermark {
            condition.push_str(" AND (attribute_not_exists(watermark) OR watermark < :watermark)");
            update =
                update.expression_attribute_values(":watermark", AttributeValue::S(watermark.to_string()));
        }
        let mut expression = format!("SET {}", sets.join(", "));
        if !removed.is_empty() {
            expression.push_str(" REMOVE ");
            expression.push_str(&removed.join(", "));
        }
        let update = update.update_expression(expression).condition_expression(condition).send();
        match self.in_time("UpdateItem", update).await? {
            Ok(answer) => {
                self.consumed_write(answer.consumed_capacity());
                Ok(true)
            }
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                Ok(false)
            }
            Err(error) => Err(CallError::from_sdk("UpdateItem", &error)),
        }
    }

    /// Writes the `run` record of one target.
    pub async fn put_run(
        &self,
        source: Source,
        target: &Target,
        response: &TargetResponse,
        stamp: &RunStamp<'_>,
    ) -> Result<(), CallError> {
        let pk = target_partition("run", source, &target.account_id, &target.region);
        let sk = format!("{}#{}", stamp.started_at, key::part(stamp.request_id));
        let mut item = run_item(source, response, stamp);
        let mut canonical = String::new();
        write_canonical_map(&item, &mut canonical);
        let kept_until = stamp.ended_at.seconds() + RUN_RETENTION_DAYS * DAY_SECONDS;
        item.extend([
            ("pk".into(), pk.into()),
            ("sk".into(), sk.into()),
            ("schema_version".into(), SCHEMA_VERSION.into()),
            ("answered_at".into(), stamp.started_at.into()),
            ("observed_at".into(), self.now().into()),
            ("collected_by".into(), self.collected_by.as_str().into()),
            ("content_hash".into(), key::sha256_hex(canonical.as_bytes()).into()),
            ("expires_at".into(), kept_until.into()),
        ]);
        if self.dry_run {
            self.intend(&item, Change::New);
            return Ok(());
        }
        // The state is written after it, and matters more.
        let put = self.put_item(into_attributes(item), None::<Condition>);
        self.in_part_of_time(2, "PutItem", put).await?.map(|_| ())
    }
}

/// What makes an item a `state` that `by_entity` finds.
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

fn counters(counts: &Counts) -> Map {
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

/// How many issues there are of each code.
fn codes(counts: &BTreeMap<String, u64>) -> Value {
    Value::Map(counts.iter().map(|(code, count)| (code.as_str().into(), (*count).into())).collect())
}

fn run_item(source: Source, response: &TargetResponse, stamp: &RunStamp<'_>) -> Map {
    let issue = |issue: &crate::report::Issue| {
        let mut map = Map::from([
            ("stage".into(), format!("{:?}", issue.stage).to_lowercase().into()),
            ("operation".into(), issue.operation.into()),
            ("subject".into(), issue.subject.as_str().into()),
            ("code".into(), issue.code.as_str().into()),
            ("retryable".into(), issue.retryable.into()),
            ("message".into(), issue.message.as_str().into()),
        ]);
        if issue.lasting {
            map.insert("lasting".into(), true.into());
        }
        Value::Map(map)
    };
    let mut item = counters(&response.counts);
    item.extend([
        ("kind".into(), "run".into()),
        ("source".into(), source.as_str().into()),
        ("account_id".into(), response.account_id.as_str().into()),
        ("region".into(), response.region.as_str().into()),
        ("status".into(), response.status.as_str().into()),
        ("trigger".into(), stamp.trigger.into()),
        ("started_at".into(), stamp.started_at.into()),
        ("ended_at".into(), stamp.ended_at.into()),
        ("updated_at".into(), stamp.ended_at.into()),
        ("issue_counts".into(), codes(&response.issue_counts)),
        ("issues".into(), Value::List(response.issues.iter().map(issue).collect())),
    ]);
    if response.issues_left_out > 0 {
        item.insert("issues_left_out".into(), response.issues_left_out.into());
    }
    if let Some(window) = response.window {
        let window = Map::from([("start".into(), window.start.into()), ("end".into(), window.end.into())]);
        item.insert("window".into(), window.into());
    }
    if let Some(time) = stamp.scheduled_time {
        item.insert("scheduled_time".into(), time.into());
    }
    item
}
