//! A server of the Lambda Runtime API (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>). It sends
//! invocations to a function and receives the responses. It starts no process and has no timeout; the caller is responsible
//! for both.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use insights_shared::time::Clock;
use serde_json::{Value, json};
use std::collections::{HashMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::JoinHandle;

use crate::connections::{self, Limits};
use crate::guard::Guard;
use crate::scenario::uuid;
use crate::state::lock;

/// The largest response of a function in bytes.
const LARGEST_RESPONSE: usize = 6 * 1024 * 1024;
/// There is no time limit for a function that waits for an invocation or processes one.
const LIMITS: Limits = Limits { head: None, ..Limits::DEFAULT };
/// The default ARN of a function.
const DEFAULT_ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:simulated";

/// The context of an invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// The deadline in milliseconds since the epoch.
    pub deadline: i64,
    /// The function's ARN.
    pub function_arn: String,
    /// The request id.
    pub request_id: String,
    /// Headers that replace Lambda's or are added; `None` removes one.
    pub headers: Vec<(&'static str, Option<Vec<u8>>)>,
}

/// The result of an invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The function responded with this JSON.
    Response(String),
    /// The function reported an error.
    Error {
        /// Such as `Payload.Invalid`.
        error_type: String,
        /// The function's message.
        message: String,
    },
    /// The function failed before it requested the invocation.
    InitError {
        /// Such as `Config.Invalid`.
        error_type: String,
        /// The function's message.
        message: String,
    },
}

/// An error that a function reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorBody {
    /// Such as `Config.Invalid`.
    pub error_type: String,
    /// The function's message.
    pub message: String,
}

/// A running Runtime API for one function. It stops when it is dropped.
#[derive(Debug)]
pub struct RuntimeApi {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    waiting: Mutex<VecDeque<(Invocation, Vec<u8>)>>,
    arrived: Notify,
    in_progress: Mutex<HashMap<String, oneshot::Sender<Outcome>>>,
    init_error: watch::Sender<Option<ErrorBody>>,
}

/// An invocation whose caller waits for the outcome. Dropping it removes the invocation, so that a function that starts later
/// does not receive it.
struct Pending<'a> {
    shared: &'a Shared,
    request_id: String,
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        lock(&self.shared.waiting).retain(|(waiting, _)| waiting.request_id != self.request_id);
        lock(&self.shared.in_progress).remove(&self.request_id);
    }
}

impl Default for Invocation {
    /// A deadline in 15 minutes, a function in eu-west-1, and a random request id.
    fn default() -> Self {
        let now = Clock::System.now();
        Self {
            deadline: now.plus_seconds(15 * 60).millis(),
            function_arn: DEFAULT_ARN.to_owned(),
            request_id: uuid(rand::random(), "invocation"),
            headers: Vec::new(),
        }
    }
}

impl RuntimeApi {
    /// Starts a server on a free port of the loopback interface.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            waiting: Mutex::default(),
            arrived: Notify::new(),
            in_progress: Mutex::default(),
            init_error: watch::Sender::new(None),
        });
        let guard = Arc::new(Guard::default());
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{request_id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{request_id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .layer(DefaultBodyLimit::max(LARGEST_RESPONSE))
            .layer(middleware::from_fn_with_state(guard, check))
            .with_state(Arc::clone(&shared));
        let server =
            tokio::spawn(connections::serve_router(listener, LIMITS, router, std::future::pending()));
        Ok(Self { address, shared, server })
    }

    /// Host and port, for `AWS_LAMBDA_RUNTIME_API`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Passes `payload` to the function when it requests an invocation, and waits for the outcome. It also returns if the
    /// function reports an initialization error, or has reported one since its last request. It does not return if the
    /// function exits without a report.
    pub async fn invoke(&self, payload: impl Into<Vec<u8>>, invocation: Invocation) -> Outcome {
        let (sender, receiver) = oneshot::channel();
        let pending = Pending { shared: &self.shared, request_id: invocation.request_id.clone() };
        lock(&self.shared.in_progress).insert(pending.request_id.clone(), sender);
        lock(&self.shared.waiting).push_back((invocation, payload.into()));
        self.shared.arrived.notify_one();
        tokio::select! {
            biased;
            outcome = receiver => outcome.unwrap_or_else(|_| Outcome::Error {
                error_type: "Runtime.Replaced".to_owned(),
                message: "another invocation took the same request id".to_owned(),
            }),
            ErrorBody { error_type, message } = self.wait_init_error() => Outcome::InitError { error_type, message },
        }
    }

    /// The initialization error since the function last requested an invocation, if there is one.
    pub fn init_error(&self) -> Option<ErrorBody> {
        self.shared.init_error.borrow().clone()
    }

    /// Waits until the function reports an initialization error.
    pub async fn wait_init_error(&self) -> ErrorBody {
        let mut errors = self.shared.init_error.subscribe();
        loop {
            if let Some(error) = errors.borrow_and_update().clone() {
                return error;
            }
            if errors.changed().await.is_err() {
                // The sender lives as long as `self`, so this is not reached.
                std::future::pending::<()>().await;
            }
        }
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The environment variables of a function called `name` with the Runtime API at `address`, as Lambda sets them.
pub fn function_environment(address: &str, name: &str) -> Vec<(String, String)> {
    let log_group = format!("/aws/lambda/{name}");
    [
        ("AWS_LAMBDA_RUNTIME_API", address),
        ("AWS_LAMBDA_FUNCTION_NAME", name),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", log_group.as_str()),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "simulated"),
    ]
    .into_iter()
    .map(|(variable, value)| (variable.to_owned(), value.to_owned()))
    .collect()
}

/// Rejects requests of pages in a browser.
async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    match guard.check(&request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => {
            let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::FORBIDDEN);
            let body = json!({"errorType": refusal.code(), "errorMessage": refusal.to_string()}).to_string();
            (status, [("content-type", "application/json")], body).into_response()
        }
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    // A function that requests an invocation has started, so an earlier error no longer applies.
    shared.init_error.send_replace(None);
    let (invocation, payload) = loop {
        let arrived = shared.arrived.notified();
        let waiting = lock(&shared.waiting).pop_front();
        match waiting {
            Some(waiting) => break waiting,
            None => arrived.await,
        }
    };
    let mut headers = HeaderMap::new();
    let trace_id = format!("Root=1-{:08x}-{:024x}", Clock::System.now().seconds(), rand::random::<u64>());
    for (name, value) in [
        ("content-type", "application/json"),
        ("lambda-runtime-aws-request-id", invocation.request_id.as_str()),
        ("lambda-runtime-deadline-ms", invocation.deadline.to_string().as_str()),
        ("lambda-runtime-invoked-function-arn", invocation.function_arn.as_str()),
        ("lambda-runtime-trace-id", trace_id.as_str()),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    for (name, value) in invocation.headers {
        match value.map(HeaderValue::try_from) {
            Some(Ok(value)) => drop(headers.insert(name, value)),
            Some(Err(error)) => tracing::warn!(%error, name, "invalid header value"),
            None => drop(headers.remove(name)),
        }
    }
    (StatusCode::OK, headers, payload).into_response()
}

async fn response(
    State(shared): State<Arc<Shared>>,
    Path(request_id): Path<String>,
    body: Bytes,
) -> Response {
    let outcome = Outcome::Response(String::from_utf8_lossy(&body).into_owned());
    shared.finish(&request_id, outcome)
}

async fn error(
    State(shared): State<Arc<Shared>>,
    Path(request_id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let ErrorBody { error_type, message } = ErrorBody::read(&headers, &body);
    shared.finish(&request_id, Outcome::Error { error_type, message })
}

async fn init_error(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    shared.init_error.send_replace(Some(ErrorBody::read(&headers, &body)));
    accepted()
}

impl Shared {
    fn finish(&self, request_id: &str, outcome: Outcome) -> Response {
        let Some(sender) = lock(&self.in_progress).remove(request_id) else {
            let body = r#"{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}"#;
            return (StatusCode::BAD_REQUEST, [("content-type", "application/json")], body).into_response();
        };
        // The caller may have stopped waiting.
        let _ = sender.send(outcome);
        accepted()
    }
}

impl ErrorBody {
    fn read(headers: &HeaderMap, body: &Bytes) -> Self {
        let value: Value = serde_json::from_slice(body).unwrap_or_default();
        let member = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let header = headers.get("lambda-runtime-function-error-type").and_then(|value| value.to_str().ok());
        Self {
            error_type: member("errorType").or_else(|| header.map(str::to_owned)).unwrap_or_default(),
            message: member("errorMessage").unwrap_or_else(|| String::from_utf8_lossy(body).into_owned()),
        }
    }
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, [("content-type", "application/json")], r#"{"status":"OK"}"#).into_response()
}
