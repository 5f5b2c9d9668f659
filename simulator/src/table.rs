//! The table: an embedded DynamoDB in this process, to which the simulator passes on what is meant for it, byte by byte. It
//! has no port of its own. Half of a batch can be held back on request, and `pages` has what can befall the pages of a
//! listing. It knows nothing of keys and records.

use crate::database;
use crate::protocol::answer::Reply;
use crate::protocol::request::Received;
use dynoxide::Database;
use hyper::body::Bytes;
use serde_json::{Map, Value, json};
use std::fmt;

pub(crate) mod pages;

/// A table to pass requests on to.
pub(crate) enum Table {
    /// An embedded database. A thread that may block calls it.
    Embedded(Database),
    /// One that is called in the caller's thread.
    Here(Box<Answer>),
}

/// Answers an operation's body with a status and a body, at once.
type Answer = dyn Fn(&str, &[u8]) -> (u16, String) + Send + Sync;

impl fmt::Debug for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Embedded(_) => "Embedded",
            Self::Here(_) => "Here",
        })
    }
}

impl Table {
    /// Passes `request` on and gives back the answer.
    pub(crate) async fn forward(&self, request: &Received) -> Result<Reply, String> {
        self.send(request, pages::unwrapped(&request.body)).await
    }

    /// Passes on half of the batch in `request` and answers that the rest was not processed.
    pub(crate) async fn forward_half(&self, request: &Received) -> Result<Reply, String> {
        let mut batch: Value = serde_json::from_slice(&request.body).map_err(|error| error.to_string())?;
        let reading = request.header("x-amz-target").is_some_and(|target| target.ends_with("BatchGetItem"));
        let held_back = hold_back(&mut batch, reading);
        let (rest, done) = if reading {
            ("UnprocessedKeys", "Responses")
        } else {
            ("UnprocessedItems", "ItemCollectionMetrics")
        };
        let empty = batch.get("RequestItems").and_then(Value::as_object).is_none_or(Map::is_empty);
        let mut reply = if empty {
            Reply { status: 200, headers: json_headers(), body: json!({done: {}}).to_string().into() }
        } else {
            self.send(request, batch.to_string().into()).await?
        };
        if reply.status == 200 {
            let mut answer: Value = serde_json::from_slice(&reply.body).map_err(|error| error.to_string())?;
            if let Some(members) = answer.as_object_mut() {
                merge(members.entry(rest).or_insert_with(|| json!({})), held_back, reading);
            }
            reply.body = answer.to_string().into();
        }
        Ok(reply)
    }

    async fn send(&self, request: &Received, body: Bytes) -> Result<Reply, String> {
        let target = request.header("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let (status, text) = match self {
            Self::Here(answer) => answer(&operation, &body),
            Self::Embedded(database) => {
                let database = database.clone();
                let answer = move || database::answer(&database, &operation, &body);
                tokio::task::spawn_blocking(answer).await.map_err(|error| error.to_string())?
            }
        };
        Ok(Reply { status, headers: json_headers(), body: text.into() })
    }
}

fn json_headers() -> Vec<(String, String)> {
    vec![("content-type".to_owned(), database::CONTENT_TYPE.to_owned())]
}

/// Takes the second half of each table's part out of `batch` and gives it back by table.
fn hold_back(batch: &mut Value, reading: bool) -> Map<String, Value> {
    let mut held_back = Map::new();
    let Some(tables) = batch.get_mut("RequestItems").and_then(Value::as_object_mut) else { return held_back };
    for (table, part) in tables.iter_mut() {
        let list = if reading { part.get_mut("Keys") } else { Some(&mut *part) };
        let Some(list) = list.and_then(Value::as_array_mut) else { continue };
        let rest = list.split_off(list.len() / 2);
        let rest = if reading {
            let mut options = part.clone();
            if let Some(members) = options.as_object_mut() {
                members.insert("Keys".to_owned(), rest.into());
            }
            options
        } else {
            rest.into()
        };
        held_back.insert(table.clone(), rest);
    }
    tables.retain(|_, part| {
        let list = if reading { part.get("Keys") } else { Some(&*part) };
        list.and_then(Value::as_array).is_none_or(|list| !list.is_empty())
    });
    held_back
}

/// Adds what was held back to what the database itself left.
fn merge(left: &mut Value, held_back: Map<String, Value>, reading: bool) {
    let Some(left) = left.as_object_mut() else { return };
    for (table, part) in held_back {
        let Some(existing) = left.get_mut(&table) else {
            left.insert(table, part);
            continue;
        };
        let (target, source) = if reading {
            (existing.get_mut("Keys"), part.get("Keys"))
        } else {
            (Some(existing), Some(&part))
        };
        if let (Some(Value::Array(target)), Some(Value::Array(source))) = (target, source) {
            target.extend(source.iter().cloned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_a_batch_is_held_back_and_a_single_item_wholly() {
        let mut batch = json!({"RequestItems": {"a": [1, 2, 3], "b": [4]}});
        let held_back = hold_back(&mut batch, false);
        assert_eq!(batch, json!({"RequestItems": {"a": [1]}}));
        assert_eq!(Value::Object(held_back), json!({"a": [2, 3], "b": [4]}));
        let mut batch = json!({"RequestItems": {"a": {"Keys": [1, 2], "ConsistentRead": true}}});
        let held_back = hold_back(&mut batch, true);
        assert_eq!(batch, json!({"RequestItems": {"a": {"Keys": [1], "ConsistentRead": true}}}));
        assert_eq!(Value::Object(held_back), json!({"a": {"Keys": [2], "ConsistentRead": true}}));
    }
}
