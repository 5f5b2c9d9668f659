//! The coverage of a series: the time spans that were fetched, for each period. Inside a span, an absent point is zero;
//! outside, it is unknown.
//!
//! A span without an end extends to the watermark, so the watermark can move without a write to the row.

use crate::time::Timestamp;
use crate::value::{Map, Value};
use std::collections::BTreeMap;

/// The maximum number of spans of one period in a row. Gaps are rare, but the row must stay below the item size limit. Above
/// the limit, nothing of its series could be written any more.
const MOST_SPANS: usize = 1_000;

/// A time span that was fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CoveredSpan {
    /// The first instant of the span.
    pub from: Timestamp,
    /// The first instant after the span; `None` means the watermark.
    pub until: Option<Timestamp>,
}

/// The spans of one series, by period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage(BTreeMap<i64, Vec<CoveredSpan>>);

impl Coverage {
    /// Reads the attribute `covered`.
    pub fn from_value(value: &Value) -> Self {
        let span = |value: &Value| {
            let from = value.at(&["from"])?.as_timestamp()?;
            Some(CoveredSpan { from, until: value.at(&["until"]).and_then(Value::as_timestamp) })
        };
        let spans = |value: &Value| value.as_list().unwrap_or_default().iter().filter_map(span).collect();
        let periods = value.as_map().into_iter().flatten();
        Self(periods.filter_map(|(period, value)| Some((period.parse().ok()?, spans(value)))).collect())
    }

    /// The attribute `covered`.
    pub fn to_value(&self) -> Value {
        let span = |span: &CoveredSpan| {
            let mut map = Map::from([("from".into(), span.from.into())]);
            if let Some(until) = span.until {
                map.insert("until".into(), until.into());
            }
            Value::Map(map)
        };
        let spans = |spans: &Vec<CoveredSpan>| Value::List(spans.iter().map(span).collect());
        Value::Map(self.0.iter().map(|(period, list)| (period.to_string().into(), spans(list))).collect())
    }

    /// The spans of `period` (seconds), oldest first.
    pub fn spans(&self, period: i64) -> &[CoveredSpan] {
        self.0.get(&period).map(Vec::as_slice).unwrap_or_default()
    }

    /// The end of the last span. Open spans end at `watermark`.
    pub fn last(&self, watermark: Option<Timestamp>) -> Option<Timestamp> {
        self.0.values().flatten().filter_map(|span| span.until.or(watermark)).max()
    }

    /// Ends every open span at `watermark`.
    pub fn close(&mut self, watermark: Timestamp) {
        for spans in self.0.values_mut() {
            for span in spans.iter_mut().filter(|span| span.until.is_none()) {
                span.until = Some(watermark);
            }
            // A span that starts at or after the watermark is empty.
            spans.retain(|span| span.until.is_none_or(|until| span.from < until));
        }
        self.0.retain(|_, spans| !spans.is_empty());
    }

    /// Adds a span of `period` (seconds). Spans of one period merge only if they touch or overlap. Above `MOST_SPANS`, the
    /// oldest spans are removed.
    pub fn add(&mut self, period: i64, from: Timestamp, until: Timestamp) {
        let spans = self.0.entry(period).or_default();
        spans.push(CoveredSpan { from, until: Some(until) });
        spans.sort();
        let mut merged: Vec<CoveredSpan> = Vec::with_capacity(spans.len());
        for span in spans.drain(..) {
            match merged.last_mut() {
                Some(last) if last.until.is_none_or(|until| span.from <= until) => {
                    last.until = match (last.until, span.until) {
                        (Some(left), Some(right)) => Some(left.max(right)),
                        _ => None,
                    };
                }
                _ => merged.push(span),
            }
        }
        merged.drain(..merged.len().saturating_sub(MOST_SPANS));
        *spans = merged;
    }

    /// Whether any span ends in the future, according to `is_future`.
    pub fn ends_in_future(&self, is_future: impl Fn(Timestamp) -> bool) -> bool {
        self.0.values().flatten().filter_map(|span| span.until).any(is_future)
    }

    /// Ends at `start` every open span and every span that ends in the future, because their real end is unknown.
    pub fn cut(&mut self, start: Timestamp, is_future: impl Fn(Timestamp) -> bool) {
        for span in self.0.values_mut().flatten() {
            if span.until.is_some_and(&is_future) {
                span.until = None;
            }
        }
        self.close(start);
    }

    /// Whether any span starts before `watermark`. Open spans end at `watermark`.
    pub fn knows_before(&self, watermark: Timestamp) -> bool {
        self.0.values().flatten().any(|span| span.from < watermark)
    }

    /// Whether any span is open, that is, extends to the watermark.
    pub fn is_open(&self) -> bool {
        self.0.values().flatten().any(|span| span.until.is_none())
    }

    /// Opens the span of `period` that ends at `until`. From now on it extends to the watermark.
    pub fn open(&mut self, period: i64, until: Timestamp) {
        let spans = self.0.get_mut(&period).into_iter().flatten();
        for span in spans.filter(|span| span.until == Some(until)) {
            span.until = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_seconds(1_700_000_000 + hour * 3_600)
    }

    fn shown(coverage: &Coverage, period: i64) -> Vec<(i64, Option<i64>)> {
        let hour = |timestamp: Timestamp| (timestamp.seconds() - 1_700_000_000) / 3_600;
        coverage.spans(period).iter().map(|span| (hour(span.from), span.until.map(hour))).collect()
    }

    #[test]
    fn spans_merge_only_if_they_touch() {
        let mut coverage = Coverage::default();
        coverage.add(300, at(0), at(2));
        coverage.add(300, at(4), at(6));
        assert_eq!(shown(&coverage, 300), [(0, Some(2)), (4, Some(6))]);
        coverage.add(300, at(2), at(3));
        assert_eq!(shown(&coverage, 300), [(0, Some(3)), (4, Some(6))]);
        coverage.add(300, at(1), at(5));
        assert_eq!(shown(&coverage, 300), [(0, Some(6))]);
        coverage.add(60, at(0), at(1));
        assert_eq!(shown(&coverage, 60), [(0, Some(1))]);
    }

    #[test]
    fn above_the_maximum_number_of_spans_the_oldest_are_removed() {
        let mut coverage = Coverage::default();
        for hour in 0..1_010 {
            coverage.add(300, at(2 * hour), at(2 * hour + 1));
        }
        let spans = shown(&coverage, 300);
        assert_eq!((spans.len(), spans[0], spans[999]), (1_000, (20, Some(21)), (2_018, Some(2_019))));
    }

    #[test]
    fn an_open_span_follows_the_watermark_until_it_is_closed() {
        let mut coverage = Coverage::default();
        coverage.add(300, at(0), at(2));
        coverage.open(300, at(2));
        assert_eq!(shown(&coverage, 300), [(0, None)]);
        assert_eq!(coverage.last(Some(at(9))), Some(at(9)));
        coverage.close(at(5));
        assert_eq!(shown(&coverage, 300), [(0, Some(5))]);
        assert_eq!(Coverage::from_value(&coverage.to_value()), coverage);
    }

    #[test]
    fn spans_in_the_future_and_open_spans_end_at_the_restart_of_the_series() {
        let is_future = |instant| instant > at(9);
        let mut coverage = Coverage::default();
        for (from, until) in [(0, 2), (3, 20), (12, 20), (5, 8)] {
            coverage.0.entry(300).or_default().push(CoveredSpan { from: at(from), until: Some(at(until)) });
        }
        coverage.add(60, at(0), at(3));
        coverage.open(60, at(3));
        assert!(coverage.ends_in_future(is_future) && !coverage.ends_in_future(|instant| instant > at(20)));
        coverage.cut(at(6), is_future);
        assert_eq!(shown(&coverage, 300), [(0, Some(2)), (3, Some(6)), (5, Some(8))]);
        assert_eq!(shown(&coverage, 60), [(0, Some(6))]);
        coverage.cut(at(1), is_future);
        assert_eq!(shown(&coverage, 60), [(0, Some(6))], "what is past stays");
    }

    #[test]
    fn an_empty_span_is_removed_when_it_is_closed() {
        let mut coverage = Coverage::default();
        coverage.add(60, at(3), at(4));
        coverage.open(60, at(4));
        coverage.close(at(3));
        assert_eq!(coverage, Coverage::default());
    }
}
