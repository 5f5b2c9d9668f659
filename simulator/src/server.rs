//! The HTTP server: checks the origin of each request, reads its body, and sends the response of the exchange or resets the
//! connection.

use crate::connections::{self, Limits};
use crate::exchange::Outcome;
use crate::guard::{Guard, Refusal};
use crate::operation::Operation;
use crate::protocol::answer::Reply;
use crate::protocol::request::{Received, Target};
use crate::protocol::signature::Signer;
use crate::service::Service;
use crate::state::SharedState;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use serde_json::json;
use std::io::{Error, ErrorKind};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// The maximum accepted body in bytes; DynamoDB's maximum is 16 MB.
const LARGEST_BODY: usize = 32 * 1024 * 1024;
/// The longest time for sending a body.
const LONGEST_BODY: Duration = Duration::from_mins(1);

/// A simulator that stops does not wait for calls, because a fault may let one hang.
const LIMITS: Limits = Limits { stop: Duration::ZERO, ..Limits::DEFAULT };

/// Serves connections until `stop` resolves. Dropping the future closes all connections.
pub(crate) async fn serve(
    state: Arc<SharedState>,
    guard: Guard,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) {
    let guard = Arc::new(guard);
    let answer = move |request| answer(Arc::clone(&state), Arc::clone(&guard), request);
    connections::serve(listener, LIMITS, answer, stop).await;
}

async fn answer(
    state: Arc<SharedState>,
    guard: Arc<Guard>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Error> {
    if let Err(refusal) = guard.check(&request) {
        tracing::warn!(%refusal, "a request was refused");
        return respond(refused(&refusal)).ok_or_else(reset);
    }
    let reading = tokio::time::timeout(LONGEST_BODY, receive(request));
    let received = reading.await.ok().flatten().ok_or_else(reset)?;
    match state.exchange(received).await {
        Outcome::Reply(reply) => respond(reply).ok_or_else(reset),
        Outcome::Reset => Err(reset()),
    }
}

/// The response to a request that the guard refuses, in a form that AWS clients show.
fn refused(refusal: &Refusal) -> Reply {
    let hint = match refusal {
        Refusal::Host(..) => "; start the simulator with --allow-host to accept another name",
        Refusal::Origin(_) => "",
    };
    let body = json!({"__type": refusal.code(), "message": format!("{refusal}{hint}")}).to_string();
    let headers = [("content-type", "application/json"), ("x-amzn-errortype", refusal.code())];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    Reply { status: refusal.status(), headers, body: body.into() }
}

/// The error that resets the connection.
fn reset() -> Error {
    Error::new(ErrorKind::ConnectionReset, "connection reset on purpose")
}

/// Reads the body of a request; `None` if the client stopped sending.
async fn receive(request: Request<Incoming>) -> Option<Received> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, LARGEST_BODY).collect().await.ok()?.to_bytes();
    Some(received(Request::from_parts(parts, body)))
}

impl Service {
    /// The operation that `request` names, with its service.
    pub fn identify(request: Request<Bytes>) -> Option<(Self, &'static Operation)> {
        let request = received(request);
        let signer = Signer::read(&request).ok();
        let scope = signer.and_then(|signer| Self::named(&signer.service));
        match request.target(crate::SERVICES, scope) {
            Target::Operation(service, operation, _) => Some((service, operation)),
            Target::Unknown(..) => None,
        }
    }
}

/// Converts a request with its body.
pub(crate) fn received(request: Request<Bytes>) -> Received {
    let (parts, body) = request.into_parts();
    let headers = parts
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    Received {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers,
        body,
    }
}

pub(crate) fn respond(reply: Reply) -> Option<Response<Full<Bytes>>> {
    let mut builder = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        builder = builder.header(name, value);
    }
    builder.body(Full::new(reply.body)).ok()
}
