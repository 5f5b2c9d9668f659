//! Tables in files: commands that read change nothing, commands that write complete the file, `purge` erases
//! everything, and no other process can reach the table.
mod erasure;
mod graph;
mod reading;
mod sockets;
mod writing;

use crate::support::story::{Story, insight};
use crate::support::{Run, command, finish};
use dynoxide::Database;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::SystemTime;
use tempfile::TempDir;

const NOW: &str = "2026-03-01T12:00:00Z";
const GONE: &str = "111122223333";
const STAYS: &str = "123456789012";
/// A text in all records of the purged account, and in no others.
const TEXT: &str = "zebra-crossing";
/// Commands that only read. FOLDER stands for a writable folder.
const READING: [&[&str]; 10] = [
    &["list"],
    &["list", "--open", "--output", "json"],
    &["show", "payments"],
    &["series"],
    &["compliance"],
    &["timeline"],
    &["status"],
    &["report", "--out", "FOLDER/report.html"],
    &["report", "--out", "-"],
    &["purge", "--account", GONE, "--dry-run"],
];

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn put(database: &Database, item: &str) {
    let item = insights_shared::value::Value::from_json(item).unwrap();
    let insights_shared::value::Value::Map(item) = item else { panic!("not an object") };
    let request = serde_json::json!({"TableName": "insights", "Item": crate::support::wire(&item)});
    database.put_item(serde_json::from_value(request).unwrap()).unwrap();
}

/// A table in a file in its own folder, with one open insight.
fn table() -> (TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("data/table.db");
    std::fs::create_dir(root.path().join("data")).unwrap();
    assert_eq!(crate::support::insights(&["table", "create", "--local", text(&file)]).code, 0);
    let database = Database::new(text(&file)).unwrap();
    put(&database, &insight("xray", "payments", "2026-02-28T00:00:00.000Z", "", ""));
    (root, file)
}

/// Names, modification times and contents of all files in a folder.
fn state(folder: &Path) -> BTreeMap<String, (SystemTime, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let entry = |entry: std::fs::DirEntry| {
        let changed = entry.metadata().unwrap().modified().unwrap();
        (entry.file_name().into_string().unwrap(), (changed, std::fs::read(entry.path()).unwrap()))
    };
    entries.map(entry).collect()
}

/// A command that reads `file`.
fn reading(arguments: &[&str], file: &Path, writable: &Path) -> Command {
    let arguments: Vec<String> =
        arguments.iter().map(|argument| argument.replace("FOLDER", text(writable))).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut command = command(&[&["__as-of", NOW], arguments.as_slice(), &["--local", text(file)]].concat());
    command.env("TZ", "UTC").current_dir(writable);
    command
}

fn end(child: &mut Child) {
    let ended = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(ended.success() && child.wait().unwrap().success());
}
