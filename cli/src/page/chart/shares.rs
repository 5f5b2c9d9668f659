//! Which share of requests had faults, as an insight was looked at again and again: one line for the root cause, one for
//! the clients. A look that counted nothing breaks the line.

use super::Frame;
use super::axis::{NumberAxis, TimeAxis};
use super::path::Path;
use crate::page::number::Percent;
use insights_shared::time::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};

const HEIGHT: f64 = 110.0;

/// One look at the insight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// When.
    pub at: Timestamp,
    /// Of the root cause's requests, in percent.
    pub root_cause: Option<f64>,
    /// Of the clients' requests, in percent.
    pub clients: Option<f64>,
}

/// The chart of `looks`, in order of time.
pub fn draw(label: &str, time: TimeAxis, looks: &[Look], zone: &TimeZone) -> Markup {
    let axis = NumberAxis::percent();
    let lines: [(&str, &str, fn(&Look) -> Option<f64>); 2] =
        [("clients", "clients", |look| look.clients), ("root-cause", "root cause", |look| look.root_cause)];
    let marks = html! {
        @for (class, name, share) in lines {
            (joined(looks, share, &time, &axis).draw(&format!("line {class}")))
            @for (look, share) in looks.iter().filter_map(|look| Some((look, share(look)?))) {
                circle class={ "dot " (class) } cx=(Percent(time.at(look.at))) cy=(HEIGHT - axis.above(share, HEIGHT)) r="3.5" {
                    title { (crate::page::text::instant(look.at, zone)) ": " (format!("{share:.1}% of requests, ")) (name) }
                }
            }
        }
    };
    let frame =
        Frame { label, time, number: Some((axis, |share| format!("{share:.0}%"))), height: HEIGHT, zone };
    frame.around(&marks)
}

fn joined<'a>(
    looks: &[Look],
    share: fn(&Look) -> Option<f64>,
    time: &'a TimeAxis,
    axis: &'a NumberAxis,
) -> Path<'a> {
    let mut path = Path::new(time, axis, HEIGHT);
    let mut is_broken = true;
    for look in looks {
        match share(look) {
            Some(share) if is_broken => path.start(look.at, share),
            Some(share) => path.line(look.at, share),
            None => {}
        }
        is_broken = share(look).is_none();
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_that_counted_nothing_breaks_the_line() {
        let at = |minute| "2026-03-01T00:00:00Z".parse::<Timestamp>().unwrap().plus_seconds(60 * minute);
        let look = |minute, root_cause| Look { at: at(minute), root_cause, clients: None };
        let looks = [look(0, Some(0.0)), look(25, Some(50.0)), look(50, None), look(75, Some(100.0))];
        let drawn = draw("faults", TimeAxis::new(at(0), at(100)), &looks, &TimeZone::UTC).into_string();
        assert!(drawn.contains(r#"class="line root-cause" d="M0 110L250 55M750 0""#), "{drawn}");
        assert_eq!(drawn.matches("<circle").count(), 3, "{drawn}");
        assert!(drawn.contains(r#"cx="25%" cy="55""#), "{drawn}");
        assert!(!drawn.contains("line clients"), "a line of nothing is not drawn: {drawn}");
    }
}
