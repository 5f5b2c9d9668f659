//! A server of the Lambda Runtime API: it hands a function its invocations and takes its answers, as the service does
//! for a custom runtime. It starts no process and has no timeout of its own; whoever does both reads the outcome here.

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

/// The largest answer that Lambda takes from a function.
const LARGEST_RESPONSE: usize = 6 * 1024 * 1024;
/// A function waits for its next invocation as long as there is none, and keeps its connection while it works.
const LIMITS: Limits = Limits { head: None, ..Limits::DEFAULT };
/// The ARN of a function that is not told another.
const DEFAULT_ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:simulated";

/// What a function learns about one invocation beside its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// When it has to be done, in milliseconds since the epoch.
    pub deadline: i64,
    /// The function's ARN.
    pub function_arn: String,
    /// The request's id.
    pub request_id: String,
    /// Headers that this runtime gives in place of Lambda's, or in addition to them; `None` is one that it leaves out.
    pub headers: Vec<(&'static str, Option<Vec<u8>>)>,
}

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The function answered with this JSON.
    Response(String),
    /// The function reported an error.
    Error {
        /// Such as `Payload.Invalid`.
        error_type: String,
        /// In the function's words.
        message: String,
    },
    /// The function never came so far as to take the invocation.
    InitError {
        /// Such as `Config.Invalid`.
        error_type: String,
        /// In the function's words.
        message: String,
    },
}

/// An error as a function reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorBody {
    /// Such as `Config.Invalid`.
    pub error_type: String,
    /// In the function's words.
    pub message: String,
}

/// A running Runtime API for one function. It ends when it is dropped.
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
    under_way: Mutex<HashMap<String, oneshot::Sender<Outcome>>>,
    init_error: watch::Sender<Option<ErrorBody>>,
}

/// An invocation that somebody waits for. Dropped, it is withdrawn, so that a function that starts later does not find the
/// work of one that died.
struct Offer<'a> {
    shared: &'a Shared,
    request_id: String,
}

impl Drop for Offer<'_> {
    fn drop(&mut self) {
        lock(&self.shared.waiting).retain(|(waiting, _)| waiting.request_id != self.request_id);
        lock(&self.shared.under_way).remove(&self.request_id);
    }
}

impl Default for Invocation {
    /// 15 minutes from now, a function in eu-west-1, an id of its own.
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
    /// Starts one on a free port of the loopback interface.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            waiting: Mutex::default(),
            arrived: Notify::new(),
            under_way: Mutex::default(),
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

    /// Hands `payload` to the function, once it asks, and waits for what it makes of it. It also returns when the
    /// function reports that it could not start, or has reported so since it last asked for an invocation; it does not
    /// when the function dies without a word.
    pub async fn invoke(&self, payload: impl Into<Vec<u8>>, invocation: Invocation) -> Outcome {
        let (sender, receiver) = oneshot::channel();
        let offer = Offer { shared: &self.shared, request_id: invocation.request_id.clone() };
        lock(&self.shared.under_way).insert(offer.request_id.clone(), sender);
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

    /// The error that the function reported instead of asking for an invocation, if it has.
    pub fn init_error(&self) -> Option<ErrorBody> {
        self.shared.init_error.borrow().clone()
    }

    /// Waits until the function reports that it could not start.
    pub async fn wait_init_error(&self) -> ErrorBody {
        let mut errors = self.shared.init_error.subscribe();
        loop {
            if let Some(error) = errors.borrow_and_update().clone() {
                return error;
            }
            if errors.changed().await.is_err() {
                // The sender lives as long as `self`, so nothing can ever come.
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

/// The environment that Lambda gives a function called `name`, with the Runtime API at `address`: what `lambda_runtime`
/// cannot start without, and what it tells the function.
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

/// Lets through what a function sends, and no page of a browser.
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
    // A function that asks has started, whatever an earlier one reported.
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
            Some(Err(error)) => tracing::warn!(%error, name, "not a header's value"),
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
        let Some(sender) = lock(&self.under_way).remove(request_id) else {
            let body = r#"{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}"#;
            return (StatusCode::BAD_REQUEST, [("content-type", "application/json")], body).into_response();
        };
        // Whoever invoked may have stopped waiting, and then nobody misses the outcome.
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
