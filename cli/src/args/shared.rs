//! Arguments of several commands: the table, the period and the output format.

use crate::exit::Failure;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use insights_query::input::{When, account, region, when_in};
use insights_query::{Selection, Span};
use insights_shared::record::Source;
use insights_shared::time::{DAY_SECONDS, Timestamp};
use insights_web::command::Location;
use jiff::tz::TimeZone;
use std::path::PathBuf;

/// The options that select the table.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Table")]
pub struct TableOptions {
    /// Name of the table [default: $TABLE_NAME, otherwise insights]
    #[arg(long, value_name = "NAME")]
    pub table: Option<String>,
    /// Use an embedded database in this file instead of DynamoDB.
    #[arg(long, value_name = "FILE")]
    pub local: Option<PathBuf>,
}

impl TableOptions {
    /// The options that select the same table in suggested commands.
    pub fn names(&self) -> Location {
        Location { table: self.table.clone(), local: self.local.clone() }
    }
}

/// The filters, which mean the same in every command.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Filters")]
pub struct FilterOptions {
    /// Only this source; repeatable.
    #[arg(short, long, value_name = "SOURCE", value_parser = source())]
    pub source: Vec<Source>,
    /// Only this account (12 digits); repeatable.
    #[arg(short, long, value_name = "ACCOUNT", value_parser = account)]
    pub account: Vec<String>,
    /// Only this region; repeatable.
    #[arg(short, long, value_name = "REGION", value_parser = region)]
    pub region: Vec<String>,
    /// Only this service, event source, cluster or assessment; `account` selects the counts of accounts; repeatable.
    #[arg(short, long, value_name = "ENTITY")]
    pub entity: Vec<String>,
}

impl FilterOptions {
    /// The selection that the options name.
    pub fn selection(&self) -> Selection {
        let Self { source, account, region, entity } = self.clone();
        Selection { source, account, region, entity }
    }
}

/// The options of the period.
#[derive(Clone, Debug, Default, Args)]
pub struct PeriodOptions {
    /// Start of the period: 24h, 7d, a time such as 2026-03-01T12:00:00Z or '2026-03-01 12:00' as printed, or a UTC day such as
    /// 2026-03-01, today or yesterday [default: 7d]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = time_text)]
    pub since: Option<String>,
    /// End of the period in the same forms; a day is included to its end [default: now]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = time_text)]
    pub until: Option<String>,
}

/// A valid time. Its zone is known later, because it depends on `--utc`.
fn time_text(text: &str) -> Result<String, String> {
    when_in(text, &TimeZone::UTC).map(|_| text.to_owned())
}

impl PeriodOptions {
    /// The selected period at the time `now`; by default the last 7 days. Times without an offset are in `zone`.
    pub fn span(&self, now: Timestamp, zone: &TimeZone) -> Result<Span, Failure> {
        self.span_within(Span::last(7 * DAY_SECONDS, now), now, zone)
    }

    /// The selected period; `default` supplies missing ends.
    pub fn span_within(&self, default: Span, now: Timestamp, zone: &TimeZone) -> Result<Span, Failure> {
        let parsed = |text: &Option<String>| -> Result<Option<When>, Failure> {
            text.as_deref().map(|text| when_in(text, zone).map_err(Failure::usage)).transpose()
        };
        let (since, until) = (parsed(&self.since)?, parsed(&self.until)?);
        Self::ends(since, until, default, now)
    }

    fn ends(
        since: Option<When>,
        until: Option<When>,
        default: Span,
        now: Timestamp,
    ) -> Result<Span, Failure> {
        let given = until;
        // There is no data of the future.
        let until = given.map_or(default.until, |until| until.end(now).min(now));
        let since = match since {
            Some(since) => since.start(now),
            // As long as the default, but up to the given end. The end of a day is the start of the next day.
            None => given
                .map_or(default.until, |until| until.next(now).min(now))
                .plus_seconds(-default.millis() / 1_000),
        };
        if since > until {
            let end = match given {
                _ if until == now => format!("now, {now}"),
                Some(_) => format!("--until {until}"),
                None => format!("the end of the period, {until}"),
            };
            return Err(Failure::usage(format!("--since {since} is after {end}: it must be before")));
        }
        Ok(Span { since, until })
    }
}

/// The options of the output.
#[derive(Clone, Copy, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputOptions {
    /// Print a table, a JSON array of records, or CSV.
    #[arg(long, value_enum, value_name = "FORM", default_value_t)]
    pub output: Output,
    /// Show times in UTC instead of local time; JSON and CSV always use UTC.
    #[arg(long)]
    pub utc: bool,
}

/// The output formats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// A table for people.
    #[default]
    Table,
    /// One JSON array of complete records.
    Json,
    /// CSV with a header (RFC 4180).
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
    fn a_period_of_days_includes_its_first_and_last_day_completely() {
        let now: Timestamp = "2026-03-08T00:00:00Z".parse().unwrap();
        let day = |text: &str| Some(text.to_owned());
        let span = |since, until| PeriodOptions { since, until }.span(now, &TimeZone::UTC).unwrap();
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
        // The default length: seven days, including the last one.
        assert_eq!(
            ends(span(None, day("2026-03-02"))),
            of("2026-02-24T00:00:00.000Z", "2026-03-02T23:59:59.999Z")
        );
        // A time as it is printed, in the zone of the output.
        let period = PeriodOptions { since: day("2026-03-07 12:00"), until: None };
        let zone = TimeZone::get("Asia/Tokyo").unwrap();
        assert_eq!(period.span(now, &zone).unwrap().since.to_string(), "2026-03-07T03:00:00.000Z");
        assert_eq!(period.span(now, &TimeZone::UTC).unwrap().since.to_string(), "2026-03-07T12:00:00.000Z");
        // There is no data of the future, so its days are neither queried nor plotted.
        for until in ["2026-03-08", "2026-03-31", "9999-12-30", "9999-01-01T00:00:00Z"] {
            let expected = of("2026-03-01T00:00:00.000Z", "2026-03-08T00:00:00.000Z");
            assert_eq!(ends(span(None, day(until))), expected, "{until}");
        }
    }
}
