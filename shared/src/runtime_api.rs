//! The Lambda Runtime API, asked for invocations and told what became of them, whatever the headers of an invocation are.
//!
//! `lambda_runtime` has a loop of its own, which reads the headers before any of our code is called: without a deadline or
//! a request id it panics, and a deadline, an ARN, a client context or an identity that it cannot read ends it. Payloads that
//! are not JSON it reports under the name of a type of its own. None of that can be changed from outside. So the loop is
//! here, and what it is made of is that crate's: its HTTP client, its invocation and context, its errors and its log span.
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
/// Tells two deliveries of one request apart; it is sent back with the answer.
const INVOCATION_ID: &str = "lambda-runtime-invocation-id";
/// The longest request id that records and log events carry, in bytes.
const LONGEST_REQUEST_ID: usize = 200;
/// No content: there is no invocation yet. `cargo lambda watch` answers so.
const NO_CONTENT: u16 = 204;
/// How long to wait before asking again where there was no invocation, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(250));

/// The Runtime API of this process.
#[derive(Debug)]
pub(crate) struct RuntimeApi {
    client: Client,
}

impl RuntimeApi {
    /// The one at `address`, host and port; `None` if that is no address.
    pub(crate) fn new(address: &str) -> Option<Self> {
        let endpoint: Option<_> = address.parse().ok();
        let builder = Client::builder().with_endpoint(endpoint?);
        let client = builder.build().ok().filter(|client| client.base.authority().is_some())?;
        Some(Self { client })
    }

    /// Waits for the next invocation. An error means that the Runtime API itself cannot be used any more.
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

    /// Asks once; `None` if nothing came that could be answered.
    async fn poll(&self) -> Result<Option<LambdaInvocation>, Error> {
        let request = build_request().method("GET").uri("/2018-06-01/runtime/invocation/next");
        let response = self.client.call(request.body(Body::empty())?).await?;
        let (parts, body) = response.into_parts();
        if !parts.status.is_success() {
            return Err(
                format!("the Runtime API answers {} to a request for an invocation", parts.status).into()
            );
        }
        // A payload that breaks off is one that cannot be read, which the invocation itself is told.
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
        // Zero is before the process began, and so no deadline.
        let deadline = text("lambda-runtime-deadline-ms").and_then(|text| text.parse().ok());
        context.deadline = deadline.unwrap_or_default();
        context.invoked_function_arn = text("lambda-runtime-invoked-function-arn").unwrap_or_default();
        context.xray_trace_id = text("lambda-runtime-trace-id");
        Ok(Some(LambdaInvocation { parts, body, context }))
    }

    /// Says what became of an invocation.
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
            // Lambda has given up on it, or does not take it. The next invocation has nothing to do with that.
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

    /// Says that the function cannot start, and why.
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

/// `bytes` as one part of a path, in which only what has a meaning there is encoded.
fn path_segment(bytes: &[u8]) -> String {
    let mut segment = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(byte) {
            segment.push(char::from(*byte));
        } else {
            // Writing to a String cannot fail.
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
    fn a_request_id_is_one_part_of_a_path_whatever_it_is() {
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
