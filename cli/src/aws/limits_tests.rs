use super::*;
use crate::http;
use aws_config::Region;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials};
use insights_query::{Error, Place, Reader};
use insights_shared::environment::Environment;
use insights_sources::xray;
use std::net::TcpListener;

/// A client for the port `port` of this machine, and its waiting calls.
fn client(port: u16, limits: CallLimits) -> (Client, PendingCalls) {
    let limited = LimitedClient::new(http::https(&Environment::default()).unwrap(), limits);
    limited.in_region("eu-west-1");
    let waiting = limited.waiting.clone();
    let configuration = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::from_static("eu-west-1"))
        .endpoint_url(format!("http://127.0.0.1:{port}"))
        .credentials_provider(Credentials::new("a", "b", None, None, "test"))
        .http_client(limited)
        .timeout_config(limits.timeouts())
        .retry_config(aws_config::retry::RetryConfig::standard().with_max_attempts(limits.attempts))
        .build();
    (Client::from_conf(configuration), waiting)
}

async fn failure(client: Client) -> Error {
    let place = Place { account_id: "123456789012".to_owned(), region: "eu-west-1".to_owned() };
    let reader = Reader::new(client, "insights", "2026-03-01T12:00:00Z".parse().unwrap());
    reader.last_runs(xray::SOURCE, &place, 1).await.unwrap_err()
}

/// A listener that accepts connections and never responds, and its port.
fn silent() -> (TcpListener, u16) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

#[tokio::test(start_paused = true)]
async fn a_call_ends_if_the_table_accepts_the_connection_but_never_responds() {
    let (_listener, port) = silent();
    for limits in [CallLimits::INTERACTIVE, CallLimits::CREATE_TABLE] {
        let (client, waiting) = client(port, limits);
        let began = Instant::now();
        let failure = failure(client).await;
        let took = began.elapsed();
        assert!(took <= CallLimits::INTERACTIVE.operation + Duration::from_secs(9), "{took:?}");
        assert!(took >= CallLimits::INTERACTIVE.read, "{took:?}");
        assert!(failure.to_string().contains("Query: Timeout"), "{failure:?}");
        assert!(failure.advice().unwrap().contains("check AWS_REGION"), "{failure:?}");
        assert!(waiting.notified.load(Ordering::Relaxed), "the notice was printed");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_connection_is_an_error_within_five_seconds_despite_retries() {
    let (listener, port) = silent();
    drop(listener);
    for attempts in [3, 6] {
        let (client, _) = client(port, CallLimits { attempts, ..CallLimits::INTERACTIVE });
        let began = Instant::now();
        let failure = failure(client).await;
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        let message = failure.to_string();
        assert!(message.contains("Query: Connection") && message.contains("refused"), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_notice_is_printed_once_and_only_without_a_response_in_time() {
    let millis = |millis: u64| tokio::time::sleep(Duration::from_millis(millis));
    let waiting = PendingCalls::default();
    waiting.watch("http://a", millis(800)).await;
    waiting.answered("http://a");
    assert!(!waiting.notified.load(Ordering::Relaxed));
    // Two attempts of 0.6 seconds: 1.2 seconds without a response.
    waiting.watch("http://b", millis(600)).await;
    assert!(!waiting.notified.load(Ordering::Relaxed));
    waiting.watch("http://b", millis(600)).await;
    assert!(waiting.notified.load(Ordering::Relaxed));
}

#[test]
fn each_limit_is_shorter_than_the_next() {
    for CallLimits { connect, read, attempt, operation, .. } in
        [CallLimits::INTERACTIVE, CallLimits::CREATE_TABLE]
    {
        assert!(connect <= read && read <= attempt && attempt < operation);
        assert!(connect + NOTICE_AFTER < operation, "the notice comes before the end");
    }
}

#[test]
fn an_endpoint_is_shown_without_path_and_password() {
    for (uri, expected) in [
        ("https://dynamodb.eu-west-1.amazonaws.com/", "https://dynamodb.eu-west-1.amazonaws.com"),
        ("http://user:secret@127.0.0.1:8000/x?y", "http://127.0.0.1:8000"),
        ("http://[::1]:9", "http://[::1]:9"),
    ] {
        assert_eq!(endpoint(uri), expected);
    }
}
