//! The SDK with some responses replaced, as a proxy, a gateway or a faulty service might do.

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use hyper::Request;
use insights_simulator::Service;
use std::fmt;
use std::sync::Arc;

type Replace = dyn Fn(&str, HttpResponse) -> HttpResponse + Send + Sync;

/// `sdk`, whose every response goes through `replace`, with the name of its operation.
///
/// # Panics
///
/// If `sdk` has no HTTP client.
pub fn replacing(
    sdk: &SdkConfig,
    replace: impl Fn(&str, HttpResponse) -> HttpResponse + Send + Sync + 'static,
) -> SdkConfig {
    let inner = sdk.http_client().expect("an HTTP client");
    sdk.to_builder().http_client(Replaced { inner, replace: Arc::new(replace) }).build()
}

/// A response with a status, one further header, and a body. It keeps the date of `before`.
///
/// # Panics
///
/// If the status is none.
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

#[derive(Clone)]
struct Replaced {
    inner: SharedHttpClient,
    replace: Arc<Replace>,
}

impl fmt::Debug for Replaced {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Replaced")
    }
}

impl HttpClient for Replaced {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Connector { inner, replace: Arc::clone(&self.replace) })
    }
}

struct Connector {
    inner: SharedHttpConnector,
    replace: Arc<Replace>,
}

impl fmt::Debug for Connector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Connector")
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (operation, replace) = (operation(&request), Arc::clone(&self.replace));
        let response = self.inner.call(request);
        HttpConnectorFuture::new(async move { Ok(replace(&operation, response.await?)) })
    }
}

/// The name of the operation that a request asks for.
fn operation(request: &HttpRequest) -> String {
    let mut copy = Request::builder().method(request.method()).uri(request.uri());
    for (name, value) in request.headers() {
        copy = copy.header(name, value);
    }
    let body = request.body().bytes().unwrap_or_default().to_vec();
    let found = copy.body(body.into()).ok().and_then(Service::identify);
    found.map_or_else(|| request.uri().to_owned(), |(_, operation)| operation.name.to_owned())
}
