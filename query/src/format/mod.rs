//! Numbers, times and measures as text for people.

pub mod escape;
pub mod json;
mod key;
mod value;
mod zone;

use escape::visible;
use insights_shared::record::Stored;
use insights_sources::view;
pub use insights_sources::view::{counted, measure};

pub use key::{parse_key, spell_key};
pub use value::{judgement, rate, share, value};
pub use zone::{instant, times, zoned};

/// Appends formatted text.
pub fn add(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = std::fmt::Write::write_fmt(text, arguments);
}

/// An integer with separators between thousands.
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

/// Like [`thousands`], for a count.
pub fn count(number: u64) -> String {
    thousands(i64::try_from(number).unwrap_or(i64::MAX))
}

/// Consumed capacity units, which are multiples of one half, with one decimal place.
pub fn units(units: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast from floating point saturates"
    )]
    let (whole, tenth) = (units.trunc() as u64, (units.fract() * 10.0).trunc() as u64);
    format!("{}.{tenth}", count(whole))
}

/// A number with its noun: `1 series`, `3 insights`.
pub fn so_many(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", count(number as u64), if number == 1 { one } else { many })
}

/// A duration in at most two units: `2d 4h`, `3h 6m`, `45m`, `8s`.
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

/// A share as a percentage. A tiny share is `<0.1%`, not zero.
pub fn percent(part: f64, whole: f64) -> String {
    if whole <= 0.0 {
        return "–".to_owned();
    }
    let share = 100.0 * part / whole;
    if share > 0.0 && share < 0.1 { "<0.1%".to_owned() } else { format!("{share:.1}%") }
}

/// A duration in one unit: `5 minutes`, `1 hour`.
pub fn period(seconds: i64) -> String {
    let (number, unit) = match seconds {
        seconds if seconds % 3_600 == 0 => (seconds / 3_600, "hour"),
        seconds if seconds % 60 == 0 => (seconds / 60, "minute"),
        seconds => (seconds, "second"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// Wraps `text` at `width` columns between words. All lines except the first are indented by two.
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

/// External text on one line, with hidden characters escaped.
pub fn plain(text: &str) -> String {
    visible(text).into_owned()
}

/// The heading of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// Its name, which does not change while the insight is open: `Faults in payments`.
    pub name: String,
    /// The latest message of the service, if it differs from the name.
    pub message: Option<String>,
}

impl Heading {
    /// Both on one line.
    pub fn in_one_line(&self) -> String {
        match &self.message {
            Some(message) => format!("{}: {message}", self.name),
            None => self.name.clone(),
        }
    }
}

/// The heading of `record`, each part on one line with hidden characters escaped.
pub fn heading(record: &Stored) -> Heading {
    let (name, message) = view::heading(record);
    Heading { name: plain(&name), message: message.map(|message| plain(&message)) }
}

/// The label of the source with this id, or the id if it is unknown.
pub fn service(id: &str) -> &str {
    insights_sources::source(id).map_or(id, |source| source.label)
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_tiny_share_differs_from_zero() {
        for (part, whole, text) in
            [(0.0, 10.0, "0.0%"), (1.0, 5_000.0, "<0.1%"), (1.0, 3.0, "33.3%"), (0.0, 0.0, "–")]
        {
            assert_eq!(percent(part, whole), text);
        }
    }

    #[test]
    fn periods_are_whole() {
        for (seconds, text) in [(60, "1 minute"), (300, "5 minutes"), (3_600, "1 hour"), (90, "90 seconds")] {
            assert_eq!(period(seconds), text);
        }
    }

    #[test]
    fn text_is_wrapped_between_words() {
        assert_eq!(wrapped("one two  three four", 9), "one two\n  three\n  four\n");
        assert_eq!(wrapped("indivisible", 4), "indivisible\n");
        assert_eq!(wrapped("", 4), "\n");
    }

    #[test]
    fn a_title_cannot_move_the_cursor() {
        assert_eq!(plain("a\u{1b}[2Jb\nc"), "a\\u{1b}[2Jb\\nc");
    }
}
