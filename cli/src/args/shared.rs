//! What many commands take: where the table is, which span of time, and how the answer looks.

use crate::exit::Failure;
use crate::read::span::Span;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use insights_shared::record::Source;
use insights_shared::target::{is_account_id, is_region};
use insights_shared::time::{DAY_SECONDS, Timestamp, parse_span};
use std::path::PathBuf;

/// Where the table is.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Where the table is")]
pub struct Where {
    /// The table's name [default: $TABLE_NAME, else insights]
    #[arg(long, value_name = "NAME")]
    pub table: Option<String>,
    /// An embedded database in this file, rather than the DynamoDB of your AWS configuration.
    #[arg(long, value_name = "FILE")]
    pub local: Option<PathBuf>,
}

/// A span of time.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct Within {
    /// From when on: 24h, 7d, a time as in 2026-03-01T12:00:00Z, or a day of UTC as in 2026-03-01 [default: 7d]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = when)]
    pub since: Option<When>,
    /// Until when, in the same forms, to the end of a day [default: now]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = when)]
    pub until: Option<When>,
}

impl Within {
    /// The span that is meant at `now`: the last 7 days, unless it says otherwise.
    pub fn span(self, now: Timestamp) -> Result<Span, Failure> {
        self.span_within(Span::last(7 * DAY_SECONDS, now), now)
    }

    /// The span that is meant, `default` where it says nothing.
    pub fn span_within(self, default: Span, now: Timestamp) -> Result<Span, Failure> {
        // Nothing is known of the future.
        let until = self.until.map_or(default.until, |until| until.end(now).min(now));
        let since = match self.since {
            Some(since) => since.start(now),
            // As long as usual, but up to the end that is given: of a day that is the next one's beginning.
            None => self
                .until
                .map_or(default.until, |until| until.next(now).min(now))
                .plus_seconds(-default.millis() / 1_000),
        };
        if since > until {
            let end = match self.until {
                _ if until == now => format!("now, {now}"),
                Some(_) => format!("--until {until}"),
                None => format!("the end of what is asked for, {until}"),
            };
            return Err(Failure::usage(format!("--since {since} is after {end}: it must be before")));
        }
        Ok(Span { since, until })
    }
}

/// How the answer looks.
#[derive(Clone, Copy, Debug, Default, Args)]
#[command(next_help_heading = "How the answer looks")]
pub struct Look {
    /// A table for people, records as JSON, or rows for a spreadsheet.
    #[arg(long, value_enum, value_name = "FORM", default_value_t)]
    pub output: Output,
    /// Show times in UTC rather than in local time. JSON and CSV always have UTC.
    #[arg(long)]
    pub utc: bool,
}

/// What an answer is written as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    #[default]
    Table,
    /// One array of records, whole.
    Json,
    /// A header and rows (RFC 4180).
    Csv,
}

/// A time as it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// So many seconds ago.
    Ago(i64),
    /// An instant.
    At(Timestamp),
    /// A day of UTC, as the table has days, by its first instant.
    Day(Timestamp),
}

impl When {
    /// The instant that a span begins at which is from then on.
    pub fn start(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ago(seconds) => now.plus_seconds(-seconds),
            Self::At(instant) | Self::Day(instant) => instant,
        }
    }

    /// The last instant of a span which is until then: of a day its last.
    pub fn end(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Day(_) => Timestamp::from_millis(self.next(now).millis() - 1).unwrap_or(Timestamp::MAX),
            other => other.start(now),
        }
    }

    /// The instant that such a span ends at, where it is not one of it: of a day the next one's first.
    fn next(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Day(midnight) => midnight.plus_seconds(DAY_SECONDS),
            other => other.start(now),
        }
    }
}

/// Reads the name of a source.
pub fn source() -> impl TypedValueParser<Value = Source> {
    PossibleValuesParser::new(insights_sources::all().map(Source::as_str))
        .try_map(|text| insights_sources::source(&text).ok_or("unknown source"))
}

/// Reads a time: `24h`, `7d` or RFC 3339, also a day of it alone.
pub fn when(text: &str) -> Result<When, String> {
    if let Ok(instant) = text.parse() {
        return Ok(When::At(instant));
    }
    // As RFC 3339 has it: without its hyphens it could be anything.
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

/// Reads a length of time in seconds: `90m`, `24h`, `7d`.
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

    #[test]
    fn a_span_of_days_has_the_whole_of_its_first_and_of_its_last_one() {
        let now: Timestamp = "2026-03-08T00:00:00Z".parse().unwrap();
        let day = |text: &str| when(text).ok();
        let span = |since, until| Within { since, until }.span(now).unwrap();
        let ends = |span: Span| (span.since.to_string(), span.until.to_string());
        let of = |since: &str, until: &str| (since.to_owned(), until.to_owned());
        assert_eq!(
            ends(span(day("2026-03-01"), day("2026-03-02"))),
            of("2026-03-01T00:00:00.000Z", "2026-03-02T23:59:59.999Z")
        );
        assert_eq!(
            ends(span(day("2026-03-01"), day("2026-03-01"))),
            of("2026-03-01T00:00:00.000Z", "2026-03-01T23:59:59.999Z")
        );
        assert_eq!(
            ends(span(day("2026-03-01"), day("24h"))),
            of("2026-03-01T00:00:00.000Z", "2026-03-07T00:00:00.000Z")
        );
        // As long as usual: seven days, the last one among them.
        assert_eq!(
            ends(span(None, day("2026-03-02"))),
            of("2026-02-24T00:00:00.000Z", "2026-03-02T23:59:59.999Z")
        );
        // Nothing is known of the future: each day of it would be asked for, and drawn.
        for until in ["2026-03-08", "2026-03-31", "9999-12-30", "9999-01-01T00:00:00Z"] {
            let expected = of("2026-03-01T00:00:00.000Z", "2026-03-08T00:00:00.000Z");
            assert_eq!(ends(span(None, day(until))), expected, "{until}");
        }
    }
}
