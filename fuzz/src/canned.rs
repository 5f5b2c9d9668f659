//! The services without a network. The answer of one operation comes from the fuzzer. The table is empty; items that are put
//! are kept only for the checks.

use crate::answer::Operation;
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

/// An HTTP client without a network.
#[derive(Clone, Debug)]
pub struct Canned(Arc<Inner>);

/// The answer of the fuzzer.
#[derive(Debug)]
pub struct Replaced {
    /// The operation whose answer is replaced.
    pub operation: Operation,
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

/// Identifies a request: the header `x-amz-target`, the address and the body.
type Request = (String, String, Vec<u8>);

/// The most answers that are cached.
const MAX_ANSWERED: usize = 1_000;

thread_local! {
    /// The answers of the services, which do not change because the time does not.
    static ANSWERED: RefCell<HashMap<Request, (u16, Vec<u8>)>> = RefCell::default();
    static SERVICES: Arc<Offline> = Arc::new(services());
}

/// Services without faults.
pub fn services() -> Offline {
    let scenario = Scenario::parse(seed::SERVICES, now()).expect("a scenario without faults");
    Offline::new(scenario, Clock::Fixed(now()))
}

impl Canned {
    /// The client of services without faults, with one answer `replaced`.
    pub fn new(replaced: Option<Replaced>) -> Self {
        let services = SERVICES.with(Arc::clone);
        services.clear_log();
        Self(Arc::new(Inner { services, replaced, puts: Mutex::default() }))
    }

    /// Removes and returns the items that were put.
    pub fn puts(&self) -> Vec<Value> {
        std::mem::take(&mut *self.0.puts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let uri = request.uri();
        let path = uri.splitn(4, '/').nth(3).and_then(|path| path.split('?').next()).unwrap_or_default();
        let is_table = target.starts_with("DynamoDB");
        if is_table && target.ends_with(".PutItem") {
            self.keep(request);
        }
        if let Some(Replaced { operation, status, body }) = &self.0.replaced
            && let header = Some(target).filter(|target| !target.is_empty())
            && let found = operation.service.requested(request.method(), &format!("/{path}"), header)
            && found.is_some_and(|found| found.name == operation.simulated.name)
        {
            return Ok(respond(*status, body.clone()));
        }
        if is_table {
            return Ok(respond(200, b"{}".to_vec()));
        }
        let key = (target.to_owned(), uri.to_owned(), request.body().bytes().unwrap_or_default().to_vec());
        if let Some((status, body)) = ANSWERED.with_borrow(|answered| answered.get(&key).cloned()) {
            return Ok(respond(status, body));
        }
        let mut outgoing = hyper::Request::builder().method(request.method()).uri(uri);
        for (name, value) in request.headers() {
            outgoing = outgoing.header(name, value);
        }
        let outgoing =
            outgoing.body(key.2.clone().into()).map_err(|error| ConnectorError::user(error.into()))?;
        let answer = self.0.services.answer(outgoing).now_or_never().flatten();
        let answer = answer.ok_or_else(|| ConnectorError::io("reset".into()))?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().now_or_never().and_then(Result::ok);
        let body = body.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
        ANSWERED.with_borrow_mut(|answered| {
            if answered.len() < MAX_ANSWERED {
                answered.insert(key, (status, body.clone()));
            }
        });
        Ok(respond(status, body))
    }

    fn keep(&self, request: &HttpRequest) {
        let body = request.body().bytes().unwrap_or_default();
        let mut put: Value = serde_json::from_slice(body).expect("a request is JSON");
        self.0.puts.lock().unwrap_or_else(PoisonError::into_inner).push(put["Item"].take());
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
