//! Finds and deletes the items of an account. Unlike readers, it scans the whole table: items without an index or
//! catalog row, such as those of a killed run, must be deleted too, as well as items of newer versions.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, ReturnConsumedCapacity, WriteRequest};
use futures_util::stream::{self, StreamExt};
use insights_query::page_token;
use insights_shared::issue::{CallError, Class};
use insights_shared::page::Pages;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

/// The maximum number of items in a BatchWriteItem request.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html>
const BATCH: usize = 25;
/// Concurrent batches.
const AT_ONCE: usize = 8;
/// Segments of the parallel scan.
const SEGMENTS: i32 = 4;
/// The maximum number of consecutive retries of unprocessed items without progress.
const MAX_RETRIES: u32 = 8;
/// The delay before the first retry; it doubles with each retry.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// Selects items.
#[derive(Clone, Copy, Debug)]
pub struct Selection<'a> {
    /// Only this account.
    pub account: &'a str,
    /// Only this source.
    pub source: Option<&'a str>,
    /// Only this region.
    pub region: Option<&'a str>,
}

impl fmt::Display for Selection<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "account {}", self.account)?;
        if let Some(region) = self.region {
            write!(formatter, " in {region}")?;
        }
        if let Some(source) = self.source {
            write!(formatter, ", source {source}")?;
        }
        Ok(())
    }
}

type Item = HashMap<String, AttributeValue>;

/// The result of the scan.
#[derive(Debug, Default)]
pub struct Found {
    /// The keys of the items.
    pub keys: Vec<Item>,
    /// The number of items of each kind.
    pub kinds: BTreeMap<String, u64>,
    /// The read units of the scan.
    pub read_units: f64,
}

/// The result of deleting.
#[derive(Debug, Default)]
pub struct Deleted {
    /// The number of deleted items.
    pub items: usize,
    /// The write units, including those of the indexes.
    pub write_units: f64,
    /// The first error, if not all items were deleted.
    pub error: Option<CallError>,
}

/// A table and its client.
#[derive(Debug)]
pub struct Table<'a> {
    /// The client.
    pub client: &'a Client,
    /// The name.
    pub name: &'a str,
}

impl Table<'_> {
    /// Scans the whole table. `progress` gets the number of items found so far.
    pub async fn find(&self, selection: &Selection<'_>, progress: impl Fn(i64)) -> Result<Found, CallError> {
        let segments = stream::iter(0..SEGMENTS).map(|segment| self.segment(segment, selection));
        let mut segments = segments.buffer_unordered(AT_ONCE);
        let mut found = Found::default();
        while let Some(part) = segments.next().await {
            let part = part?;
            found.read_units += part.read_units;
            for (kind, items) in part.kinds {
                *found.kinds.entry(kind).or_default() += items;
            }
            found.keys.extend(part.keys);
            progress(i64::try_from(found.keys.len()).unwrap_or(i64::MAX));
        }
        Ok(found)
    }

    async fn segment(&self, segment: i32, selection: &Selection<'_>) -> Result<Found, CallError> {
        let mut conditions = vec!["account_id = :account"];
        conditions.extend(selection.region.map(|_| "#region = :region"));
        conditions.extend(selection.source.map(|_| "#source = :source"));
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let mut found = Found::default();
        let mut start = None;
        let mut pages = Pages::new("Scan").unlimited();
        while pages.next().is_some() {
            let mut scan = self
                .client
                .scan()
                .table_name(self.name)
                .segment(segment)
                // A consistent read also finds items that were just written.
                .consistent_read(true)
                .total_segments(SEGMENTS)
                .projection_expression("pk, sk, kind")
                .filter_expression(conditions.join(" AND "))
                .expression_attribute_values(":account", text(selection.account))
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .set_exclusive_start_key(start.take());
            // Both names are reserved words of DynamoDB.
            for (name, value) in [("region", selection.region), ("source", selection.source)] {
                if let Some(value) = value {
                    scan = scan
                        .expression_attribute_names(format!("#{name}"), name)
                        .expression_attribute_values(format!(":{name}"), text(value));
                }
            }
            let answer = scan.send().await.map_err(|error| CallError::from_sdk("Scan", &error))?;
            found.read_units +=
                answer.consumed_capacity.and_then(|used| used.capacity_units).unwrap_or_default();
            for mut item in answer.items.unwrap_or_default() {
                let kind = item.remove("kind").and_then(|kind| kind.as_s().ok().cloned());
                *found.kinds.entry(kind.unwrap_or_else(|| "without a kind".to_owned())).or_default() += 1;
                found.keys.push(item);
            }
            start = answer.last_evaluated_key;
            pages.turn(start.as_ref().map(page_token).as_deref())?;
        }
        Ok(found)
    }

    /// Deletes as many of `keys` as possible. `progress` gets the number of items deleted so far.
    pub async fn delete(&self, keys: &[Item], progress: impl Fn(i64)) -> Deleted {
        let batches = stream::iter(keys.chunks(BATCH)).map(|batch| self.batch(batch));
        let mut batches = batches.buffer_unordered(AT_ONCE);
        let mut deleted = Deleted::default();
        while let Some(batch) = batches.next().await {
            deleted.items += batch.items;
            deleted.write_units += batch.write_units;
            if deleted.error.is_none() {
                deleted.error = batch.error;
            }
            progress(i64::try_from(deleted.items).unwrap_or(i64::MAX));
        }
        deleted
    }

    async fn batch(&self, keys: &[Item]) -> Deleted {
        let mut deleted = Deleted::default();
        let requests = keys.iter().map(|key| {
            // The request was built from the key, so building it again cannot fail.
            let request = DeleteRequest::builder().set_key(Some(key.clone())).build().ok();
            WriteRequest::builder().set_delete_request(request).build()
        });
        let mut left: Vec<WriteRequest> = requests.collect();
        let (mut wait, mut tries) = (FIRST_WAIT, 0);
        while !left.is_empty() {
            let before = left.len();
            let request = self
                .client
                .batch_write_item()
                .request_items(self.name, std::mem::take(&mut left))
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            let answer = match request.send().await {
                Ok(answer) => answer,
                Err(error) => {
                    deleted.error = Some(CallError::from_sdk("BatchWriteItem", &error));
                    return deleted;
                }
            };
            let used = answer.consumed_capacity.unwrap_or_default();
            deleted.write_units += used.iter().filter_map(|used| used.capacity_units).sum::<f64>();
            left = answer.unprocessed_items.unwrap_or_default().remove(self.name).unwrap_or_default();
            deleted.items += before - left.len();
            if left.is_empty() {
                break;
            }
            // The SDK does not retry unprocessed items.
            tries = if left.len() < before { 0 } else { tries + 1 };
            if tries == MAX_RETRIES {
                deleted.error = Some(CallError {
                    operation: "BatchWriteItem",
                    code: "ProvisionedThroughputExceededException".to_owned(),
                    message: format!(
                        "the table left {} items unprocessed in {MAX_RETRIES} consecutive attempts",
                        left.len()
                    ),
                    class: Class::Throttled,
                    retryable: true,
                });
                break;
            }
            tokio::time::sleep(wait).await;
            wait = if tries == 0 { FIRST_WAIT } else { wait * 2 };
        }
        deleted
    }
}
