//! The embedded DynamoDB without a socket: a function from an operation's body to the status and body of its response, for
//! every operation of the database library.

use crate::operation::Operation;
use dynoxide::{Database, DynoxideError, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

/// The content type of every response.
pub const CONTENT_TYPE: &str = "application/x-amz-json-1.0";
/// The prefixes of `x-amz-target`, for tables and for streams.
const TARGETS: [&str; 2] = ["DynamoDB_20120810.", "DynamoDBStreams_20120810."];
/// The prefixes with which the library's request types mark errors of unreadable requests, longest first. The flag states
/// whether the error is a `ValidationException`.
const MARKERS: [(&str, bool); 5] = [
    ("SERIALIZATION_AS_READ:", false),
    ("VALIDATION_AS_READ:", true),
    ("VALIDATION_REQUEST:", true),
    ("VALIDATION:", true),
    ("SERIALIZATION:", false),
];
/// Parts of the library's messages about a missing member. (Other messages are about a wrong type.)
const INCOMPLETE: [&str; 5] = [
    "missing field",
    "unknown variant",
    "invalid type: null",
    "empty AttributeValue",
    "Supplied AttributeValue",
];
/// The start of serde_json's message about a body that is nested too deeply.
const TOO_DEEP: &str = "recursion limit exceeded";

/// The operation in the header `x-amz-target`.
pub fn operation(target: &str) -> Option<&str> {
    TARGETS.into_iter().find_map(|prefix| target.strip_prefix(prefix))
}

/// Answers `operation` with this `body` from `database`: the status and the body of the response. It blocks until the
/// database has answered.
pub fn answer(database: &Database, operation: &str, body: &[u8]) -> (u16, String) {
    dispatch(database, operation, body).map_or_else(|error| error, |text| (200, text))
}

type Response = std::result::Result<String, (u16, String)>;

/// Declares the operations and the methods of the database that answer them.
macro_rules! operations {
    ($($name:literal => $method:ident $(.$option:ident($($argument:expr),*))?,)*) => {
        /// Every operation of the database.
        pub(super) const OPERATIONS: &[Operation] =
            &[$(Operation::rpc($name) $(.$option($($argument),*))?,)*];

        fn dispatch(database: &Database, operation: &str, body: &[u8]) -> Response {
            match operation {
                $($name => respond(body, |request| database.$method(request)),)*
                _ => Err((400, json!({"__type": "com.amazon.coral.service#UnknownOperationException"}).to_string())),
            }
        }
    };
}

operations! {
    "BatchExecuteStatement" => batch_execute_statement,
    "BatchGetItem" => batch_get_item .batch(),
    "BatchWriteItem" => batch_write_item .batch(),
    "CreateTable" => create_table,
    "DeleteItem" => delete_item,
    "DeleteTable" => delete_table,
    "DescribeStream" => describe_stream,
    "DescribeTable" => describe_table,
    "DescribeTimeToLive" => describe_time_to_live,
    "ExecuteStatement" => execute_statement,
    "ExecuteTransaction" => execute_transaction,
    "GetItem" => get_item,
    "GetRecords" => get_records,
    "GetShardIterator" => get_shard_iterator,
    "ListStreams" => list_streams,
    "ListTables" => list_tables,
    "ListTagsOfResource" => list_tags_of_resource,
    "PutItem" => put_item,
    "Query" => query .paged("ExclusiveStartKey", "Limit", &["Items"]),
    "Scan" => scan .paged("ExclusiveStartKey", "Limit", &["Items"]),
    "TagResource" => tag_resource,
    "TransactGetItems" => transact_get_items,
    "TransactWriteItems" => transact_write_items,
    "UntagResource" => untag_resource,
    "UpdateItem" => update_item,
    "UpdateTable" => update_table,
    "UpdateTimeToLive" => update_time_to_live,
}

fn respond<T: DeserializeOwned, U: Serialize>(body: &[u8], run: impl FnOnce(T) -> Result<U>) -> Response {
    // The library's derived deserializers would accept a list instead of an object.
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

/// The error of an unreadable request, as in the library's own server.
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
    fn every_operation_of_the_service_is_reached() {
        let database = table();
        assert_eq!(crate::dynamodb::SERVICE.operations().len(), 27);
        for operation in crate::dynamodb::SERVICE.operations() {
            let operation = operation.name;
            let answered = ask(&database, operation, "{}");
            assert_ne!(code(&answered), (400, "UnknownOperationException"), "{operation}");
        }
        for operation in ["UpdateContinuousBackups", "DescribeContinuousBackups", "putitem", ""] {
            let answered = ask(&database, operation, "{}");
            assert_eq!(code(&answered), (400, "UnknownOperationException"), "{operation}");
        }
    }

    #[test]
    fn items_are_written_read_and_streamed() {
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
    fn unreadable_requests_have_the_errors_of_dynamodb() {
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
