//! The table: an embedded DynamoDB behind a port of its own, or in the caller's thread, to which the simulator passes on
//! what is meant for it, byte by byte. Half of a batch can be held back on request, and `pages` has what can befall the
//! pages of a listing. It knows nothing of keys and records.

use crate::protocol::answer::Reply;
use crate::protocol::request::Received;
use crate::world::lock;
use dynoxide::Database;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Map, Value, json};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Mutex;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Headers that belong to one connection, or that are written anew.
const HOP_BY_HOP: &[&str] =
    &["connection", "content-length", "host", "keep-alive", "transfer-encoding", "expect"];

pub(crate) mod pages;

/// A table to pass requests on to.
#[derive(Debug)]
pub(crate) enum Table {
    /// An embedded database that listens.
    Port(Box<Port>),
    /// One that is called.
    Here(Here),
}

/// A running embedded database.
#[derive(Debug)]
pub(crate) struct Port {
    address: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
    running: Mutex<Option<(oneshot::Sender<()>, JoinHandle<()>)>>,
}

/// Answers an operation's body with a status and a body, at once.
type Answer = dyn Fn(&str, &[u8]) -> (u16, String) + Send + Sync;

/// An embedded database in the caller's thread.
pub(crate) struct Here(pub(crate) Box<Answer>);

impl fmt::Debug for Here {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Here")
    }
}

impl Table {
    /// Starts to serve `database` on a free port of the loopback interface.
    pub(crate) async fn start(database: Database) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(async move {
            let shutdown = async move {
                // A dropped sender means the same as a sent word.
                let _ = stopped.await;
            };
            if let Err(error) = dynoxide::server::serve_with_shutdown(listener, database, shutdown).await {
                tracing::error!(error, "the embedded database stopped");
            }
        });
        let client = Client::builder(TokioExecutor::new()).build_http();
        let running = Mutex::new(Some((stop, server)));
        Ok(Self::Port(Box::new(Port { address, client, running })))
    }

    /// Passes `request` on and gives back the answer.
    pub(crate) async fn forward(&self, request: &Received) -> Result<Reply, String> {
        self.send(request, pages::unwrapped(&request.body)).await
    }

    /// Passes on half of the batch in `request` and answers that the rest was not processed.
    pub(crate) async fn forward_half(&self, request: &Received) -> Result<Reply, String> {
        let mut batch: Value = serde_json::from_slice(&request.body).map_err(|error| error.to_string())?;
        let reading = request.header("x-amz-target").is_some_and(|target| target.ends_with("BatchGetItem"));
        let held_back = hold_back(&mut batch, reading);
        let (rest, done) = if reading {
            ("UnprocessedKeys", "Responses")
        } else {
            ("UnprocessedItems", "ItemCollectionMetrics")
        };
        let empty = batch.get("RequestItems").and_then(Value::as_object).is_none_or(Map::is_empty);
        let mut reply = if empty {
            Reply { status: 200, headers: json_headers(), body: json!({done: {}}).to_string().into() }
        } else {
            self.send(request, batch.to_string().into()).await?
        };
        if reply.status == 200 {
            let mut answer: Value = serde_json::from_slice(&reply.body).map_err(|error| error.to_string())?;
            if let Some(members) = answer.as_object_mut() {
                merge(members.entry(rest).or_insert_with(|| json!({})), held_back, reading);
            }
            reply.body = answer.to_string().into();
            reply.headers.retain(|(name, _)| name != "x-amz-crc32");
        }
        Ok(reply)
    }

    /// Stops to serve, once what is under way has been answered.
    pub(crate) async fn stop(&self) {
        let Self::Port(port) = self else { return };
        let running = lock(&port.running).take();
        if let Some((stop, server)) = running {
            // The other end is gone only if the server is, and then there is nothing to wait for.
            let _ = stop.send(());
            let _ = server.await;
        }
    }

    async fn send(&self, request: &Received, body: Bytes) -> Result<Reply, String> {
        match self {
            Self::Port(port) => port.send(request, body).await,
            Self::Here(Here(answer)) => {
                let target = request.header("x-amz-target").unwrap_or_default();
                let operation = target.rsplit('.').next().unwrap_or_default();
                let (status, text) = answer(operation, &body);
                Ok(Reply { status, headers: json_headers(), body: text.into() })
            }
        }
    }
}

impl Port {
    async fn send(&self, request: &Received, body: Bytes) -> Result<Reply, String> {
        let mut builder = hyper::Request::builder()
            .method(request.method.as_str())
            .uri(format!("http://{}{}", self.address, request.path));
        for (name, value) in request.headers.iter().filter(|(name, _)| !HOP_BY_HOP.contains(&name.as_str())) {
            builder = builder.header(name, value);
        }
        let outgoing = builder.body(Full::new(body)).map_err(|error| error.to_string())?;
        let response = self.client.request(outgoing).await.map_err(|error| error.to_string())?;
        let (parts, body) = response.into_parts();
        let headers = parts
            .headers
            .iter()
            .filter(|(name, _)| !HOP_BY_HOP.contains(&name.as_str()))
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect();
        let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
        Ok(Reply { status: parts.status.as_u16(), headers, body })
    }
}

fn json_headers() -> Vec<(String, String)> {
    vec![("content-type".to_owned(), "application/x-amz-json-1.0".to_owned())]
}

/// Takes the second half of each table's part out of `batch` and gives it back by table.
fn hold_back(batch: &mut Value, reading: bool) -> Map<String, Value> {
    let mut held_back = Map::new();
    let Some(tables) = batch.get_mut("RequestItems").and_then(Value::as_object_mut) else { return held_back };
    for (table, part) in tables.iter_mut() {
        let list = if reading { part.get_mut("Keys") } else { Some(&mut *part) };
        let Some(list) = list.and_then(Value::as_array_mut) else { continue };
        let rest = list.split_off(list.len() / 2);
        let rest = if reading {
            let mut options = part.clone();
            if let Some(members) = options.as_object_mut() {
                members.insert("Keys".to_owned(), rest.into());
            }
            options
        } else {
            rest.into()
        };
        held_back.insert(table.clone(), rest);
    }
    tables.retain(|_, part| {
        let list = if reading { part.get("Keys") } else { Some(&*part) };
        list.and_then(Value::as_array).is_none_or(|list| !list.is_empty())
    });
    held_back
}

/// Adds what was held back to what the database itself left.
fn merge(left: &mut Value, held_back: Map<String, Value>, reading: bool) {
    let Some(left) = left.as_object_mut() else { return };
    for (table, part) in held_back {
        let Some(existing) = left.get_mut(&table) else {
            left.insert(table, part);
            continue;
        };
        let (target, source) = if reading {
            (existing.get_mut("Keys"), part.get("Keys"))
        } else {
            (Some(existing), Some(&part))
        };
        if let (Some(Value::Array(target)), Some(Value::Array(source))) = (target, source) {
            target.extend(source.iter().cloned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_a_batch_is_held_back_and_a_single_item_wholly() {
        let mut batch = json!({"RequestItems": {"a": [1, 2, 3], "b": [4]}});
        let held_back = hold_back(&mut batch, false);
        assert_eq!(batch, json!({"RequestItems": {"a": [1]}}));
        assert_eq!(Value::Object(held_back), json!({"a": [2, 3], "b": [4]}));
        let mut batch = json!({"RequestItems": {"a": {"Keys": [1, 2], "ConsistentRead": true}}});
        let held_back = hold_back(&mut batch, true);
        assert_eq!(batch, json!({"RequestItems": {"a": {"Keys": [1], "ConsistentRead": true}}}));
        assert_eq!(Value::Object(held_back), json!({"a": {"Keys": [2], "ConsistentRead": true}}));
    }
}
