//! Faults of an input. All faults are collected, each with the field, its value and the rule.

use std::borrow::Cow;
use std::fmt;

/// One fault of an input: the field, its value and the rule that it breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The path to the member, such as `targets[0].account_id`, or the name of a variable.
    pub field: String,
    /// The value, shortened for a log line; empty if there is none. A value that may contain an external id is not included.
    pub value: String,
    /// The rule, as a predicate: what the value must be.
    pub rule: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.value.is_empty() {
            write!(formatter, "{}: {}", self.field, self.rule)
        } else {
            write!(formatter, "{} is {}: {}", self.field, self.value, self.rule)
        }
    }
}

/// The maximum number of faults that are kept. A large payload may have a fault in every member.
pub const MOST_FAULTS: usize = 100;
/// The maximum length of a rule, in bytes. Longer rules are cut.
const LONGEST_RULE: usize = 2_000;
/// The maximum length of a field and of a value, in bytes. Longer ones are cut so that the error stays readable.
const LONGEST_QUOTE: usize = 200;
/// The maximum length of the text of all faults, in bytes. It fits into one log event even if JSON escapes every byte.
pub const LONGEST_TEXT: usize = 32 * 1024;

/// The faults found so far: the first [`MOST_FAULTS`] of them, and how many there were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    kept: Vec<Fault>,
    found: usize,
}

impl Faults {
    /// Adds a fault: `value` of `field` breaks `rule`.
    pub fn add(&mut self, field: impl Into<String>, value: impl fmt::Display, rule: impl Into<String>) {
        self.found += 1;
        if self.kept.len() == MOST_FAULTS {
            return;
        }
        let (field, value) = (field.into(), value.to_string());
        let is_secret = !value.is_empty() && (names_external_id(&field) || names_external_id(&value));
        let value =
            if is_secret { "(not shown)".to_owned() } else { cut(&value, LONGEST_QUOTE).into_owned() };
        let rule = cut(&rule.into(), LONGEST_RULE).into_owned();
        let field = cut(&field, LONGEST_QUOTE).into_owned();
        self.kept.push(Fault { field, value, rule });
    }

    /// Whether there are no faults.
    pub fn is_empty(&self) -> bool {
        self.found == 0
    }

    /// The number of faults, including those that are not kept.
    pub fn len(&self) -> usize {
        self.found
    }

    /// The faults that are kept, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.kept.iter()
    }

    /// One line for each fault that is kept, and one line with the number of the others.
    pub fn lines(&self) -> Vec<String> {
        let left_out = self.found - self.kept.len();
        let rest = (left_out > 0).then(|| left_out_text(left_out));
        self.kept.iter().map(ToString::to_string).chain(rest).collect()
    }

    /// Returns `value` if there are no faults, otherwise the faults.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }
}

/// The faults on one line, separated by `; `, up to [`LONGEST_TEXT`] bytes, and the number of the others.
impl fmt::Display for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut shown, mut length) = (0, 0);
        for fault in &self.kept {
            let text = fault.to_string();
            length += text.len() + SEPARATOR.len();
            if length > LONGEST_TEXT && shown > 0 {
                break;
            }
            let separator = if shown == 0 { "" } else { SEPARATOR };
            write!(formatter, "{separator}{}", cut(&text, LONGEST_TEXT))?;
            shown += 1;
        }
        match self.found - shown {
            0 => Ok(()),
            left_out => write!(formatter, "{SEPARATOR}{}", left_out_text(left_out)),
        }
    }
}

const SEPARATOR: &str = "; ";

fn left_out_text(count: usize) -> String {
    format!("and {count} more, left out here")
}

impl std::error::Error for Faults {}

/// Whether `text` contains the name of an external id, in any spelling. External ids are secrets, and faults are logged.
fn names_external_id(text: &str) -> bool {
    let letters: String =
        text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect();
    letters.contains("externalid")
}

/// At most `longest` bytes of `text`. `…` marks the end if it was cut.
pub fn cut(text: &str, longest: usize) -> Cow<'_, str> {
    const CUT: &str = "…";
    if text.len() <= longest {
        return Cow::Borrowed(text);
    }
    let end = text.floor_char_boundary(longest.saturating_sub(CUT.len()));
    Cow::Owned(format!("{}{CUT}", text.get(..end).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_may_contain_an_external_id_are_not_shown() {
        for (field, value) in [
            ("TARGETS", r#"[{"account_id":"111122223333","external_id":"sesame"},]"#),
            ("TARGETS[0].external_id", "sesame"),
            ("targets[0].External-Id", "\"sesame\""),
            ("targets", r#"{"externalId": "sesame"}"#),
        ] {
            let mut faults = Faults::default();
            faults.add(field, value, "must be something else");
            assert_eq!(faults.to_string(), format!("{field} is (not shown): must be something else"));
        }
        let mut faults = Faults::default();
        faults.add("targets[0].external_id", "", "is required");
        assert_eq!(faults.to_string(), "targets[0].external_id: is required");
    }

    #[test]
    fn the_first_hundred_faults_are_kept_and_the_others_are_counted() {
        let mut faults = Faults::default();
        for number in 0..450_000 {
            faults.add(format!("key{number}"), 1, "unknown key");
        }
        assert_eq!((faults.len(), faults.iter().count()), (450_000, MOST_FAULTS));
        assert_eq!(faults.lines().len(), MOST_FAULTS + 1);
        assert_eq!(faults.lines()[MOST_FAULTS], "and 449900 more, left out here");
        let text = faults.to_string();
        assert!(text.starts_with("key0 is 1: unknown key; key1 is 1: unknown key; "), "{text}");
        assert!(text.ends_with("; key99 is 1: unknown key; and 449900 more, left out here"), "{text}");
    }

    #[test]
    fn the_text_of_any_faults_fits_into_a_log_event() {
        // JSON escapes each of these characters as six.
        let long = "\u{1}".repeat(10_000);
        for (field, rule) in [(long.as_str(), "x"), ("x", long.as_str()), ("x", &"é".repeat(40_000))] {
            let mut faults = Faults::default();
            for _ in 0..3_000 {
                faults.add(field, &long, rule);
            }
            let text = faults.to_string();
            assert!(text.len() <= LONGEST_TEXT + 40, "{}", text.len());
            let (_, left_out) = text.rsplit_once("; and ").unwrap();
            let left_out: usize = left_out.strip_suffix(" more, left out here").unwrap().parse().unwrap();
            let shown = text.matches(": ").count();
            assert!((1..=MOST_FAULTS).contains(&shown), "{shown}");
            assert_eq!(shown + left_out, 3_000);
        }
    }

    #[test]
    fn a_text_is_cut_between_characters_and_marked() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcdef", 5), "ab…");
        assert_eq!(cut("ééé", 5), "é…");
        assert_eq!(cut("abcdef", 0), "…");
    }

    #[test]
    fn a_long_value_is_cut_in_the_message() {
        let mut faults = Faults::default();
        faults.add("payload", "é".repeat(5_000), "must be short");
        assert!(faults.to_string().chars().count() < 250);
    }
}
