//! What can befall the pages of a Query or Scan: one that is empty although there is more, and a last key that comes again.
//! It knows a page by its members' names, and nothing of keys.

use crate::protocol::answer::Reply;
use hyper::body::Bytes;
use serde_json::{Value, json};

/// Stands in the place of a key: where the page begins that an empty one came instead of.
const INSTEAD: &str = "simulator.empty-page";

/// `body` with the start that an empty page's key stands for.
pub(crate) fn unwrapped(body: &Bytes) -> Bytes {
    // Only few requests have one, and the others are not to be read twice.
    if !body.windows(INSTEAD.len()).any(|part| part == INSTEAD.as_bytes()) {
        return body.clone();
    }
    let Ok(mut request) = serde_json::from_slice::<Value>(body) else { return body.clone() };
    let Some(stands_for) = begin(&request) else { return body.clone() };
    if let Some(members) = request.as_object_mut() {
        members.remove("ExclusiveStartKey");
        if !stands_for.is_null() {
            members.insert("ExclusiveStartKey".to_owned(), stands_for);
        }
    }
    request.to_string().into()
}

/// What the made-up key of `request` stands for.
fn begin(request: &Value) -> Option<Value> {
    let text = request.get("ExclusiveStartKey")?.get(INSTEAD)?.get("S")?.as_str()?;
    let (_, key) = text.split_once(' ')?;
    serde_json::from_str(key).ok()
}

/// The empty page that `body` gets instead of its own, with a key that leads to that one.
pub(crate) fn empty(body: &Bytes) -> Reply {
    let request = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let key =
        begin(&request).unwrap_or_else(|| request.get("ExclusiveStartKey").cloned().unwrap_or_default());
    let turn = request.get("ExclusiveStartKey").and_then(|key| key.get(INSTEAD)?.get("S")?.as_str());
    let turn = turn.and_then(|text| text.split(' ').next()?.parse::<u64>().ok()).unwrap_or_default();
    let last = json!({INSTEAD: {"S": format!("{} {key}", turn.wrapping_add(1))}});
    let answer = json!({"Items": [], "Count": 0, "ScannedCount": 0, "LastEvaluatedKey": last});
    Reply { status: 200, headers: super::json_headers(), body: answer.to_string().into() }
}

/// Gives `answer` the key that came with `body` as its last one; the first page gets one that leads back to itself.
pub(crate) fn repeat(body: &Bytes, answer: &mut Value) {
    let request = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let instead = || json!({INSTEAD: {"S": "0 null"}});
    let key = request.get("ExclusiveStartKey").cloned().unwrap_or_else(instead);
    if let Some(members) = answer.as_object_mut() {
        members.insert("LastEvaluatedKey".to_owned(), key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(value: &Value) -> Bytes {
        value.to_string().into()
    }

    #[test]
    fn an_empty_pages_key_leads_to_what_it_should_have_held_however_often_it_comes() {
        for start in [Value::Null, json!({"pk": {"S": "a 1"}})] {
            let mut request = json!({"TableName": "t"});
            if !start.is_null() {
                request["ExclusiveStartKey"] = start.clone();
            }
            let mut keys = Vec::new();
            for _ in 0..3 {
                let answer: Value = serde_json::from_slice(&empty(&body(&request)).body).unwrap();
                assert_eq!(answer["Items"], json!([]));
                request["ExclusiveStartKey"] = answer["LastEvaluatedKey"].clone();
                assert!(!keys.contains(&answer["LastEvaluatedKey"]), "no key comes twice");
                keys.push(answer["LastEvaluatedKey"].clone());
                let passed_on: Value = serde_json::from_slice(&unwrapped(&body(&request))).unwrap();
                assert_eq!(passed_on.get("ExclusiveStartKey").cloned().unwrap_or_default(), start);
            }
        }
        let other = body(&json!({"TableName": "t", "ExclusiveStartKey": {"pk": {"S": "a"}}}));
        assert_eq!(unwrapped(&other), other);
    }

    #[test]
    fn a_repeated_key_is_the_one_that_came_and_leads_back_to_the_first_page() {
        let mut answer = json!({"Items": []});
        repeat(&body(&json!({"TableName": "t"})), &mut answer);
        let first = answer["LastEvaluatedKey"].clone();
        let request = json!({"TableName": "t", "ExclusiveStartKey": first});
        let passed_on: Value = serde_json::from_slice(&unwrapped(&body(&request))).unwrap();
        assert_eq!(passed_on, json!({"TableName": "t"}));
        repeat(&body(&request), &mut answer);
        assert_eq!(answer["LastEvaluatedKey"], first);
    }
}
