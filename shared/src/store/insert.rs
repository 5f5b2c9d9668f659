//! Inserts new items, up to 25 in one request, because a first run or a new day has thousands.
//!
//! `BatchWriteItem` has no conditions. PartiQL's `INSERT` fails if the item exists, which is the right condition for an item
//! that was not found. A batch costs as much as single puts, and each statement succeeds or fails separately. Every item that
//! was not inserted, for any reason, is put afterwards under the condition of its kind.
//!
//! Some tables do not support `INSERT`, and some roles do not allow it. For this reason, only a part of the time is used for
//! it. The invocation writes single items after the first request that fails with its retries exhausted or shows that no
//! statement can succeed. Until one request has succeeded, only one request is sent at a time. When a request fails, those in
//! progress are cancelled.

use super::Store;
use crate::cancellation::TimeShare;
use crate::issue::{CallError, RESPONSE_MALFORMED};
use crate::log;
use crate::validate::ValidRecord;
use aws_sdk_dynamodb::config::Config;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::operation::batch_execute_statement::BatchExecuteStatementOutput;
use aws_sdk_dynamodb::types::{
    AttributeValue, BatchStatementErrorCodeEnum as StatementError, BatchStatementRequest,
    ReturnConsumedCapacity,
};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, watch};

const OPERATION: &str = "BatchExecuteStatement";
/// The maximum number of statements in one request.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchExecuteStatement.html>
const MOST: usize = 25;
/// The minimum number of statements with which a batch saves requests.
const FEWEST: usize = 2;
/// The maximum size of the items in one request, in bytes, because all of it is in memory at once.
const LARGEST: usize = 256 * 1024;
/// The maximum number of attempts of a request. Items that are not inserted are written by PutItem with all retries of the
/// SDK.
const ATTEMPTS: u32 = 3;
/// The time limit of one attempt.
const LONGEST_ATTEMPT: Duration = Duration::from_secs(3);
/// The time limit of all attempts.
const LONGEST: Duration = Duration::from_secs(8);
/// The share of the remaining time for all attempts. Items that are not inserted must be put in the rest.
const SHARE: TimeShare = TimeShare { parts: 3, shortest: Duration::ZERO };
/// The usual length of a statement in bytes, to allocate it once.
const USUAL_STATEMENT: usize = 512;
const USUAL_PARAMETERS: usize = 32;

impl Store {
    /// Inserts records that were not found and have not expired, if there are enough of them. Returns for each whether it is
    /// stored now. The others must be put.
    pub async fn insert(&self, records: &[&ValidRecord]) -> Vec<bool> {
        self.insert_each(records, |record| record.size(), |record| self.stamped(record)).await
    }

    /// Like [`Store::insert`], for any items with a size and attributes.
    pub(super) async fn insert_each<'a, T, A>(
        &self,
        things: &'a [T],
        size: impl Fn(&T) -> usize,
        attributes: impl Fn(&'a T) -> A,
    ) -> Vec<bool>
    where
        A: Iterator<Item = (&'a str, AttributeValue)>,
    {
        let mut inserted = Vec::with_capacity(things.len());
        let mut rest = if self.dry_run || things.len() < FEWEST { &[] } else { things };
        while !rest.is_empty() {
            // The first request waits for nothing. Later requests wait for its result.
            let first = if self.inserts.work() { None } else { Some(self.inserts.first.lock().await) };
            if self.inserts.are_refused() {
                break;
            }
            let (batch, later) = rest.split_at(batch_length(rest, &size));
            rest = later;
            let mut refused = self.inserts.refused.subscribe();
            let answer = tokio::select! {
                biased;
                answer = self.insert_batch(batch.iter().map(&attributes)) => Some(answer),
                _ = refused.wait_for(|refused| *refused) => None,
            };
            match answer {
                Some(Ok(stored)) => {
                    self.inserts.work.store(true, Ordering::Relaxed);
                    inserted.extend(stored);
                }
                Some(Err(error)) => {
                    self.inserts.refuse(&error.code);
                    inserted.extend(batch.iter().map(|_| false));
                }
                None => inserted.extend(batch.iter().map(|_| false)),
            }
            drop(first);
        }
        inserted.resize(things.len(), false);
        inserted
    }

    async fn insert_batch<'a>(
        &self,
        items: impl ExactSizeIterator<Item: Iterator<Item = (&'a str, AttributeValue)>>,
    ) -> Result<Vec<bool>, CallError> {
        let count = items.len();
        let statements: Option<Vec<_>> = items.map(|item| statement(&self.table, item)).collect();
        let request = self
            .client
            .batch_execute_statement()
            .set_statements(Some(statements.unwrap_or_default()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .customize()
            .config_override(self.short_timeouts())
            .send();
        let request = tokio::time::timeout(LONGEST, request);
        let answer = self.in_share_of_time(SHARE, OPERATION, request).await?;
        let answer = answer
            .map_err(|_| CallError::out_of_share(OPERATION))?
            .map_err(|error| CallError::from_sdk(OPERATION, &error))?;
        for capacity in answer.consumed_capacity() {
            self.consumed_write(Some(capacity));
        }
        if let Some(code) = fatal_code(&answer, count) {
            self.inserts.refuse(&code);
        }
        let mut stored: Vec<bool> =
            answer.responses().iter().map(|response| response.error().is_none()).collect();
        // A statement without a result must be put.
        stored.resize(count, false);
        Ok(stored)
    }

    /// Fewer attempts and less time than for other calls.
    fn short_timeouts(&self) -> aws_sdk_dynamodb::config::Builder {
        let usual = self.client.config().retry_config().cloned().unwrap_or_else(RetryConfig::standard);
        let attempts = usual.max_attempts().min(ATTEMPTS);
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(LONGEST_ATTEMPT).build();
        Config::builder().retry_config(usual.with_max_attempts(attempts)).timeout_config(timeouts)
    }
}

/// What the invocation has learned about inserts.
#[derive(Debug)]
pub(super) struct Inserts {
    /// Whether the rest of the invocation writes single items.
    refused: watch::Sender<bool>,
    /// Whether a request has succeeded.
    work: AtomicBool,
    /// Locked by the request that shows whether inserts work.
    first: Mutex<()>,
}

impl Default for Inserts {
    fn default() -> Self {
        Self { refused: watch::Sender::new(false), work: AtomicBool::new(false), first: Mutex::new(()) }
    }
}

impl Inserts {
    fn work(&self) -> bool {
        self.work.load(Ordering::Relaxed)
    }

    fn are_refused(&self) -> bool {
        *self.refused.borrow()
    }

    fn refuse(&self, code: &str) {
        if !self.refused.send_replace(true) {
            log::inserts_refused(code);
        }
    }
}

/// The reason why further requests would fail too, from the codes of the statements: the role does not allow them, the table
/// fails or throttles all of them, or the answer lacks statements.
fn fatal_code(answer: &BatchExecuteStatementOutput, count: usize) -> Option<String> {
    let codes: Vec<_> =
        answer.responses().iter().map(|response| response.error().and_then(|error| error.code())).collect();
    if codes.len() < count {
        return Some(RESPONSE_MALFORMED.to_owned());
    }
    let denied = codes.iter().flatten().find(|code| ***code == StatementError::AccessDenied);
    let is_the_tables = |code: &StatementError| {
        matches!(
            code,
            StatementError::InternalServerError
                | StatementError::ProvisionedThroughputExceeded
                | StatementError::RequestLimitExceeded
                | StatementError::ResourceNotFound
                | StatementError::ThrottlingError
        )
    };
    let all_fail = codes.iter().all(|code| code.is_some_and(is_the_tables));
    let all_fail = codes.first().copied().flatten().filter(|_| all_fail);
    denied.copied().or(all_fail).map(|code| code.as_str().to_owned())
}

/// The number of `things` that fit into one request: at least one.
fn batch_length<T>(things: &[T], size: impl Fn(&T) -> usize) -> usize {
    let mut bytes = 0;
    let fits = |thing: &&T| {
        bytes += size(thing);
        bytes <= LARGEST
    };
    things.iter().take(MOST).take_while(fits).count().max(1)
}

/// The statement that inserts an item, with a parameter for every value. The names of attributes are ours and contain no
/// quotes.
fn statement<'a>(
    table: &str,
    attributes: impl Iterator<Item = (&'a str, AttributeValue)>,
) -> Option<BatchStatementRequest> {
    let mut text = String::with_capacity(USUAL_STATEMENT);
    text.extend(["INSERT INTO \"", table, "\" VALUE "]);
    let mut parameters = Vec::with_capacity(USUAL_PARAMETERS);
    for (index, (name, value)) in attributes.enumerate() {
        text.push_str(if index == 0 { "{'" } else { ", '" });
        text.push_str(name);
        text.push_str("': ?");
        parameters.push(value);
    }
    text.push('}');
    BatchStatementRequest::builder().statement(text).set_parameters(Some(parameters)).build().ok()
}
