//! The store with the embedded DynamoDB. The simulator between them counts requests and injects faults.

#[cfg(test)]
mod batches;
#[cfg(test)]
mod catalog;
#[cfg(test)]
mod dry_run;
#[cfg(test)]
mod expiry;
#[cfg(test)]
mod inserts;
#[cfg(test)]
mod open;
#[cfg(test)]
mod rejected;
#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod schema_version;
#[cfg(test)]
mod state;
#[cfg(test)]
mod units;
#[cfg(test)]
mod versions;

use insights_shared::key::Key;
use insights_shared::record::{Chunk, Kind, Record, Severity, Status, StatusReason};
use insights_shared::report::Outcome;
use insights_shared::store::write::Written;
use insights_shared::time::Timestamp;
use insights_shared::validate::{ValidRecord, validate};
use insights_sources::Shape;
use insights_tests::{ACCOUNT, Lab, REGION, at};

const WRITTEN: Written = Written::Done(Outcome::Written);
const UNCHANGED: Written = Written::Done(Outcome::Unchanged);
const STALE: Written = Written::Done(Outcome::Stale);

/// A lab with an empty table.
async fn lab() -> Lab {
    Lab::new("").await
}

/// The values that distinguish versions of a record. Times are seconds after an arbitrary time.
#[derive(Clone, Copy, Debug)]
struct Version {
    /// `detail.last_update_time`.
    summary: Option<i64>,
    updated: i64,
    answered: i64,
    self_closed: bool,
    covered_from: i64,
    /// Distinguishes content.
    content: &'static str,
}

impl Version {
    fn new(updated: i64, answered: i64) -> Self {
        Self { summary: None, updated, answered, self_closed: false, covered_from: 0, content: "" }
    }

    fn summary(self, summary: i64) -> Self {
        Self { summary: Some(summary), ..self }
    }

    fn self_closed(self) -> Self {
        Self { self_closed: true, ..self }
    }

    fn from(self, covered_from: i64) -> Self {
        Self { covered_from, ..self }
    }

    fn content(self, content: &'static str) -> Self {
        Self { content, ..self }
    }
}

fn second(seconds: i64) -> Timestamp {
    at("2026-02-20T00:00:00Z").plus_seconds(seconds)
}

/// A valid record of `kind` under `id`, in `version`.
fn record(kind: Kind, id: &str, version: Version) -> Record {
    let pk = format!("{}#{ACCOUNT}#{REGION}#{id}", kind.source);
    let mut record = Record::new(kind, Key::new(pk, "insight"), ACCOUNT, REGION, second(version.answered));
    record.title = Some(format!("title {}", version.content));
    record.started_at = Some(second(0));
    record.updated_at = Some(second(version.updated));
    record.detail.insert("content".into(), version.content.into());
    if let Some(summary) = version.summary {
        record.detail.insert("last_update_time".into(), second(summary).into());
    }
    if kind.is_insight() || kind.is_snapshot() {
        record.id = Some(id.to_owned());
        record.severity = Some(Severity::High);
        record.entity = Some("checkout".to_owned());
    }
    if kind.is_insight() {
        record.status = Some(Status::Open);
    }
    if kind.is_snapshot() {
        record.status = Some(Status::Snapshot);
    }
    if version.self_closed {
        record.status = Some(Status::Closed);
        record.ended_at = record.updated_at;
        record.status_reason = Some(StatusReason::NoLongerKnown);
    }
    if kind.shape == Shape::Series {
        record.chunk = Some(Chunk {
            period: 300,
            timestamps: vec![second(600).seconds()],
            values: vec![1.5],
            covered_from: second(version.covered_from),
            covered_until: second(version.updated),
        });
    }
    record
}

fn valid(kind: Kind, id: &str, version: Version) -> ValidRecord {
    validate(record(kind, id, version), 400).unwrap()
}
