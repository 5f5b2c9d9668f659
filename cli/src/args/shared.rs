//! What many commands take: where the table is, which span of time, and how the answer looks.

use crate::exit::Failure;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use insights_query::Span;
use insights_query::input::{When, when};
use insights_shared::record::Source;
use insights_shared::time::{DAY_SECONDS, Timestamp};
use insights_web::command::Location;
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

impl Where {
    /// The options by which suggested commands name the same table.
    pub fn names(&self) -> Location {
        Location { table: self.table.clone(), local: self.local.clone() }
    }
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

/// Reads the name of a source.
pub fn source() -> impl TypedValueParser<Value = Source> {
    PossibleValuesParser::new(insights_sources::all().map(Source::as_str))
        .try_map(|text| insights_sources::source(&text).ok_or("unknown source"))
}

#[cfg(test)]
mod tests {
    use super::*;

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
