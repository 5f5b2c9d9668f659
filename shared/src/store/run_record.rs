//! The `run` record: the result of one run of one target.

use super::Store;
use super::condition::Condition;
use super::dry_run::Change;
use super::state::{RunStamp, codes, counters};
use crate::cancellation::TimeShare;
use crate::issue::CallError;
use crate::key;
use crate::record::{SCHEMA_VERSION, Source, target_partition};
use crate::response::TargetResponse;
use crate::target::Target;
use crate::time::DAY_SECONDS;
use crate::value::{Map, Value, into_attributes, write_canonical_map};
use std::time::Duration;

/// The retention of a `run` record, in days.
const RUN_RETENTION_DAYS: i64 = 30;
/// The share of the remaining time in which `run` is put. The state is written afterwards, and is more important.
const SHARE_OF_RUN: TimeShare = TimeShare { parts: 2, shortest: Duration::ZERO };

impl Store {
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
            self.record_dry_run(&item, Change::New);
            return Ok(());
        }
        let put = self.put_item(into_attributes(item), Some(Condition::no_newer_schema()));
        match self.in_share_of_time(SHARE_OF_RUN, "PutItem", put).await?? {
            Some(_) => Err(CallError::newer_schema("PutItem")),
            None => Ok(()),
        }
    }
}

fn run_item(source: Source, response: &TargetResponse, stamp: &RunStamp<'_>) -> Map {
    let issue = |issue: &crate::counts::Issue| {
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
