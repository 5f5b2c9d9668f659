//! The services without a network, one operation of which answers what the fuzzer says. The table is empty, and keeps what
//! is put only to have its keys looked at.

use crate::{now, seed};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use futures_util::FutureExt;
use http_body_util::BodyExt;
use insights_shared::time::Clock;
use insights_simulator::{Offline, Scenario};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// An HTTP client that asks nobody.
#[derive(Clone, Debug)]
pub struct Canned(Arc<Inner>);

/// The operation whose answer is the fuzzer's.
#[derive(Debug)]
pub struct Replaced {
    /// How its `X-Amz-Target` ends, or its path; a path that ends with `/` goes on with an id.
    pub wire: &'static str,
    /// The answer's status.
    pub status: u16,
    /// The answer's body.
    pub body: Vec<u8>,
}

#[derive(Debug)]
struct Inner {
    services: Arc<Offline>,
    replaced: Option<Replaced>,
    puts: Mutex<Vec<Value>>,
}

/// What names a request: the operation, the address and the body.
type Asked = (String, String, Vec<u8>);

/// The most answers that are remembered.
const MOST_ANSWERED: usize = 1_000;

thread_local! {
    /// What the services have answered: at one instant they answer the same again, and asking costs time.
    static ANSWERED: RefCell<HashMap<Asked, (u16, Vec<u8>)>> = RefCell::default();
    static SERVICES: Arc<Offline> = Arc::new(services());
}

/// Services that answer as they should.
pub fn services() -> Offline {
    let scenario = Scenario::parse(seed::SERVICES, now()).expect("a scenario without faults");
    Offline::new(scenario, Clock::Fixed(now()))
}

impl Canned {
    /// The client of services that answer as they should, but for what is `replaced`.
    pub fn new(replaced: Option<Replaced>) -> Self {
        let services = SERVICES.with(Arc::clone);
        services.clear_log();
        Self(Arc::new(Inner { services, replaced, puts: Mutex::default() }))
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
        if let Some(Replaced { wire, status, body }) = &self.0.replaced
            && (operation == *wire || (wire.ends_with('/') && operation.starts_with(wire)))
        {
            return Ok(respond(*status, body.clone()));
        }
        if is_table {
            return Ok(respond(200, b"{}".to_vec()));
        }
        let asked =
            (operation.to_owned(), uri.to_owned(), request.body().bytes().unwrap_or_default().to_vec());
        if let Some((status, body)) = ANSWERED.with_borrow(|answered| answered.get(&asked).cloned()) {
            return Ok(respond(status, body));
        }
        let mut outgoing = hyper::Request::builder().method(request.method()).uri(uri);
        for (name, value) in request.headers() {
            outgoing = outgoing.header(name, value);
        }
        let outgoing =
            outgoing.body(asked.2.clone().into()).map_err(|error| ConnectorError::user(error.into()))?;
        let answer = self.0.services.answer(outgoing).now_or_never().flatten();
        let answer = answer.ok_or_else(|| ConnectorError::io("reset".into()))?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().now_or_never().and_then(Result::ok);
        let body = body.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
        ANSWERED.with_borrow_mut(|answered| {
            if answered.len() < MOST_ANSWERED {
                answered.insert(asked, (status, body.clone()));
            }
        });
        Ok(respond(status, body))
    }

    fn keep(&self, operation: &str, request: &HttpRequest) {
        if operation == "PutItem" {
            let body = request.body().bytes().unwrap_or_default();
            let mut put: Value = serde_json::from_slice(body).expect("a request is JSON");
            self.0.puts.lock().unwrap_or_else(PoisonError::into_inner).push(put["Item"].take());
        }
    }
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
