//! Checks the parameters of a call against the constraints of the service's model. As in AWS, one message has all
//! violations: `2 validation errors detected: Value null at 'startTime' failed to satisfy constraint: Member must not be
//! null; …`. Types are checked before; rules about several parameters are in the services.

use crate::call::Call;
use crate::timestamp;
use insights_shared::time::Timestamp;
use serde_json::Value;
use std::ops::RangeInclusive;

/// The violations of a call. The name of a parameter within a structure has a dot, such as `filter.statuses`.
#[derive(Debug)]
pub struct Constraints<'a> {
    call: &'a Call,
    violations: Vec<String>,
}

impl<'a> Constraints<'a> {
    /// The constraints of `call`.
    pub fn new(call: &'a Call) -> Self {
        Self { call, violations: Vec::new() }
    }

    /// Adds a violation by the parameter `name`; `rule` continues "Member must".
    pub fn violate(&mut self, name: &str, rule: &str) {
        let value = shown(self.value(name));
        self.violate_value(name, &value, rule);
    }

    /// `name` is required.
    pub fn required(&mut self, name: &str) {
        if self.value(name).is_none() {
            self.violate(name, "not be null");
        }
    }

    /// `name`, if present, is a string of `length` characters that matches `pattern`, which the message shows as
    /// `pattern_text`. Returns the string, even if it violates the constraints.
    pub fn string(
        &mut self,
        name: &str,
        length: RangeInclusive<usize>,
        pattern: Option<fn(&str) -> bool>,
        pattern_text: &str,
    ) -> Option<&'a str> {
        let text = self.value(name)?.as_str()?;
        for violation in string_violations(text, &length, pattern, pattern_text) {
            self.violate(name, &violation);
        }
        Some(text)
    }

    /// `name`, if present, is a whole number in `range`.
    pub fn integer(&mut self, name: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let number = self.value(name)?.as_i64()?;
        if number < *range.start() {
            self.violate(name, &format!("have value greater than or equal to {}", range.start()));
        }
        if number > *range.end() {
            self.violate(name, &format!("have value less than or equal to {}", range.end()));
        }
        Some(number)
    }

    /// `name`, if present, is one of `values`.
    pub fn one_of(&mut self, name: &str, values: &[&str]) -> Option<&'a str> {
        let text = self.value(name)?.as_str()?;
        if !values.contains(&text) {
            self.violate(name, &enum_rule(values));
        }
        Some(text)
    }

    /// `name`, if present, is a list of at most `longest` elements, each one of `values`.
    pub fn list_of(&mut self, name: &str, longest: usize, values: &[&str]) -> Vec<&'a str> {
        let Some(elements) = self.value(name).and_then(Value::as_array) else { return Vec::new() };
        if elements.len() > longest {
            self.violate(name, &format!("have length less than or equal to {longest}"));
        }
        let texts: Vec<&str> = elements.iter().filter_map(Value::as_str).collect();
        for (index, text) in texts.iter().enumerate().filter(|(_, text)| !values.contains(text)) {
            let member = format!("{name}.{}.member", index + 1);
            self.violate_value(&member, &format!("'{text}'"), &enum_rule(values));
        }
        texts
    }

    /// The elements of the list `name`, if present, match `pattern`, which the message shows as `pattern_text`.
    pub fn list_matches(
        &mut self,
        name: &str,
        pattern: fn(&str) -> bool,
        pattern_text: &str,
    ) -> Vec<&'a str> {
        let Some(elements) = self.value(name).and_then(Value::as_array) else { return Vec::new() };
        let texts: Vec<&str> = elements.iter().filter_map(Value::as_str).collect();
        for (index, text) in texts.iter().enumerate().filter(|(_, text)| !pattern(text)) {
            let member = format!("{name}.{}.member", index + 1);
            let rule = format!("satisfy regular expression pattern: {pattern_text}");
            self.violate_value(&member, &format!("'{text}'"), &rule);
        }
        texts
    }

    /// The timestamp `name`, if present.
    pub fn timestamp(&mut self, name: &str) -> Option<Timestamp> {
        timestamp::read(self.value(name)?)
    }

    /// The message with all violations, if there are any.
    pub fn finish(self) -> Result<(), String> {
        let count = self.violations.len();
        if count == 0 {
            return Ok(());
        }
        let errors = if count == 1 { "error" } else { "errors" };
        Err(format!("{count} validation {errors} detected: {}", self.violations.join("; ")))
    }

    fn value(&self, name: &str) -> Option<&'a Value> {
        let mut members = name.split('.');
        let value = self.call.input.get(members.next()?);
        members.fold(value, |value, member| value?.get(member))
    }

    fn violate_value(&mut self, name: &str, value: &str, rule: &str) {
        let member = lower_first(name);
        self.violations
            .push(format!("Value {value} at '{member}' failed to satisfy constraint: Member must {rule}"));
    }
}

/// The rules that `text` violates; each one continues "Member must".
pub fn string_violations(
    text: &str,
    length: &RangeInclusive<usize>,
    pattern: Option<fn(&str) -> bool>,
    pattern_text: &str,
) -> Vec<String> {
    let count = text.chars().count();
    let mut violations = Vec::new();
    if count < *length.start() {
        violations.push(format!("have length greater than or equal to {}", length.start()));
    }
    if count > *length.end() {
        violations.push(format!("have length less than or equal to {}", length.end()));
    }
    if pattern.is_some_and(|matches| !matches(text)) {
        violations.push(format!("satisfy regular expression pattern: {pattern_text}"));
    }
    violations
}

/// Whether `text` is a UUID of version 1 to 5 and of the RFC 9562 variant, in any case.
pub fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.chars().enumerate().all(|(index, character)| match index {
            8 | 13 | 18 | 23 => character == '-',
            14 => ('1'..='5').contains(&character),
            19 => "89abAB".contains(character),
            _ => character.is_ascii_hexdigit(),
        })
}

fn enum_rule(values: &[&str]) -> String {
    format!("satisfy enum value set: [{}]", values.join(", "))
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None => "null".to_owned(),
        Some(Value::String(text)) => format!("'{text}'"),
        Some(Value::Array(elements)) => {
            let texts: Vec<String> = elements
                .iter()
                .map(|element| element.as_str().map_or_else(|| element.to_string(), str::to_owned))
                .collect();
            format!("'[{}]'", texts.join(", "))
        }
        Some(other) => format!("'{other}'"),
    }
}

/// In these messages of AWS the names of members have a small first letter.
fn lower_first(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn call(input: Value) -> Call {
        let Value::Object(input) = input else { panic!("an object") };
        Call {
            operation: "GetThings",
            account: "123456789012".into(),
            region: "eu-west-1".into(),
            now: Timestamp::from_seconds(0),
            input,
        }
    }

    #[test]
    fn every_violation_is_named_in_one_message() {
        let call =
            call(json!({"MaxResults": 0, "InsightId": "x", "States": ["OPEN", "CLOSED"], "Kind": "z"}));
        let mut constraints = Constraints::new(&call);
        constraints.required("StartTime");
        constraints.integer("MaxResults", 1..=100);
        constraints.string("InsightId", 36..=36, Some(is_uuid), "uuid");
        constraints.list_of("States", 1, &["ACTIVE", "CLOSED"]);
        constraints.one_of("Kind", &["a", "b"]);
        assert_eq!(
            constraints.finish().unwrap_err(),
            "7 validation errors detected: \
             Value null at 'startTime' failed to satisfy constraint: Member must not be null; \
             Value '0' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 1; \
             Value 'x' at 'insightId' failed to satisfy constraint: Member must have length greater than or equal to 36; \
             Value 'x' at 'insightId' failed to satisfy constraint: Member must satisfy regular expression pattern: uuid; \
             Value '[OPEN, CLOSED]' at 'states' failed to satisfy constraint: Member must have length less than or equal to 1; \
             Value 'OPEN' at 'states.1.member' failed to satisfy constraint: Member must satisfy enum value set: [ACTIVE, CLOSED]; \
             Value 'z' at 'kind' failed to satisfy constraint: Member must satisfy enum value set: [a, b]"
        );
    }

    #[test]
    fn a_call_within_its_constraints_passes() {
        let call = call(json!({"StartTime": 1.5, "MaxResults": 1}));
        let mut constraints = Constraints::new(&call);
        constraints.required("StartTime");
        assert_eq!(constraints.timestamp("StartTime"), Timestamp::from_millis(1_500));
        assert_eq!(constraints.integer("MaxResults", 1..=1), Some(1));
        assert_eq!(constraints.string("Name", 1..=2, None, ""), None);
        assert_eq!(constraints.finish(), Ok(()));
    }

    #[test]
    fn uuids_need_their_form_version_and_variant() {
        let check = |text: &str, expected: bool| assert_eq!(is_uuid(text), expected, "{text}");
        check("18378b1e-3653-433d-ba1e-aa11a5958f0c", true);
        check("18378B1E-3653-133D-AA1E-AA11A5958F0C", true);
        check("18378b1e-3653-633d-ba1e-aa11a5958f0c", false);
        check("18378b1e-3653-433d-ca1e-aa11a5958f0c", false);
        check("18378b1e-3653-433d-ba1e-aa11a5958f0", false);
        check("18378b1ex3653-433d-ba1e-aa11a5958f0c", false);
        check("", false);
    }
}
