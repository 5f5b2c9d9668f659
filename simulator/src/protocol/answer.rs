//! Writes answers and errors as the protocols have them.

use crate::call::ServiceError;
use crate::operation::Service;
use hyper::body::Bytes;
use serde_json::{Map, Value};
use std::fmt::Write;

/// An answer ready for the wire.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers but for the content's length.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

/// Errors that come from AWS's front door rather than from the service's model; their message has a small letter.
const FRONT_DOOR: &[&str] = &[
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteSignatureException",
    "InternalFailure",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "SerializationException",
    "ThrottlingException",
    "UnknownOperationException",
    "UnrecognizedClientException",
];

/// The answer `output` to `operation` of `service`.
pub fn success(service: Service, operation: &str, output: &Value, request_id: &str) -> Reply {
    let body = match service {
        Service::Sts => {
            let mut body = String::new();
            let _ = write!(
                body,
                "<{operation}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{operation}Result>"
            );
            elements(&mut body, output);
            let _ = write!(
                body,
                "</{operation}Result><ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
            );
            body
        }
        _ => output.to_string(),
    };
    Reply { status: 200, headers: headers(service, request_id), body: body.into() }
}

/// The error `error` of `service`.
pub fn failure(service: Service, error: &ServiceError, request_id: &str) -> Reply {
    let mut headers = headers(service, request_id);
    let body = match service {
        Service::Sts => sts_error(error, request_id),
        Service::XRay | Service::AuditManager => {
            headers.push(("x-amzn-errortype".to_owned(), error.code.to_owned()));
            json_error(service, error)
        }
        Service::CloudTrail | Service::DynamoDb => {
            let mut members = Map::new();
            let prefix = if service == Service::DynamoDb && error.code.contains("ThroughputExceeded") {
                "com.amazonaws.dynamodb.v20120810#"
            } else if service == Service::DynamoDb {
                "com.amazon.coral.service#"
            } else {
                ""
            };
            members.insert("__type".to_owned(), format!("{prefix}{}", error.code).into());
            members.extend(message(service, error));
            Value::Object(members).to_string()
        }
    };
    Reply { status: error.status, headers, body: body.into() }
}

fn json_error(service: Service, error: &ServiceError) -> String {
    Value::Object(message(service, error)).to_string()
}

fn message(service: Service, error: &ServiceError) -> Map<String, Value> {
    let modelled = !FRONT_DOOR.contains(&error.code);
    let name = match service {
        Service::XRay | Service::CloudTrail if modelled => "Message",
        _ => "message",
    };
    let mut members = error.members.clone();
    members.insert(name.to_owned(), error.message.clone().into());
    members
}

fn sts_error(error: &ServiceError, request_id: &str) -> String {
    let side = if error.status < 500 { "Sender" } else { "Receiver" };
    format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>{side}</Type><Code>{}</Code>\
         <Message>{}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>",
        error.code,
        escape(&error.message)
    )
}

fn headers(service: Service, request_id: &str) -> Vec<(String, String)> {
    let content_type = match service {
        Service::XRay | Service::AuditManager => "application/json",
        Service::CloudTrail => "application/x-amz-json-1.1",
        Service::DynamoDb => "application/x-amz-json-1.0",
        Service::Sts => "text/xml",
    };
    vec![
        ("content-type".to_owned(), content_type.to_owned()),
        ("x-amzn-requestid".to_owned(), request_id.to_owned()),
    ]
}

/// Writes an object as elements, as STS does.
fn elements(body: &mut String, value: &Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let _ = write!(body, "<{name}>");
                elements(body, member);
                let _ = write!(body, "</{name}>");
            }
        }
        Value::String(text) => body.push_str(&escape(text)),
        other => {
            let _ = write!(body, "{other}");
        }
    }
}

/// `text` as XML can hold it; of control characters it can hold three.
fn escape(text: &str) -> String {
    let allowed = |c: char| if c < ' ' && !"\t\n\r".contains(c) { '?' } else { c };
    let text: String = text.chars().map(allowed).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
