//! What happened in an incident, in the order of time. It reads the sections of the views and knows no source.

use super::model::{Insight, Model};
use insights_query::format::{heading, plain, rate, value};
use insights_query::line::Line;
use insights_shared::time::Timestamp;
use insights_sources::view::{Log, Section, SeriesChart, Value};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// The id of the source.
    pub source: String,
    /// What, with hidden characters escaped.
    pub text: String,
}

/// All events of the insights of `model`, oldest first.
pub fn of(model: &Model) -> Vec<Entry> {
    let mut entries: Vec<Entry> =
        model.insights().flat_map(|insight| of_insight(insight, &model.zone)).collect();
    entries.sort_by(|left, right| {
        (left.at, &left.source, &left.text).cmp(&(right.at, &right.source, &right.text))
    });
    entries.dedup();
    entries
}

fn of_insight(insight: &Insight, zone: &TimeZone) -> Vec<Entry> {
    let record = &insight.record;
    let name = heading(record).name;
    let source = record.text("source").unwrap_or_default().to_owned();
    let entry = |at: Timestamp, text: String| Entry { at, source: source.clone(), text };
    let mut entries = Vec::new();
    entries.extend(record.timestamp("started_at").map(|at| entry(at, format!("{name}: began"))));
    entries.extend(record.timestamp("ended_at").map(|at| entry(at, format!("{name}: ended"))));
    let Some(detail) = &insight.detail else { return entries };
    for section in detail.sections(record) {
        match section {
            Section::Log(log) => {
                entries.extend(
                    updates(&log, zone).into_iter().map(|(at, text)| entry(at, format!("{name}: {text}"))),
                );
            }
            Section::Series(SeriesChart { key, baseline: Some(baseline), .. }) => {
                let found = detail.series.iter().find(|(series, _)| series.key == key);
                let crossings = found.map(|(_, line)| crossings(line, baseline)).unwrap_or_default();
                entries.extend(crossings.into_iter().map(|(at, text)| entry(at, format!("{name}: {text}"))));
            }
            _ => {}
        }
    }
    entries
}

/// The rows of a log: the first cell is the time, the last one what happened.
fn updates(log: &Log, zone: &TimeZone) -> Vec<(Timestamp, String)> {
    let update = |row: &Vec<Value>| match (row.first()?, row.last()?) {
        (Value::Time(at), what) => Some((*at, plain(&value(what, zone)))),
        _ => None,
    };
    log.table.rows.iter().filter_map(update).collect()
}

/// When the rate first rose above the usual one, and when it last came back.
fn crossings(line: &Line, baseline: f64) -> Vec<(Timestamp, String)> {
    let known: BTreeMap<Timestamp, f64> = line
        .points
        .iter()
        .map(|point| {
            #[expect(clippy::cast_precision_loss, reason = "periods are small")]
            let minutes = point.period.max(1) as f64 / 60.0;
            (point.at, point.value / minutes)
        })
        .collect();
    let above = || known.iter().filter(|(_, rate)| **rate > baseline);
    let Some((first, risen)) = above().next() else { return Vec::new() };
    let mut found =
        vec![(*first, format!("the rate rose to {} a minute, usually {}", rate(*risen), rate(baseline)))];
    let last =
        line.points.iter().rev().find(|point| known.get(&point.at).is_some_and(|rate| *rate > baseline));
    let back = last.map(|point| point.at.plus_seconds(point.period));
    // The rate is known to be back only where the time after it is known.
    let is_known =
        |at: &Timestamp| line.stretches.iter().any(|stretch| stretch.from <= *at && *at < stretch.until);
    found.extend(
        back.filter(is_known).map(|at| (at, "the rate is back at the usual one or below".to_owned())),
    );
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_query::Span;
    use insights_query::line::{Point, Stretch};

    #[test]
    fn a_rate_crosses_the_usual_one_where_the_time_after_it_is_known() {
        let at = |minute: i64| Timestamp::from_seconds(minute * 60);
        let point = |minute: i64, value: f64| Point { at: at(minute), period: 300, value };
        let line = |until: i64| Line {
            span: Span { since: at(0), until: at(60) },
            stretches: vec![Stretch { period: 300, from: at(0), until: at(until) }],
            points: vec![point(5, 1.0), point(20, 50.0), point(25, 40.0)],
        };
        let said = |until| {
            crossings(&line(until), 0.5)
                .into_iter()
                .map(|(at, text)| (at.seconds() / 60, text))
                .collect::<Vec<_>>()
        };
        let rose = (20, "the rate rose to 10 a minute, usually 0.5".to_owned());
        assert_eq!(said(30), std::slice::from_ref(&rose));
        assert_eq!(said(60), [rose, (30, "the rate is back at the usual one or below".to_owned())]);
        assert!(crossings(&line(60), 20.0).is_empty());
    }
}
