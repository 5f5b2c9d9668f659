//! Writes answers and errors in the form of each protocol.

use super::Protocol;
use crate::call::ServiceError;
use crate::service::Service;
use hyper::body::Bytes;
use serde_json::{Value, json};
use std::fmt::Write;

/// An HTTP response.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The headers without `content-length`.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: Bytes,
}

/// The checksum of a body, which DynamoDB sends.
pub(crate) const CHECKSUM: &str = "x-amz-crc32";

/// Errors that are in no service's model. The name of their message member is in lower case.
const COMMON_ERRORS: &[&str] = &[
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteSignatureException",
    "InternalFailure",
    "InternalServerError",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "SerializationException",
    "ThrottlingException",
    "UnknownOperationException",
    "UnrecognizedClientException",
];

/// The answer `output` to `operation` of `service`.
pub(crate) fn success(service: Service, operation: &str, output: &Value, request_id: &str) -> Reply {
    let body = match service.descriptor().protocol {
        Protocol::Query { version } => {
            let mut body = String::new();
            let _ = write!(
                body,
                "<{operation}Response xmlns=\"{}\"><{operation}Result>",
                namespace(service, version)
            );
            elements(&mut body, output);
            let _ = write!(
                body,
                "</{operation}Result><ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
            );
            body
        }
        Protocol::AwsJson { .. } | Protocol::RestJson => output.to_string(),
    };
    Reply { status: 200, headers: headers(service, request_id), body: body.into() }
}

/// The error `error` of `service`.
pub(crate) fn failure(service: Service, error: &ServiceError, request_id: &str) -> Reply {
    let mut headers = headers(service, request_id);
    let is_modeled = !COMMON_ERRORS.contains(&error.code);
    let body = match service.descriptor().protocol {
        Protocol::Query { version } => query_error(&namespace(service, version), error, request_id),
        Protocol::RestJson => {
            headers.push(("x-amzn-errortype".to_owned(), error.code.to_owned()));
            json_error(service, error, is_modeled).to_string()
        }
        Protocol::AwsJson { namespace, common_namespace, .. } => {
            let namespace = if is_modeled { namespace } else { common_namespace };
            let mut body = json!({"__type": format!("{namespace}{}", error.code)});
            if let (Some(body), Value::Object(members)) =
                (body.as_object_mut(), json_error(service, error, is_modeled))
            {
                body.extend(members);
            }
            body.to_string()
        }
    };
    Reply { status: error.status, headers, body: body.into() }
}

/// The code of the error in `reply`, if it is one that its body names.
pub(crate) fn error_code(reply: &Reply) -> Option<String> {
    let body: Value = serde_json::from_slice(&reply.body).ok().filter(|_| reply.status >= 400)?;
    let code = body.get("__type")?.as_str()?;
    Some(code.rsplit('#').next().unwrap_or(code).to_owned())
}

fn json_error(service: Service, error: &ServiceError, is_modeled: bool) -> Value {
    let name = if is_modeled { service.descriptor().message_member } else { "message" };
    let mut members = error.members.clone();
    members.insert(name.to_owned(), error.message.clone().into());
    Value::Object(members)
}

fn query_error(namespace: &str, error: &ServiceError, request_id: &str) -> String {
    let fault = if error.status < 500 { "Sender" } else { "Receiver" };
    format!(
        "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{fault}</Type><Code>{}</Code>\
         <Message>{}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>",
        error.code,
        escape(&error.message)
    )
}

fn namespace(service: Service, version: &str) -> String {
    format!("https://{service}.amazonaws.com/doc/{version}/")
}

fn headers(service: Service, request_id: &str) -> Vec<(String, String)> {
    let content_type = service.descriptor().protocol.content_type();
    [("content-type", content_type), ("x-amzn-requestid", request_id)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

/// Writes an object as XML elements.
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

/// Escapes `text` for XML, which allows three control characters only.
fn escape(text: &str) -> String {
    let allowed = |c: char| if c < ' ' && !"\t\n\r".contains(c) { '?' } else { c };
    let text: String = text.chars().map(allowed).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
