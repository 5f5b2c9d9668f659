//! Batches of which a fault leaves half unprocessed.

use super::table::Table;
use super::{answer_body, json_reply};
use crate::protocol::answer::Reply;
use crate::protocol::request::Received;
use serde_json::{Map, Value, json};

/// The answer to one half of the batch in `request`, with the other half as unprocessed.
pub(super) async fn answer_half(table: &Table, request: &Received) -> Result<Reply, String> {
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
        json_reply(200, json!({done: {}}).to_string())
    } else {
        answer_body(table, request, batch.to_string().into()).await?
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

/// Removes the second half of each table's part from `batch` and returns it by table.
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

/// Adds `held_back` to what the database left unprocessed.
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
    fn half_of_a_batch_is_unprocessed_and_a_single_item_too() {
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
