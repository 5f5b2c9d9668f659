//! Reads the table with `Query` and `BatchGetItem`, and never scans. Expired items are omitted, because DynamoDB deletes them
//! later. Items that a newer version wrote are skipped and counted.

use crate::error::Error;
use crate::whole::key_of;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use insights_shared::key::Key;
use insights_shared::record::Stored;
use insights_shared::time::Timestamp;
use insights_shared::value::from_attributes;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// A character after `#`, which separates time and tag in sort keys. A range that ends with a time and this character
/// includes all keys of that time.
pub(crate) const AFTER_INSTANT: char = '$';

/// Reads one table as of one time. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Reader {
    client: Client,
    table: String,
    now: Timestamp,
    /// The keys of the items that a newer version wrote; clones share it.
    passed_over: Arc<Mutex<BTreeSet<Key>>>,
}

impl Reader {
    /// Reads `table` with `client`. Items that have expired at `now` count as absent.
    pub fn new(client: Client, table: &str, now: Timestamp) -> Self {
        Self { client, table: table.to_owned(), now, passed_over: Arc::default() }
    }

    /// A reader of the same table as of another time, for programs that read it repeatedly.
    #[must_use]
    pub fn as_of(&self, now: Timestamp) -> Self {
        Self { now, passed_over: Arc::default(), ..self.clone() }
    }

    /// The client, for programs that also write.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The time as of which it reads.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The table's name.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The number of items that were skipped so far because a newer version of the collectors wrote them.
    pub fn passed_over(&self) -> usize {
        self.passed_over.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The item, unless it has expired or a newer version wrote it.
    pub(crate) fn keep(&self, item: HashMap<String, AttributeValue>) -> Result<Option<Stored>, Error> {
        let invalid = |reason| Error::Invalid { attempt: "reading an item", reason };
        let stored = from_attributes(item).map_err(invalid)?;
        let stored = Stored(stored);
        if stored.is_expired(self.now) {
            return Ok(None);
        }
        if stored.is_newer_schema() {
            let mut passed_over = self.passed_over.lock().unwrap_or_else(PoisonError::into_inner);
            passed_over.extend(key_of(&stored));
            return Ok(None);
        }
        Ok(Some(stored))
    }
}
