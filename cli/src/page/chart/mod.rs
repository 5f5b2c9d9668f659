//! Charts as SVG, drawn here rather than by a script, so that they are there in print, in a mail reader, and under a
//! policy that lets nothing else run. Across, all is in percent: a chart is as wide as its window, and its text is as
//! large as all other text. Colours are classes. Charts are handed plain numbers and know no records.

pub mod axis;
pub mod counts;
pub mod graph;
pub mod lanes;
pub mod path;
pub mod rate;
pub mod shares;

use super::number::Percent;
use axis::{NumberAxis, TimeAxis};
use jiff::tz::TimeZone;
use maud::{Markup, html};

/// Ticks of a time axis on a wide window; a narrow one shows every second.
const TICKS: i64 = 10;
/// What the times below a chart take of its height.
pub const FOOT: f64 = 20.0;

/// What a chart is drawn in.
#[derive(Debug)]
pub struct Frame<'a> {
    /// What it shows, for who cannot see it.
    pub label: &'a str,
    /// Across.
    pub time: TimeAxis,
    /// Upward, with what its ticks are called; none where things have no height.
    pub number: Option<(NumberAxis, fn(f64) -> String)>,
    /// Of what is drawn, without the times below.
    pub height: f64,
    /// Which clocks tell the time.
    pub zone: &'a TimeZone,
}

impl Frame<'_> {
    /// The frame with `marks` in it.
    pub fn around(&self, marks: &Markup) -> Markup {
        let ticks = self.time.ticks(self.zone, TICKS);
        let crowded = ticks.len() > 4;
        let whole = self.height + FOOT;
        html! {
            div.frame.bare[self.number.is_none()] {
                @if let Some((axis, name)) = self.number {
                    svg.scale width="46" height=(whole) aria-hidden="true" {
                        @for tick in axis.ticks() {
                            text x="40" y=(self.height - axis.above(tick, self.height) + 4.0) { (name(tick)) }
                        }
                    }
                }
                svg.plot width="100%" height=(whole) role="img" aria-label=(self.label) {
                    @if let Some((axis, _)) = self.number {
                        @for tick in axis.ticks() {
                            @let y = self.height - axis.above(tick, self.height);
                            line.grid x1="0" x2="100%" y1=(y) y2=(y) {}
                        }
                    }
                    @for (nth, tick) in ticks.iter().enumerate() {
                        g.tick.extra[crowded && nth % 2 == 1].day[tick.is_day] {
                            line x1=(Percent(tick.at)) x2=(Percent(tick.at)) y1="0" y2=(self.height + 4.0) {}
                            text x=(Percent(tick.at)) y=(self.height + 16.0) .first[tick.at < 3.0] .last[tick.at > 97.0] {
                                (tick.label)
                            }
                        }
                    }
                    (marks)
                }
            }
        }
    }
}

/// The patterns that charts refer to; a page has them once. Hatched means that nothing is known.
pub fn patterns() -> Markup {
    html! {
        svg.patterns width="0" height="0" aria-hidden="true" {
            defs {
                pattern id="unknown" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                    line.hatch x1="0" y1="0" x2="0" y2="6" {}
                }
                marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto" {
                    path.arrow d="M0 0 8 4 0 8z" {}
                }
            }
        }
    }
}
