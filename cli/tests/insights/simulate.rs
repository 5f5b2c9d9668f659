//! `simulate`: variables, table, faults, log, and stopping.
use crate::support::{command, finish};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

/// A running simulator that stops when it is dropped.
struct Simulate {
    process: Child,
    variables: Vec<(String, String)>,
}

impl Simulate {
    /// Starts a simulator on a free port and reads its output.
    fn start(arguments: &[&str]) -> Self {
        let mut process = command(&[&["simulate", "--port", "0"], arguments].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut variables = Vec::new();
        for line in BufReader::new(process.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            if let Some((name, value)) = line.strip_prefix("export ").and_then(|line| line.split_once('=')) {
                variables.push((name.to_owned(), value.to_owned()));
            }
            if line.starts_with("unset ") {
                break;
            }
        }
        Self { process, variables }
    }

    fn url(&self) -> &str {
        &self.variables.iter().find(|(name, _)| name == "AWS_ENDPOINT_URL").expect("no endpoint").1
    }

    fn client(&self) -> Client {
        let configuration = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("eu-west-1"))
            .endpoint_url(self.url())
            .credentials_provider(Credentials::new("x", "x", None, None, "test"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        Client::from_conf(configuration)
    }

    /// Sends a signal as a terminal or service manager would, and returns the exit code and the log.
    fn end(mut self, signal: &str) -> (i32, String) {
        let ended = Command::new("kill").args([signal, &self.process.id().to_string()]).status().unwrap();
        assert!(ended.success());
        let mut log = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (self.process.wait().unwrap().code().unwrap_or(-1), log)
    }
}

impl Drop for Simulate {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn the_simulator_serves_a_table_logs_calls_and_counts_them() {
    let simulate = Simulate::start(&["--fault", "ListTables=denied:1@1"]);
    let client = simulate.client();
    let tables = client.list_tables().send().await.unwrap();
    assert_eq!(tables.table_names(), ["insights"]);
    assert!(client.list_tables().send().await.is_err(), "the fault applies to the second call");

    // The printed variables are sufficient for other programs.
    let mut create = command(&["table", "create"]);
    create.envs(simulate.variables.iter().map(|(name, value)| (name, value)));
    let run = finish(&mut create);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stderr.contains("table insights already exists"), "{}", run.stderr);

    drop(client);
    let (code, log) = simulate.end("-INT");
    assert_eq!(code, 0, "{log}");
    assert!(log.contains("dynamodb:ListTables 123456789012/eu-west-1 200\n"), "{log}");
    assert!(log.contains("(fault: denied)"), "{log}");
    // Two ListTables calls, and five calls to the existing table: create, wait, check the schema, check the settings.
    assert!(log.contains("7 calls\n") && log.contains("  dynamodb:ListTables "), "{log}");
}

#[tokio::test]
async fn the_table_is_optional_and_tables_can_be_in_a_file() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("tables.db");
    let file = file.to_str().unwrap();
    let first = Simulate::start(&["--table", "kept", "--table-file", file]);
    assert!(first.variables.contains(&("TABLE_NAME".to_owned(), "kept".to_owned())));
    assert_eq!(first.end("-TERM").0, 0);
    let second = Simulate::start(&["--no-table", "--table-file", file]);
    assert!(!second.variables.iter().any(|(name, _)| name == "TABLE_NAME"));
    let tables = second.client().list_tables().send().await.unwrap();
    assert_eq!(tables.table_names(), ["kept"]);
}

/// The status of the response to a request with this `Host` and these headers.
fn status(simulate: &Simulate, host: &str, headers: &str) -> String {
    let address = simulate.url().replace("http://", "");
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let head = format!(
        "POST /Groups HTTP/1.1\r\nhost: {host}\r\ncontent-length: 0\r\nconnection: close\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(!response.to_lowercase().contains("access-control-"), "{response}");
    response.split(' ').nth(1).unwrap_or_default().to_owned()
}

#[test]
fn requests_from_other_sites_are_rejected_and_further_host_names_can_be_allowed() {
    let simulate = Simulate::start(&[
        "--allow-host",
        "sim.example",
        "--allow-host",
        "Docker.Internal:9000",
        "--no-table",
    ]);
    let own = simulate.url().replace("http://", "");
    // 403 for a missing signature is the response of the service.
    for (host, headers, expected) in [
        (own.as_str(), "", "403"),
        ("sim.example", "", "403"),
        ("SIM.example:8080", "", "403"),
        ("docker.internal:9000", "", "403"),
        ("docker.internal:9001", "", "421"),
        ("other.example", "", "421"),
        ("sim.example.evil.example", "", "421"),
    ] {
        assert_eq!(status(&simulate, host, headers), expected, "{host}");
    }
    let calls = 4;
    status(&simulate, &own, "origin: null\r\n");
    status(&simulate, &own, "origin: http://sim.example\r\n");
    status(&simulate, "sim.example", "origin: http://evil.example\r\n");
    let (code, log) = simulate.end("-TERM");
    assert_eq!(code, 0, "{log}");
    assert!(log.contains(&format!("{calls} calls\n")), "refused requests are no calls: {log}");
    assert!(log.contains("a request was refused") && log.contains("other.example"), "and are logged: {log}");
    for wrong in ["http://sim.example", "*", "a b", "name:port"] {
        let run = crate::support::insights(&["simulate", "--allow-host", wrong]);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stderr.contains("must be a host name or an address"), "{}", run.stderr);
    }
}

#[test]
fn a_port_in_use_is_an_error_with_a_remedy() {
    let first = Simulate::start(&[]);
    let port = first.url().rsplit(':').next().unwrap();
    let run = crate::support::insights(&["simulate", "--port", port]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stderr.contains("use another --port"), "{}", run.stderr);
}
