//! The Runtime API, with requests of a function's runtime.

use insights_simulator::runtime_api::{ErrorBody, Outcome, function_environment};
use insights_simulator::{Invocation, RuntimeApi};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PREFIX: &str = "/2018-06-01/runtime";

async fn send(api: &RuntimeApi, line: &str, headers: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(api.address()).await.unwrap();
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}",
        api.address()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn next(api: &RuntimeApi) -> String {
    send(api, &format!("GET {PREFIX}/invocation/next"), "", "").await
}

fn invocation(request_id: &str) -> Invocation {
    Invocation { request_id: request_id.to_owned(), deadline: 1_700_000_000_123, ..Invocation::default() }
}

#[tokio::test]
async fn an_invocation_goes_to_the_function_and_its_answer_comes_back() {
    let api = RuntimeApi::start().await.unwrap();
    let function = async {
        let event = next(&api).await;
        for expected in [
            "HTTP/1.1 200",
            "lambda-runtime-aws-request-id: first",
            "lambda-runtime-deadline-ms: 1700000000123",
            "lambda-runtime-invoked-function-arn: arn:aws:lambda:eu-west-1:123456789012:function:simulated",
            "lambda-runtime-trace-id: Root=1-",
        ] {
            assert!(event.contains(expected), "{expected} not in {event}");
        }
        assert!(event.ends_with("\r\n\r\n{\"a\":1}"), "{event}");
        let line = format!("POST {PREFIX}/invocation/first/response");
        let accepted = send(&api, &line, "", "{\"b\":2}").await;
        assert!(accepted.starts_with("HTTP/1.1 202"), "{accepted}");
        let again = send(&api, &line, "", "{\"b\":3}").await;
        assert!(again.starts_with("HTTP/1.1 400") && again.contains("InvalidRequestID"), "{again}");
    };
    let (outcome, ()) = tokio::join!(api.invoke("{\"a\":1}", invocation("first")), function);
    assert_eq!(outcome, Outcome::Response("{\"b\":2}".to_owned()));
}

#[tokio::test]
async fn an_error_is_returned_with_the_message_of_the_function() {
    let api = RuntimeApi::start().await.unwrap();
    let function = async {
        next(&api).await;
        let body = r#"{"errorType":"Payload.Invalid","errorMessage":"no"}"#;
        send(&api, &format!("POST {PREFIX}/invocation/first/error"), "", body).await;
    };
    let (outcome, ()) = tokio::join!(api.invoke("{}", invocation("first")), function);
    assert_eq!(outcome, Outcome::Error { error_type: "Payload.Invalid".into(), message: "no".into() });
}

#[tokio::test]
async fn a_function_that_cannot_start_ends_the_invocation() {
    let api = RuntimeApi::start().await.unwrap();
    let function = async {
        let headers = "lambda-runtime-function-error-type: Config.Invalid\r\n";
        send(&api, &format!("POST {PREFIX}/init/error"), headers, r#"{"errorMessage":"no table"}"#).await;
    };
    let (outcome, ()) = tokio::join!(api.invoke("{}", invocation("first")), function);
    let error = ErrorBody { error_type: "Config.Invalid".into(), message: "no table".into() };
    let (error_type, message) = (error.error_type.clone(), error.message.clone());
    assert_eq!(outcome, Outcome::InitError { error_type, message });
    assert_eq!(api.init_error(), Some(error.clone()));
    assert_eq!(api.wait_init_error().await, error);
}

#[tokio::test]
async fn an_invocation_whose_caller_has_stopped_waiting_is_withdrawn() {
    let api = RuntimeApi::start().await.unwrap();
    let given_up = tokio::time::timeout(Duration::from_millis(20), api.invoke("1", invocation("a"))).await;
    assert!(given_up.is_err());
    let function = async {
        assert!(next(&api).await.ends_with('2'));
        send(&api, &format!("POST {PREFIX}/invocation/b/response"), "", "null").await;
    };
    let (outcome, ()) = tokio::join!(api.invoke("2", invocation("b")), function);
    assert_eq!(outcome, Outcome::Response("null".into()));
}

#[tokio::test]
async fn invocations_are_delivered_in_order_and_answered_in_any_order() {
    let api = RuntimeApi::start().await.unwrap();
    let function = async {
        let (first, second) = (next(&api).await, next(&api).await);
        assert!(first.ends_with('1') && second.ends_with('2'), "{first} {second}");
        for id in ["b", "a"] {
            send(&api, &format!("POST {PREFIX}/invocation/{id}/response"), "", &format!("\"{id}\"")).await;
        }
    };
    let (a, b, ()) =
        tokio::join!(api.invoke("1", invocation("a")), api.invoke("2", invocation("b")), function);
    assert_eq!((a, b), (Outcome::Response("\"a\"".into()), Outcome::Response("\"b\"".into())));
}

#[test]
fn the_environment_has_the_variables_that_the_runtime_requires() {
    let environment = function_environment("127.0.0.1:9", "xray-insights");
    for expected in [
        ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9"),
        ("AWS_LAMBDA_FUNCTION_NAME", "xray-insights"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/xray-insights"),
    ] {
        let found = environment.iter().any(|(name, value)| (name.as_str(), value.as_str()) == expected);
        assert!(found, "{expected:?} not in {environment:?}");
    }
}
