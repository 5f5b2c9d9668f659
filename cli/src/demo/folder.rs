//! The folder of the demo: the table, the logs, and `demo.json` with the start time of the scenario. Only one demo at a
//! time can use a folder.

use crate::exit::Failure;
use insights_shared::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// The maximum duration of a demo in seconds, with a wide margin.
const LONGEST_DEMO: i64 = 60;
/// Metric buckets and days end at multiples of this number of seconds.
const BUCKET: i64 = 300;

/// A folder that is locked by this process.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    anchor: Timestamp,
    /// The lock is held while this file is open.
    _lock: File,
}

/// The content of `demo.json`.
#[derive(Debug, Serialize, Deserialize)]
struct Description {
    /// The start time of the scenario.
    anchor: String,
    /// The version that created the folder.
    made_by: String,
}

impl Folder {
    /// Opens the folder at `path`. A new folder is created with the start time `now`.
    pub fn open(path: &Path, now: Timestamp) -> Result<Self, Failure> {
        let file = path.join("demo.json");
        let made_before = file.exists();
        if !made_before && path.join("table.db").exists() {
            let message = format!(
                "{} has a table.db but no demo.json, so it is not a folder of a demo",
                path.display()
            );
            return Err(Failure::usage(format!("{message}: choose another folder by --dir")));
        }
        let logs = path.join("logs");
        let made = std::fs::create_dir_all(&logs);
        made.map_err(|error| Failure::of(format!("creating the folder {}", logs.display()), error))?;
        let failed = |error: std::io::Error| Failure::of(format!("opening {}", file.display()), error);
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&file)
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::Failed(format!("another demo is running in {}", path.display())));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let mut text = String::new();
        lock.read_to_string(&mut text).map_err(failed)?;
        let anchor = if text.is_empty() {
            let anchor = anchor_at(now);
            let version = env!("CARGO_PKG_VERSION").to_owned();
            let description = Description { anchor: anchor.to_string(), made_by: version };
            let text = serde_json::to_string_pretty(&description).map_err(|error| failed(error.into()))?;
            lock.write_all(format!("{text}\n").as_bytes()).map_err(failed)?;
            anchor
        } else {
            read_anchor(&text).map_err(|reason| {
                let remedy = "remove the folder, or choose another by --dir";
                Failure::usage(format!("{} {reason}: {remedy}", file.display()))
            })?
        };
        Ok(Self { path: path.to_owned(), anchor, _lock: lock })
    }

    /// The path of the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The start time of the scenario.
    pub fn anchor(&self) -> Timestamp {
        self.anchor
    }

    /// The database.
    pub fn table_file(&self) -> PathBuf {
        self.path.join("table.db")
    }

    /// The report.
    pub fn report_file(&self) -> PathBuf {
        self.path.join("report.html")
    }

    /// The log file of `name`.
    pub fn log_file(&self, name: &str) -> PathBuf {
        self.path.join("logs").join(format!("{name}.log"))
    }
}

/// `now` or slightly earlier, so that no metric bucket ends during a demo. Otherwise, the slower of two demos would
/// store one bucket more.
fn anchor_at(now: Timestamp) -> Timestamp {
    now.min(now.floor(BUCKET).plus_seconds(BUCKET - LONGEST_DEMO))
}

fn read_anchor(text: &str) -> Result<Timestamp, String> {
    let description: Description =
        serde_json::from_str(text).map_err(|error| format!("is not a valid demo.json: {error}"))?;
    let anchor = description.anchor.parse();
    anchor.map_err(|error| format!("has an invalid time \"{}\" in anchor: {error}", description.anchor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bucket_ends_during_a_demo() {
        for (now, anchor) in [
            ("2026-11-21T08:12:00.500Z", "2026-11-21T08:12:00.500Z"),
            ("2026-11-21T08:14:00Z", "2026-11-21T08:14:00.000Z"),
            ("2026-11-21T08:14:59.999Z", "2026-11-21T08:14:00.000Z"),
            ("2026-11-21T23:59:30Z", "2026-11-21T23:59:00.000Z"),
        ] {
            assert_eq!(anchor_at(now.parse().unwrap()).to_string(), anchor, "{now}");
        }
    }

    #[test]
    fn a_folder_keeps_its_anchor() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b");
        let now: Timestamp = "2026-11-21T08:12:00Z".parse().unwrap();
        let first = Folder::open(&path, now).unwrap();
        let busy = Folder::open(&path, now).unwrap_err();
        assert!(
            matches!(&busy, Failure::Failed(message) if message.starts_with("another demo is running")),
            "{busy:?}"
        );
        drop(first);
        let later = Folder::open(&path, now.plus_seconds(1_000_000)).unwrap();
        assert_eq!(later.anchor(), now);
    }

    #[test]
    fn a_folder_that_was_not_created_by_a_demo_is_an_error() {
        let check = |name: &str, content: &str, expected: &str| {
            let root = tempfile::tempdir().unwrap();
            std::fs::write(root.path().join(name), content).unwrap();
            let now = "2026-11-21T08:12:00Z".parse().unwrap();
            let failure = Folder::open(root.path(), now).unwrap_err();
            let Failure::Usage(faults) = failure else { panic!("{failure:?}") };
            assert!(faults[0].contains(expected), "{faults:?}");
        };
        check("table.db", "", "not a folder of a demo");
        check("demo.json", "{}", "is not a valid demo.json: missing field");
        check(
            "demo.json",
            r#"{"anchor":"today","made_by":"0.1.0"}"#,
            "has an invalid time \"today\" in anchor",
        );
    }
}
