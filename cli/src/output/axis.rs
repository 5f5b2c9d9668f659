//! A time axis of text columns: the column of a time, and the ticks.

use insights_query::Span;
use insights_query::format::zoned;
use insights_shared::time::{DAY_SECONDS, Timestamp};
use jiff::tz::TimeZone;

/// Possible distances between two ticks, in seconds. The smallest one with enough room for the labels is used.
const STEPS: [i64; 14] = [
    60, 300, 600, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000,
    31_536_000,
];
/// The columns of a label and the space after it.
const TICK: usize = 13;

/// A span of time across columns.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    span: Span,
    width: usize,
}

impl Axis {
    /// `span` across `width` columns.
    pub fn new(span: Span, width: usize) -> Self {
        Self { span, width: width.max(1) }
    }

    /// The column of `instant`, limited to the axis.
    pub fn column(&self, instant: Timestamp) -> usize {
        let all = i128::from(self.span.millis().max(1));
        let past = i128::from(instant.clamp(self.span.since, self.span.until).millis_since(self.span.since));
        let width = i128::try_from(self.width).unwrap_or(1);
        usize::try_from(past * width / all).unwrap_or_default().min(self.width - 1)
    }

    /// Two lines: marks, and their times in `zone`.
    pub fn ticks(&self, zone: &TimeZone) -> [String; 2] {
        let most = (self.width / TICK).max(1);
        let most = i64::try_from(most).unwrap_or(1);
        let seconds = self.span.millis() / 1_000;
        let step = STEPS.into_iter().find(|step| seconds / step < most).unwrap_or(31_536_000);
        let mut marks: Vec<char> = vec!['─'; self.width];
        let mut texts = String::new();
        for instant in self.instants(step, zone) {
            let column = self.column(instant);
            let text = tick(instant, step, zone);
            let length = texts.chars().count();
            if (length > 0 && column <= length) || column + text.chars().count() > self.width {
                continue;
            }
            if let Some(mark) = marks.get_mut(column) {
                *mark = '┬';
            }
            texts.extend(std::iter::repeat_n(' ', column - length));
            texts.push_str(&text);
        }
        [marks.into_iter().collect(), texts]
    }

    /// The times of the ticks: multiples of `step` in the local day, even if the offset changes.
    fn instants(&self, step: i64, zone: &TimeZone) -> Vec<Timestamp> {
        if step >= DAY_SECONDS {
            return self.midnights(step / DAY_SECONDS, zone);
        }
        // Offsets are multiples of 15 minutes, so no finer grid is needed.
        let grid = step.min(900);
        let mut instants = Vec::new();
        let mut at = self.span.since.ceil(grid);
        while at <= self.span.until {
            let local = at.seconds() + i64::from(zoned(at, zone).offset().seconds());
            if local.rem_euclid(step) == 0 {
                instants.push(at);
            }
            at = at.plus_seconds(grid);
        }
        instants
    }

    /// The starts of every `days`-th local day. If midnight does not exist on a day, the day starts after it.
    fn midnights(&self, days: i64, zone: &TimeZone) -> Vec<Timestamp> {
        let mut instants = Vec::new();
        let mut date = zoned(self.span.since, zone).date();
        let epoch = jiff::civil::date(1970, 1, 1);
        while let Ok(midnight) = date.to_zoned(zone.clone()) {
            let Some(at) = Timestamp::from_millis(midnight.timestamp().as_millisecond()) else { break };
            if at > self.span.until {
                break;
            }
            let since_epoch = date.duration_since(epoch).as_hours() / 24;
            if at >= self.span.since && since_epoch.rem_euclid(days) == 0 {
                instants.push(at);
            }
            let Ok(next) = date.tomorrow() else { break };
            date = next;
        }
        instants
    }
}

fn tick(instant: Timestamp, step: i64, zone: &TimeZone) -> String {
    let form = match step {
        step if step < 86_400 => "%m-%d %H:%M",
        step if step < 31_536_000 => "%Y-%m-%d",
        _ => "%Y",
    };
    zoned(instant, zone).strftime(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_its_instants_in_their_columns_and_ticks_on_whole_steps() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let span = Span { since: at("2026-03-01T00:30:00Z"), until: at("2026-03-02T00:30:00Z") };
        let axis = Axis::new(span, 48);
        for (instant, column) in [
            ("2026-02-01T00:00:00Z", 0),
            ("2026-03-01T00:30:00Z", 0),
            ("2026-03-01T12:30:00Z", 24),
            ("2026-03-02T00:30:00Z", 47),
            ("2026-04-01T00:00:00Z", 47),
        ] {
            assert_eq!(axis.column(at(instant)), column, "{instant}");
        }
        let [marks, texts] = axis.ticks(&TimeZone::UTC);
        assert_eq!(marks.chars().count(), 48);
        // Midnight is a tick too, but its label does not fit.
        assert_eq!(texts, format!("{}03-01 12:00", " ".repeat(23)));
        assert_eq!(marks.chars().filter(|mark| *mark == '┬').count(), 1);
        let [_, local] = axis.ticks(&TimeZone::fixed(jiff::tz::offset(1)));
        assert!(local.contains("03-01 12:00"), "{local}");
    }

    #[test]
    fn ticks_are_whole_hours_and_days_of_the_clocks_before_and_after_they_change() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        for (zone, since, until, step, expected) in [
            (
                "America/New_York",
                "2026-03-07T05:00:00Z",
                "2026-03-10T03:00:00Z",
                DAY_SECONDS,
                &["2026-03-07T05:00:00.000Z", "2026-03-08T05:00:00.000Z", "2026-03-09T04:00:00.000Z"][..],
            ),
            (
                "America/New_York",
                "2026-11-01T03:00:00Z",
                "2026-11-01T11:00:00Z",
                3 * 3_600,
                // Midnight, three, six: the hour from one to two occurs twice.
                &["2026-11-01T04:00:00.000Z", "2026-11-01T08:00:00.000Z", "2026-11-01T11:00:00.000Z"],
            ),
            (
                "Australia/Lord_Howe",
                "2026-04-04T12:00:00Z",
                "2026-04-04T17:00:00Z",
                2 * 3_600,
                &["2026-04-04T13:00:00.000Z", "2026-04-04T15:30:00.000Z"],
            ),
            (
                "Asia/Kolkata",
                "2026-01-01T00:00:00Z",
                "2026-01-01T03:00:00Z",
                3_600,
                &["2026-01-01T00:30:00.000Z", "2026-01-01T01:30:00.000Z", "2026-01-01T02:30:00.000Z"],
            ),
        ] {
            let span = Span { since: at(since), until: at(until) };
            let zone = TimeZone::get(zone).unwrap();
            let instants = Axis::new(span, 48).instants(step, &zone);
            let instants: Vec<String> = instants.iter().map(ToString::to_string).collect();
            assert_eq!(instants, expected, "{since}");
        }
    }
}
