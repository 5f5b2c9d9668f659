//! Converts the points of a series to chunks. No I/O.

use crate::points::Points;
use crate::window::{Request, chunk_seconds};
use insights_shared::key::Key;
use insights_shared::number::violation_of_f64;
use insights_shared::record::{Chunk, Record};
use insights_shared::series::SeriesKey;
use insights_shared::target::Target;
use insights_shared::time::Timestamp;
use insights_shared::value::Map;
use insights_sources::cloudtrail;

/// The chunks of one answer, oldest first: one record for each chunk with points. A series has tens of thousands of points
/// and several series are processed at the same time, so a record is created only when it is needed.
#[derive(Debug)]
pub struct Chunks<'a> {
    /// The reason for each point that is in no chunk.
    pub left_out: Vec<String>,
    target: &'a Target,
    answered_at: Timestamp,
    request: Request,
    partition: String,
    detail: Map,
    /// The points, in order, one for each time.
    points: Points,
    /// The number of points that were already returned in chunks.
    given: usize,
}

/// Divides an answer into chunks. A point is omitted and reported if DynamoDB cannot store it, if it is outside the requested
/// time, or if another point of the same time has another value. The other points of its chunk are kept.
pub fn chunks<'a>(
    series: &SeriesKey,
    request: Request,
    points: Points,
    target: &'a Target,
    answered_at: Timestamp,
) -> Chunks<'a> {
    let (points, left_out) = sound(points, request);
    let (partition, detail) =
        (series.partition(cloudtrail::SOURCE, &target.account_id, &target.region), series.detail());
    Chunks { left_out, target, answered_at, request, partition, detail, points, given: 0 }
}

impl Iterator for Chunks<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        let Self { target, answered_at, request, .. } = *self;
        let rest = self.points.timestamps.get(self.given..)?;
        let length = chunk_seconds(request.period);
        let start = Timestamp::from_seconds(*rest.first()?).floor(length);
        let end = start.plus_seconds(length);
        let points = self.given..self.given + rest.partition_point(|second| *second < end.seconds());
        self.given = points.end;
        let timestamps = self.points.timestamps.get(points.clone())?.to_vec();
        let values = self.points.values.get(points)?.to_vec();
        let covered_from = start.max(request.start);
        let covered_until = end.min(request.end);
        let key = Key::new(self.partition.as_str(), format!("metric#{}#{start}", request.period));
        let mut record =
            Record::new(cloudtrail::METRIC, key, &target.account_id, &target.region, answered_at);
        record.started_at = Some(start);
        record.ended_at = Some(end);
        record.updated_at = Some(covered_until);
        record.detail = self.detail.clone();
        record.chunk =
            Some(Chunk { period: request.period, timestamps, values, covered_from, covered_until });
        Some(record)
    }
}

/// The points that chunks can contain, in order, one for each time, and the reasons for the others. Nearly always all points
/// are valid and in order.
fn sound(points: Points, request: Request) -> (Points, Vec<String>) {
    let is_sound = |(second, value): (i64, f64)| fault(second, value, request).is_none();
    let is_ordered = points.timestamps.is_sorted_by(|left, right| left < right);
    if is_ordered && points.timestamps.len() == points.values.len() && points.iter().all(is_sound) {
        return (points, Vec::new());
    }
    let mut left_out = Vec::new();
    let mut kept: Vec<(i64, f64)> = Vec::with_capacity(points.timestamps.len());
    for (second, value) in points.iter() {
        match fault(second, value, request) {
            Some(fault) => left_out.push(fault),
            None => kept.push((second, value)),
        }
    }
    // Of two points of the same time, the greater value counts, in any order.
    kept.sort_by(|(left, one), (right, other)| left.cmp(right).then(one.total_cmp(other)));
    kept.dedup_by(|(second, value), (before_second, before)| {
        if second != before_second {
            return false;
        }
        if before.to_bits() != value.to_bits() {
            let time = Timestamp::from_seconds(*second);
            left_out.push(format!("the point {before} at {time} comes a second time, as {value}"));
        }
        *before = *value;
        true
    });
    let (timestamps, values) = kept.into_iter().unzip();
    (Points { timestamps, values }, left_out)
}

/// The reason why a chunk cannot contain a point; `None` if it can.
fn fault(second: i64, value: f64, request: Request) -> Option<String> {
    let time = Timestamp::from_seconds(second);
    if time.seconds() != second || time < request.start || time >= request.end {
        return Some(format!(
            "the point {value} at {second} lies outside {} to {}",
            request.start, request.end
        ));
    }
    let violation = violation_of_f64(value)?;
    Some(format!("the point {value} at {time} {violation}"))
}

#[cfg(test)]
#[path = "normalize_tests.rs"]
mod tests;
