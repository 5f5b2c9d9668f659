//! Requests of pages of other origins, over real connections: they are refused, and no response has a CORS header.

use crate::support::{dynamodb, signed, start};
use insights_simulator::{RuntimeApi, Simulator};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends `head` and `body` to `address`, which replaces ADDRESS, and returns the status and the whole response.
async fn ask(address: &str, head: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = head.replace("ADDRESS", address);
    let request = format!("{head}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    (text.split(' ').nth(1).unwrap().parse().unwrap(), text.to_lowercase())
}

fn address(simulator: &Simulator) -> String {
    simulator.url().replace("http://", "")
}

const TABLE: &str = r#"{"TableName":"stolen","BillingMode":"PAY_PER_REQUEST",
    "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],
    "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}]}"#;

#[tokio::test]
async fn a_page_of_another_origin_neither_reads_nor_writes() {
    let simulator = start(|_| {}).await;
    let (name, value) = signed("AKID", "eu-west-1", "dynamodb");
    let signature = format!("{name}: {value}\r\nx-amz-date: 20260301T120000Z");
    for (headers, status) in [
        ("host: ADDRESS", 200),
        ("host: ADDRESS\r\norigin: http://ADDRESS", 200),
        ("host: ADDRESS\r\norigin: http://evil.example", 403),
        ("host: ADDRESS\r\norigin: null", 403),
        ("host: ADDRESS\r\norigin: http://localhost:1", 403),
        ("host: ADDRESS\r\nsec-fetch-site: cross-site\r\nsec-fetch-mode: no-cors", 403),
        ("host: ADDRESS\r\nsec-fetch-site: cross-site\r\nsec-fetch-mode: navigate", 403),
        ("host: evil.example:80", 421),
        ("host: ADDRESS.evil.example", 421),
        ("x-host: ADDRESS", 421),
    ] {
        for (operation, body) in [("CreateTable", TABLE), ("ListTables", "{}")] {
            let head = format!(
                "POST / HTTP/1.1\r\n{headers}\r\nx-amz-target: DynamoDB_20120810.{operation}\r\n{signature}"
            );
            let (answered, text) = ask(&address(&simulator), &head, body).await;
            assert_eq!(answered, status, "{operation} {headers}: {text}");
            assert!(!text.contains("access-control-"), "{headers}: {text}");
            assert_eq!(text.contains("tablenames"), status == 200 && operation == "ListTables", "{text}");
            // So that the next request can create it.
            dynamodb(&simulator, "DeleteTable", r#"{"TableName":"stolen"}"#).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_preflight_gets_no_permission() {
    let simulator = start(|_| {}).await;
    for (origin, refused) in [("http://evil.example", true), ("null", true), ("http://ADDRESS", false)] {
        let head = format!(
            "OPTIONS / HTTP/1.1\r\nhost: ADDRESS\r\norigin: {origin}\r\naccess-control-request-method: POST\r\n\
             access-control-request-headers: authorization,x-amz-target"
        );
        let (status, text) = ask(&address(&simulator), &head, "").await;
        assert_eq!(status == 403, refused, "{origin}: {text}");
        assert!(!text.contains("access-control-"), "{origin}: {text}");
    }
}

#[tokio::test]
async fn a_rejected_request_is_not_a_call_and_states_what_to_do() {
    let simulator =
        start(|options| options.allowed_hosts = vec!["host.docker.internal".parse().unwrap()]).await;
    let post = |host: &str| format!("POST /Groups HTTP/1.1\r\nhost: {host}");
    let (status, text) = ask(&address(&simulator), &post("container:8080"), "{}").await;
    assert_eq!(status, 421);
    for expected in
        ["the host container:8080 is not allowed here", "--allow-host", "x-amzn-errortype: hostnotallowed"]
    {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert_eq!(simulator.log(), []);
    let (status, _) = ask(&address(&simulator), &post("host.docker.internal:8080"), "{}").await;
    assert_eq!((status, simulator.log().len()), (403, 1), "it is answered: there is no signature");
}

const ERROR: &str = "POST /2018-06-01/runtime/init/error HTTP/1.1";

#[tokio::test]
async fn the_runtime_api_has_the_same_guard() {
    let api = RuntimeApi::start().await.unwrap();
    for (headers, status) in [
        ("host: evil.example", 421),
        ("host: ADDRESS\r\norigin: http://evil.example", 403),
        ("host: ADDRESS\r\norigin: null", 403),
        ("host: ADDRESS\r\nsec-fetch-site: cross-site", 403),
    ] {
        let (answered, text) = ask(&api.address(), &format!("{ERROR}\r\n{headers}"), "{}").await;
        assert_eq!(answered, status, "{headers}: {text}");
        assert!(!text.contains("access-control-"), "{headers}: {text}");
        assert_eq!(api.init_error(), None, "{headers}");
    }
    assert_eq!(ask(&api.address(), &format!("{ERROR}\r\nhost: ADDRESS"), "{}").await.0, 202);
}
