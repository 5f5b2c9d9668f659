use super::*;
use crate::http;
use aws_config::Region;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials};
use insights_query::{Error, Place, Reader};
use insights_shared::environment::Environment;
use insights_sources::xray;
use std::net::TcpListener;

/// A client of what listens at `port` of this machine, with what is noted of it.
fn client(port: u16, limits: CallLimits) -> (Client, Waiting) {
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

/// A listener that takes connections and never answers, and its port.
fn silent() -> (TcpListener, u16) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

#[tokio::test(start_paused = true)]
async fn a_table_that_takes_the_connection_and_never_answers_is_given_up() {
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
async fn a_refused_connection_is_told_within_five_seconds_however_often_a_call_is_tried() {
    let (listener, port) = silent();
    drop(listener);
    for attempts in [3, 6] {
        let (client, _) = client(port, CallLimits { attempts, ..CallLimits::INTERACTIVE });
        let began = Instant::now();
        let failure = failure(client).await;
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        let told = failure.to_string();
        assert!(told.contains("Query: Connection") && told.contains("refused"), "{told}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_notice_comes_once_and_only_where_no_answer_comes_in_time() {
    let after = |seconds: u64| tokio::time::sleep(Duration::from_secs(seconds));
    let waiting = Waiting::default();
    waiting.watch("http://a", after(1)).await;
    waiting.answered("http://a");
    assert!(!waiting.notified.load(Ordering::Relaxed));
    // Two attempts of a second and a half: three seconds without an answer.
    let millis = |millis: u64| tokio::time::sleep(Duration::from_millis(millis));
    waiting.watch("http://b", millis(1_500)).await;
    assert!(!waiting.notified.load(Ordering::Relaxed));
    waiting.watch("http://b", millis(1_500)).await;
    assert!(waiting.notified.load(Ordering::Relaxed));
}

#[test]
fn limits_are_within_each_other() {
    for CallLimits { connect, read, attempt, operation, .. } in
        [CallLimits::INTERACTIVE, CallLimits::CREATE_TABLE]
    {
        assert!(connect <= read && read <= attempt && attempt < operation);
        assert!(connect + NOTICE_AFTER < operation, "the notice comes before the end");
    }
}

#[test]
fn an_endpoint_is_named_without_path_and_password() {
    for (uri, expected) in [
        ("https://dynamodb.eu-west-1.amazonaws.com/", "https://dynamodb.eu-west-1.amazonaws.com"),
        ("http://user:secret@127.0.0.1:8000/x?y", "http://127.0.0.1:8000"),
        ("http://[::1]:9", "http://[::1]:9"),
    ] {
        assert_eq!(endpoint(uri), expected);
    }
}
