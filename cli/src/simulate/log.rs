//! Formats log events of the simulator as lines, one per call. Only this file knows the names of their fields.

use crate::exit::Failure;
use insights_query::format::escape::visible;
use insights_shared::time::Clock;
use std::collections::BTreeMap;
use std::fmt::{Debug, Result};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// The logged events: all calls to the simulator, and errors of this process.
const WHAT: &str = "error,insights_simulator=debug";

/// Writes the lines to standard error.
pub fn to_standard_error() {
    let subscriber = tracing_subscriber::fmt().with_env_filter(EnvFilter::new(WHAT)).event_format(Lines);
    // An earlier subscriber stays active.
    let _ = tracing::subscriber::set_global_default(subscriber.with_writer(std::io::stderr).finish());
}

/// Writes the lines to `file`, which is replaced.
pub fn to_file(file: &Path) -> std::result::Result<(), Failure> {
    let what = || format!("writing the log {}", file.display());
    let writer = Arc::new(File::create(file).map_err(|error| Failure::of(what(), error))?);
    let subscriber = tracing_subscriber::fmt().with_env_filter(EnvFilter::new(WHAT)).event_format(Lines);
    // An earlier subscriber stays active.
    let _ = tracing::subscriber::set_global_default(subscriber.with_writer(writer).finish());
    Ok(())
}

/// Formats events as lines.
#[derive(Debug)]
struct Lines;

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        // Callers can send any characters.
        writeln!(writer, "{} {}", Clock::System.now(), visible(&fields.line(*event.metadata().level())))
    }
}

/// The fields of an event as text.
#[derive(Debug, Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Fields {
    fn line(&self, level: tracing::Level) -> String {
        let field = |name: &str| self.0.get(name).map_or("", String::as_str);
        let Some(operation) = self.0.get("operation") else {
            let others = self.0.iter().filter(|(name, _)| **name != "message");
            let others: Vec<String> = others.map(|(name, value)| format!("{name}={value}")).collect();
            return format!("{level} {} {}", field("message"), others.join(" "));
        };
        let place = match (field("account"), field("region")) {
            ("", _) => "unsigned".to_owned(),
            (account, region) => format!("{account}/{region}"),
        };
        let status = self.0.get("status").map_or("no-answer", String::as_str);
        let error = self.0.get("error").map_or(String::new(), |error| format!(" {error}"));
        let reason = match self.0.get("fault") {
            Some(fault) => format!(" (fault: {fault})"),
            None if field("throttled") == "true" => " (rate limit)".to_owned(),
            None => String::new(),
        };
        format!("{}:{operation} {place} {status}{error}{reason}", field("service"))
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_one_line() {
        let check = |fields: &[(&'static str, &str)], expected: &str| {
            let fields = Fields(fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect());
            assert_eq!(fields.line(tracing::Level::DEBUG), expected);
        };
        let call = [
            ("service", "xray"),
            ("operation", "GetInsight"),
            ("account", "123456789012"),
            ("region", "eu-west-1"),
        ];
        check(&[&call[..], &[("status", "200")]].concat(), "xray:GetInsight 123456789012/eu-west-1 200");
        check(
            &[&call[..], &[("status", "429"), ("error", "ThrottledException"), ("throttled", "true")]]
                .concat(),
            "xray:GetInsight 123456789012/eu-west-1 429 ThrottledException (rate limit)",
        );
        check(
            &[&call[..2], &[("fault", "reset")]].concat(),
            "xray:GetInsight unsigned no-answer (fault: reset)",
        );
        check(&[("message", "stopped"), ("error", "x")], "DEBUG stopped error=x");
    }
}
