//! Helpers of these tests: run the program, and read an embedded database without it.
#![allow(dead_code, reason = "each test file uses its own part of this")]

pub mod story;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

/// The result of a run of the program.
#[derive(Debug)]
pub struct Run {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// The program without the AWS configuration of the user.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_insights"));
    command.args(arguments).env_clear().env("AWS_EC2_METADATA_DISABLED", "true").stdin(Stdio::null());
    command
}

/// Runs the program to its end.
pub fn insights(arguments: &[&str]) -> Run {
    finish(&mut command(arguments))
}

/// Runs `command` to its end.
pub fn finish(command: &mut Command) -> Run {
    let output = command.output().unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// All items of `table` in the embedded database `file`, by key, as DynamoDB JSON.
pub fn items(file: &Path, table: &str) -> BTreeMap<(String, String), serde_json::Value> {
    let database = dynoxide::Database::new(file.to_str().unwrap()).unwrap();
    let mut items = BTreeMap::new();
    let mut start = None;
    loop {
        let request = dynoxide::actions::scan::ScanRequest {
            table_name: table.to_owned(),
            exclusive_start_key: start.take(),
            ..Default::default()
        };
        let answer = serde_json::to_value(database.scan(request).unwrap()).unwrap();
        for item in answer["Items"].as_array().unwrap() {
            let key = |name: &str| item[name]["S"].as_str().unwrap().to_owned();
            items.insert((key("pk"), key("sk")), item.clone());
        }
        match answer.get("LastEvaluatedKey") {
            Some(key) if !key.is_null() => start = Some(serde_json::from_value(key.clone()).unwrap()),
            _ => return items,
        }
    }
}

/// A record as DynamoDB JSON.
pub fn wire(record: &insights_shared::value::Map) -> serde_json::Value {
    use insights_shared::value::Value;
    fn attribute(value: &Value) -> serde_json::Value {
        match value {
            Value::Null => serde_json::json!({"NULL": true}),
            Value::Bool(value) => serde_json::json!({"BOOL": value}),
            Value::Number(number) => serde_json::json!({"N": number.as_str()}),
            Value::String(text) => serde_json::json!({"S": text.as_str()}),
            Value::List(list) => serde_json::json!({"L": list.iter().map(attribute).collect::<Vec<_>>()}),
            Value::Map(map) => serde_json::json!({"M": wire(map)}),
        }
    }
    record.iter().map(|(name, inner)| (name.clone(), attribute(inner))).collect()
}
