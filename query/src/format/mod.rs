//! Numbers, times and measures as text for people.

pub mod escape;
pub mod json;
mod key;
mod zone;

use escape::visible;
use insights_shared::record::Stored;
use insights_sources::view::{self, Judgement, Value};
pub use insights_sources::view::{counted, measure};
use jiff::tz::TimeZone;

pub use key::{parse_key, spell_key};
pub use zone::{instant, times, zoned};

/// Appends formatted text.
pub fn add(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = std::fmt::Write::write_fmt(text, arguments);
}

/// A whole number with its thousands apart.
pub fn thousands(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

/// As [`thousands`], of a count.
pub fn count(number: u64) -> String {
    thousands(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Units come in halves, and are added up.
pub fn units(units: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast from floating point saturates"
    )]
    let (whole, tenth) = (units.trunc() as u64, (units.fract() * 10.0).trunc() as u64);
    format!("{}.{tenth}", count(whole))
}

/// So many of something: `1 series`, `3 insights`.
pub fn so_many(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", count(number as u64), if number == 1 { one } else { many })
}

/// A length of time to two places: `2d 4h`, `3h 6m`, `45m`, `8s`.
pub fn length(millis: i64) -> String {
    let seconds = millis.max(0) / 1_000;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, minutes) => format!("{minutes}m"),
        (0, hours, minutes) => format!("{hours}h {minutes}m"),
        (days, hours, _) => format!("{days}d {hours}h"),
    }
}

/// A share as a percentage; tiny ones are told from none.
pub fn percent(part: f64, whole: f64) -> String {
    if whole <= 0.0 {
        return "–".to_owned();
    }
    let share = 100.0 * part / whole;
    if share > 0.0 && share < 0.1 { "<0.1%".to_owned() } else { format!("{share:.1}%") }
}

/// What a record is judged by: `9,087 of 29,125 requests had faults (31.2%)`, `27 times the usual rate`,
/// `19 of 79 not compliant (24.1%), 5 inconclusive`.
pub fn judgement(record: &Stored) -> Option<String> {
    Some(match view::judgement(record)? {
        Judgement::Share { part, whole: None, what, .. } => format!("{} {what}", thousands(part)),
        Judgement::Share { part, whole: Some(whole), what, apart } => {
            let apart =
                apart.map_or_else(String::new, |(number, what)| format!(", {} {what}", thousands(number)));
            format!("{} of {} {what} ({}){apart}", thousands(part), thousands(whole), share(part, whole))
        }
        Judgement::Ratio { times, is_at_least } => {
            #[expect(clippy::cast_possible_truncation, reason = "a cast from floating point saturates")]
            let number = if times < 10.0 { format!("{times:.1}") } else { thousands(times.round() as i64) };
            format!("{}{number} times the usual rate", if is_at_least { "more than " } else { "" })
        }
    })
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
        Value::Count(number) => thousands(*number),
        Value::Rate(number) => rate(*number),
        Value::Share { part, whole } => share(*part, *whole),
        Value::Part { part, whole: None, .. } => thousands(*part),
        Value::Part { part, whole: Some(whole), unit } => {
            format!("{} of {} {unit} ({})", thousands(*part), thousands(*whole), share(*part, *whole))
        }
    }
}

/// A length of time, in days if it has some.
fn duration(seconds: i64) -> String {
    if seconds < 86_400 {
        return period(seconds);
    }
    #[expect(clippy::cast_precision_loss, reason = "days are shown to three digits")]
    let days = seconds as f64 / 86_400.0;
    format!("{} days", rate(days))
}

/// A whole length of time, as a person calls it: `5 minutes`, `1 hour`.
pub fn period(seconds: i64) -> String {
    let (number, unit) = match seconds {
        seconds if seconds % 3_600 == 0 => (seconds / 3_600, "hour"),
        seconds if seconds % 60 == 0 => (seconds / 60, "minute"),
        seconds => (seconds, "second"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// `text` in lines of at most `width` columns if its words allow, all but the first indented by two. Words stay whole.
pub fn wrapped(text: &str, width: u16) -> String {
    let options = textwrap::Options::new(usize::from(width))
        .subsequent_indent("  ")
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .wrap_algorithm(textwrap::WrapAlgorithm::FirstFit);
    let words: Vec<&str> = text.split_whitespace().collect();
    textwrap::fill(&words.join(" "), options) + "\n"
}

/// Text of somebody else's making on one line, with hidden characters spelled out.
pub fn plain(text: &str) -> String {
    visible(text).into_owned()
}

/// The label of a source with this id, as people call the service; an id that is unknown as it is.
pub fn service(id: &str) -> &str {
    insights_sources::source(id).map_or(id, |source| source.label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_shared::value::Value;

    fn record(json: &str) -> Stored {
        let Value::Map(map) = Value::from_json(json).unwrap() else { panic!("not an object: {json}") };
        Stored(map)
    }

    fn of(source: &str, json: &str) -> Stored {
        let mut record = record(json);
        record.0.insert("source".into(), source.into());
        record
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (-12_345_678, "-12,345,678")] {
            assert_eq!(thousands(number), text);
        }
    }

    #[test]
    fn units_have_one_place_and_thousands() {
        for (number, text) in [(0.0, "0.0"), (71.5, "71.5"), (2_038.5, "2,038.5"), (2_875.0, "2,875.0")] {
            assert_eq!(units(number), text);
        }
    }

    #[test]
    fn lengths_have_two_places() {
        for (seconds, text) in [
            (-5, "0s"),
            (8, "8s"),
            (60, "1m"),
            (3_600, "1h 0m"),
            (11_195, "3h 6m"),
            (2 * 86_400 + 4 * 3_600 + 59, "2d 4h"),
        ] {
            assert_eq!(length(seconds * 1_000), text);
        }
    }

    #[test]
    fn shares_tell_little_from_nothing() {
        for (part, whole, text) in
            [(0.0, 10.0, "0.0%"), (1.0, 5_000.0, "<0.1%"), (1.0, 3.0, "33.3%"), (0.0, 0.0, "–")]
        {
            assert_eq!(percent(part, whole), text);
        }
    }

    #[test]
    fn measures_are_told_in_words() {
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
                Some("more than 4,400 times the usual rate"),
            ),
            (
                r#"{"measures":{"insight_average":0.1,"baseline_average":0.02}}"#,
                Some("5.0 times the usual rate"),
            ),
            (
                r#"{"measures":{"insight_average":2.6,"baseline_average":0.0006}}"#,
                Some("more than 260 times the usual rate"),
            ),
            (r#"{"measures":{"insight_average":2.6}}"#, None),
            (r#"{"measures":{}}"#, None),
            ("{}", None),
        ] {
            let source = if json.contains("average") { "cloudtrail" } else { "xray" };
            assert_eq!(judgement(&of(source, json)).as_deref(), expected, "{json}");
        }
    }

    #[test]
    fn evidence_is_told_in_words() {
        for (json, expected) in [
            (
                r#"{"measures":{"compliant":60,"noncompliant":19,"inconclusive":5}}"#,
                Some("19 of 79 not compliant (24.1%), 5 inconclusive"),
            ),
            (r#"{"measures":{"compliant":0,"noncompliant":0}}"#, Some("0 of 0 not compliant (–)")),
            (r#"{"measures":{"compliant":3}}"#, None),
            ("{}", None),
        ] {
            assert_eq!(judgement(&of("auditmanager", json)).as_deref(), expected, "{json}");
        }
    }

    #[test]
    fn rates_keep_three_digits_that_matter() {
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

    #[test]
    fn periods_are_whole() {
        for (seconds, text) in [(60, "1 minute"), (300, "5 minutes"), (3_600, "1 hour"), (90, "90 seconds")] {
            assert_eq!(period(seconds), text);
        }
    }

    #[test]
    fn text_is_broken_between_words() {
        assert_eq!(wrapped("one two  three four", 9), "one two\n  three\n  four\n");
        assert_eq!(wrapped("indivisible", 4), "indivisible\n");
        assert_eq!(wrapped("", 4), "\n");
    }

    #[test]
    fn a_title_cannot_move_the_cursor() {
        assert_eq!(plain("a\u{1b}[2Jb\nc"), "a\\u{1b}[2Jb\\nc");
    }
}
