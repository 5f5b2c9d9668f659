//! The timeline: a lane for each source, all on one axis, an insight being a bar that leads to its detail. Bars that would
//! cover each other lie in rows; what finds no row is counted, not drawn. It knows no records.

use super::Frame;
use super::axis::TimeAxis;
use crate::page::number::{Percent, real_of};
use crate::page::text::class;
use insights_shared::time::{DAY_SECONDS, Timestamp};
use jiff::tz::TimeZone;
use maud::{Markup, html};

/// From one row to the next.
const ROW: f64 = 22.0;
/// Of a bar.
const THICK: f64 = 16.0;
/// Above the first row.
const TOP: f64 = 4.0;
/// The most rows of a lane.
const MOST_ROWS: usize = 12;
/// The most bars of a lane: more nobody tells apart, and each takes some of the page.
const MOST_BARS: usize = 400;
/// The least that a bar takes of the axis, in percent: one can still hit it.
const LEAST: f64 = 0.55;
/// Between two bars of a row, in percent.
const APART: f64 = 0.25;
/// What a letter beside a bar takes on the narrowest window that shows names, in percent.
const LETTER: f64 = 0.92;
/// The longest name beside a bar, in letters.
const LONGEST_NAME: usize = 24;

/// Something that lasts.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Where it leads.
    pub href: String,
    /// What it is, in a line.
    pub label: String,
    /// What is written beside it, where there is room.
    pub name: String,
    /// How bad it is, as stored.
    pub severity: String,
    /// Where it comes from, as stored.
    pub source: String,
    /// From here on.
    pub from: Timestamp,
    /// Up to here; open-ended if it goes on.
    pub until: Option<Timestamp>,
}

/// A bar in its row.
#[derive(Clone, Debug, PartialEq)]
struct Placed<'a> {
    bar: &'a Bar,
    row: usize,
    left: f64,
    right: f64,
    name: NamePlace,
}

/// Where a bar's name is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NamePlace {
    Within,
    Behind,
    Before,
    Nowhere,
}

/// A lane as it is drawn.
#[derive(Debug)]
pub struct Lane {
    /// The lane itself.
    pub drawing: Markup,
    /// How many bars are in it.
    pub drawn: usize,
    /// How many found no room.
    pub left_out: usize,
}

/// The lane of `bars`, of which the first find a place first. `now` is marked where it is on the axis.
pub fn draw(label: &str, time: TimeAxis, now: Timestamp, bars: &[Bar], zone: &TimeZone) -> Lane {
    let (placed, left_out) = place(&time, bars);
    let rows = placed.iter().map(|placed| placed.row + 1).max().unwrap_or(1);
    let marks = html! {
        @if time.holds(now) {
            line.now x1=(Percent(time.at(now))) x2=(Percent(time.at(now))) y1="0" y2=(real_of(rows) * ROW + TOP) {}
        }
        @for placed in &placed { (mark(placed)) }
    };
    let frame = Frame { label, time, number: None, height: real_of(rows) * ROW + TOP, zone };
    Lane { drawing: frame.around(&marks), drawn: placed.len(), left_out }
}

/// A day of a lane that is told by days.
#[derive(Clone, Debug, PartialEq)]
pub struct Day {
    /// When it begins.
    pub from: Timestamp,
    /// How bad it was, as stored; none where nothing is known.
    pub severity: Option<String>,
    /// What it is, in a line.
    pub label: String,
}

/// A lane of whole days, each leading to `href`.
pub fn draw_days(
    label: &str,
    time: TimeAxis,
    now: Timestamp,
    days: &[Day],
    href: &str,
    zone: &TimeZone,
) -> Markup {
    let marks = html! {
        @for day in days {
            @let left = time.at(day.from);
            @let width = (time.at(day.from.plus_seconds(DAY_SECONDS).min(now)) - left - APART).max(0.2);
            @match &day.severity {
                Some(severity) => a.bar.day.{ "s-" (class(severity)) } href=(href) aria-label=(day.label) {
                    title { (day.label) }
                    rect x=(Percent(left)) width=(Percent(width)) y=(TOP) height=(THICK) rx="3" {}
                },
                None => rect.unknown x=(Percent(left)) width=(Percent(width)) y=(TOP) height=(THICK) fill="url(#unknown)" {
                    title { (day.label) }
                },
            }
        }
    };
    Frame { label, time, number: None, height: ROW + TOP, zone }.around(&marks)
}

fn mark(placed: &Placed<'_>) -> Markup {
    let bar = placed.bar;
    let y = TOP + real_of(placed.row) * ROW;
    let is_open = bar.until.is_none();
    html! {
        a.bar.{ "s-" (class(&bar.severity)) }.{ "o-" (class(&bar.source)) }.open[is_open] href=(bar.href) aria-label=(bar.label) {
            title { (bar.label) }
            rect x=(Percent(placed.left)) width=(Percent(placed.right - placed.left)) y=(y) height=(THICK) rx="3" {}
            @if is_open {
                svg.onward x=(Percent(placed.right)) y=(y) width="10" height=(THICK) {
                    path d={ "M-2 0 8 " (THICK / 2.0) "-2 " (THICK) "z" } {}
                }
            }
            @match placed.name {
                NamePlace::Within => text.within x=(Percent(placed.left + 0.6)) y=(y + 12.0) { (shortened(&bar.name)) },
                NamePlace::Behind => text x=(Percent(placed.right + 0.4)) y=(y + 12.0) { (shortened(&bar.name)) },
                NamePlace::Before => text.before x=(Percent(placed.left - 0.4)) y=(y + 12.0) { (shortened(&bar.name)) },
                NamePlace::Nowhere => {},
            }
        }
    }
}

/// Gives every bar the first row in which it covers no other; names go first when rows become scarce.
fn place<'a>(time: &TimeAxis, bars: &'a [Bar]) -> (Vec<Placed<'a>>, usize) {
    let (placed, left_out) = place_in_rows(time, bars, true);
    if left_out == 0 { (placed, 0) } else { place_in_rows(time, bars, false) }
}

fn place_in_rows<'a>(time: &TimeAxis, bars: &'a [Bar], with_names: bool) -> (Vec<Placed<'a>>, usize) {
    let mut rows: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut placed = Vec::new();
    let mut left_out = 0;
    for bar in bars {
        let left = time.at(bar.from).min(100.0 - LEAST);
        let right = bar.until.map_or(100.0, |until| time.at(until)).max(left + LEAST);
        let wanted = room(&bar.name);
        let name = match () {
            () if right - left >= wanted => NamePlace::Within,
            () if with_names && right + wanted <= 100.0 => NamePlace::Behind,
            () if with_names && left - wanted >= 0.0 => NamePlace::Before,
            () => NamePlace::Nowhere,
        };
        let taken_from = if name == NamePlace::Before { left - wanted } else { left };
        let taken_until = if name == NamePlace::Behind { right + wanted } else { right };
        let free = |row: &Vec<(f64, f64)>| {
            row.iter().all(|(from, until)| taken_until + APART <= *from || *until + APART <= taken_from)
        };
        let row = match rows.iter().position(free) {
            Some(row) if placed.len() < MOST_BARS => row,
            None if rows.len() < MOST_ROWS && placed.len() < MOST_BARS => {
                rows.push(Vec::new());
                rows.len() - 1
            }
            _ => {
                left_out += 1;
                continue;
            }
        };
        if let Some(row) = rows.get_mut(row) {
            row.push((taken_from, taken_until));
        }
        placed.push(Placed { bar, row, left, right, name });
    }
    (placed, left_out)
}

fn room(name: &str) -> f64 {
    0.8 + LETTER * real_of(name.chars().count().min(LONGEST_NAME))
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    let start: String = name.chars().take(LONGEST_NAME - 1).collect();
    start + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        "2026-03-01T00:00:00Z".parse::<Timestamp>().unwrap().plus_seconds(60 * minute)
    }

    fn bar(from: i64, until: Option<i64>) -> Bar {
        Bar {
            href: "#here".to_owned(),
            label: format!("from {from}"),
            name: "payments".to_owned(),
            severity: "high".to_owned(),
            source: "xray".to_owned(),
            from: at(from),
            until: until.map(at),
        }
    }

    fn lane(bars: &[Bar]) -> Lane {
        draw("lane", TimeAxis::new(at(0), at(1_000)), at(1_000), bars, &TimeZone::UTC)
    }

    #[test]
    fn bars_that_would_cover_each_other_lie_in_rows() {
        let bars = [bar(100, Some(300)), bar(200, Some(400)), bar(500, Some(600))];
        let (placed, left_out) = place(&TimeAxis::new(at(0), at(1_000)), &bars);
        assert_eq!(placed.iter().map(|placed| placed.row).collect::<Vec<_>>(), [0, 1, 0]);
        assert_eq!(left_out, 0);
    }

    #[test]
    fn an_open_insight_reaches_the_end_and_points_onward() {
        let drawn = lane(&[bar(900, None)]).drawing.into_string();
        assert!(drawn.contains(r#"<rect x="90%" width="10%""#), "{drawn}");
        assert!(drawn.contains("onward"), "{drawn}");
        assert!(!lane(&[bar(900, Some(950))]).drawing.into_string().contains("onward"));
    }

    #[test]
    fn what_finds_no_row_is_counted() {
        let bars: Vec<Bar> = (0..20).map(|nth| bar(nth, Some(900))).collect();
        let lane = lane(&bars);
        assert_eq!((lane.drawn, lane.left_out), (12, 8));
        assert_eq!(lane.drawing.into_string().matches("<a class").count(), 12);
    }

    #[test]
    fn names_give_way_before_bars_do() {
        // Ten minutes apart, too near for names; without names they fit into one row.
        let bars: Vec<Bar> = (0..60).map(|nth| bar(nth * 15, Some(nth * 15 + 2))).collect();
        let lane = lane(&bars);
        assert_eq!((lane.drawn, lane.left_out), (60, 0));
    }
}
