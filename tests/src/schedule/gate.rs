//! An HTTP client without sockets: the schedule decides when a request arrives, and when its answer is delivered. It does not
//! depend on the services.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// The result of a request.
pub type Answered = Result<HttpResponse, ConnectorError>;

/// A request on its way, or its answer.
#[derive(Debug)]
pub enum Stage {
    /// The request has not arrived yet.
    Sent(Box<HttpRequest>),
    /// The request was answered, but the answer has not arrived yet.
    Answered(Box<Answered>),
}

/// A call in progress.
#[derive(Debug)]
pub struct Call {
    /// The number of its task.
    pub task: usize,
    /// Its stage.
    pub stage: Stage,
    reply: oneshot::Sender<Answered>,
}

impl Call {
    /// Whether its task has ended.
    pub fn is_orphan(&self) -> bool {
        self.reply.is_closed()
    }

    /// The same call, with its answer.
    #[must_use]
    pub fn answered(self, answer: Answered) -> Self {
        Self { stage: Stage::Answered(Box::new(answer)), ..self }
    }

    /// Delivers its own answer.
    pub fn deliver_own(self) {
        if let Stage::Answered(answer) = self.stage {
            // The task may have ended.
            let _ = self.reply.send(*answer);
        }
    }

    /// Delivers `answer`.
    pub fn deliver(self, answer: Answered) {
        // The task may have ended.
        let _ = self.reply.send(answer);
    }
}

/// The calls of all tasks in their order.
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

    /// The waiting calls.
    pub fn waiting(&self) -> Vec<u64> {
        self.lock().1.keys().copied().collect()
    }

    /// Removes a call and returns it.
    pub fn take(&self, turn: u64) -> Option<Call> {
        self.lock().1.remove(&turn)
    }

    /// Adds a call again.
    pub fn put_back(&self, turn: u64, call: Call) {
        self.lock().1.insert(turn, call);
    }

    /// Removes the calls of ended tasks for which `lost` returns true.
    pub fn lose_orphans(&self, mut lost: impl FnMut() -> bool) {
        self.lock().1.retain(|_, call| !call.is_orphan() || !lost());
    }
}

/// The HTTP client of one task.
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
