//! The HTTP server: accepts connections, reads each request whole, and sends what the exchange gives back, or resets the
//! connection where it gives nothing. It uses hyper itself rather than a framework, since only the owner of a connection
//! can reset it.

use crate::exchange::Outcome;
use crate::protocol::answer::Reply;
use crate::protocol::request::Received;
use crate::world::World;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::fmt;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// The largest body that is read; DynamoDB's largest is 16 MB.
const LARGEST_BODY: usize = 32 * 1024 * 1024;

/// Serves connections until the future is dropped, and all connections with it.
pub(crate) async fn serve(world: Arc<World>, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(serve_connection(Arc::clone(&world), stream));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                // Most likely there are no file descriptors left, and trying at once would only burn time.
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
        // Finished connections are taken out, so that a long run does not hoard them.
        while connections.try_join_next().is_some() {}
    }
}

async fn serve_connection(world: Arc<World>, stream: TcpStream) {
    // Answers are small and awaited: holding them back for more to come would only delay them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request: Request<Incoming>| {
        let world = Arc::clone(&world);
        // Boxed, since the connection is polled by hand and has to stay movable to be taken apart.
        Box::pin(async move {
            let Some(received) = receive(request).await else { return Err(Dropped) };
            match world.exchange(received).await {
                Outcome::Reply(reply) => respond(reply).ok_or(Dropped),
                Outcome::Reset => Err(Dropped),
            }
        })
    });
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let ended = std::future::poll_fn(|context| connection.poll_without_shutdown(context)).await;
    let mut stream = connection.into_parts().io.into_inner();
    if ended.is_err() {
        // Closing now sends a reset instead of an orderly end.
        let _ = stream.set_zero_linger();
    } else {
        let _ = tokio::io::AsyncWriteExt::shutdown(&mut stream).await;
    }
}

/// Reads a request whole; `None` if the client broke off.
async fn receive(request: Request<Incoming>) -> Option<Received> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, LARGEST_BODY).collect().await.ok()?.to_bytes();
    Some(received(Request::from_parts(parts, body)))
}

/// A request whose body is there.
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

/// Tells hyper to give up the connection.
#[derive(Debug)]
struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("connection dropped on purpose")
    }
}

impl std::error::Error for Dropped {}
