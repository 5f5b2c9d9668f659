//! Instants to the millisecond, in UTC, and where "now" comes from.
//!
//! Every service here gives times as epoch seconds with a fraction that binary floating point blurs
//! (`1601002100.123` arrives as `…122999` ns), so an instant is rounded to the millisecond before it becomes a key,
//! a hash or a comparison. The text form is RFC 3339 with three digits and `Z`, and sorts as the instants do.

use jiff::{SignedDuration, Unit};
use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::sync::atomic::{AtomicI64, Ordering};

/// Milliseconds in a second.
const MILLIS: i64 = 1_000;
/// Seconds in a day. UTC days have no other length here: no service of ours counts leap seconds.
pub const DAY_SECONDS: i64 = 86_400;

/// An instant, in milliseconds since 1970-01-01T00:00:00Z, between the years 1 and 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The first instant that the four-digit text form can hold, 0001-01-01T00:00:00Z.
    pub const MIN: Self = Self(-62_135_596_800_000);
    /// The last whole instant that `jiff` shows in every time zone with four digits, 9999-12-30T21:59:59.999Z. (It keeps a day back so
    /// that offsets can be added.)
    pub const MAX: Self = Self(253_402_207_199_999);

    /// The instant `millis` milliseconds after the epoch, or `None` outside [`Self::MIN`]…[`Self::MAX`].
    pub fn from_millis(millis: i64) -> Option<Self> {
        let timestamp = Self(millis);
        (Self::MIN..=Self::MAX).contains(&timestamp).then_some(timestamp)
    }

    /// The instant `seconds` seconds after the epoch, held within [`Self::MIN`]…[`Self::MAX`].
    pub fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MILLIS)).clamp(Self::MIN, Self::MAX)
    }

    /// The instant at `seconds` and `nanos` after it, rounded to the nearest millisecond; `None` out of range.
    pub fn from_parts(seconds: i64, nanos: u32) -> Option<Self> {
        let millis = seconds.checked_mul(MILLIS)?.checked_add((i64::from(nanos) + 500_000) / 1_000_000)?;
        Self::from_millis(millis)
    }

    /// Milliseconds since the epoch.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(MILLIS)
    }

    /// This instant moved by `seconds`, held within the range of the text form.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(MILLIS))).clamp(Self::MIN, Self::MAX)
    }

    /// The last multiple of `seconds` since the epoch that is not after this instant.
    #[must_use]
    pub fn floor(self, seconds: i64) -> Self {
        let step = seconds.max(1).saturating_mul(MILLIS);
        Self(self.0 - self.0.rem_euclid(step)).max(Self::MIN)
    }

    /// The first multiple of `seconds` since the epoch that is not before this instant.
    #[must_use]
    pub fn ceil(self, seconds: i64) -> Self {
        let floor = self.floor(seconds);
        if floor == self { self } else { floor.plus_seconds(seconds) }
    }

    /// Milliseconds from `earlier` to this instant; negative if it is not earlier.
    pub fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The UTC day, as `YYYY-MM-DD`.
    pub fn day(self) -> String {
        let mut text = self.to_text();
        text.truncate(10);
        text
    }

    /// The text form: RFC 3339 with three digits and `Z`.
    pub fn to_text(self) -> String {
        let mut text = String::with_capacity(LENGTH);
        text.push_str(Digits::of(self).as_str());
        text
    }
}

/// How long the text form is.
const LENGTH: usize = 24;

/// The text form of an instant. Records have eight of them, so that they are worth writing by hand.
struct Digits([u8; LENGTH]);

impl Digits {
    fn of(timestamp: Timestamp) -> Self {
        let (days, millis) =
            (timestamp.0.div_euclid(DAY_SECONDS * MILLIS), timestamp.0.rem_euclid(DAY_SECONDS * MILLIS));
        let (year, month, day) = civil(days);
        let seconds = millis / MILLIS;
        let mut text = Self(*b"0000-00-00T00:00:00.000Z");
        text.set(0..4, year);
        text.set(5..7, month);
        text.set(8..10, day);
        text.set(11..13, seconds / 3_600);
        text.set(14..16, seconds / 60 % 60);
        text.set(17..19, seconds % 60);
        text.set(20..23, millis % MILLIS);
        text
    }

    /// The instant of a text of this very form; `None` for any other, which may be one all the same.
    fn read(text: &str) -> Option<Timestamp> {
        let number = |places: Range<usize>| text.get(places)?.parse::<u16>().ok().map(i64::from);
        if text.len() != LENGTH {
            return None;
        }
        let days = days(number(0..4)?, number(5..7)?, number(8..10)?);
        let seconds = number(11..13)? * 3_600 + number(14..16)? * 60 + number(17..19)?;
        let millis = (days * DAY_SECONDS + seconds) * MILLIS + number(20..23)?;
        // What is no such text, be it that a month has no such day, reads otherwise when it is written again.
        Timestamp::from_millis(millis).filter(|timestamp| Self::of(*timestamp).as_str() == text)
    }

    fn set(&mut self, places: Range<usize>, mut number: i64) {
        for place in self.0.get_mut(places).into_iter().flatten().rev() {
            *place = b'0' + u8::try_from(number % 10).unwrap_or_default();
            number /= 10;
        }
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Year, month and day of the day that is `days` after 1970-01-01, in the calendar of RFC 3339. Years begin in March here,
/// so that the day that leap years have is the last of its year; 400 years have 146,097 days.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(Digits::of(*self).as_str())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Reads RFC 3339 with any offset. An error is one lower-case line that says what is wrong with the text.
impl FromStr for Timestamp {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(timestamp) = Digits::read(text) {
            return Ok(timestamp);
        }
        let instant: jiff::Timestamp = text.parse().map_err(|error: jiff::Error| error.to_string())?;
        let rounded = instant.round(Unit::Millisecond).map_err(|error| error.to_string())?;
        Self::from_millis(rounded.as_millisecond()).ok_or_else(|| "year outside 1 to 9999".to_owned())
    }
}

/// Where "now" comes from. `main` makes one and passes it down, so that a test can hold it still.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// The machine's clock moved by so many milliseconds: a story told as of another day.
    Shifted(i64),
    /// Always the same instant.
    Fixed(Timestamp),
    /// Milliseconds since the epoch, moved by whoever holds it: a simulation's.
    Held(&'static AtomicI64),
}

impl Clock {
    /// The instant that this clock shows.
    pub fn now(self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
        let machine = jiff::Timestamp::now().as_millisecond();
        match self {
            Self::System => Timestamp(machine),
            Self::Shifted(millis) => {
                Timestamp(machine.saturating_add(millis)).clamp(Timestamp::MIN, Timestamp::MAX)
            }
            Self::Fixed(timestamp) => timestamp,
            Self::Held(millis) => {
                Timestamp(millis.load(Ordering::SeqCst)).clamp(Timestamp::MIN, Timestamp::MAX)
            }
        }
    }
}

/// Reads a span such as `90s`, `15m`, `24h`, `7d`, `2w` or `1d 12h`. An error is one line that says what is wrong.
pub fn parse_span(text: &str) -> Result<SignedDuration, String> {
    let span: jiff::Span = text.trim().parse().map_err(|error: jiff::Error| error.to_string())?;
    let relative = jiff::SpanRelativeTo::days_are_24_hours();
    span.to_duration(relative).map_err(|error| error.to_string())
}

/// The inverse of [`civil`], of what is a month.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_three_digits_and_sorts_as_the_instants_do() {
        let timestamp = Timestamp::from_parts(1_700_000_000, 250_000_000).unwrap();
        assert_eq!(timestamp.to_string(), "2023-11-14T22:13:20.250Z");
        assert_eq!(Timestamp::from_seconds(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert!(Timestamp::from_millis(-1).unwrap().to_string() < Timestamp::from_seconds(0).to_string());
        assert_eq!(timestamp.day(), "2023-11-14");
    }

    #[test]
    fn blurred_fractions_round_to_the_millisecond() {
        let blurred = Timestamp::from_parts(1_601_002_100, 122_999_906).unwrap();
        assert_eq!(blurred.to_string(), "2020-09-25T02:48:20.123Z");
        assert_eq!(Timestamp::from_parts(5, 999_999_999).unwrap().millis(), 6_000);
    }

    #[test]
    fn reading_back_gives_the_same_instant() {
        for text in
            ["2023-11-14T22:13:20.250Z", "2023-11-14T23:13:20.25+01:00", "2023-11-14T22:13:20.250000001Z"]
        {
            assert_eq!(text.parse::<Timestamp>().unwrap().millis(), 1_700_000_000_250, "{text}");
        }
        assert!("yesterday".parse::<Timestamp>().is_err());
        for edge in [Timestamp::MIN, Timestamp::MAX] {
            assert_eq!(edge.to_string().parse::<Timestamp>(), Ok(edge));
        }
        assert_eq!(Timestamp::from_millis(i64::MAX), None);
    }

    #[test]
    fn every_day_of_the_calendar_has_the_text_that_a_library_gives_it() {
        let shown = |timestamp: Timestamp| {
            let instant = jiff::Timestamp::from_millisecond(timestamp.millis()).unwrap();
            format!("{instant:.3}")
        };
        let mut timestamp = Timestamp::MIN;
        // A day and a bit more than an hour, so that all hours, minutes, seconds and milliseconds come by as well.
        while timestamp < Timestamp::MAX {
            let text = timestamp.to_string();
            assert_eq!(text, shown(timestamp));
            assert_eq!(Digits::read(&text), Some(timestamp), "{text}");
            timestamp = Timestamp(timestamp.0 + 90_061_001);
        }
        assert_eq!(Timestamp::MAX.to_string(), shown(Timestamp::MAX));
    }

    #[test]
    fn a_text_that_is_almost_an_instant_is_left_to_the_library() {
        for text in [
            "2023-02-29T00:00:00.000Z",
            "2023-13-01T00:00:00.000Z",
            "2023-00-01T00:00:00.000Z",
            "2023-01-01T24:00:00.000Z",
            "2023-01-01T00:60:00.000Z",
            "2023-01-01T00:00:00.000z",
            "2023-01-01T00:00:00,000Z",
            "2023-01-01 00:00:00.000Z",
            "+123-01-01T00:00:00.000Z",
            "2023-01-01T00:00:00+0000",
            "0000-01-01T00:00:00.000Z",
            "2023-01-01T00:00:00.0é0Z",
        ] {
            assert_eq!(Digits::read(text), None, "{text}");
        }
        let leap = "2016-12-31T23:59:60.000Z";
        assert_eq!(leap.parse::<Timestamp>().unwrap().to_string(), "2016-12-31T23:59:59.000Z");
    }

    #[test]
    fn floor_and_ceil_are_aligned_to_the_epoch() {
        let timestamp = "2023-11-14T22:27:13Z".parse::<Timestamp>().unwrap();
        assert_eq!(timestamp.floor(300).to_string(), "2023-11-14T22:25:00.000Z");
        assert_eq!(timestamp.ceil(300).to_string(), "2023-11-14T22:30:00.000Z");
        assert_eq!(timestamp.floor(DAY_SECONDS).ceil(DAY_SECONDS), timestamp.floor(DAY_SECONDS));
        assert_eq!(Timestamp::from_millis(-1).unwrap().floor(60).millis(), -60_000);
    }

    #[test]
    fn spans_are_read_with_days_of_24_hours() {
        assert_eq!(parse_span("7d").unwrap().as_secs(), 7 * DAY_SECONDS);
        assert_eq!(parse_span("-3d 4h").unwrap().as_secs(), -(3 * 24 + 4) * 3600);
        assert!(parse_span("soon").is_err());
    }
}
