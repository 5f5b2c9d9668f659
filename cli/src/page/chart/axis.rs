//! Axes: where an instant or a number lies on a chart, and the ticks that let somebody read it off. Places along an axis
//! are percentages, so that a chart is as wide as the window that shows it. It knows no marks.

use crate::page::number::real;
use insights_shared::time::{DAY_SECONDS, Timestamp};
use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// The steps between ticks that are told by the clock, in seconds.
const CLOCK_STEPS: [i64; 11] = [60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200];
/// The steps between ticks that are told by the calendar, in days.
const DAY_STEPS: [i64; 7] = [1, 2, 7, 14, 28, 91, 364];
/// What the steps of a number axis begin with.
const LEADING: [f64; 4] = [1.0, 2.0, 2.5, 5.0];

/// A span of time, laid out from 0 to 100 percent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeAxis {
    /// The instant at 0 percent.
    pub from: Timestamp,
    /// The instant at 100 percent.
    pub until: Timestamp,
}

/// A place on an axis and what is written there.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Percent along the axis.
    pub at: f64,
    /// What is written.
    pub label: String,
    /// Whether a day begins here on an axis that is told by the clock.
    pub is_day: bool,
}

impl TimeAxis {
    /// From `from` to `until`, at least a minute long.
    pub fn new(from: Timestamp, until: Timestamp) -> Self {
        Self { from, until: until.max(from.plus_seconds(60)) }
    }

    /// Where `instant` lies, held within the axis.
    pub fn at(&self, instant: Timestamp) -> f64 {
        let whole = real(self.until.millis_since(self.from));
        (100.0 * real(instant.millis_since(self.from)) / whole).clamp(0.0, 100.0)
    }

    /// Whether `instant` lies on the axis.
    pub fn holds(&self, instant: Timestamp) -> bool {
        (self.from..=self.until).contains(&instant)
    }

    /// At most `most` ticks, at round times of `zone`.
    pub fn ticks(&self, zone: &TimeZone, most: i64) -> Vec<Tick> {
        let seconds = self.until.millis_since(self.from) / 1_000;
        let fits = |step: &i64| seconds / *step < most.max(1);
        let day_fits = |step: &i64| fits(&(*step * DAY_SECONDS));
        let instants = match CLOCK_STEPS.into_iter().find(fits) {
            Some(step) => self.by_clock(zone, step),
            None => {
                let longest = seconds / DAY_SECONDS / most.max(1) + 1;
                self.by_calendar(zone, DAY_STEPS.into_iter().find(day_fits).unwrap_or(longest))
            }
        };
        instants.into_iter().filter(|tick| (0.0..=100.0).contains(&tick.at)).collect()
    }

    /// Every `step` seconds of each day, as its clocks show them.
    fn by_clock(&self, zone: &TimeZone, step: i64) -> Vec<Tick> {
        let mut ticks: Vec<Tick> = Vec::new();
        for day in self.days(zone, 1) {
            for nth in 0..DAY_SECONDS / step {
                let shown = day.to_datetime(jiff::civil::Time::midnight());
                let Ok(shown) = shown.checked_add(SignedDuration::from_secs(nth * step)) else { continue };
                let label =
                    if nth == 0 { shown.strftime("%b %-d") } else { shown.strftime("%H:%M") }.to_string();
                let Some(at) = self.place(zone, shown) else { continue };
                // An hour that the clocks leave out would fall on the next one.
                if ticks.last().is_none_or(|last| last.at < at) {
                    ticks.push(Tick { at, label, is_day: nth == 0 });
                }
            }
        }
        ticks
    }

    /// Every `step` days.
    fn by_calendar(&self, zone: &TimeZone, step: i64) -> Vec<Tick> {
        let format = if step >= 91 { "%b %Y" } else { "%b %-d" };
        let tick = |day: Date| {
            let shown = day.to_datetime(jiff::civil::Time::midnight());
            let at = self.place(zone, shown)?;
            Some(Tick { at, label: shown.strftime(format).to_string(), is_day: false })
        };
        self.days(zone, step).into_iter().filter_map(tick).collect()
    }

    /// Every so many days of `zone` that the axis touches.
    fn days(&self, zone: &TimeZone, every: i64) -> Vec<Date> {
        let (Some(first), Some(last)) = (civil(self.from, zone), civil(self.until, zone)) else {
            return Vec::new();
        };
        let Ok(every) = jiff::Span::new().try_days(every) else { return Vec::new() };
        first.date().series(every).take_while(|day| *day <= last.date()).collect()
    }

    /// Where the instant lies that the clocks of `zone` show as `shown`; nowhere if it is off the axis.
    fn place(&self, zone: &TimeZone, shown: DateTime) -> Option<f64> {
        let zoned = zone.to_zoned(shown).ok()?;
        let instant = Timestamp::from_millis(zoned.timestamp().as_millisecond())?;
        self.holds(instant).then(|| self.at(instant))
    }
}

fn civil(instant: Timestamp, zone: &TimeZone) -> Option<DateTime> {
    let instant = jiff::Timestamp::from_millisecond(instant.millis()).ok()?;
    Some(instant.to_zoned(zone.clone()).datetime())
}

/// Numbers from zero up, laid out from the bottom of a chart to its top.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NumberAxis {
    /// The number at the top.
    pub most: f64,
    step: f64,
}

impl NumberAxis {
    /// An axis that reaches at least `most`, with a handful of round steps.
    pub fn up_to(most: f64) -> Self {
        let most = if most.is_finite() && most > 0.0 { most } else { 1.0 };
        let power = 10_f64.powf((most / 4.0).log10().floor());
        let steps = LEADING.into_iter().chain([10.0]).map(|leading| leading * power);
        let step = steps.into_iter().find(|step| most / step <= 4.0).unwrap_or(10.0 * power);
        Self { most: (most / step).ceil() * step, step }
    }

    /// As [`Self::up_to`], of things that are counted: no step is less than one.
    pub fn of_counts(most: f64) -> Self {
        let axis = Self::up_to(most);
        if axis.step < 1.0 { Self { most: most.ceil().max(1.0), step: 1.0 } } else { axis }
    }

    /// From none to all of something, in percent.
    pub fn percent() -> Self {
        Self { most: 100.0, step: 25.0 }
    }

    /// How far above the bottom `number` lies, on a chart of `height`.
    pub fn above(&self, number: f64, height: f64) -> f64 {
        (height * number / self.most).clamp(0.0, height)
    }

    /// The numbers of the ticks, from zero up.
    pub fn ticks(&self) -> Vec<f64> {
        let mut ticks = Vec::new();
        let mut nth = 0.0;
        while nth * self.step <= self.most * 1.000_001 && ticks.len() < 20 {
            ticks.push(nth * self.step);
            nth += 1.0;
        }
        ticks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(from: &str, until: &str) -> TimeAxis {
        TimeAxis::new(from.parse().unwrap(), until.parse().unwrap())
    }

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn an_instant_lies_in_proportion_and_never_off_the_axis() {
        let axis = axis("2026-03-01T00:00:00Z", "2026-03-01T04:00:00Z");
        for (instant, at) in [
            ("2026-03-01T01:00:00Z", 25.0),
            ("2026-03-01T04:00:00Z", 100.0),
            ("2026-02-01T00:00:00Z", 0.0),
            ("2026-04-01T00:00:00Z", 100.0),
        ] {
            assert!((axis.at(instant.parse().unwrap()) - at).abs() < 1e-9, "{instant}");
        }
    }

    #[test]
    fn ticks_stand_at_round_times_of_the_zone() {
        let zone = TimeZone::fixed(jiff::tz::offset(5).saturating_add(SignedDuration::from_mins(30)));
        for (from, until, expected) in [
            (
                "2026-03-01T17:00:00Z",
                "2026-03-01T20:00:00Z",
                vec!["22:30", "23:00", "23:30", "Mar 2", "00:30", "01:00", "01:30"],
            ),
            ("2026-03-01T00:00:00Z", "2026-03-03T06:00:00Z", vec!["12:00", "Mar 2", "12:00", "Mar 3"]),
            (
                "2026-03-01T00:00:00Z",
                "2026-03-08T00:00:00Z",
                vec!["Mar 2", "Mar 3", "Mar 4", "Mar 5", "Mar 6", "Mar 7"],
            ),
        ] {
            let most = if expected.len() < 5 { 5 } else { 8 };
            assert_eq!(labels(&axis(from, until).ticks(&zone, most)), expected, "{from}");
        }
    }

    #[test]
    fn an_hour_that_the_clocks_leave_out_has_no_tick_of_its_own() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let ticks = axis("2026-03-29T00:00:00Z", "2026-03-29T04:00:00Z").ticks(&zone, 8);
        assert_eq!(
            labels(&ticks),
            ["01:00", "01:30", "02:00", "03:30", "04:00", "04:30", "05:00", "05:30", "06:00"]
        );
    }

    #[test]
    fn a_span_of_any_length_has_few_ticks() {
        for (from, until) in [
            ("2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z"),
            ("2026-03-01T00:00:00Z", "2026-03-01T00:07:00Z"),
            ("2026-03-01T00:00:00Z", "2026-06-01T00:00:00Z"),
            ("2019-03-01T00:00:00Z", "2026-03-01T00:00:00Z"),
            ("0001-01-01T00:00:00Z", "9999-01-01T00:00:00Z"),
        ] {
            let ticks = axis(from, until).ticks(&TimeZone::UTC, 8);
            assert!((1..=9).contains(&ticks.len()), "{from} {until} {ticks:?}");
        }
    }

    #[test]
    fn numbers_have_round_steps_and_room_for_the_most() {
        for (most, top, ticks) in [
            (0.0, 1.0, vec![0.0, 0.25, 0.5, 0.75, 1.0]),
            (0.8, 0.8, vec![0.0, 0.2, 0.4, 0.6, 0.8]),
            (44.0, 60.0, vec![0.0, 20.0, 40.0, 60.0]),
            (100.0, 100.0, vec![0.0, 25.0, 50.0, 75.0, 100.0]),
            (9_000.0, 10_000.0, vec![0.0, 2_500.0, 5_000.0, 7_500.0, 10_000.0]),
        ] {
            let axis = NumberAxis::up_to(most);
            assert!((axis.most - top).abs() < 1e-9, "{most}: {axis:?}");
            assert_eq!(axis.ticks().len(), ticks.len(), "{most}: {axis:?}");
            for (tick, expected) in axis.ticks().into_iter().zip(ticks) {
                assert!((tick - expected).abs() < 1e-9, "{most}: {axis:?}");
            }
        }
        assert_eq!(NumberAxis::of_counts(2.0).ticks(), [0.0, 1.0, 2.0]);
        assert!((NumberAxis::up_to(50.0).above(30.0, 80.0) - 40.0).abs() < 1e-9, "half of 60");
    }
}
