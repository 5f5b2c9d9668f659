//! The answer of a series as chunks. Pure.

use crate::fetch::Points;
use crate::series::Series;
use crate::window::{Request, chunk_seconds};
use insights_shared::key::Key;
use insights_shared::number::Number;
use insights_shared::record::{Chunk, Kind, Record};
use insights_shared::target::Target;
use insights_shared::time::Timestamp;
use std::collections::BTreeMap;

/// The chunks of one answer, and what had to be left out of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chunks {
    /// One record for each chunk that has points.
    pub records: Vec<Record>,
    /// What is wrong with each point that no chunk holds.
    pub left_out: Vec<String>,
}

/// Cuts an answer into chunks. A point that DynamoDB cannot hold, that lies outside what was asked for, or that another
/// one of the same time contradicts, is left out and named; the others of its chunk stay.
pub fn chunks(
    series: &Series,
    request: Request,
    points: &Points,
    target: &Target,
    answered_at: Timestamp,
) -> Chunks {
    let mut left_out = Vec::new();
    let length = chunk_seconds(request.period);
    let mut by_chunk: BTreeMap<Timestamp, BTreeMap<i64, f64>> = BTreeMap::new();
    for (second, value) in points.timestamps.iter().copied().zip(points.values.iter().copied()) {
        let time = Timestamp::from_seconds(second);
        if time.seconds() != second || time < request.start || time >= request.end {
            left_out.push(format!(
                "the point {value} at {second} lies outside {} to {}",
                request.start, request.end
            ));
        } else if let Some(violation) = violation(value) {
            left_out.push(format!("the point {value} at {time} {violation}"));
        } else {
            let before = by_chunk.entry(time.floor(length)).or_default().insert(second, value);
            if let Some(before) = before.filter(|before| before.to_bits() != value.to_bits()) {
                left_out.push(format!("the point {before} at {time} comes a second time, as {value}"));
            }
        }
    }
    let records = by_chunk.into_iter().map(|(start, points)| {
        let end = start.plus_seconds(length);
        let covered_from = start.max(request.start);
        let covered_until = end.min(request.end);
        let key = Key::new(series.partition(target), format!("metric#{}#{start}", request.period));
        let mut record =
            Record::new(Kind::CloudtrailMetric, key, &target.account_id, &target.region, answered_at);
        record.started_at = Some(start);
        record.ended_at = Some(end);
        record.updated_at = Some(covered_until);
        record.detail = series.detail();
        let (timestamps, values) = points.into_iter().unzip();
        record.chunk =
            Some(Chunk { period: request.period, timestamps, values, covered_from, covered_until });
        record
    });
    Chunks { records: records.collect(), left_out }
}

/// Why DynamoDB would refuse a value, if it would.
fn violation(value: f64) -> Option<&'static str> {
    match Number::from_f64(value) {
        None => Some("is not a finite number"),
        Some(number) => number.violation(),
    }
}

#[cfg(test)]
#[path = "normalize_tests.rs"]
mod tests;
