//! The connections of an HTTP/1.1 server. A connection ends when its client closes it, leaves it idle, or stops reading. This
//! file uses hyper instead of a framework, because only the owner of a connection can reset it.

use axum::Router;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutStream;

/// The local address of the connection, as an extension of every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local(pub SocketAddr);

/// Time limits of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From the start of the connection, or the end of a request, to the end of the next request's head.
    pub head: Option<Duration>,
    /// The maximum time until the client reads more of a response.
    pub read: Duration,
    /// The time for requests in progress when the server stops. After it, their connections are closed.
    pub stop: Duration,
}

impl Limits {
    /// The time for which AWS services keep an idle connection.
    pub const DEFAULT: Self = Self {
        head: Some(Duration::from_mins(1)),
        read: Duration::from_mins(1),
        stop: Duration::from_secs(5),
    };
}

/// Serves `router` until `stop` resolves and the requests in progress are answered.
pub async fn serve_router(
    listener: TcpListener,
    limits: Limits,
    router: Router,
    stop: impl Future<Output = ()>,
) {
    let service = TowerToHyperService::new(router);
    let answer = move |request| {
        let answered = service.call(request);
        async move { answered.await.map_err(|error: Infallible| match error {}) }
    };
    serve(listener, limits, answer, stop).await;
}

/// Serves connections until `stop` resolves and the requests in progress are answered. If `answer` fails, the connection is
/// reset.
pub async fn serve<F, R, B>(listener: TcpListener, limits: Limits, answer: F, stop: impl Future<Output = ()>)
where
    F: Fn(Request<Incoming>) -> R + Clone + Send + Unpin + 'static,
    R: Future<Output = Result<Response<B>, std::io::Error>> + Send + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let (stopping, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                connections.spawn(serve_connection(stream, limits, answer.clone(), stopped.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                // The process probably has no free file descriptors, so an immediate retry would fail too.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        // Removes finished connections.
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    stopping.send_replace(true);
    let finish = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(limits.stop, finish).await;
    // When this function returns, no connection uses the server's state any more.
    connections.shutdown().await;
}

async fn serve_connection<F, R, B>(
    stream: TcpStream,
    limits: Limits,
    answer: F,
    mut stopped: watch::Receiver<bool>,
) where
    F: Fn(Request<Incoming>) -> R + Send + Unpin + 'static,
    R: Future<Output = Result<Response<B>, std::io::Error>> + Send + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let Ok(local) = stream.local_addr() else { return };
    // Responses are small, and waiting for more data would delay them.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(limits.read));
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Local(local));
        // Boxed, because the connection must be movable.
        Box::pin(answer(request))
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.head);
    let mut connection = builder.serve_connection(TokioIo::new(Box::pin(stream)), service);
    let mut ended = None;
    tokio::select! {
        result = std::future::poll_fn(|context| connection.poll_without_shutdown(context)) => ended = Some(result),
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
    let ended = if let Some(ended) = ended {
        ended
    } else {
        Pin::new(&mut connection).graceful_shutdown();
        std::future::poll_fn(|context| connection.poll_without_shutdown(context)).await
    };
    let mut stream = connection.into_parts().io.into_inner();
    if ended.is_err_and(|error| error.is_user()) {
        // Closes the connection with a reset.
        let _ = stream.get_ref().set_zero_linger();
    } else {
        let _ = stream.shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::Full;
    use hyper::body::Bytes;
    use std::sync::Arc;
    use tokio::io::AsyncReadExt;
    use tokio::sync::{Notify, mpsc, oneshot};

    /// Short limits, so that tests need not wait.
    const SHORT: Limits =
        Limits { head: Some(Duration::from_millis(50)), read: Duration::from_millis(50), ..Limits::DEFAULT };
    /// A limit that is reached only if a test hangs.
    const TIMEOUT: Duration = Duration::from_secs(30);
    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

    async fn started<R, B>(
        limits: Limits,
        answer: impl Fn(Request<Incoming>) -> R + Clone + Send + Unpin + 'static,
    ) -> (SocketAddr, oneshot::Sender<()>)
    where
        R: Future<Output = Result<Response<B>, std::io::Error>> + Send + 'static,
        B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async {
            let _ = stopped.await;
        };
        tokio::spawn(serve(listener, limits, answer, stopped));
        (address, stop)
    }

    async fn hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, std::io::Error> {
        Ok(Response::new("hello".into()))
    }

    /// Reads until the server closes the connection.
    async fn rest(stream: &mut TcpStream) -> String {
        let mut text = String::new();
        let reading = stream.read_to_string(&mut text);
        tokio::time::timeout(TIMEOUT, reading).await.expect("the connection stays open").unwrap();
        text
    }

    #[tokio::test]
    async fn a_connection_that_sends_nothing_or_half_of_a_head_is_closed() {
        let (address, _stop) = started(SHORT, hello).await;
        for sent in ["", "GET", "GET / HTTP/1.1\r\nhost: localhost\r\n"] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(sent.as_bytes()).await.unwrap();
            assert_eq!(rest(&mut stream).await, "", "{sent}");
        }
    }

    #[tokio::test]
    async fn a_head_that_comes_byte_by_byte_has_the_same_time_limit() {
        let (address, _stop) = started(SHORT, hello).await;
        let (mut reader, mut writer) = TcpStream::connect(address).await.unwrap().into_split();
        let trickle = async {
            while writer.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let mut bytes = Vec::new();
        // The connection ends with a reset if bytes were in transit.
        let ended = async { while reader.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {} };
        tokio::select! {
            () = ended => {}
            () = trickle => {}
            () = tokio::time::sleep(TIMEOUT) => panic!("the connection stays open"),
        }
    }

    #[tokio::test]
    async fn an_idle_connection_is_closed_after_its_response() {
        let (address, _stop) = started(SHORT, hello).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(REQUEST).await.unwrap();
        assert!(rest(&mut stream).await.ends_with("\r\n\r\nhello"));
    }

    #[tokio::test]
    async fn a_response_has_no_time_limit() {
        let go_on = Arc::new(Notify::new());
        let waits = Arc::clone(&go_on);
        let answer = move |request| {
            let waits = Arc::clone(&waits);
            async move {
                waits.notified().await;
                hello(request).await
            }
        };
        let (address, _stop) = started(SHORT, answer).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(REQUEST).await.unwrap();
        // By the time the idle connection is closed, this connection would have been closed too.
        let mut idle = TcpStream::connect(address).await.unwrap();
        rest(&mut idle).await;
        go_on.notify_one();
        assert!(rest(&mut stream).await.ends_with("\r\n\r\nhello"));
    }

    /// A body of many megabytes that reports when it is dropped.
    struct Large(Vec<u8>, mpsc::UnboundedSender<()>);

    impl AsRef<[u8]> for Large {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }

    impl Drop for Large {
        fn drop(&mut self) {
            let _ = self.1.send(());
        }
    }

    #[tokio::test]
    async fn the_connection_of_a_client_that_stops_reading_is_closed() {
        let (dropped, mut seen) = mpsc::unbounded_channel();
        let answer = move |_| {
            let body = Bytes::from_owner(Large(vec![0; 64 << 20], dropped.clone()));
            async move { Ok(Response::new(Full::new(body))) }
        };
        let (address, _stop) = started(SHORT, answer).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(REQUEST).await.unwrap();
        assert_eq!(tokio::time::timeout(TIMEOUT, seen.recv()).await, Ok(Some(())));
    }

    #[tokio::test]
    async fn a_failed_answer_resets_the_connection() {
        let answer = |_| async { Err::<Response<Full<Bytes>>, _>(std::io::Error::other("on purpose")) };
        let (address, _stop) = started(Limits::DEFAULT, answer).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(REQUEST).await.unwrap();
        let error = stream.read_to_string(&mut String::new()).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }

    #[tokio::test]
    async fn a_server_that_stops_answers_requests_in_progress_and_closes_other_connections() {
        let started_answer = Arc::new(Notify::new());
        let go_on = Arc::new(Notify::new());
        let (starts, waits) = (Arc::clone(&started_answer), Arc::clone(&go_on));
        let answer = move |request| {
            let (starts, waits) = (Arc::clone(&starts), Arc::clone(&waits));
            async move {
                starts.notify_one();
                waits.notified().await;
                hello(request).await
            }
        };
        let (address, stop) = started(Limits::DEFAULT, answer).await;
        let mut idle = TcpStream::connect(address).await.unwrap();
        let mut busy = TcpStream::connect(address).await.unwrap();
        busy.write_all(REQUEST).await.unwrap();
        started_answer.notified().await;
        stop.send(()).unwrap();
        assert_eq!(rest(&mut idle).await, "");
        go_on.notify_one();
        assert!(rest(&mut busy).await.ends_with("\r\n\r\nhello"));
        assert!(TcpStream::connect(address).await.is_err(), "the port is still open");
    }
}
