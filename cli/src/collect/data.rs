//! The result of `collect` as records, for JSON and CSV: one for each target, as in the response of a function.

use super::{Collected, Ended};
use crate::output::csv;
use insights_query::format::escape::visible;
use insights_shared::record::{Source, Stored};
use insights_shared::report::TargetResponse;
use insights_shared::value::{Map, Value};

/// The columns in CSV.
const COLUMNS: [&str; 15] = [
    "source",
    "account_id",
    "region",
    "status",
    "window_start",
    "window_end",
    "fetched",
    "written",
    "unchanged",
    "stale",
    "rejected",
    "failed",
    "not_reached",
    "issues",
    "error",
];

impl Ended {
    /// A record for each target, and one for each source of which everything failed before a target began.
    pub fn records(&self) -> Vec<Stored> {
        self.collected.iter().flat_map(Collected::records).collect()
    }
}

impl Collected {
    fn records(&self) -> Vec<Stored> {
        let mut records: Vec<Stored> =
            self.targets.iter().map(|target| Stored(of_target(self.source, target))).collect();
        if let (Some(error), true) = (&self.error, records.is_empty()) {
            let members = [
                ("source", self.source.as_str()),
                ("status", "failed"),
                ("error_type", error.error_type),
                ("error", error.message.as_str()),
            ];
            records.push(Stored(
                members.into_iter().map(|(name, text)| (name.into(), Value::from(text))).collect(),
            ));
        }
        records
    }
}

/// The target as JSON has it, with its source.
fn of_target(source: Source, target: &TargetResponse) -> Map {
    let json = serde_json::to_string(target).unwrap_or_default();
    let mut record = match Value::from_json(&json) {
        Ok(Value::Map(map)) => map,
        _ => Map::new(),
    };
    record.insert("source".into(), source.as_str().into());
    record
}

/// One row for each record; `issues` has the number of each code.
pub fn rows(records: &[Stored]) -> String {
    let mut text = csv::row(COLUMNS);
    for record in records {
        let window = |name: &str| {
            let time = record.0.get("window").and_then(|window| window.at(&[name])).and_then(Value::as_str);
            time.unwrap_or_default().to_owned()
        };
        text.push_str(&csv::row(COLUMNS.map(|name| match name {
            "window_start" => window("start"),
            "window_end" => window("end"),
            "issues" => issues(record),
            name => csv::attribute(record, name),
        })));
    }
    text
}

/// `2×ThrottledException, 1×Timeout`.
fn issues(record: &Stored) -> String {
    let counts = record.0.get("issue_counts").and_then(Value::as_map).into_iter().flatten();
    let counts = counts.filter_map(|(code, count)| {
        let count = count.as_number()?.as_i64()?;
        Some(format!("{count}×{}", visible(code)))
    });
    counts.collect::<Vec<_>>().join(", ")
}
