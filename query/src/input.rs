//! Parses user input: times, durations, accounts and regions.

use insights_shared::target::{is_account_id, is_region};
use insights_shared::time::{DAY_SECONDS, Timestamp, parse_span};

/// A time as the user wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// This number of seconds ago.
    Ago(i64),
    /// An instant.
    At(Timestamp),
    /// A UTC day, by its first instant.
    Day(Timestamp),
}

impl When {
    /// The first instant of a span with this start.
    pub fn start(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ago(seconds) => now.plus_seconds(-seconds),
            Self::At(instant) | Self::Day(instant) => instant,
        }
    }

    /// The last instant of a span with this end: for a day, the last instant of the day.
    pub fn end(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Day(_) => Timestamp::from_millis(self.next(now).millis() - 1).unwrap_or(Timestamp::MAX),
            other => other.start(now),
        }
    }

    /// The first instant after a span with this end: for a day, the first instant of the next day.
    pub fn next(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Day(midnight) => midnight.plus_seconds(DAY_SECONDS),
            other => other.start(now),
        }
    }
}

/// Parses a time: `24h`, `7d`, RFC 3339, or a day.
pub fn when(text: &str) -> Result<When, String> {
    if let Ok(instant) = text.parse() {
        return Ok(When::At(instant));
    }
    // Only with hyphens, as in RFC 3339: other digits are ambiguous.
    let is_date = text.len() == "2026-03-01".len();
    if let Some(midnight) = is_date.then(|| format!("{text}T00:00:00Z").parse().ok()).flatten() {
        return Ok(When::Day(midnight));
    }
    length(text).map(When::Ago).map_err(|_| {
        "must be a length of time that ends now, such as 24h or 7d, a time such as 2026-03-01T12:00:00Z, or a day \
         such as 2026-03-01"
            .to_owned()
    })
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
            ("yesterday", None),
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
}
