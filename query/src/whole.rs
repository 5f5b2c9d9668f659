//! Reads complete items by key, up to a hundred at a time, because the indexes contain only the common attributes.
//! Unprocessed keys are requested again, because the SDK does not do this.

use crate::error::Error;
use crate::query::AT_ONCE;
use crate::reader::Reader;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use insights_shared::issue::CallError;
use insights_shared::key::Key;
use insights_shared::record::Stored;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// The maximum number of keys in one request.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>
const MOST_KEYS: usize = 100;
/// The maximum number of requests for unprocessed keys; the pause doubles each time.
const MOST_TRIES: u32 = 10;
/// The first of these pauses.
const FIRST_PAUSE: Duration = Duration::from_millis(25);

type Attributes = HashMap<String, AttributeValue>;

impl Reader {
    /// The same records, complete and in the same order. A record that was deleted in the meantime is omitted.
    pub async fn whole(&self, records: &[Stored]) -> Result<Vec<Stored>, Error> {
        let keys: Vec<Key> = records.iter().filter_map(key_of).collect();
        let mut found = self.items(&keys).await?;
        Ok(keys.iter().filter_map(|key| found.remove(key)).collect())
    }

    /// The items with `keys` that exist.
    pub async fn items(&self, keys: &[Key]) -> Result<HashMap<Key, Stored>, Error> {
        let mut seen = HashSet::new();
        let keys: Vec<&Key> = keys.iter().filter(|key| seen.insert(*key)).collect();
        let batches =
            keys.chunks(MOST_KEYS).map(|keys| self.batch(keys.iter().map(|key| wire_key(key)).collect()));
        let batches: Vec<_> = batches.collect();
        let answers: Vec<Vec<Stored>> = stream::iter(batches).buffered(AT_ONCE).try_collect().await?;
        Ok(answers.into_iter().flatten().filter_map(|item| Some((key_of(&item)?, item))).collect())
    }

    async fn batch(&self, mut keys: Vec<Attributes>) -> Result<Vec<Stored>, Error> {
        let mut found = Vec::new();
        let mut pause = FIRST_PAUSE;
        for _ in 0..MOST_TRIES {
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).build();
            let wanted = wanted
                .map_err(|error| Error::Invalid { attempt: "asking for items", reason: error.to_string() })?;
            let answer = self.client().batch_get_item().request_items(self.table(), wanted).send().await;
            let answer = match answer {
                Ok(answer) => answer,
                Err(error) => return Err(self.call_error(CallError::from_sdk("BatchGetItem", &error)).await),
            };
            for item in answer.responses.into_iter().flatten().flat_map(|(_, items)| items) {
                found.extend(self.keep(item)?);
            }
            let unprocessed = answer.unprocessed_keys.unwrap_or_default();
            keys = unprocessed.into_values().flat_map(|left| left.keys).collect();
            if keys.is_empty() {
                return Ok(found);
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Err(Error::Unprocessed { table: self.table().to_owned(), keys: keys.len(), tries: MOST_TRIES })
    }
}

/// The key of an item, or of its copy in an index.
pub fn key_of(record: &Stored) -> Option<Key> {
    Some(Key::new(record.text("pk")?, record.text("sk")?))
}

fn wire_key(key: &Key) -> Attributes {
    let attribute = |text: &str| AttributeValue::S(text.to_owned());
    HashMap::from([("pk".to_owned(), attribute(&key.pk)), ("sk".to_owned(), attribute(&key.sk))])
}
