//! What is wrong with an input, all of it at once: where, what stands there, and the rule that it breaks.

use std::borrow::Cow;
use std::fmt;

/// One thing that is wrong with an input: where, what stands there, and the rule that it breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The path to the member, such as `targets[0].account_id`, or the name of a variable.
    pub field: String,
    /// What stands there, shortened for a log line; empty if nothing does. What may hold an external id is not shown.
    pub value: String,
    /// What it has to be.
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

/// The most faults that are kept. A payload may have a fault in each of its megabytes.
pub const MOST_FAULTS: usize = 100;
/// The longest rule that is kept, in bytes.
const LONGEST_RULE: usize = 2_000;
/// The longest field and the longest value that are kept, in bytes: a megabyte of payload in an error hides the error.
const LONGEST_QUOTE: usize = 200;
/// The longest text that faults are shown as, in bytes: one log event holds it, also where JSON escapes each byte.
pub const LONGEST_TEXT: usize = 32 * 1024;

/// The faults found so far: the first [`MOST_FAULTS`] of them, and how many there were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    kept: Vec<Fault>,
    found: usize,
}

impl Faults {
    /// Notes that `field` holds `value`, which breaks `rule`.
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

    /// Whether nothing was wrong.
    pub fn is_empty(&self) -> bool {
        self.found == 0
    }

    /// How many faults there are, those that are not kept among them.
    pub fn len(&self) -> usize {
        self.found
    }

    /// The faults that are kept, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.kept.iter()
    }

    /// A line for each fault that is kept, and one for those that are not.
    pub fn lines(&self) -> Vec<String> {
        let left_out = self.found - self.kept.len();
        let rest = (left_out > 0).then(|| left_out_text(left_out));
        self.kept.iter().map(ToString::to_string).chain(rest).collect()
    }

    /// `value`, unless there are faults.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }
}

/// The faults on one line, parted by `; `, as far as [`LONGEST_TEXT`] goes, and how many more there are.
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

/// Whether `text` names an external id, however it is spelled: it is a secret between two accounts, and faults are logged.
fn names_external_id(text: &str) -> bool {
    let letters: String =
        text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect();
    letters.contains("externalid")
}

/// At most `longest` bytes of `text`, with `…` where it was cut.
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
    fn what_may_hold_an_external_id_is_not_shown() {
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
    fn the_text_of_faults_fits_into_a_log_event_however_long_they_are() {
        // Each a character that JSON escapes by six.
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
    fn a_text_is_cut_between_characters_and_says_so() {
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
