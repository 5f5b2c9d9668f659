//! The simulated services and an embedded DynamoDB, both in the caller's thread. Every write is checked immediately, because
//! some guarantees must hold at all times, not only at the end.

use super::gate::Answered;
use crate::lab::{REGION, TABLE};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use dynoxide::Database;
use futures_util::FutureExt;
use http_body_util::BodyExt;
use hyper::body::Bytes;
use insights_simulator::{Offline, Service, database};
use insights_sources::Shape;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Services and table.
pub struct Backend {
    /// The services.
    pub services: Offline,
    database: Database,
    written: Mutex<Written>,
}

#[derive(Default)]
struct Written {
    items: BTreeMap<(String, String), Value>,
    violations: Vec<String>,
    watermarks: Vec<String>,
}

impl Backend {
    /// `services` with an empty database.
    ///
    /// # Panics
    ///
    /// If the database cannot be created.
    pub fn new(services: Offline) -> Self {
        let database = Database::memory().expect("a database in memory");
        Self { services, database, written: Mutex::default() }
    }

    /// Answers a request immediately.
    pub fn answer(&self, request: &HttpRequest) -> Answered {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let body = request.body().bytes().unwrap_or_default();
        if let Some(operation) = database::operation(target) {
            return Ok(self.table(operation, body));
        }
        let mut outgoing = hyper::Request::builder().method(request.method()).uri(request.uri());
        for (name, value) in request.headers() {
            outgoing = outgoing.header(name, value);
        }
        let outgoing = outgoing.body(body.to_vec().into()).expect("a request");
        let answer = self.send(outgoing).ok_or_else(|| ConnectorError::io("reset".into()))?;
        let (parts, body) = answer.into_parts();
        Ok(respond(
            parts.status.as_u16(),
            parts.headers.iter().map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            }),
            SdkBody::from(body.to_vec()),
        ))
    }

    /// The answer of a simulated service; `None` if the connection would be reset.
    fn send(&self, request: hyper::Request<Bytes>) -> Option<hyper::Response<Bytes>> {
        // The services never wait, so one poll completes the answer.
        let (parts, body) = self.services.answer(request).now_or_never().flatten()?.into_parts();
        let body = body.collect().now_or_never().expect("a body").expect("a body");
        Some(hyper::Response::from_parts(parts, body.to_bytes()))
    }

    /// The answer of `operation` as JSON, requested directly.
    ///
    /// # Panics
    ///
    /// If `service` has no such operation.
    pub fn call(&self, service: Service, operation: &str, parameters: &Value) -> Value {
        let operation = service.operation(operation).expect("an operation");
        let request = service.request(operation, parameters, REGION).expect("a request");
        let answer = self.send(request).map(hyper::Response::into_body).unwrap_or_default();
        serde_json::from_slice(&answer).unwrap_or_default()
    }

    fn table(&self, operation: &str, body: &[u8]) -> HttpResponse {
        let database = &self.database;
        let (status, text) = database::answer(database, operation, body);
        if status == 200 {
            self.check_write(operation, body, &text);
        }
        let content_type = ("content-type".to_owned(), "application/x-amz-json-1.0".to_owned());
        let date = ("date".to_owned(), self.services.date());
        respond(status, [content_type, date], SdkBody::from(text))
    }

    /// Checks the items of a successful write.
    fn check_write(&self, operation: &str, body: &[u8], answer: &str) {
        let Ok(request) = serde_json::from_slice::<Value>(body) else { return };
        let items = match operation {
            "PutItem" => vec![request["Item"].clone()],
            "BatchExecuteStatement" => inserted(&request, answer),
            "UpdateItem" => {
                let get = json!({"TableName": TABLE, "Key": request["Key"]}).to_string();
                let (_, found) = database::answer(&self.database, "GetItem", get.as_bytes());
                let found: Value = serde_json::from_str(&found).unwrap_or_default();
                vec![found["Item"].clone()]
            }
            _ => return,
        };
        for item in items {
            self.check_item(&item);
        }
    }

    fn check_item(&self, item: &Value) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let text = |name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
        let key = (text("pk"), text("sk"));
        if key.0.len() > 2_048 || key.1.len() > 1_024 || key.0.is_empty() || key.1.is_empty() {
            written.violations.push(format!("DynamoDB rejects the key: {key:?}"));
        }
        let before = written.items.insert(key.clone(), item.clone());
        if text("sk") == "state"
            && item["watermark"] != before.as_ref().map_or(Value::Null, |old| old["watermark"].clone())
        {
            written.watermarks.push(text("watermark"));
        }
        if let Some(before) = before {
            let violations =
                lost_between(&before, item).into_iter().map(|what| format!("{} {}: {what}", key.0, key.1));
            written.violations.extend(violations);
        }
    }

    /// The watermarks that were written since the last call.
    pub fn take_watermarks(&self) -> Vec<String> {
        std::mem::take(&mut self.written.lock().unwrap_or_else(PoisonError::into_inner).watermarks)
    }

    /// The guarantees that writes have violated so far.
    pub fn violations(&self) -> Vec<String> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).violations.clone()
    }

    /// The item with this key, as last written, in the JSON of DynamoDB.
    pub fn item(&self, pk: &str, sk: &str) -> Option<Value> {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.items.get(&(pk.to_owned(), sk.to_owned())).cloned()
    }
}

/// The items of a successful batch of `INSERT INTO "table" VALUE {'name': ?, …}`.
fn inserted(request: &Value, answer: &str) -> Vec<Value> {
    let answer: Value = serde_json::from_str(answer).unwrap_or_default();
    let statements = request["Statements"].as_array().into_iter().flatten();
    let responses = answer["Responses"].as_array().into_iter().flatten();
    let stored = statements.zip(responses).filter(|(_, response)| response.get("Error").is_none());
    let item = |(statement, _): (&Value, &Value)| {
        let text = statement["Statement"].as_str().unwrap_or_default();
        let names = text.split('\'').skip(1).step_by(2).map(str::to_owned);
        let values = statement["Parameters"].as_array().into_iter().flatten().cloned();
        Value::Object(names.zip(values).collect())
    };
    stored.map(item).collect()
}

/// Data that a write removed although it must be kept.
fn lost_between(before: &Value, after: &Value) -> Vec<String> {
    let mut lost = Vec::new();
    let text = |item: &Value, name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
    for half in ["start", "end"] {
        if !before["detail"]["M"][half].is_null() && after["detail"]["M"][half].is_null() {
            lost.push(format!("the {half} event was removed"));
        }
    }
    if is_series(&text(before, "kind")) && text(after, "covered_from") > text(before, "covered_from") {
        lost.push("a chunk starts later".to_owned());
    }
    if text(before, "kind") == "state" && text(after, "watermark") < text(before, "watermark") {
        lost.push("the watermark moved back".to_owned());
    }
    lost
}

/// Whether a kind of record is a part of a metric series.
pub fn is_series(kind: &str) -> bool {
    insights_sources::kind(kind).is_some_and(|kind| kind.shape == Shape::Series)
}

/// An answer with a status, headers and a body.
pub fn respond(
    status: u16,
    headers: impl IntoIterator<Item = (String, String)>,
    body: SdkBody,
) -> HttpResponse {
    let status = status.try_into().expect("a status");
    let mut response = HttpResponse::new(status, body);
    for (name, value) in headers {
        response.headers_mut().insert(name, value);
    }
    response
}
