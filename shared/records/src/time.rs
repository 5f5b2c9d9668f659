//! Times in UTC with milliseconds, and the clock.
//!
//! The services return times as epoch seconds with a fraction, and binary floating point changes it slightly
//! (`1601002100.123` arrives as `…122999` ns). A time is therefore rounded to the millisecond before it is used in a key, a
//! hash or a comparison. The text form is RFC 3339 with three decimals and `Z`; texts sort like the times.

use crate::value::Text;
use jiff::fmt::StdFmtWrite;
use jiff::fmt::temporal::DateTimePrinter;
use jiff::{SignedDuration, Unit};
use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicI64, Ordering};

/// Milliseconds in a second.
const MILLIS: i64 = 1_000;
/// Seconds in a day. Days have no leap seconds here, because none of the services counts them.
pub const DAY_SECONDS: i64 = 86_400;

/// An instant, in milliseconds since 1970-01-01T00:00:00Z, between the years 1 and 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The first instant that the four-digit text form can hold, 0001-01-01T00:00:00Z.
    pub const MIN: Self = Self(-62_135_596_800_000);
    /// The last millisecond that `jiff` shows in every time zone with a four-digit year, 9999-12-30T21:59:59.999Z. (`jiff`
    /// reserves the last day for offsets.)
    pub const MAX: Self = Self(253_402_207_199_999);

    /// The instant `millis` milliseconds after the epoch, or `None` outside [`Self::MIN`]…[`Self::MAX`].
    pub fn from_millis(millis: i64) -> Option<Self> {
        let timestamp = Self(millis);
        (Self::MIN..=Self::MAX).contains(&timestamp).then_some(timestamp)
    }

    /// The instant `seconds` seconds after the epoch, limited to [`Self::MIN`]…[`Self::MAX`].
    pub fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MILLIS)).clamp(Self::MIN, Self::MAX)
    }

    /// The instant `seconds` and `nanos` after the epoch, rounded to the nearest millisecond; `None` outside the range.
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

    /// This instant plus `seconds`, limited to [`Self::MIN`]…[`Self::MAX`].
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        self.plus_millis(seconds.saturating_mul(MILLIS))
    }

    /// This instant plus `millis`, limited to [`Self::MIN`]…[`Self::MAX`].
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis)).clamp(Self::MIN, Self::MAX)
    }

    /// This instant, rounded down to a multiple of `seconds` since the epoch.
    #[must_use]
    pub fn floor(self, seconds: i64) -> Self {
        let step = seconds.max(1).saturating_mul(MILLIS);
        Self(self.0 - self.0.rem_euclid(step)).max(Self::MIN)
    }

    /// This instant, rounded up to a multiple of `seconds` since the epoch.
    #[must_use]
    pub fn ceil(self, seconds: i64) -> Self {
        let floor = self.floor(seconds);
        if floor == self { self } else { floor.plus_seconds(seconds) }
    }

    /// Milliseconds from `earlier` to this instant; negative if `earlier` is later.
    pub fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The UTC day, as `YYYY-MM-DD`.
    pub fn day(self) -> String {
        let mut text = self.to_string();
        text.truncate(10);
        text
    }

    /// The text form, for example `2026-11-18T12:00:00.000Z`.
    pub fn to_text(self) -> Text {
        let mut text = Text::default();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text);
        text
    }

    /// Appends the text form.
    pub fn write(self, out: impl fmt::Write) -> fmt::Result {
        /// Always prints three decimals of a second.
        static PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
        // The constructors keep instants within jiff's range, so the fallback is never used.
        let instant = jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        PRINTER.print_timestamp(&instant, StdFmtWrite(out)).map_err(|_| fmt::Error)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(formatter)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Reads RFC 3339 with any offset. The error is one lower-case line with the reason.
impl FromStr for Timestamp {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let instant: jiff::Timestamp = text.parse().map_err(|error: jiff::Error| error.to_string())?;
        let rounded = instant.round(Unit::Millisecond).map_err(|error| error.to_string())?;
        Self::from_millis(rounded.as_millisecond()).ok_or_else(|| "year outside 1 to 9999".to_owned())
    }
}

/// The source of the current time. `main` creates it and passes it down, so that tests can control it.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// The machine's clock plus this number of milliseconds, for simulated data of another day.
    Shifted(i64),
    /// Always the same instant.
    Fixed(Timestamp),
    /// Milliseconds since the epoch, which the owner can change; for simulations.
    Held(&'static AtomicI64),
    /// Like [`Clock::Held`], plus this number of milliseconds.
    HeldShifted(&'static AtomicI64, i64),
}

impl Clock {
    /// The current time of this clock.
    pub fn now(self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
        let machine = jiff::Timestamp::now().as_millisecond();
        match self {
            Self::System => Timestamp(machine),
            Self::Shifted(millis) => Timestamp(machine).plus_millis(millis),
            Self::Fixed(timestamp) => timestamp,
            Self::Held(millis) => Timestamp(millis.load(Ordering::SeqCst)).plus_millis(0),
            Self::HeldShifted(held, millis) => Timestamp(held.load(Ordering::SeqCst)).plus_millis(millis),
        }
    }

    /// This clock plus `millis` milliseconds.
    #[must_use]
    pub fn moved(self, millis: i64) -> Self {
        match self {
            _ if millis == 0 => self,
            Self::System => Self::Shifted(millis),
            Self::Shifted(before) => Self::Shifted(before.saturating_add(millis)),
            Self::Fixed(timestamp) => Self::Fixed(timestamp.plus_millis(millis)),
            Self::Held(held) => Self::HeldShifted(held, millis),
            Self::HeldShifted(held, before) => Self::HeldShifted(held, before.saturating_add(millis)),
        }
    }
}

/// Reads a time span such as `90s`, `15m`, `24h`, `7d`, `2w` or `1d 12h`. The error is one line with the reason.
pub fn parse_span(text: &str) -> Result<SignedDuration, String> {
    let span: jiff::Span = text.trim().parse().map_err(|error: jiff::Error| error.to_string())?;
    let relative = jiff::SpanRelativeTo::days_are_24_hours();
    span.to_duration(relative).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_three_decimals_and_sorts_like_the_times() {
        let timestamp = Timestamp::from_parts(1_700_000_000, 250_000_000).unwrap();
        assert_eq!(timestamp.to_string(), "2023-11-14T22:13:20.250Z");
        assert_eq!(Timestamp::from_seconds(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert!(Timestamp::from_millis(-1).unwrap().to_string() < Timestamp::from_seconds(0).to_string());
        assert_eq!(timestamp.day(), "2023-11-14");
    }

    #[test]
    fn inexact_fractions_are_rounded_to_the_millisecond() {
        let blurred = Timestamp::from_parts(1_601_002_100, 122_999_906).unwrap();
        assert_eq!(blurred.to_string(), "2020-09-25T02:48:20.123Z");
        assert_eq!(Timestamp::from_parts(5, 999_999_999).unwrap().millis(), 6_000);
    }

    #[test]
    fn a_time_is_read_unchanged() {
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
    fn floor_and_ceil_are_aligned_to_the_epoch() {
        let timestamp = "2023-11-14T22:27:13Z".parse::<Timestamp>().unwrap();
        assert_eq!(timestamp.floor(300).to_string(), "2023-11-14T22:25:00.000Z");
        assert_eq!(timestamp.ceil(300).to_string(), "2023-11-14T22:30:00.000Z");
        assert_eq!(timestamp.floor(DAY_SECONDS).ceil(DAY_SECONDS), timestamp.floor(DAY_SECONDS));
        assert_eq!(Timestamp::from_millis(-1).unwrap().floor(60).millis(), -60_000);
    }

    #[test]
    fn every_clock_can_be_moved() {
        static HELD: AtomicI64 = AtomicI64::new(10_000);
        let fixed = Timestamp::from_seconds(10);
        for clock in [Clock::Fixed(fixed), Clock::Held(&HELD)] {
            assert_eq!(clock.moved(0).now(), fixed, "{clock:?}");
            assert_eq!(clock.moved(-2_500).now().millis(), 7_500, "{clock:?}");
            assert_eq!(clock.moved(-2_500).moved(5_000).now().millis(), 12_500, "{clock:?}");
            assert_eq!(clock.moved(i64::MAX).now(), Timestamp::MAX, "{clock:?}");
        }
        let day = DAY_SECONDS * 1_000;
        let ahead = Clock::System.moved(day).now().millis_since(Clock::System.now());
        assert!((day - 1_000..=day + 60_000).contains(&ahead), "{ahead}");
        let back = Clock::System.moved(day).moved(-day).now().millis_since(Clock::System.now());
        assert!(back.abs() < 60_000, "{back}");
    }

    #[test]
    fn spans_are_read_with_days_of_24_hours() {
        assert_eq!(parse_span("7d").unwrap().as_secs(), 7 * DAY_SECONDS);
        assert_eq!(parse_span("-3d 4h").unwrap().as_secs(), -(3 * 24 + 4) * 3600);
        assert!(parse_span("soon").is_err());
    }
}
