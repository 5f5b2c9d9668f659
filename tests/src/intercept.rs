//! Changes requests and responses between the SDK and the simulator. This creates responses that a service, a proxy or a
//! gateway may send and for which the simulator has no fault.

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use hyper::Request;
use insights_simulator::Service;
use serde_json::{Value, json};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A request.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The name of the operation, or the address if the operation is unknown.
    pub operation: String,
    /// The address after the host.
    pub path: String,
    /// The part of the address after `?`.
    pub query: String,
    /// The body; null if there is none.
    pub input: Value,
}

/// `sdk` with responses that `edit` may change. If `edit` returns `true`, the response is a success with the changed body.
///
/// # Panics
///
/// If `sdk` has no HTTP client.
pub fn edited(
    sdk: &SdkConfig,
    edit: impl Fn(&Sent, &mut Value) -> bool + Send + Sync + 'static,
) -> SdkConfig {
    let change = move |sent: &Sent, response: HttpResponse| {
        let body = response.body().bytes().unwrap_or_default();
        let mut value = serde_json::from_slice(body).unwrap_or(Value::Null);
        if edit(sent, &mut value) {
            HttpResponse::new(200.try_into().expect("a status"), SdkBody::from(value.to_string()))
        } else {
            response
        }
    };
    intercept(sdk, |_| None, change)
}

/// `sdk` with each response replaced by the result of `replace`, which gets the name of the operation.
///
/// # Panics
///
/// If `sdk` has no HTTP client.
pub fn replacing(
    sdk: &SdkConfig,
    replace: impl Fn(&str, HttpResponse) -> HttpResponse + Send + Sync + 'static,
) -> SdkConfig {
    intercept(sdk, |_| None, move |sent, response| replace(&sent.operation, response))
}

/// `sdk` whose requests get the status and body that `answers` returns for the operation and its input. If it returns `None`,
/// the request is sent to the simulator.
///
/// # Panics
///
/// If `sdk` has no HTTP client.
pub fn substituting(
    sdk: &SdkConfig,
    answers: impl Fn(&str, &Value) -> Option<(u16, String)> + Send + Sync + 'static,
) -> SdkConfig {
    let answer = move |sent: &Sent| {
        let (status, body) = answers(&sent.operation, &sent.input)?;
        let mut response = HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(body));
        response.headers_mut().insert("content-type", "application/x-amz-json-1.1");
        Some(response)
    };
    intercept(sdk, answer, |_, response| response)
}

/// A request that the service rejects: of the requests for `operation` whose address or body contains `part`, the one with
/// this index.
#[derive(Clone, Copy, Debug)]
pub struct Refusal {
    /// The name of the operation.
    pub operation: &'static str,
    /// A part of the address, or of the body as JSON without spaces.
    pub part: &'static str,
    /// The number of such requests before it.
    pub index: u64,
    /// The code of the error, which no client retries.
    pub code: &'static str,
}

/// A [`Refusal`] by a policy.
pub const fn denied(operation: &'static str, part: &'static str, index: u64) -> Refusal {
    Refusal { operation, part, index, code: "AccessDeniedException" }
}

/// `sdk` with some requests refused.
///
/// # Panics
///
/// If `sdk` has no HTTP client.
pub fn refusing(sdk: &SdkConfig, refusals: &[Refusal]) -> SdkConfig {
    let refusals: Vec<(Refusal, AtomicU64)> =
        refusals.iter().map(|refusal| (*refusal, AtomicU64::new(0))).collect();
    let answer = move |sent: &Sent| {
        let is_meant = |refusal: &Refusal| {
            sent.operation == refusal.operation
                && (sent.path.contains(refusal.part)
                    || sent.query.contains(refusal.part)
                    || sent.input.to_string().contains(refusal.part))
        };
        let meant = refusals.iter().filter(|(refusal, _)| is_meant(refusal));
        // Every entry counts the request, even if another entry rejects it.
        let refused = meant.filter(|(refusal, seen)| seen.fetch_add(1, Ordering::SeqCst) == refusal.index);
        let code = refused.last()?.0.code;
        let body = json!({"__type": code, "message": "refused by the test"}).to_string();
        let mut response = HttpResponse::new(400.try_into().expect("a status"), SdkBody::from(body));
        response.headers_mut().insert("x-amzn-errortype", code);
        Some(response)
    };
    intercept(sdk, answer, |_, response| response)
}

/// A response with a status, an additional header and a body. It has the same date as `before`.
///
/// # Panics
///
/// If the status is invalid.
pub fn response(
    before: &HttpResponse,
    status: u16,
    header: Option<(&str, &str)>,
    body: &str,
) -> HttpResponse {
    let mut response = HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(body));
    let date = before.headers().get("date").map(|date| ("date", date));
    for (name, value) in date.into_iter().chain(header) {
        response.headers_mut().insert(name.to_owned(), value.to_owned());
    }
    response
}

/// `sdk` whose requests get the response of `answer`, if it returns one, and otherwise the service's response, modified by
/// `change`.
fn intercept(
    sdk: &SdkConfig,
    answer: impl Fn(&Sent) -> Option<HttpResponse> + Send + Sync + 'static,
    change: impl Fn(&Sent, HttpResponse) -> HttpResponse + Send + Sync + 'static,
) -> SdkConfig {
    let inner = sdk.http_client().expect("an HTTP client");
    let client = Interceptor { inner, answer: Arc::new(answer), change: Arc::new(change) };
    sdk.to_builder().http_client(client).build()
}

type Answer = dyn Fn(&Sent) -> Option<HttpResponse> + Send + Sync;
type Change = dyn Fn(&Sent, HttpResponse) -> HttpResponse + Send + Sync;

/// An HTTP client or connector with both functions.
#[derive(Clone)]
struct Interceptor<C> {
    inner: C,
    answer: Arc<Answer>,
    change: Arc<Change>,
}

impl<C> fmt::Debug for Interceptor<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Interceptor")
    }
}

impl HttpClient for Interceptor<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        let (answer, change) = (Arc::clone(&self.answer), Arc::clone(&self.change));
        SharedHttpConnector::new(Interceptor { inner, answer, change })
    }
}

impl HttpConnector for Interceptor<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let sent = sent(&request);
        if let Some(response) = (self.answer)(&sent) {
            return HttpConnectorFuture::ready(Ok(response));
        }
        let (response, change) = (self.inner.call(request), Arc::clone(&self.change));
        HttpConnectorFuture::new(async move {
            let response = response.await?;
            let (status, headers) = (response.status(), response.headers().clone());
            let body = ByteStream::new(response.into_body()).collect().await;
            let body = body.map_err(|error| ConnectorError::io(error.into()))?.into_bytes();
            let mut whole = HttpResponse::new(status, SdkBody::from(body));
            *whole.headers_mut() = headers;
            Ok(change(&sent, whole))
        })
    }
}

fn sent(request: &HttpRequest) -> Sent {
    let uri: hyper::Uri = request.uri().parse().expect("a URI");
    let body = request.body().bytes().unwrap_or_default();
    let mut copy = Request::builder().method(request.method()).uri(request.uri());
    for (name, value) in request.headers() {
        copy = copy.header(name, value);
    }
    let identified = copy.body(body.to_vec().into()).ok().and_then(Service::identify);
    Sent {
        operation: identified
            .map_or_else(|| request.uri().to_owned(), |(_, operation)| operation.name.to_owned()),
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        input: serde_json::from_slice(body).unwrap_or_default(),
    }
}
