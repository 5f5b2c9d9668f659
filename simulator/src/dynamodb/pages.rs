//! Faults of the pages of `Query` and `Scan`: an empty page before the end, and a repeated `LastEvaluatedKey`.

use super::json_reply;
use crate::protocol::answer::Reply;
use hyper::body::Bytes;
use serde_json::{Value, json};

/// The attribute of a generated key. It contains the start of the page that the empty page replaced.
const REPLACED: &str = "simulator.empty-page";

/// `body` with the start key that is stored in the key of an empty page.
pub(crate) fn unwrapped(body: &Bytes) -> Bytes {
    // Most requests have none, so they need not be parsed twice.
    if !body.windows(REPLACED.len()).any(|part| part == REPLACED.as_bytes()) {
        return body.clone();
    }
    let Ok(mut request) = serde_json::from_slice::<Value>(body) else { return body.clone() };
    let Some(start) = begin(&request) else { return body.clone() };
    if let Some(members) = request.as_object_mut() {
        members.remove("ExclusiveStartKey");
        if !start.is_null() {
            members.insert("ExclusiveStartKey".to_owned(), start);
        }
    }
    request.to_string().into()
}

/// The start key in the generated key of `request`.
fn begin(request: &Value) -> Option<Value> {
    let text = request.get("ExclusiveStartKey")?.get(REPLACED)?.get("S")?.as_str()?;
    let (_, key) = text.split_once(' ')?;
    serde_json::from_str(key).ok()
}

/// An empty page instead of the requested page, with a key that leads to the requested page.
pub(crate) fn empty(body: &Bytes) -> Reply {
    let request = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let key =
        begin(&request).unwrap_or_else(|| request.get("ExclusiveStartKey").cloned().unwrap_or_default());
    let turn = request.get("ExclusiveStartKey").and_then(|key| key.get(REPLACED)?.get("S")?.as_str());
    let turn = turn.and_then(|text| text.split(' ').next()?.parse::<u64>().ok()).unwrap_or_default();
    let last = json!({REPLACED: {"S": format!("{} {key}", turn.wrapping_add(1))}});
    let answer = json!({"Items": [], "Count": 0, "ScannedCount": 0, "LastEvaluatedKey": last});
    json_reply(200, answer.to_string())
}

/// Sets the last key of `answer` to the start key of `body`. The first page gets a key that leads to itself.
pub(crate) fn repeat(body: &Bytes, answer: &mut Value) {
    let request = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let first = || json!({REPLACED: {"S": "0 null"}});
    let key = request.get("ExclusiveStartKey").cloned().unwrap_or_else(first);
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
    fn the_key_of_an_empty_page_always_leads_to_the_replaced_page() {
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
    fn a_repeated_key_is_that_of_the_request_and_leads_back_to_the_first_page() {
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
