//! Combines the periods of a series into one line. For each time it uses the finest period that covers it, and never sums
//! finer points. Inside the coverage an absent point is zero; outside it is unknown. No I/O.

use crate::span::Span;
use insights_shared::catalog::CatalogRow;
use insights_shared::number::Number;
use insights_shared::record::Stored;
use insights_shared::time::{DAY_SECONDS, Timestamp};
use insights_shared::value::Value;

/// The periods, finest first, each with the length of its chunks, in seconds.
pub const PERIODS: [(i64, i64); 3] = [(60, 3_600), (300, 21_600), (3_600, DAY_SECONDS)];
/// Buckets of every period end with the hour.
const HOUR: i64 = 3_600;

/// A series within a time span.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The span, extended to begin at a full hour.
    pub span: Span,
    /// The covered times, in order. Between two stretches, values are unknown.
    pub stretches: Vec<Stretch>,
    /// The non-zero points, in order.
    pub points: Vec<Point>,
}

/// A time span in which every bucket of one period is covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Seconds between two points.
    pub period: i64,
    /// Its first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
}

/// The value of one bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When the bucket begins.
    pub at: Timestamp,
    /// Its length in seconds.
    pub period: i64,
    /// The number of calls or errors.
    pub value: f64,
}

/// One of many equal parts of a line, for a plot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sample {
    /// The part is not covered.
    Unknown,
    /// The greatest value of a bucket in the part; zero if there were no calls.
    Greatest(f64),
}

/// The records from which a line is built.
#[derive(Clone, Copy, Debug)]
pub struct LineParts<'a> {
    /// The series' `catalog` row.
    pub row: &'a CatalogRow,
    /// The `state` of its target; `None` if there is none.
    pub state: Option<&'a Stored>,
    /// Its complete chunks.
    pub chunks: &'a [Stored],
    /// The current time, which determines the end of the retention.
    pub now: Timestamp,
}

impl Line {
    /// The line within `span`, of one `period` or of the finest one that covers each time.
    pub fn assemble(parts: &LineParts<'_>, span: Span, period: Option<i64>) -> Self {
        let span = Span { since: span.since.floor(HOUR), until: span.until };
        let mut stretches: Vec<Stretch> = Vec::new();
        for (seconds, _) in PERIODS {
            if period.is_some_and(|period| period != seconds) {
                continue;
            }
            for known in parts.known(seconds) {
                let (from, until) = (known.0.max(span.since), known.1.min(span.until));
                for (from, until) in without(from, until, &stretches) {
                    stretches.push(Stretch { period: seconds, from, until });
                }
            }
            stretches.sort_by_key(|stretch| stretch.from);
        }
        let is_chosen = |point: &Point| {
            let mut stretches = stretches.iter();
            stretches
                .any(|known| known.period == point.period && known.from <= point.at && point.at < known.until)
        };
        let mut points: Vec<Point> = parts.chunks.iter().flat_map(points).filter(is_chosen).collect();
        points.sort_by_key(|point| point.at);
        Self { span, stretches, points }
    }

    /// The greatest point; the first one if there are several.
    pub fn peak(&self) -> Option<Point> {
        self.points.iter().copied().reduce(|best, point| if point.value > best.value { point } else { best })
    }

    /// The span, in `number` equal parts.
    pub fn samples(&self, number: usize) -> Vec<Sample> {
        let number = i64::try_from(number.max(1)).unwrap_or(i64::MAX);
        let edge = |index: i64| {
            let millis = i128::from(self.span.millis()) * i128::from(index) / i128::from(number);
            self.span.since.millis().saturating_add(i64::try_from(millis).unwrap_or(i64::MAX))
        };
        let sample = |index| {
            let (low, high) = (edge(index), edge(index + 1).max(edge(index) + 1));
            let is_known = |known: &Stretch| known.from.millis() < high && known.until.millis() > low;
            if !self.stretches.iter().any(is_known) {
                return Sample::Unknown;
            }
            let inside = |point: &&Point| {
                point.at.millis() < high && point.at.plus_seconds(point.period).millis() > low
            };
            Sample::Greatest(self.points.iter().filter(inside).map(|point| point.value).fold(0.0, f64::max))
        };
        (0..number).map(sample).collect()
    }

    /// All covered buckets, including zeros, in order.
    pub fn buckets(&self) -> Vec<Point> {
        let mut buckets = Vec::new();
        let mut points = self.points.iter().peekable();
        for stretch in &self.stretches {
            let mut at = stretch.from.ceil(stretch.period);
            while at < stretch.until {
                while points.next_if(|point| point.at < at).is_some() {}
                let value = points.next_if(|point| point.at == at).map_or(0.0, |point| point.value);
                buckets.push(Point { at, period: stretch.period, value });
                at = at.plus_seconds(stretch.period);
            }
        }
        buckets
    }
}

impl LineParts<'_> {
    /// The covered spans at `period`, in order and without overlap.
    fn known(&self, period: i64) -> Vec<(Timestamp, Timestamp)> {
        // While a series is behind its target, its row has its own watermark.
        let watermark = self.row.watermark.or_else(|| self.state?.timestamp("watermark"));
        let retention = self.state.and_then(|state| state.integer("retention_days")).unwrap_or_default();
        let oldest = match retention {
            days if days > 0 => self.now.plus_seconds(days.saturating_mul(-DAY_SECONDS)),
            _ => Timestamp::MIN,
        };
        let covered = self.row.covered.spans(period).iter();
        let covered = covered.filter_map(|span| Some((span.from.max(oldest), span.until.or(watermark)?)));
        // An interrupted run may have stored a chunk before it updated the row.
        let chunks = self.chunks.iter().filter(|chunk| chunk.integer("period") == Some(period));
        let stored = chunks
            .filter_map(|chunk| Some((chunk.timestamp("covered_from")?, chunk.timestamp("covered_until")?)));
        let mut known: Vec<_> = covered.chain(stored).filter(|(from, until)| from < until).collect();
        known.sort();
        let mut merged: Vec<(Timestamp, Timestamp)> = Vec::with_capacity(known.len());
        for (from, until) in known {
            match merged.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(until),
                _ => merged.push((from, until)),
            }
        }
        merged
    }
}

/// The parts of `from`…`until` outside of all stretches in `taken`, which are in order.
fn without(mut from: Timestamp, until: Timestamp, taken: &[Stretch]) -> Vec<(Timestamp, Timestamp)> {
    let mut left = Vec::new();
    for stretch in taken {
        if stretch.until <= from || stretch.from >= until {
            continue;
        }
        left.push((from, stretch.from));
        from = stretch.until;
    }
    left.push((from, until));
    left.retain(|(from, until)| from < until);
    left
}

fn points(chunk: &Stored) -> Vec<Point> {
    let list = |name: &str| chunk.0.get(name).and_then(Value::as_list).unwrap_or_default();
    let Some(period) = chunk.integer("period") else { return Vec::new() };
    let number = |value: &Value| value.as_number().map(Number::as_f64);
    let point = |(at, value): (&Value, &Value)| {
        let at = Timestamp::from_seconds(at.as_number()?.as_i64()?);
        Some(Point { at, period, value: number(value)? })
    };
    list("timestamps").iter().zip(list("values")).filter_map(point).collect()
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
