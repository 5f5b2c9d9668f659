//! The course of an insight as a small line, with its newest and its greatest value. It is drawn without a script.

use super::model::Insight;
use insights_query::format::{add, rate};
use insights_query::line::Line;
use insights_sources::view::{Log, LogChart, Section};
use maud::{Markup, html};
use std::collections::BTreeMap;

/// The size of the line.
const WIDTH: f64 = 84.0;
const HEIGHT: f64 = 18.0;
/// The maximum number of points; of more, the greatest of each part is drawn.
const MOST_POINTS: usize = 84;

/// The maximum number of buckets: a week at a minute.
const MOST_BUCKETS: usize = 10_080;

/// The line of an insight with details; nothing if there is no course.
pub fn line(insight: &Insight) -> Markup {
    let course = course(insight);
    let shown = course.as_ref().and_then(|course| Some((course, *course.values.last()?, course.peak()?)));
    html! {
        @if let Some((course, newest, peak)) = shown {
            span.spark {
                svg width=(WIDTH) height=(HEIGHT) viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) aria-hidden="true" {
                    polyline points=(points(&course.values, peak)) {}
                }
                " latest " (course.value(newest)) ", peak " (course.value(peak))
            }
        }
    }
}

/// Values over time.
struct Course {
    values: Vec<f64>,
    unit: &'static str,
}

impl Course {
    fn peak(&self) -> Option<f64> {
        self.values.iter().copied().reduce(f64::max)
    }

    fn value(&self, value: f64) -> String {
        match self.unit {
            "%" => format!("{value:.1}%"),
            unit => format!("{}{unit}", rate(value)),
        }
    }
}

/// The shares of a log, or else the rates of a series.
fn course(insight: &Insight) -> Option<Course> {
    let detail = insight.detail.as_ref()?;
    let sections = detail.sections(&insight.record);
    let shares = sections.iter().find_map(|section| match section {
        Section::Log(Log { chart: Some(LogChart::Shares(shares)), .. }) => Some(shares),
        _ => None,
    });
    if let Some(shares) = shares {
        let values: Vec<f64> =
            shares.points.iter().filter_map(|(_, [root, clients])| root.or(*clients)).collect();
        return (values.len() > 1).then_some(Course { values, unit: "%" });
    }
    let (_, line) = detail.series.first()?;
    let values = rates(line);
    (values.len() > 1).then_some(Course { values, unit: " a minute" })
}

/// The rate of every known bucket, including zeros.
fn rates(line: &Line) -> Vec<f64> {
    let known: BTreeMap<i64, f64> =
        line.points.iter().map(|point| (point.at.seconds(), point.value)).collect();
    let mut rates = Vec::new();
    for stretch in &line.stretches {
        let period = stretch.period.max(1);
        let mut at = stretch.from.floor(period);
        while at < stretch.until && rates.len() < MOST_BUCKETS {
            #[expect(clippy::cast_precision_loss, reason = "periods are small")]
            rates.push(known.get(&at.seconds()).copied().unwrap_or_default() * 60.0 / period as f64);
            at = at.plus_seconds(period);
        }
    }
    rates
}

fn points(values: &[f64], peak: f64) -> String {
    let size = values.len().div_ceil(MOST_POINTS).max(1);
    let parts: Vec<f64> =
        values.chunks(size).filter_map(|part| part.iter().copied().reduce(f64::max)).collect();
    #[expect(clippy::cast_precision_loss, reason = "there are at most 84 points")]
    let step = (WIDTH - 2.0) / (parts.len().saturating_sub(1).max(1) as f64);
    let mut text = String::new();
    let mut left = 1.0;
    for value in parts {
        let share = if peak > 0.0 { value / peak } else { 0.0 };
        add(&mut text, format_args!("{left:.1},{:.1} ", 1.0 + (1.0 - share) * (HEIGHT - 2.0)));
        left += step;
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_value_is_at_the_top_and_zero_at_the_bottom() {
        assert_eq!(points(&[0.0, 2.0, 4.0], 4.0), "1.0,17.0 42.0,9.0 83.0,1.0");
        assert_eq!(points(&[0.0, 0.0], 0.0), "1.0,17.0 83.0,17.0");
        assert_eq!(points(&vec![1.0; 1_000], 1.0).split(' ').count(), 84);
    }
}
