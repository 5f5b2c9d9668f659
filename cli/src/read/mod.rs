//! The read side: what there is in the table, asked for by `Query` and `BatchGetItem` alone. It never scans. What has
//! expired it leaves out, since the table takes its time to delete; what a newer version wrote it passes over and counts.
//! What an answer means, and how it looks, is not its business.

pub mod counts;
pub mod find;
pub mod insights;
pub mod line;
mod query;
pub mod rejected;
pub mod series;
mod snapshots;
pub mod span;
pub mod targets;
mod trouble;
pub mod whole;

pub use query::token;

use crate::args::shared::Where;
use crate::exit::Failure;
use crate::output::command::CommandLine;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use insights_shared::key::Key;
use insights_shared::record::Stored;
use insights_shared::time::Timestamp;
use insights_shared::value::from_attributes;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// Follows the `#` that parts a time from the tag in sort keys: what begins with the time comes before the two together.
const BEYOND: char = '$';

/// The table, to be asked.
#[derive(Clone, Debug)]
pub struct Reader {
    client: Client,
    table: String,
    now: Timestamp,
    /// What leads a person to the same table.
    location: Where,
    /// The keys of what a newer version wrote; clones share it.
    passed_over: Arc<Mutex<BTreeSet<Key>>>,
}

impl Reader {
    /// Asks `table` by `client`; what has expired at `now` counts as absent.
    pub fn new(client: Client, table: &str, now: Timestamp) -> Self {
        let location = Where::default();
        Self { client, table: table.to_owned(), now, location, passed_over: Arc::default() }
    }

    /// The same, for somebody who gave `location`.
    #[must_use]
    pub fn at(self, location: &Where) -> Self {
        Self { location: location.clone(), ..self }
    }

    /// A command of ours, led to the same table.
    pub fn command(&self, words: &[&str]) -> CommandLine {
        CommandLine::insights(words).at(&self.location)
    }

    /// What leads a person to the same table.
    pub fn location(&self) -> &Where {
        &self.location
    }

    /// The same table as of another instant, for somebody who asks again and again.
    pub fn as_of(&self, now: Timestamp) -> Self {
        Self { now, passed_over: Arc::default(), ..self.clone() }
    }

    /// What asks the table, for those who do more than read.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The instant as of which it reads.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The table's name.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// How many items were passed over so far because a newer version wrote them.
    pub fn passed_over(&self) -> usize {
        self.passed_over.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The item, unless it has expired or a newer version wrote it.
    fn keep(&self, item: HashMap<String, AttributeValue>) -> Result<Option<Stored>, Failure> {
        let stored = from_attributes(item).map_err(|reason| Failure::of("reading an item", reason))?;
        let stored = Stored(stored);
        if stored.is_expired(self.now) {
            return Ok(None);
        }
        if stored.is_newer_schema() {
            let mut passed_over = self.passed_over.lock().unwrap_or_else(PoisonError::into_inner);
            passed_over.extend(whole::key_of(&stored));
            return Ok(None);
        }
        Ok(Some(stored))
    }
}
