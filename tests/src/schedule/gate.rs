//! An HTTP client without sockets, at which every request waits until the schedule lets it arrive, and every answer until
//! the schedule lets it be delivered. It knows no services.

use crate::lab::REGION;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// What comes of a request.
pub type Answered = Result<HttpResponse, ConnectorError>;

/// A request on its way, or its answer.
#[derive(Debug)]
pub enum Stage {
    /// It has not arrived.
    Sent(Box<HttpRequest>),
    /// It has been answered; the answer has not arrived.
    Answered(Box<Answered>),
}

/// One call under way.
#[derive(Debug)]
pub struct Call {
    /// Which task made it.
    pub task: usize,
    /// How far it has come.
    pub stage: Stage,
    reply: oneshot::Sender<Answered>,
}

impl Call {
    /// Whether nobody waits for the answer any more.
    pub fn is_orphan(&self) -> bool {
        self.reply.is_closed()
    }

    /// The call with its answer on the way back.
    #[must_use]
    pub fn answered(self, answer: Answered) -> Self {
        Self { stage: Stage::Answered(Box::new(answer)), ..self }
    }

    /// Gives the answer on its way to whoever waits.
    pub fn deliver_own(self) {
        if let Stage::Answered(answer) = self.stage {
            // Whoever asked may be gone, as over a network.
            let _ = self.reply.send(*answer);
        }
    }

    /// Gives `answer` to whoever waits.
    pub fn deliver(self, answer: Answered) {
        // Whoever asked may be gone, as over a network.
        let _ = self.reply.send(answer);
    }
}

/// The calls of all tasks, by the turn in which they were made.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<Mutex<(u64, BTreeMap<u64, Call>)>>);

impl Gate {
    /// The client of one task.
    pub fn client(&self, task: usize) -> GateClient {
        GateClient { gate: self.clone(), task }
    }

    fn lock(&self) -> MutexGuard<'_, (u64, BTreeMap<u64, Call>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The calls that wait.
    pub fn waiting(&self) -> Vec<u64> {
        self.lock().1.keys().copied().collect()
    }

    /// Takes a call out.
    pub fn take(&self, turn: u64) -> Option<Call> {
        self.lock().1.remove(&turn)
    }

    /// Puts a call back.
    pub fn put_back(&self, turn: u64, call: Call) {
        self.lock().1.insert(turn, call);
    }

    /// Drops the calls that `lost` says are lost, of those that nobody waits for.
    pub fn lose_orphans(&self, mut lost: impl FnMut() -> bool) {
        self.lock().1.retain(|_, call| !call.is_orphan() || !lost());
    }
}

/// What the SDK of one task is given.
#[derive(Clone, Debug)]
pub struct GateClient {
    gate: Gate,
    task: usize,
}

impl HttpClient for GateClient {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for GateClient {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (reply, answer) = oneshot::channel();
        let mut inner = self.gate.lock();
        inner.0 += 1;
        let turn = inner.0;
        let call = Call { task: self.task, stage: Stage::Sent(Box::new(request)), reply };
        inner.1.insert(turn, call);
        HttpConnectorFuture::new(async move {
            answer.await.unwrap_or_else(|_| Err(ConnectorError::io("the request was lost".into())))
        })
    }
}

/// A look-up of the insight events of management calls, signed by nobody in particular.
pub fn look_up() -> HttpRequest {
    let mut request = HttpRequest::new(SdkBody::from("{\"EventCategory\":\"insight\"}"));
    let target = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents";
    let signature = format!(
        "AWS4-HMAC-SHA256 Credential=AKIA/20260301/{REGION}/cloudtrail/aws4_request, SignedHeaders=host, Signature=ab"
    );
    let headers = [
        ("x-amz-target", target.to_owned()),
        ("x-amz-date", "20260301T120000Z".to_owned()),
        ("content-type", "application/x-amz-json-1.1".to_owned()),
        ("authorization", signature),
    ];
    for (name, value) in headers {
        request.headers_mut().insert(name, value);
    }
    // Nothing here refuses the method or the address.
    let _ = request.set_method("POST");
    let _ = request.set_uri("http://simulated.invalid/");
    request
}
