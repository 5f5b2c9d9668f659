//! Parses user input: times, durations, accounts and regions.

use insights_shared::target::{is_account_id, is_region};
use insights_shared::time::{DAY_SECONDS, Timestamp, parse_span};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A time as the user wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// This number of seconds ago.
    Ago(i64),
    /// An instant.
    At(Timestamp),
    /// A UTC day, by its first instant.
    Day(Timestamp),
    /// The UTC day that began this number of days before today.
    DayBefore(i64),
}

impl When {
    /// The first instant of a span with this start.
    pub fn start(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ago(seconds) => now.plus_seconds(-seconds),
            Self::At(instant) | Self::Day(instant) => instant,
            Self::DayBefore(days) => now.floor(DAY_SECONDS).plus_seconds(-days * DAY_SECONDS),
        }
    }

    /// The last instant of a span with this end: for a day, the last instant of the day.
    pub fn end(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Day(_) | Self::DayBefore(_) => {
                Timestamp::from_millis(self.next(now).millis() - 1).unwrap_or(Timestamp::MAX)
            }
            other => other.start(now),
        }
    }

    /// The first instant after a span with this end: for a day, the first instant of the next day.
    pub fn next(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Day(_) | Self::DayBefore(_) => self.start(now).plus_seconds(DAY_SECONDS),
            other => other.start(now),
        }
    }
}

/// Parses a time: `24h`, `7d`, RFC 3339, a day, `today` or `yesterday`.
pub fn when(text: &str) -> Result<When, String> {
    if let Ok(instant) = text.parse() {
        return Ok(When::At(instant));
    }
    if let Some(days) = ["today", "yesterday"].into_iter().position(|name| name == text) {
        return Ok(When::DayBefore(i64::try_from(days).unwrap_or_default()));
    }
    // Only with hyphens, as in RFC 3339: other digits are ambiguous.
    let is_date = text.len() == "2026-03-01".len();
    if let Some(midnight) = is_date.then(|| format!("{text}T00:00:00Z").parse().ok()).flatten() {
        return Ok(When::Day(midnight));
    }
    length(text).map(When::Ago).map_err(|_| {
        "must be a length of time that ends now, such as 24h or 7d, a time such as 2026-03-01T12:00:00Z, a day such \
         as 2026-03-01, today or yesterday"
            .to_owned()
    })
}

/// Parses a time like [`when`], and also times in `zone` as they are printed: `2026-03-01 12:00`, with seconds, or with an offset. Of
/// a time that occurs twice, the first is meant.
pub fn when_in(text: &str, zone: &TimeZone) -> Result<When, String> {
    when(text).or_else(|rule| as_printed(text, zone).map(When::At).ok_or(rule))
}

fn as_printed(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let (date, time) = text.split_once(' ')?;
    let (clock, offset) = match time.find(['+', '-', '−']) {
        Some(at) => time.split_at_checked(at)?,
        None => (time, ""),
    };
    let is_clock = ["12:00".len(), "12:00:00".len()].contains(&clock.len());
    if date.len() != "2026-03-01".len() || !is_clock {
        return None;
    }
    if !offset.is_empty() {
        let seconds = if clock.len() == "12:00".len() { ":00" } else { "" };
        return format!("{date}T{clock}{seconds}{offset}").parse().ok();
    }
    let civil: DateTime = format!("{date}T{clock}").parse().ok()?;
    let zoned = zone.to_ambiguous_zoned(civil).compatible().ok()?;
    Timestamp::from_millis(zoned.timestamp().as_millisecond())
}

/// Parses a duration into seconds: `90m`, `24h`, `7d`.
pub fn length(text: &str) -> Result<i64, String> {
    match parse_span(text) {
        Ok(span) if span.as_secs() > 0 => Ok(span.as_secs()),
        _ => Err("must be a length of time such as 90m, 24h or 7d".to_owned()),
    }
}

/// A region's name, as AWS spells them.
pub fn region(text: &str) -> Result<String, String> {
    if is_region(text) { Ok(text.to_owned()) } else { Err("must be a region such as eu-west-1".to_owned()) }
}

/// An account's id.
pub fn account(text: &str) -> Result<String, String> {
    if is_account_id(text) {
        Ok(text.to_owned())
    } else {
        Err("must be the 12 digits of an account".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_length_of_time_or_of_rfc_3339_an_instant_or_a_day() {
        let at = |text: &str| When::At(text.parse().unwrap());
        let midnight: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("24h", Some(When::Ago(86_400))),
            ("7d", Some(When::Ago(604_800))),
            ("1d 12h", Some(When::Ago(129_600))),
            ("2026-03-01T12:00:00Z", Some(at("2026-03-01T12:00:00Z"))),
            ("2026-03-01T13:00:00+01:00", Some(at("2026-03-01T12:00:00Z"))),
            ("0h", None),
            ("-3d", None),
            ("3", None),
            ("today", Some(When::DayBefore(0))),
            ("yesterday", Some(When::DayBefore(1))),
            ("tomorrow", None),
            ("2026-03-01 12:00", None),
            ("2026-03-01", Some(When::Day(midnight))),
            ("2026-02-29", None),
            ("2026-3-1", None),
            ("2026-03", None),
            ("20260301", None),
            ("+002026-03-01", None),
            ("T12:00:00Z", None),
            ("", None),
        ] {
            assert_eq!(when(text).ok(), expected, "{text}");
        }
        let now: Timestamp = "2026-03-08T00:00:00Z".parse().unwrap();
        assert_eq!(When::Ago(604_800).start(now).to_string(), "2026-03-01T00:00:00.000Z");
    }

    #[test]
    fn days_before_today_are_utc_days() {
        let now: Timestamp = "2026-03-08T12:00:00Z".parse().unwrap();
        let [today, yesterday] = [When::DayBefore(0), When::DayBefore(1)];
        assert_eq!(today.start(now).to_string(), "2026-03-08T00:00:00.000Z");
        assert_eq!(yesterday.start(now).to_string(), "2026-03-07T00:00:00.000Z");
        assert_eq!(yesterday.end(now).to_string(), "2026-03-07T23:59:59.999Z");
        assert_eq!(yesterday.next(now), today.start(now));
    }

    #[test]
    fn a_time_is_read_in_the_zone_in_which_it_is_printed() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        for (text, zone, expected) in [
            ("2026-03-01 12:00", &TimeZone::UTC, Some("2026-03-01T12:00:00.000Z")),
            ("2026-03-01 12:00", &berlin, Some("2026-03-01T11:00:00.000Z")),
            ("2026-07-01 12:00:30", &berlin, Some("2026-07-01T10:00:30.000Z")),
            // This hour occurs twice, so it is printed with its offset.
            ("2026-10-25 02:30+01:00", &berlin, Some("2026-10-25T01:30:00.000Z")),
            ("2026-10-25 02:30", &berlin, Some("2026-10-25T00:30:00.000Z")),
            ("2026-03-01 12", &berlin, None),
            ("2026-03-01 25:00", &berlin, None),
            ("1d 12h", &berlin, None),
        ] {
            let found = when_in(text, zone).ok().and_then(|when| match when {
                When::At(at) => Some(at.to_string()),
                _ => None,
            });
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }
}
