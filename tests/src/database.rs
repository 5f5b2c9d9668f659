//! The embedded DynamoDB without a port: an operation's body in, its answer's out, in the caller's thread.

use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

/// What `database` answers to the `body` of an operation: a status and a body.
pub fn ask(database: &Database, operation: &str, body: &[u8]) -> (u16, String) {
    let answer = match operation {
        "BatchExecuteStatement" => dispatch(body, |request| database.batch_execute_statement(request)),
        "BatchGetItem" => dispatch(body, |request| database.batch_get_item(request)),
        "CreateTable" => dispatch(body, |request| database.create_table(request)),
        "DescribeTable" => dispatch(body, |request| database.describe_table(request)),
        "GetItem" => dispatch(body, |request| database.get_item(request)),
        "PutItem" => dispatch(body, |request| database.put_item(request)),
        "Query" => dispatch(body, |request| database.query(request)),
        "Scan" => dispatch(body, |request| database.scan(request)),
        "UpdateItem" => dispatch(body, |request| database.update_item(request)),
        "UpdateTimeToLive" => dispatch(body, |request| database.update_time_to_live(request)),
        _ => Err((400, json!({"__type": "com.amazon.coral.service#UnknownOperationException"}).to_string())),
    };
    answer.map_or_else(|error| error, |text| (200, text))
}

fn dispatch<T: DeserializeOwned, U: Serialize>(
    body: &[u8],
    run: impl FnOnce(T) -> Result<U, DynoxideError>,
) -> Result<String, (u16, String)> {
    let request = serde_json::from_slice(body).map_err(|error| {
        (400, json!({"__type": "com.amazon.coral.service#SerializationException", "Message": error.to_string()}).to_string())
    })?;
    let answer = run(request).map_err(|error| (error.status_code(), error.to_json()))?;
    Ok(serde_json::to_string(&answer).expect("an answer is JSON"))
}
