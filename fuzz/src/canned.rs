//! The services without a network, one operation of which answers what the fuzzer says. The table is empty, and keeps what
//! is put only to have its keys looked at.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use futures_util::FutureExt;
use http_body_util::BodyExt;
use insights_simulator::Offline;
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};

/// An HTTP client that asks nobody.
#[derive(Clone, Debug)]
pub struct Canned(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    services: Arc<Offline>,
    /// The operation whose answer is replaced: how its `X-Amz-Target` ends, or its path.
    operation: &'static str,
    body: Vec<u8>,
    puts: Mutex<Vec<Value>>,
}

impl Canned {
    /// The client whose `operation` answers `body`.
    pub fn new(services: Arc<Offline>, operation: &'static str, body: Vec<u8>) -> Self {
        Self(Arc::new(Inner { services, operation, body, puts: Mutex::default() }))
    }

    /// The items that were put.
    pub fn puts(&self) -> Vec<Value> {
        std::mem::take(&mut *self.0.puts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let uri = request.uri();
        let path = uri.splitn(4, '/').nth(3).and_then(|path| path.split('?').next()).unwrap_or_default();
        let operation = target.rsplit('.').next().filter(|name| !name.is_empty()).unwrap_or(path);
        let is_table = target.starts_with("DynamoDB");
        if is_table {
            self.keep(operation, request);
        }
        // The path of an assessment's counts ends with its id.
        let is_it = operation == self.0.operation
            || (self.0.operation.ends_with('/') && operation.starts_with(self.0.operation));
        if is_it {
            return Ok(json(self.0.body.clone()));
        }
        if is_table {
            return Ok(json(b"{}".to_vec()));
        }
        let mut outgoing = hyper::Request::builder().method(request.method()).uri(uri);
        for (name, value) in request.headers() {
            outgoing = outgoing.header(name, value);
        }
        let body = request.body().bytes().unwrap_or_default().to_vec();
        let outgoing = outgoing.body(body.into()).map_err(|error| ConnectorError::user(error.into()))?;
        let answer = self.0.services.answer(outgoing).now_or_never().flatten();
        let answer = answer.ok_or_else(|| ConnectorError::io("reset".into()))?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().now_or_never().and_then(Result::ok);
        let body = body.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
        Ok(respond(status, body))
    }

    fn keep(&self, operation: &str, request: &HttpRequest) {
        if operation == "PutItem" {
            let body = request.body().bytes().unwrap_or_default();
            let put: Value = serde_json::from_slice(body).unwrap_or_default();
            self.0.puts.lock().unwrap_or_else(PoisonError::into_inner).push(put);
        }
    }
}

fn json(body: Vec<u8>) -> HttpResponse {
    respond(200, body)
}

fn respond(status: u16, body: Vec<u8>) -> HttpResponse {
    let mut response = HttpResponse::new(status.try_into().expect("a status"), SdkBody::from(body));
    response.headers_mut().insert("content-type", "application/json");
    response
}

impl HttpClient for Canned {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Canned {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(self.answer(&request))
    }
}
