//! What is wrong with an input, all of it at once: where, what stands there, and the rule that it breaks.

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

/// The faults found so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Notes that `field` holds `value`, which breaks `rule`.
    pub fn add(&mut self, field: impl Into<String>, value: impl fmt::Display, rule: impl Into<String>) {
        let (field, value) = (field.into(), value.to_string());
        let is_secret = !value.is_empty() && (names_external_id(&field) || names_external_id(&value));
        let value = if is_secret { "(not shown)".to_owned() } else { shorten(&value) };
        self.0.push(Fault { field, value, rule: rule.into() });
    }

    /// Whether nothing was wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many faults there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The faults, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter()
    }

    /// `value`, unless there are faults.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }
}

/// All faults on one line, parted by `; `.
impl fmt::Display for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(formatter, "{separator}{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// Whether `text` names an external id, however it is spelled: it is a secret between two accounts, and faults are logged.
fn names_external_id(text: &str) -> bool {
    let letters: String =
        text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect();
    letters.contains("externalid")
}

/// Cuts what a message quotes: a megabyte of payload in an error hides the error.
fn shorten(text: &str) -> String {
    const LONGEST: usize = 200;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
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
    fn a_long_value_is_cut_in_the_message() {
        let mut faults = Faults::default();
        faults.add("payload", "é".repeat(5_000), "must be short");
        assert!(faults.to_string().chars().count() < 250);
    }
}
