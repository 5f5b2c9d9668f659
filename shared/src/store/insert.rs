//! New items many at once: one request for up to 25 of them, where a first run or a new day has thousands.
//!
//! DynamoDB's own batch of writes has no conditions. PartiQL's INSERT has one, and it is the right one where nothing was
//! found under a key: it is refused where something is. A batch of them costs what its puts would, and each of its
//! statements goes through or not by itself. Whatever did not, for whichever reason, is put by itself afterwards, under the
//! condition of its kind: this module decides nothing.

use super::Store;
use crate::issue::{CallError, TIMEOUT};
use crate::log;
use crate::validate::ValidRecord;
use aws_sdk_dynamodb::types::{AttributeValue, BatchStatementRequest, ReturnConsumedCapacity};
use std::sync::atomic::Ordering;

const OPERATION: &str = "BatchExecuteStatement";
/// The most statements of one request.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchExecuteStatement.html>
const MOST: usize = 25;
/// The fewest that save a request.
const FEWEST: usize = 2;
/// The most bytes of items in one request, since all of it is in memory at once.
const LARGEST: usize = 256 * 1024;
/// How long a statement is, and how many values it has, as a rule.
const USUAL_STATEMENT: usize = 512;
const USUAL_PARAMETERS: usize = 32;

impl Store {
    /// Inserts records under whose keys nothing was found, and whose time is not over, if they are many. Whether each is
    /// stored now; what is not has to be put.
    pub async fn insert(&self, records: &[&ValidRecord]) -> Vec<bool> {
        self.insert_each(records, |record| record.size(), |record| self.stamped(record)).await
    }

    /// As [`Store::insert`], of anything that has a size and attributes.
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
        while !rest.is_empty() && !self.inserts_refused.load(Ordering::Relaxed) {
            let (batch, later) = rest.split_at(batch_length(rest, &size));
            rest = later;
            match self.insert_batch(batch.iter().map(&attributes)).await {
                Ok(stored) => inserted.extend(stored),
                Err(error) => {
                    if !error.retryable || error.code == TIMEOUT {
                        // A role that may put, but not insert, does without for the rest of the invocation; and nothing is
                        // left of that for many a silent answer.
                        log::inserts_refused(&error.code);
                        self.inserts_refused.store(true, Ordering::Relaxed);
                    }
                    inserted.extend(batch.iter().map(|_| false));
                }
            }
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
            .send();
        let answer = self.in_time(OPERATION, request).await?;
        let answer = answer.map_err(|error| CallError::from_sdk(OPERATION, &error))?;
        for capacity in answer.consumed_capacity() {
            self.consumed_write(Some(capacity));
        }
        let denied = "AccessDenied";
        let mut stored: Vec<bool> = Vec::with_capacity(count);
        for response in answer.responses() {
            let code = response.error().and_then(|error| error.code());
            if code.is_some_and(|code| code.as_str() == denied)
                && !self.inserts_refused.swap(true, Ordering::Relaxed)
            {
                log::inserts_refused(denied);
            }
            stored.push(response.error().is_none());
        }
        // An answer that says nothing of a statement leaves it to the put.
        stored.resize(count, false);
        Ok(stored)
    }
}

/// How many of `things` go into one request: at least one.
fn batch_length<T>(things: &[T], size: impl Fn(&T) -> usize) -> usize {
    let mut bytes = 0;
    let fits = |thing: &&T| {
        bytes += size(thing);
        bytes <= LARGEST
    };
    things.iter().take(MOST).take_while(fits).count().max(1)
}

/// The statement that inserts an item, every value as a parameter. Names of attributes are ours, and hold no quotes.
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
