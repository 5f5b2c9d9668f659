//! The typed values of views as text.

use super::{instant, length, percent, period, plain, thousands};
use insights_shared::record::Stored;
use insights_sources::view::{self, Judgement, Value};
use jiff::tz::TimeZone;

/// The values that determine the severity of a record: `9,087 of 29,125 requests had faults (31.2%)`, `27 times the usual rate`,
/// `19 of 79 non-compliant (24.1%), 5 inconclusive`.
pub fn judgement(record: &Stored) -> Option<String> {
    Some(match view::judgement(record)? {
        Judgement::Share { part, whole: None, what, .. } => format!("{} {what}", thousands(part)),
        Judgement::Share { part, whole: Some(whole), what, apart } => {
            let apart =
                apart.map_or_else(String::new, |(number, what)| format!(", {} {what}", thousands(number)));
            format!("{} of {} {what} ({}){apart}", thousands(part), thousands(whole), share(part, whole))
        }
        Judgement::Rates { average, baseline } => {
            // The ratio of the displayed rates, so that readers who divide them get the same result.
            let (shown, usual) = (rounded(average), rounded(baseline));
            if usual > 0.0 {
                format!("{} times the usual rate", times(shown / usual))
            } else {
                format!("{} a minute, usually {}", rate(average), rate(baseline))
            }
        }
    })
}

/// A ratio, with one decimal below ten.
fn times(factor: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "a cast from floating point saturates")]
    let whole = factor.round() as i64;
    if factor < 9.95 { format!("{factor:.1}") } else { thousands(whole) }
}

/// `number` as [`rate`] shows it.
fn rounded(number: f64) -> f64 {
    rate(number).replace(',', "").parse().unwrap_or_default()
}

/// A part of a whole as a percentage.
pub fn share(part: i64, whole: i64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a share is shown to three digits")]
    percent(part as f64, whole as f64)
}

/// A number to three significant digits: `0.0006`, `0.8`, `12.5`, `1,234`.
pub fn rate(number: f64) -> String {
    if !number.is_finite() {
        return "–".to_owned();
    }
    if number.abs() >= 999.5 {
        #[expect(clippy::cast_possible_truncation, reason = "a cast from floating point saturates")]
        return thousands(number.round() as i64);
    }
    #[expect(clippy::cast_possible_truncation, reason = "the logarithm of a finite number is small")]
    let magnitude = if number == 0.0 { 0 } else { number.abs().log10().floor() as i32 };
    let places = usize::try_from(2 - magnitude).unwrap_or(0).min(9);
    let text = format!("{number:.places$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// A value of a view as text on one line.
pub fn value(value: &Value, zone: &TimeZone) -> String {
    match value {
        Value::None => "–".to_owned(),
        Value::Text(text) | Value::Key(text) => plain(text),
        Value::Named { name, kind: None, .. } => plain(name),
        Value::Named { name, kind: Some(kind), .. } => plain(&format!("{name} ({kind})")),
        Value::List(values) => values.iter().map(|one| self::value(one, zone)).collect::<Vec<_>>().join(", "),
        Value::Time(at) => instant(*at, zone),
        Value::Duration(seconds) => duration(*seconds),
        Value::Severity(severity) => severity.as_str().to_owned(),
        Value::State { text, .. } => (*text).to_owned(),
        Value::Age { what, millis, .. } => format!("{what} {} ago", length(*millis)),
        Value::Count(number) => thousands(*number),
        Value::AtLeast(number) => format!("≥ {}", thousands(*number)),
        Value::Rate(number) => rate(*number),
        Value::Share { part, whole } => share(*part, *whole),
        Value::Part { part, whole: None, .. } => thousands(*part),
        Value::Part { part, whole: Some(whole), unit } => {
            format!("{} of {} {unit} ({})", thousands(*part), thousands(*whole), share(*part, *whole))
        }
    }
}

/// A duration; in days if it is at least one day.
fn duration(seconds: i64) -> String {
    if seconds < 86_400 {
        return period(seconds);
    }
    #[expect(clippy::cast_precision_loss, reason = "days are shown to three digits")]
    let days = seconds as f64 / 86_400.0;
    format!("{} days", rate(days))
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_shared::value::Value as Json;

    fn record(json: &str) -> Stored {
        let Json::Map(map) = Json::from_json(json).unwrap() else { panic!("not an object: {json}") };
        Stored(map)
    }

    fn of(source: &str, json: &str) -> Stored {
        let mut record = record(json);
        record.0.insert("source".into(), source.into());
        record
    }

    #[test]
    fn measures_are_described_in_words() {
        for (json, expected) in [
            (
                r#"{"measures":{"fault_count":9087,"ok_count":20038,"total_count":29125}}"#,
                Some("9,087 of 29,125 requests had faults (31.2%)"),
            ),
            (r#"{"measures":{"fault_count":240}}"#, Some("240 requests had faults")),
            (
                r#"{"measures":{"insight_average":6,"baseline_average":0.02}}"#,
                Some("300 times the usual rate"),
            ),
            (
                r#"{"measures":{"insight_average":44,"baseline_average":0.003}}"#,
                Some("14,667 times the usual rate"),
            ),
            (
                r#"{"measures":{"insight_average":0.1,"baseline_average":0.02}}"#,
                Some("5.0 times the usual rate"),
            ),
            (
                r#"{"measures":{"insight_average":2.6,"baseline_average":0.0006}}"#,
                Some("4,333 times the usual rate"),
            ),
            // The ratio of the displayed rates.
            (
                r#"{"measures":{"insight_average":0.8,"baseline_average":0.00063}}"#,
                Some("1,270 times the usual rate"),
            ),
            (
                r#"{"measures":{"insight_average":0.8,"baseline_average":0.0006}}"#,
                Some("1,333 times the usual rate"),
            ),
            (r#"{"measures":{"insight_average":0.8,"baseline_average":0}}"#, Some("0.8 a minute, usually 0")),
            (r#"{"measures":{"insight_average":2.6}}"#, None),
            (r#"{"measures":{}}"#, None),
            ("{}", None),
        ] {
            let source = if json.contains("average") { "cloudtrail" } else { "xray" };
            assert_eq!(judgement(&of(source, json)).as_deref(), expected, "{json}");
        }
    }

    #[test]
    fn evidence_is_described_in_words() {
        for (json, expected) in [
            (
                r#"{"measures":{"compliant":60,"noncompliant":19,"inconclusive":5}}"#,
                Some("19 of 79 non-compliant (24.1%), 5 inconclusive"),
            ),
            (r#"{"measures":{"compliant":0,"noncompliant":0}}"#, Some("0 of 0 non-compliant (–)")),
            (r#"{"measures":{"compliant":3}}"#, None),
            ("{}", None),
        ] {
            assert_eq!(judgement(&of("auditmanager", json)).as_deref(), expected, "{json}");
        }
    }

    #[test]
    fn rates_have_three_significant_digits() {
        for (number, text) in [
            (0.0, "0"),
            (0.0006, "0.0006"),
            (0.012_345, "0.0123"),
            (0.8, "0.8"),
            (12.46, "12.5"),
            (999.4, "999"),
            (999.7, "1,000"),
            (1_234_567.0, "1,234,567"),
            (f64::INFINITY, "–"),
        ] {
            assert_eq!(rate(number), text);
        }
    }
}
