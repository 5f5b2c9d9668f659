//! Evidence by day: what is not compliant with what is compliant upon it, and what was inconclusive below, apart, since it
//! is no part of the judgement. A day that was not collected is hatched, never empty.

use crate::page::number::{Percent, real, real_of};
use crate::page::text::date;
use maud::{Markup, html};

use super::FOOT;
use super::axis::NumberAxis;

/// Of what is judged.
const HEIGHT: f64 = 96.0;
/// Of what is inconclusive.
const BELOW: f64 = 30.0;
/// Between the two.
const GAP: f64 = 6.0;
/// Of a day's width, what its bar takes.
const FILLED: f64 = 0.78;

/// The counts of one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Evidence that is not compliant.
    pub noncompliant: Option<i64>,
    /// Evidence that is.
    pub compliant: Option<i64>,
    /// Evidence that tells nothing.
    pub inconclusive: Option<i64>,
}

impl Counts {
    /// What is judged.
    pub fn judged(&self) -> i64 {
        self.noncompliant.unwrap_or_default().saturating_add(self.compliant.unwrap_or_default())
    }
}

/// The chart of `days`, each a UTC day as `YYYY-MM-DD` with its counts, or without where nothing was collected.
pub fn draw(label: &str, days: &[(String, Option<Counts>)]) -> Markup {
    let known = || days.iter().filter_map(|(_, counts)| counts.as_ref());
    let judged = NumberAxis::of_counts(real(known().map(Counts::judged).max().unwrap_or_default()));
    let unclear = known().filter_map(|counts| counts.inconclusive).max().unwrap_or_default();
    let unclear = NumberAxis::of_counts(real(unclear));
    let width = 100.0 / real_of(days.len().max(1));
    let every = days.len().div_ceil(8).max(1);
    let whole = HEIGHT + GAP + BELOW;
    html! {
        div.frame {
            svg.scale width="46" height=(whole + FOOT) aria-hidden="true" {
                @for tick in judged.ticks() {
                    text x="40" y=(HEIGHT - judged.above(tick, HEIGHT) + 4.0) { (crate::page::number::Rate(tick)) }
                }
                text x="40" y=(whole + 1.0) { (crate::page::number::Rate(unclear.most)) }
            }
            svg.plot width="100%" height=(whole + FOOT) role="img" aria-label=(label) {
                @for tick in judged.ticks() {
                    @let y = HEIGHT - judged.above(tick, HEIGHT);
                    line.grid x1="0" x2="100%" y1=(y) y2=(y) {}
                }
                @for (nth, (day, counts)) in days.iter().enumerate() {
                    @let left = width * (real_of(nth) + (1.0 - FILLED) / 2.0);
                    @let column = Column { day, left, width: width * FILLED, judged, unclear };
                    @match counts {
                        Some(counts) => (column.bars(counts)),
                        None => rect.unknown x=(Percent(left)) width=(Percent(width * FILLED)) y="0" height=(whole) fill="url(#unknown)" {
                            title { (date(day)) ": not collected" }
                        },
                    }
                    @if nth % every == 0 {
                        g.tick.extra[days.len() > 4 && nth / every % 2 == 1] {
                            text x=(Percent(width * (real_of(nth) + 0.5))) y=(whole + 16.0) { (date(day)) }
                        }
                    }
                }
            }
        }
    }
}

/// Where a day's bars go.
struct Column<'a> {
    day: &'a str,
    left: f64,
    width: f64,
    judged: NumberAxis,
    unclear: NumberAxis,
}

impl Column<'_> {
    fn bars(&self, counts: &Counts) -> Markup {
        let noncompliant = self.judged.above(real(counts.noncompliant.unwrap_or_default()), HEIGHT);
        let compliant = self.judged.above(real(counts.compliant.unwrap_or_default()), HEIGHT);
        let inconclusive = self.unclear.above(real(counts.inconclusive.unwrap_or_default()), BELOW);
        html! {
            (self.bar("compliant", counts.compliant, HEIGHT - noncompliant - compliant, compliant))
            (self.bar("noncompliant", counts.noncompliant, HEIGHT - noncompliant, noncompliant))
            (self.bar("inconclusive", counts.inconclusive, HEIGHT + GAP, inconclusive))
        }
    }

    fn bar(&self, class: &str, count: Option<i64>, top: f64, height: f64) -> Markup {
        let name = if class == "noncompliant" { "non-compliant" } else { class };
        html! {
            @if let Some(count) = count.filter(|count| *count > 0) {
                rect class=(class) x=(Percent(self.left)) width=(Percent(self.width))
                    y=(crate::page::number::Place(top)) height=(crate::page::number::Place(height.max(1.0))) {
                    title { (date(self.day)) ": " (crate::output::words::thousands(count)) " " (name) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_that_was_not_collected_is_hatched_and_one_without_evidence_is_empty() {
        let counted = Counts { noncompliant: Some(25), compliant: Some(75), inconclusive: Some(5) };
        let days = [
            ("2026-03-01".to_owned(), Some(counted)),
            ("2026-03-02".to_owned(), None),
            ("2026-03-03".to_owned(), Some(Counts { noncompliant: Some(0), ..Counts::default() })),
            ("2026-03-04".to_owned(), Some(counted)),
        ];
        let drawn = draw("evidence", &days).into_string();
        assert_eq!(drawn.matches(r#"<rect class="unknown""#).count(), 1, "{drawn}");
        assert!(drawn.contains("Mar 2: not collected"), "{drawn}");
        assert_eq!(
            drawn.matches("<rect").count(),
            7,
            "three bars on each of two days, and the hatched one: {drawn}"
        );
        // Of 100 on a chart of 96: 25 are 24 high, from the bottom; 75 stand on them.
        assert!(
            drawn.contains(r#"<rect class="noncompliant" x="2.75%" width="19.5%" y="72" height="24">"#),
            "{drawn}"
        );
        assert!(
            drawn.contains(r#"<rect class="compliant" x="2.75%" width="19.5%" y="0" height="72">"#),
            "{drawn}"
        );
        assert!(drawn.contains(r#"<rect class="inconclusive" x="2.75%" width="19.5%" y="102" "#), "{drawn}");
    }
}
