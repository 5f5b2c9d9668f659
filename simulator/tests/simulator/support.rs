//! A client that returns status, headers and body of a response, or how the connection ended.

use insights_shared::time::{Clock, Timestamp};
use insights_simulator::{Options, Scenario, Simulator};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The time of these tests.
pub const NOW: &str = "2026-03-01T12:00:00Z";
/// A closed insight of one hour with three events.
pub const CLOSED: &str = "22222222-2222-4222-8222-222222222222";

/// A small scenario: one group with three insights, and pages of two items.
pub const SCENARIO: &str = r#"
[xray]
page_size = 2
[[xray.groups]]
name = "shop"
insights_enabled = true
[[xray.groups]]
name = "Default"
[[xray.groups]]
name = "third"
[[xray.insights]]
id = "22222222-2222-4222-8222-222222222222"
group = "shop"
start = "-3h"
end = "-2h"
categories = ["FAULT"]
root_cause = "pay"
events = [
    { time = "-2h 50m", summary = "a", client = { fault = 1, ok = 2, total = 3 } },
    { time = "-2h 40m", summary = "b" },
    { time = "-2h 30m", summary = "c" },
]
[[xray.insights]]
name = "two"
group = "shop"
start = "-3h"
[[xray.insights]]
name = "three"
group = "shop"
start = "-4h"

[sts]
roles = [
    { arn = "arn:aws:iam::111122223333:role/refused", deny = true },
    { arn = "arn:aws:iam::111122223333:role/guarded", external_id = "sesame" },
]
"#;

/// A response.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Response {
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// How a request without an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The connection was reset.
    Reset,
    /// The connection was closed.
    Closed,
    /// No response came in time.
    Silence,
}

/// The time in `text`.
pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Starts a simulator of the small scenario with the options that `change` sets.
pub async fn start(change: impl FnOnce(&mut Options)) -> Simulator {
    let scenario = Scenario::parse(SCENARIO, at(NOW)).unwrap();
    let mut options = Options { scenario, clock: Clock::Fixed(at(NOW)), ..Options::default() };
    change(&mut options);
    Simulator::start(options).await.unwrap()
}

/// A signature with this region and service in its scope.
pub fn signed(key: &str, region: &str, service: &str) -> (String, String) {
    let value = format!(
        "AWS4-HMAC-SHA256 Credential={key}/20260301/{region}/{service}/aws4_request, SignedHeaders=host, Signature=00"
    );
    ("Authorization".to_owned(), value)
}

/// Sends one request and reads the response.
pub async fn send(
    simulator: &Simulator,
    line: &str,
    headers: &[(String, String)],
    body: &str,
) -> Result<Response, Ending> {
    let address = simulator.url().replace("http://", "");
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let mut request = format!(
        "{line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nX-Amz-Date: 20260301T120000Z\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        request = request + name + ": " + value + "\r\n";
    }
    request.push_str("\r\n");
    request.push_str(body);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let reading = stream.read_to_end(&mut bytes);
    match tokio::time::timeout(std::time::Duration::from_secs(3), reading).await {
        Err(_) => return Err(Ending::Silence),
        Ok(Err(_)) => return Err(Ending::Reset),
        Ok(Ok(0)) => return Err(Ending::Closed),
        Ok(Ok(_)) => {}
    }
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.map(|line| line.split_once(": ").unwrap()).map(|(a, b)| (a.to_owned(), b.to_owned()));
    let response = Response { status, headers: headers.collect(), body: body.to_owned() };
    assert_eq!(response.header("content-length"), response.body.len().to_string(), "{response:?}");
    Ok(response)
}

/// Calls X-Ray at `path` with `body`.
pub async fn xray(simulator: &Simulator, path: &str, body: &str) -> Result<Response, Ending> {
    send(simulator, &format!("POST {path}"), &[signed("AKID", "eu-west-1", "xray")], body).await
}

/// Calls `operation` of CloudTrail.
pub async fn cloudtrail(simulator: &Simulator, operation: &str, body: &str) -> Result<Response, Ending> {
    let target = format!("com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.{operation}");
    let headers = [("X-Amz-Target".to_owned(), target), signed("AKID", "eu-west-1", "cloudtrail")];
    send(simulator, "POST /", &headers, body).await
}

/// Calls Audit Manager at `path`.
pub async fn auditmanager(simulator: &Simulator, path: &str) -> Result<Response, Ending> {
    send(simulator, &format!("GET {path}"), &[signed("AKID", "eu-west-1", "auditmanager")], "").await
}

/// Calls STS with a form.
pub async fn sts(simulator: &Simulator, form: &str) -> Result<Response, Ending> {
    send(simulator, "POST /", &[signed("AKID", "us-east-1", "sts")], form).await
}

/// Calls `operation` of DynamoDB.
pub async fn dynamodb(simulator: &Simulator, operation: &str, body: &str) -> Result<Response, Ending> {
    let headers = [
        ("X-Amz-Target".to_owned(), format!("DynamoDB_20120810.{operation}")),
        ("Content-Type".to_owned(), "application/x-amz-json-1.0".to_owned()),
        signed("AKID", "eu-west-1", "dynamodb"),
    ];
    send(simulator, "POST /", &headers, body).await
}
