//! How often a call was made or failed: a stepped line with its baseline and the insight's span. Where nothing is known it
//! is hatched, so that nobody takes it for zero.

use super::Frame;
use super::axis::{NumberAxis, TimeAxis};
use super::path::Path;
use crate::page::number::{Percent, Rate};
use insights_shared::time::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};

const HEIGHT: f64 = 120.0;

/// A span in which everything is known: a bucket without a point is zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// From here on.
    pub from: Timestamp,
    /// Up to here.
    pub until: Timestamp,
    /// Seconds of a bucket.
    pub period: i64,
    /// The buckets that are not zero, in order: when they begin, and the rate a minute.
    pub points: Vec<(Timestamp, f64)>,
}

/// What is drawn.
#[derive(Debug)]
pub struct RateChart<'a> {
    /// What it shows, for who cannot see it.
    pub label: &'a str,
    /// Across.
    pub time: TimeAxis,
    /// What is known, in order, apart from each other.
    pub known: &'a [Known],
    /// The usual rate a minute.
    pub baseline: Option<f64>,
    /// When the insight lasted.
    pub span: (Timestamp, Timestamp),
    /// Which clocks tell the time.
    pub zone: &'a TimeZone,
}

impl RateChart<'_> {
    /// The chart.
    pub fn draw(&self) -> Markup {
        let rates = self.known.iter().flat_map(|known| &known.points).map(|(_, rate)| *rate);
        let axis = NumberAxis::up_to(rates.chain(self.baseline).fold(0.0, f64::max));
        let mut area = Path::new(&self.time, &axis, HEIGHT);
        let mut line = Path::new(&self.time, &axis, HEIGHT);
        for known in self.known {
            trace(known, &mut area);
            area.jump(0.0);
            trace(known, &mut line);
        }
        let (began, ended) = (self.time.at(self.span.0), self.time.at(self.span.1));
        let marks = html! {
            @for (from, until) in self.unknown() {
                @let (left, right) = (self.time.at(from), self.time.at(until));
                rect.unknown x=(Percent(left)) width=(Percent(right - left)) y="0" height=(HEIGHT) fill="url(#unknown)" {
                    title { "unknown: nothing was collected here" }
                }
            }
            rect.span x=(Percent(began)) width=(Percent((ended - began).max(0.2))) y="0" height=(HEIGHT) {
                title { "the insight" }
            }
            (area.draw("area"))
            (line.draw("line"))
            @if let Some(baseline) = self.baseline {
                @let y = HEIGHT - axis.above(baseline, HEIGHT);
                line.baseline x1="0" x2="100%" y1=(y) y2=(y) { title { "baseline " (Rate(baseline)) " a minute" } }
            }
        };
        let frame = Frame {
            label: self.label,
            time: self.time,
            number: Some((axis, |rate| Rate(rate).to_string())),
            height: HEIGHT,
            zone: self.zone,
        };
        frame.around(&marks)
    }

    /// The spans of the axis that lie in no known one.
    fn unknown(&self) -> Vec<(Timestamp, Timestamp)> {
        let mut unknown = Vec::new();
        let mut reached = self.time.from;
        for known in self.known {
            if known.from > reached {
                unknown.push((reached, known.from.min(self.time.until)));
            }
            reached = reached.max(known.until);
        }
        if reached < self.time.until {
            unknown.push((reached, self.time.until));
        }
        unknown
    }
}

/// Along the zeros and over the points of a known span.
fn trace(known: &Known, path: &mut Path<'_>) {
    path.start(known.from, 0.0);
    let mut last: Option<Timestamp> = None;
    for (begins, rate) in &known.points {
        if last != Some(*begins) {
            if last.is_some() {
                path.jump(0.0);
            }
            path.level(*begins);
        }
        path.jump(*rate);
        let ends = begins.plus_seconds(known.period);
        path.level(ends);
        last = Some(ends);
    }
    path.jump(0.0);
    path.level(known.until);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        "2026-03-01T00:00:00Z".parse::<Timestamp>().unwrap().plus_seconds(60 * minute)
    }

    fn drawn(known: &[Known]) -> String {
        let time = TimeAxis::new(at(0), at(100));
        let chart = RateChart {
            label: "calls",
            time,
            known,
            baseline: Some(0.5),
            span: (at(20), at(40)),
            zone: &TimeZone::UTC,
        };
        chart.draw().into_string()
    }

    #[test]
    fn a_known_bucket_without_a_point_is_on_the_zero_line() {
        let known =
            Known { from: at(0), until: at(100), period: 300, points: vec![(at(20), 4.0), (at(25), 2.0)] };
        let drawn = drawn(&[known]);
        // Of 4 a minute on a chart of 120: zero is at 120, 4 at 0, 2 at 60.
        assert!(drawn.contains(r#"d="M0 120H200V0H250V60H300V120H1000""#), "{drawn}");
        assert!(!drawn.contains("unknown: "), "{drawn}");
        assert!(drawn.contains(r#"<rect class="span" x="20%" width="20%""#), "{drawn}");
        assert!(drawn.contains(r#"<line class="baseline" x1="0" x2="100%" y1="105" y2="105">"#), "{drawn}");
    }

    #[test]
    fn what_no_chunk_covers_is_hatched_and_has_no_line() {
        let first = Known { from: at(10), until: at(30), period: 300, points: Vec::new() };
        let second = Known { from: at(60), until: at(80), period: 300, points: vec![(at(60), 1.0)] };
        let drawn = drawn(&[first, second]);
        for (left, width) in [(0, 10), (30, 30), (80, 20)] {
            let hatched = format!(r#"<rect class="unknown" x="{left}%" width="{width}%""#);
            assert!(drawn.contains(&hatched), "{hatched} {drawn}");
        }
        assert!(drawn.contains(r#"d="M100 120V120H300M600 120H600V0H650V120H800""#), "{drawn}");
    }

    #[test]
    fn a_gap_between_two_points_falls_to_zero() {
        let known =
            Known { from: at(0), until: at(100), period: 300, points: vec![(at(20), 4.0), (at(50), 4.0)] };
        assert!(drawn(&[known]).contains("V0H250V120H500V0H550V120H1000"));
    }
}
