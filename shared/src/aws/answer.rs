//! Checks whether a successful response is an answer of the service, and reads the code of an error response. It covers the
//! three protocols of the SDK clients used here: JSON with a target header, REST with JSON, Query with XML.
//!
//! The SDK reads an empty body as an empty answer and ignores unknown members, so an error body with status 200 would count
//! as "no data". Every client of a function therefore rejects such responses here. Missing members are not checked here,
//! because most are optional in the models: `{}` is an empty answer.
//! most are optional in the models: `{}` is an empty answer.

use aws_smithy_runtime_api::http::Response;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// The header that names an error's type, in all three protocols.
const ERROR_TYPE: &str = "x-amzn-errortype";
/// The maximum size of a body that may be an error, in bytes. A larger body is data; only its beginning and its end are
/// checked.
const LARGEST_ERROR: usize = 16 * 1024;
/// The maximum length of an error's text in our message, in bytes.
const LONGEST_REASON: usize = 300;

/// Members of error bodies that answers do not have, in lower case. (Not `ErrorCode`: series have it.)
const OF_ERRORS: [&str; 10] =
    ["__type", "code", "detail", "error", "errormessage", "errors", "errortype", "fault", "message", "title"];
/// Further members that an error body may have.
const BESIDE_ERRORS: [&str; 8] =
    ["id", "path", "requestid", "request_id", "status", "statuscode", "timestamp", "type"];

/// The format of a service's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// A JSON object.
    Json,
    /// An XML document whose root is named after the operation.
    Xml,
}

/// The reason why a successful response is not an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAnAnswer(String);

impl fmt::Display for NotAnAnswer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for NotAnAnswer {}

/// Rejects a successful response to `operation` that is not an answer: an empty body, another content type, an error.
pub(super) fn check(protocol: Protocol, operation: &str, response: &Response) -> Result<(), NotAnAnswer> {
    if !response.status().is_success() {
        return Ok(());
    }
    // A body that is not in memory is a stream. None of our operations has one.
    let Some(body) = response.body().bytes() else { return Ok(()) };
    let header = response.headers().get(ERROR_TYPE);
    check_body(protocol, operation, header, body).map_err(NotAnAnswer)
}

fn check_body(protocol: Protocol, operation: &str, header: Option<&str>, body: &[u8]) -> Result<(), String> {
    if let Some(code) = header {
        return Err(an_error(sanitized(code), body));
    }
    let body = body.trim_ascii();
    if body.is_empty() {
        return Err("the body is empty".to_owned());
    }
    match protocol {
        Protocol::Json => check_json(body),
        Protocol::Xml => check_xml(operation, body),
    }
}

fn check_json(body: &[u8]) -> Result<(), String> {
    if body.first() != Some(&b'{') {
        return Err(format!("the body is not a JSON object: {}", excerpt(body)));
    }
    if body.last() != Some(&b'}') {
        return Err("the body ends before its JSON object does".to_owned());
    }
    if body.len() > LARGEST_ERROR {
        return Ok(());
    }
    // The SDK reports an invalid body as an error.
    let Ok(Members(members)) = serde_json::from_slice(body) else { return Ok(()) };
    let has = |names: &[&str]| members.iter().any(|member| names.contains(&member.as_str()));
    let is_known =
        |member: &String| OF_ERRORS.contains(&member.as_str()) || BESIDE_ERRORS.contains(&member.as_str());
    if has(&["__type"]) || (has(&OF_ERRORS) && members.iter().all(is_known)) {
        let code = json_code(body).unwrap_or_default();
        return Err(an_error(&code, body));
    }
    Ok(())
}

fn check_xml(operation: &str, body: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(body);
    let expected = format!("{operation}Response");
    let root = root_of(&text).unwrap_or_default();
    if root == "ErrorResponse" {
        return Err(an_error(&xml_code(&text).unwrap_or_default(), body));
    }
    if root.rsplit(':').next() != Some(&expected) {
        return Err(format!("the body is not an XML document with the root {expected}: {}", excerpt(body)));
    }
    if !text.ends_with(&format!("</{root}>")) {
        return Err(format!("the body ends before {root} does"));
    }
    Ok(())
}

/// The name of the root element of a document, after declarations and comments.
fn root_of(text: &str) -> Option<&str> {
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    loop {
        let end = if rest.starts_with("<?") {
            "?>"
        } else if rest.starts_with("<!--") {
            "-->"
        } else {
            break;
        };
        rest = rest.split_once(end)?.1.trim_start();
    }
    rest.strip_prefix('<')?.split(['>', '/', ' ', '\t', '\r', '\n']).next()
}

fn an_error(code: &str, body: &[u8]) -> String {
    let code = if code.is_empty() { "without a code" } else { code };
    format!("an error with the status of an answer, {code}: {}", excerpt(body))
}

/// The beginning of a body, as text on one line.
fn excerpt(body: &[u8]) -> String {
    let beginning = body.get(..LONGEST_REASON.min(body.len())).unwrap_or_default();
    let text = String::from_utf8_lossy(beginning);
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// The code of an error response, read in the same way as by the SDK.
pub(super) fn error_code(response: &Response) -> Option<String> {
    if let Some(code) = response.headers().get(ERROR_TYPE) {
        return Some(sanitized(code).to_owned());
    }
    let body = response.body().bytes()?.trim_ascii();
    if body.first() == Some(&b'<') { xml_code(&String::from_utf8_lossy(body)) } else { json_code(body) }
}

/// A code without the namespace before it and the URL after it.
fn sanitized(code: &str) -> &str {
    let code = code.split(':').next().unwrap_or(code);
    code.split_once('#').map_or(code, |(_, code)| code)
}

fn json_code(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    text("code").or_else(|| text("__type")).map(|code| sanitized(code).to_owned())
}

/// The text of the element `Code` in `Error`.
fn xml_code(text: &str) -> Option<String> {
    let error = text.split_once("<Error>")?.1;
    let code = error.split_once("<Code>")?.1.split_once("</Code>")?.0;
    Some(code.trim().to_owned())
}

/// The names of an object's members in lower case; the values are skipped.
struct Members(Vec<String>);

impl<'de> serde::Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;

        impl<'de> Visitor<'de> for Names {
            type Value = Members;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Members, A::Error> {
                let mut names = Vec::new();
                while let Some((name, IgnoredAny)) = object.next_entry::<String, IgnoredAny>()? {
                    names.push(name.to_ascii_lowercase());
                }
                Ok(Members(names))
            }
        }

        deserializer.deserialize_map(Names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_types::body::SdkBody;

    fn response(status: u16, header: Option<&str>, body: &str) -> Response {
        let mut response = Response::new(status.try_into().unwrap(), SdkBody::from(body));
        if let Some(code) = header {
            response.headers_mut().insert(ERROR_TYPE, code.to_owned());
        }
        response
    }

    #[test]
    fn an_answer_is_an_object_without_an_error() {
        for (status, header, body, expected) in [
            (200, None, "{}", None),
            (200, None, " \r\n{\"Groups\":[]}\n", None),
            (202, None, "{\"Groups\":[],\"NextToken\":\"a\"}", None),
            (200, None, "{\"status\":\"ACTIVE\"}", None),
            (200, None, "{\"ErrorCode\":\"AccessDenied\",\"Values\":[]}", None),
            (200, None, "{\"insights\":{\"message\":\"x\"}}", None),
            (200, None, "{\"Groups\":[],\"message\":\"a member that was added later\"}", None),
            (200, None, "{\"id\":\"x\",\"type\":\"x\"}", None),
            (200, None, "", Some("the body is empty")),
            (204, None, "", Some("the body is empty")),
            (200, None, " \n\t", Some("the body is empty")),
            (200, None, "null", Some("not a JSON object: null")),
            (200, None, "[]", Some("not a JSON object")),
            (200, None, "[{\"Groups\":[]}]", Some("not a JSON object")),
            (200, None, "\"ok\"", Some("not a JSON object")),
            (200, None, "7", Some("not a JSON object")),
            (200, None, "true", Some("not a JSON object")),
            (200, None, "<html><body>Welcome</body></html>", Some("not a JSON object: <html>")),
            (200, None, "\u{feff}{\"Groups\":[]}", Some("not a JSON object")),
            (200, None, "{\"Groups\":[", Some("ends before")),
            (200, None, "{\"Groups\":[{}", None), // The SDK reports the missing end.
            (
                200,
                None,
                "{\"__type\":\"a.b#ThrottlingException\",\"message\":\"x\"}",
                Some("ThrottlingException: {"),
            ),
            (200, None, "{\"Groups\":[],\"__type\":\"InternalFailure\"}", Some("InternalFailure")),
            (
                200,
                Some("AccessDeniedException:http://x"),
                "{\"message\":\"no\"}",
                Some(", AccessDeniedException: "),
            ),
            (200, Some("ThrottledException"), "{}", Some(", ThrottledException: ")),
            (200, None, "{\"message\":\"Forbidden\"}", Some("without a code")),
            (200, None, "{\"Message\":null}", Some("without a code")),
            (
                200,
                None,
                "{\"code\":\"SlowDown\",\"message\":\"x\",\"requestId\":\"y\"}",
                Some(", SlowDown: "),
            ),
            (200, None, "{\"error\":{\"reason\":\"x\"}}", Some("without a code")),
            (
                200,
                None,
                "{\"timestamp\":1,\"status\":500,\"error\":\"x\",\"path\":\"/\"}",
                Some("without a code"),
            ),
            (200, None, "{\"errorType\":\"x\",\"errorMessage\":\"y\"}", Some("without a code")),
            (
                200,
                None,
                "{\"type\":\"about:blank\",\"title\":\"x\",\"status\":503,\"detail\":\"y\"}",
                Some("without a code"),
            ),
            // The SDK reads responses with an error status.
            (400, None, "", None),
            (503, None, "<html>", None),
            (302, None, "", None),
        ] {
            let found = check(Protocol::Json, "GetGroups", &response(status, header, body));
            match (&found, expected) {
                (Ok(()), None) => {}
                (Err(reason), Some(expected)) => assert!(reason.0.contains(expected), "{body}: {reason}"),
                _ => panic!("{status} {header:?} {body}: {found:?}"),
            }
        }
    }

    #[test]
    fn only_both_ends_of_a_large_body_are_checked() {
        let large = format!("{{\"__type\":\"{}\"}}", "x".repeat(LARGEST_ERROR));
        assert_eq!(check(Protocol::Json, "GetGroups", &response(200, None, &large)), Ok(()));
        let cut = large.trim_end_matches('}');
        assert!(check(Protocol::Json, "GetGroups", &response(200, None, cut)).is_err());
    }

    #[test]
    fn an_answer_of_sts_is_a_whole_document_of_its_operation() {
        const NAMESPACE: &str = "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"";
        let whole = format!("<AssumeRoleResponse {NAMESPACE}><AssumeRoleResult/></AssumeRoleResponse>");
        let declared = format!("\u{feff}<?xml version=\"1.0\"?>\n<!-- x -->\n{whole}\n");
        let prefixed = "<s:AssumeRoleResponse xmlns:s=\"x\"></s:AssumeRoleResponse>";
        let error =
            "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code></Error></ErrorResponse>";
        for (body, expected) in [
            (whole.as_str(), None),
            (&declared, None),
            (prefixed, None),
            (&whole[..whole.len() - 1], Some("ends before")),
            (&whole[..40], Some("ends before")),
            ("", Some("empty")),
            ("{\"AssumeRoleResponse\":{}}", Some("with the root AssumeRoleResponse: {")),
            ("<html></html>", Some("with the root AssumeRoleResponse: <html>")),
            ("AssumeRoleResponse", Some("with the root")),
            ("<GetCallerIdentityResponse></GetCallerIdentityResponse>", Some("with the root")),
            ("<?xml version=\"1.0\"", Some("with the root")),
            (error, Some(", AccessDenied: ")),
        ] {
            let found = check(Protocol::Xml, "AssumeRole", &response(200, None, body));
            match (&found, expected) {
                (Ok(()), None) => {}
                (Err(reason), Some(expected)) => assert!(reason.0.contains(expected), "{body}: {reason}"),
                _ => panic!("{body}: {found:?}"),
            }
        }
    }

    #[test]
    fn codes_are_read_as_the_sdk_reads_them() {
        let xml = "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>x</Message></Error></ErrorResponse>";
        for (header, body, expected) in [
            (None, "{\"__type\":\"ThrottlingException\"}", Some("ThrottlingException")),
            (None, "{\"__type\":\"com.amazonaws.dynamodb.v20120810#SlowDown\"}", Some("SlowDown")),
            (None, "{\"__type\":\"A:http://internal.amazon.com/coral/\",\"code\":\"B\"}", Some("B")),
            (None, "{\"code\":7,\"__type\":\"A\"}", Some("A")),
            (
                Some("com.amazonaws.xray#ThrottledException:http://x"),
                "{\"__type\":\"A\"}",
                Some("ThrottledException"),
            ),
            (None, xml, Some("Throttling")),
            // A message about throttling is not a code.
            (None, "{\"message\":\"Throttling: SlowDown, TooManyRequests\"}", None),
            (None, "<html>Throttling</html>", None),
            (None, "", None),
            (None, "[]", None),
        ] {
            let found = error_code(&response(400, header, body));
            assert_eq!(found.as_deref(), expected, "{header:?} {body}");
        }
    }
}
