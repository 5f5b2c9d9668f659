//! Amazon DynamoDB, implemented by an embedded database. Requests are passed on unchanged, except those that a fault changes.
//! All accounts and regions share the tables.

use crate::call::ServiceError;
use crate::fault::{FaultKind, distortion};
use crate::protocol::Protocol;
use crate::protocol::answer::{CHECKSUM, Reply};
use crate::protocol::request::Received;
use crate::service::{Backend, Descriptor, ReplyFuture, Service};
use serde_json::Value;
use table::Table;

mod batch;
pub mod database;
mod pages;
pub(crate) mod table;

/// The service.
pub const SERVICE: Service = Service::new(&Descriptor {
    name: "dynamodb",
    title: "DynamoDB",
    protocol: Protocol::AwsJson {
        content_type: database::CONTENT_TYPE,
        // DynamoDB_20120810 and DynamoDBStreams_20120810.
        target: "DynamoDB",
        namespace: "com.amazonaws.dynamodb.v20120810#",
        common_namespace: "com.amazon.coral.service#",
    },
    operations: database::OPERATIONS,
    throttled: || {
        let message = "The level of configured provisioned throughput for the table was exceeded. Consider increasing your \
                       provisioning level with the UpdateTable API.";
        ServiceError::new("ProvisionedThroughputExceededException", 400, message)
    },
    internal: || ServiceError::new("InternalServerError", 500, "Internal server error"),
    message_member: "message",
    is_limited: false,
    records: None,
    part: None,
    backend: Backend::Database(answer),
});

fn answer<'a>(table: &'a Table, request: &'a Received, fault: Option<FaultKind>) -> ReplyFuture<'a> {
    Box::pin(async move {
        let mut reply = match fault {
            Some(FaultKind::Unprocessed) => batch::answer_half(table, request).await?,
            Some(FaultKind::EmptyPage) => pages::empty(&request.body),
            _ => answer_body(table, request, pages::unwrapped(&request.body)).await?,
        };
        if let (200, Some(kind)) = (reply.status, fault) {
            distort(kind, request, &mut reply);
        }
        reply.headers.push((CHECKSUM.to_owned(), crc32fast::hash(&reply.body).to_string()));
        Ok(reply)
    })
}

/// Sends the operation of `request` to the table with another body.
async fn answer_body(table: &Table, request: &Received, body: hyper::body::Bytes) -> Result<Reply, String> {
    let target = request.header("x-amz-target").unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default();
    let (status, text) = table.answer(operation, body).await?;
    Ok(json_reply(status, text))
}

fn json_reply(status: u16, body: String) -> Reply {
    let content_type = ("content-type".to_owned(), database::CONTENT_TYPE.to_owned());
    Reply { status, headers: vec![content_type], body: body.into() }
}

/// Changes members of the answer according to `kind`.
fn distort(kind: FaultKind, request: &Received, reply: &mut Reply) {
    if !matches!(kind, FaultKind::WrongType | FaultKind::NullInList | FaultKind::RepeatToken) {
        return;
    }
    let Ok(mut answer) = serde_json::from_slice::<Value>(&reply.body) else { return };
    match kind {
        FaultKind::RepeatToken => pages::repeat(&request.body, &mut answer),
        _ => distortion::distort_types(kind, &mut answer),
    }
    reply.body = answer.to_string().into();
}
