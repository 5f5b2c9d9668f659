//! A client of the Lambda Runtime API. It gets invocations and sends responses, whatever the headers of an invocation
//! contain.
//!
//! The loop of `lambda_runtime` reads the headers before it calls our code. It panics without a deadline or a request id, and
//! it ends with an error if it cannot read a deadline, an ARN, a client context or an identity. It also reports payloads that
//! are not JSON with its own error type. Callers cannot change this. This module therefore replaces the loop. It uses the
//! HTTP client, the types of invocation and context, the errors and the log span of `lambda_runtime`.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use crate::fields::cut;
use crate::log;
use lambda_runtime::{Context, Diagnostic, Error, LambdaInvocation};
use lambda_runtime_api_client::body::Body;
use lambda_runtime_api_client::{Client, build_request};
use serde::Serialize;
use std::fmt::Write;
use std::time::Duration;

const REQUEST_ID: &str = "lambda-runtime-aws-request-id";
/// The header that distinguishes two deliveries of one request. The response must return it.
const INVOCATION_ID: &str = "lambda-runtime-invocation-id";
/// The maximum length of the request id in records and log events, in bytes.
const LONGEST_REQUEST_ID: usize = 200;
/// The status without content: there is no invocation yet. `cargo lambda watch` returns it.
const NO_CONTENT: u16 = 204;
/// The first and the longest pause before the next request, if there was no invocation.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(250));

/// The Runtime API of this process.
#[derive(Debug)]
pub(crate) struct RuntimeApi {
    client: Client,
}

impl RuntimeApi {
    /// The Runtime API at `address` (host and port); `None` if this is not a valid address.
    pub(crate) fn new(address: &str) -> Option<Self> {
        let endpoint: Option<_> = address.parse().ok();
        let builder = Client::builder().with_endpoint(endpoint?);
        let client = builder.build().ok().filter(|client| client.base.authority().is_some())?;
        Some(Self { client })
    }

    /// Waits for the next invocation. An error means that the Runtime API cannot be used any more.
    pub(crate) async fn next(&self) -> Result<LambdaInvocation, Error> {
        let (mut pause, longest) = PAUSES;
        loop {
            if let Some(invocation) = self.poll().await? {
                return Ok(invocation);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }

    /// Requests an invocation once; `None` if there was none to which a response can be sent.
    async fn poll(&self) -> Result<Option<LambdaInvocation>, Error> {
        let request = build_request().method("GET").uri("/2018-06-01/runtime/invocation/next");
        let response = self.client.call(request.body(Body::empty())?).await?;
        let (parts, body) = response.into_parts();
        if !parts.status.is_success() {
            return Err(
                format!("the Runtime API answers {} to a request for an invocation", parts.status).into()
            );
        }
        // A truncated payload is invalid. The invocation itself fails with this reason.
        let body = match Body::new(body).collect().await {
            Ok(body) => body.to_bytes(),
            Err(_) => Vec::new().into(),
        };
        if parts.status.as_u16() == NO_CONTENT {
            return Ok(None);
        }
        let text = |name: &str| {
            let value = parts.headers.get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).trim().to_owned()).filter(|text| !text.is_empty())
        };
        let Some(request_id) = text(REQUEST_ID) else {
            log::invocation_without_id();
            return Ok(None);
        };
        let mut context = Context::default();
        context.request_id = cut(&request_id, LONGEST_REQUEST_ID).into_owned();
        // Zero is before the start of the process, so it means no deadline.
        let deadline = text("lambda-runtime-deadline-ms").and_then(|text| text.parse().ok());
        context.deadline = deadline.unwrap_or_default();
        context.invoked_function_arn = text("lambda-runtime-invoked-function-arn").unwrap_or_default();
        context.xray_trace_id = text("lambda-runtime-trace-id");
        Ok(Some(LambdaInvocation { parts, body, context }))
    }

    /// Sends the response or the error of an invocation.
    pub(crate) async fn answer<T: Serialize>(
        &self,
        invocation: &LambdaInvocation,
        result: Result<T, Diagnostic>,
    ) {
        let answered = match result {
            Ok(response) => self.post(invocation, "response", &response).await,
            Err(diagnostic) => self.post(invocation, "error", &diagnostic).await,
        };
        if let Err(error) = answered {
            // Lambda has ended the invocation or does not accept the response. This does not affect the next invocation.
            log::answer_not_taken(&error.to_string());
        }
    }

    async fn post(
        &self,
        invocation: &LambdaInvocation,
        to: &str,
        body: &impl Serialize,
    ) -> Result<(), Error> {
        let headers = &invocation.parts.headers;
        let id =
            headers.get(REQUEST_ID).map(|id| path_segment(id.as_bytes().trim_ascii())).unwrap_or_default();
        let uri = format!("/2018-06-01/runtime/invocation/{id}/{to}");
        let mut request = build_request().method("POST").uri(uri);
        if let Some(id) = headers.get(INVOCATION_ID) {
            request = request.header(INVOCATION_ID, id);
        }
        if to == "error" {
            request = request.header("lambda-runtime-function-error-type", "unhandled");
        }
        let answer = self.client.call(request.body(Body::from(serde_json::to_vec(body)?))?).await?;
        accepted(answer.status().as_u16())
    }

    /// Reports that the initialisation failed, and the reason.
    pub(crate) async fn init_failed(&self, diagnostic: &Diagnostic) -> Result<(), Error> {
        let request = build_request()
            .method("POST")
            .uri("/2018-06-01/runtime/init/error")
            .header("lambda-runtime-function-error-type", &diagnostic.error_type);
        let answer = self.client.call(request.body(Body::from(serde_json::to_vec(diagnostic)?))?).await?;
        accepted(answer.status().as_u16())
    }
}

fn accepted(status: u16) -> Result<(), Error> {
    if (200..300).contains(&status) {
        Ok(())
    } else {
        Err(format!("the Runtime API answers {status}").into())
    }
}

/// `bytes` as one segment of a path. Only characters with a meaning in paths are encoded.
fn path_segment(bytes: &[u8]) -> String {
    let mut segment = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(byte) {
            segment.push(char::from(*byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(segment, "%{byte:02X}");
        }
    }
    segment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for (address, is_one) in [
            ("127.0.0.1:9001", true),
            ("localhost:9001", true),
            ("[::1]:9001", true),
            ("http://127.0.0.1:9001", true),
            ("", false),
            ("/tmp/socket", false),
            ("127.0.0.1 9001", false),
        ] {
            assert_eq!(RuntimeApi::new(address).is_some(), is_one, "{address}");
        }
    }

    #[test]
    fn any_request_id_is_one_segment_of_a_path() {
        for (id, expected) in [
            ("8476a536-e9f4-11e8-9739-2dfe598c3fcd", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
            ("a:b@c", "a:b@c"),
            ("a/b?c#d", "a%2Fb%3Fc%23d"),
            ("a b%", "a%20b%25"),
            ("é", "%C3%A9"),
        ] {
            assert_eq!(path_segment(id.as_bytes()), expected);
        }
        assert_eq!(path_segment(&[0xFF]), "%FF");
    }
}
