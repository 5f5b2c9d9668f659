//! The embedded DynamoDB without a socket: the body of an operation in, the status and body of the response out. The
//! simulator, the command line and the tests share it. It knows every operation that the database library has.

use dynoxide::{Database, DynoxideError, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

/// The content type of every response.
pub const CONTENT_TYPE: &str = "application/x-amz-json-1.0";
/// What `x-amz-target` begins with, for the table and for its stream.
const TARGETS: [&str; 2] = ["DynamoDB_20120810.", "DynamoDBStreams_20120810."];
/// The prefixes by which the library's request types choose the error of a request that cannot be read; the longer ones
/// first. An empty one is any other text.
const MARKERS: [(&str, bool); 5] = [
    ("SERIALIZATION_AS_READ:", false),
    ("VALIDATION_AS_READ:", true),
    ("VALIDATION_REQUEST:", true),
    ("VALIDATION:", true),
    ("SERIALIZATION:", false),
];
/// What the library says about a request that misses something, rather than having it in the wrong type.
const INCOMPLETE: [&str; 5] = [
    "missing field",
    "unknown variant",
    "invalid type: null",
    "empty AttributeValue",
    "Supplied AttributeValue",
];
/// What serde_json says about a body that is nested more deeply than it reads.
const TOO_DEEP: &str = "recursion limit exceeded";

/// The operation in the header `x-amz-target`.
pub fn operation(target: &str) -> Option<&str> {
    TARGETS.into_iter().find_map(|prefix| target.strip_prefix(prefix))
}

/// Answers `operation` with this `body` from `database`: the status and the body of the response. It returns when the
/// database has done it, so an async task calls it from a thread that may block.
pub fn answer(database: &Database, operation: &str, body: &[u8]) -> (u16, String) {
    dispatch(database, operation, body).map_or_else(|error| error, |text| (200, text))
}

type Response = std::result::Result<String, (u16, String)>;

fn dispatch(database: &Database, operation: &str, body: &[u8]) -> Response {
    macro_rules! call {
        ($method:ident) => {
            respond(body, |request| database.$method(request))
        };
    }
    match operation {
        "BatchExecuteStatement" => call!(batch_execute_statement),
        "BatchGetItem" => call!(batch_get_item),
        "BatchWriteItem" => call!(batch_write_item),
        "CreateTable" => call!(create_table),
        "DeleteItem" => call!(delete_item),
        "DeleteTable" => call!(delete_table),
        "DescribeStream" => call!(describe_stream),
        "DescribeTable" => call!(describe_table),
        "DescribeTimeToLive" => call!(describe_time_to_live),
        "ExecuteStatement" => call!(execute_statement),
        "ExecuteTransaction" => call!(execute_transaction),
        "GetItem" => call!(get_item),
        "GetRecords" => call!(get_records),
        "GetShardIterator" => call!(get_shard_iterator),
        "ListStreams" => call!(list_streams),
        "ListTables" => call!(list_tables),
        "ListTagsOfResource" => call!(list_tags_of_resource),
        "PutItem" => call!(put_item),
        "Query" => call!(query),
        "Scan" => call!(scan),
        "TagResource" => call!(tag_resource),
        "TransactGetItems" => call!(transact_get_items),
        "TransactWriteItems" => call!(transact_write_items),
        "UntagResource" => call!(untag_resource),
        "UpdateItem" => call!(update_item),
        "UpdateTable" => call!(update_table),
        "UpdateTimeToLive" => call!(update_time_to_live),
        _ => Err((400, json!({"__type": "com.amazon.coral.service#UnknownOperationException"}).to_string())),
    }
}

fn respond<T: DeserializeOwned, U: Serialize>(body: &[u8], run: impl FnOnce(T) -> Result<U>) -> Response {
    // The derived readers of the library would take a list for an object.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(refusal(&DynoxideError::SerializationException(String::new())));
    }
    let request = serde_json::from_slice(body).map_err(|error| refusal(&unreadable(&error)))?;
    let response = run(request).map_err(|error| refusal(&error))?;
    serde_json::to_string(&response)
        .map_err(|error| refusal(&DynoxideError::InternalServerError(error.to_string())))
}

fn refusal(error: &DynoxideError) -> (u16, String) {
    (error.status_code(), error.to_json())
}

/// The error of a request that cannot be read, as the library's own server tells them apart.
fn unreadable(error: &serde_json::Error) -> DynoxideError {
    let text = error.to_string();
    if text.starts_with(TOO_DEEP) {
        return DynoxideError::ValidationException(
            "Nesting Levels have exceeded supported limits".to_owned(),
        );
    }
    let marked = MARKERS.iter().find_map(|(marker, invalid)| Some((text.strip_prefix(marker)?, *invalid)));
    let (text, invalid) =
        marked.unwrap_or_else(|| (&text, INCOMPLETE.iter().any(|sign| text.contains(sign))));
    let text = text.rsplit_once(" at line ").map_or(text, |(text, _)| text).to_owned();
    if invalid {
        DynoxideError::ValidationException(text)
    } else {
        DynoxideError::SerializationException(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn ask(database: &Database, operation: &str, body: &str) -> (u16, Value) {
        let (status, text) = answer(database, operation, body.as_bytes());
        (status, serde_json::from_str(&text).unwrap())
    }

    fn code(answer: &(u16, Value)) -> (u16, &str) {
        (answer.0, answer.1["__type"].as_str().unwrap_or_default().rsplit('#').next().unwrap_or_default())
    }

    fn table() -> Database {
        let database = Database::memory().unwrap();
        let created = ask(
            &database,
            "CreateTable",
            r#"{"TableName":"one","BillingMode":"PAY_PER_REQUEST",
                "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"S"}],
                "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}],
                "StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_AND_OLD_IMAGES"}}"#,
        );
        assert_eq!(created.0, 200, "{created:?}");
        database
    }

    #[test]
    fn targets_name_operations_of_tables_and_streams() {
        for (target, expected) in [
            ("DynamoDB_20120810.Query", Some("Query")),
            ("DynamoDBStreams_20120810.GetRecords", Some("GetRecords")),
            ("DynamoDB_20111205.Query", None),
            ("com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents", None),
            ("", None),
        ] {
            assert_eq!(operation(target), expected, "{target}");
        }
    }

    #[test]
    fn every_operation_of_the_library_is_reached() {
        let database = table();
        for operation in [
            "BatchExecuteStatement",
            "BatchGetItem",
            "BatchWriteItem",
            "CreateTable",
            "DeleteItem",
            "DeleteTable",
            "DescribeStream",
            "DescribeTable",
            "DescribeTimeToLive",
            "ExecuteStatement",
            "ExecuteTransaction",
            "GetItem",
            "GetRecords",
            "GetShardIterator",
            "ListStreams",
            "ListTables",
            "ListTagsOfResource",
            "PutItem",
            "Query",
            "Scan",
            "TagResource",
            "TransactGetItems",
            "TransactWriteItems",
            "UntagResource",
            "UpdateItem",
            "UpdateTable",
            "UpdateTimeToLive",
        ] {
            let answered = ask(&database, operation, "{}");
            assert_ne!(code(&answered), (400, "UnknownOperationException"), "{operation}");
        }
        for operation in ["UpdateContinuousBackups", "DescribeContinuousBackups", "putitem", ""] {
            let answered = ask(&database, operation, "{}");
            assert_eq!(code(&answered), (400, "UnknownOperationException"), "{operation}");
        }
    }

    #[test]
    fn what_is_written_is_read_and_streamed() {
        let database = table();
        let put = r#"{"TableName":"one","Item":{"pk":{"S":"a"},"sk":{"S":"b"},"n":{"N":"1"}}}"#;
        assert_eq!(ask(&database, "PutItem", put), (200, json!({})));
        let get = r#"{"TableName":"one","Key":{"pk":{"S":"a"},"sk":{"S":"b"}}}"#;
        let (status, item) = ask(&database, "GetItem", get);
        assert_eq!((status, &item["Item"]["n"]["N"]), (200, &json!("1")));
        let (_, streams) = ask(&database, "ListStreams", r#"{"TableName":"one"}"#);
        assert_eq!(streams["Streams"].as_array().unwrap().len(), 1, "{streams}");
    }

    #[test]
    fn requests_that_cannot_be_read_are_refused_as_dynamodb_refuses_them() {
        let database = table();
        let deep = |levels: usize| {
            let value =
                (0..levels).fold(r#"{"S":"x"}"#.to_owned(), |inner, _| format!(r#"{{"L":[{inner}]}}"#));
            format!(r#"{{"TableName":"one","Item":{{"pk":{{"S":"a"}},"sk":{{"S":"b"}},"v":{value}}}}}"#)
        };
        for (body, expected) in [
            ("", (400, "SerializationException")),
            ("{", (400, "SerializationException")),
            ("[]", (400, "SerializationException")),
            (r#"{"TableName":7}"#, (400, "SerializationException")),
            ("{}", (400, "ValidationException")),
            (r#"{"TableName":"one","Item":{"pk":{"S":"a"},"sk":{}}}"#, (400, "ValidationException")),
            (
                r#"{"TableName":"none","Item":{"pk":{"S":"a"},"sk":{"S":"b"}}}"#,
                (400, "ResourceNotFoundException"),
            ),
            (&deep(20), (200, "")),
            (&deep(40), (400, "ValidationException")),
            (&deep(90), (400, "ValidationException")),
        ] {
            let answered = ask(&database, "PutItem", body);
            assert_eq!(code(&answered), expected, "{body}: {answered:?}");
            let text = answered.1["message"].as_str().or(answered.1["Message"].as_str()).unwrap_or_default();
            assert!(!text.contains("VALIDATION") && !text.contains(" at line "), "{body}: {text}");
        }
    }
}
