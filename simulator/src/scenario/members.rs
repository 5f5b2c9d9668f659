//! Reads members of the scenario's tables with additional rules: ranges, choices, identifiers and lists of tables.

use insights_shared::fields::Fields;
use insights_shared::time::{DAY_SECONDS, parse_span};

/// Reads the elements of the list `name` with `read`.
pub(crate) fn each<T>(
    fields: &mut Fields<'_>,
    name: &'static str,
    mut read: impl FnMut(&mut Fields<'_>) -> T,
) -> Vec<T> {
    let mut found = Vec::new();
    for (path, value) in fields.list(name).unwrap_or_default() {
        if let Some(mut element) = Fields::new(value, path, fields.faults()) {
            found.push(read(&mut element));
            element.finish();
        }
    }
    found
}

/// Checks that the keys of the elements of `name` are distinct; `rule` is the fault for a duplicate.
pub(crate) fn distinct(
    fields: &mut Fields<'_>,
    name: &'static str,
    keys: impl Iterator<Item = String>,
    rule: &str,
) {
    let mut seen = Vec::new();
    for (index, key) in keys.enumerate() {
        if seen.contains(&key) {
            fault(fields, &format!("{name}[{index}]"), &key, rule);
        }
        seen.push(key);
    }
}

/// Adds a fault: `value` in member `name` violates `rule`.
pub(crate) fn fault(fields: &mut Fields<'_>, name: &str, value: impl std::fmt::Display, rule: &str) {
    let path = fields.path(name);
    fields.faults().add(path, value, rule);
}

/// A string, one of `values`.
pub(crate) fn choice(fields: &mut Fields<'_>, name: &'static str, values: &[&str]) -> Option<String> {
    let text = fields.string(name)?;
    if values.contains(&text.as_str()) {
        return Some(text);
    }
    fault(fields, name, &text, &format!("must be one of {}", values.join(", ")));
    None
}

/// A required string with a maximum length and a rule for its characters.
pub(crate) fn text(
    fields: &mut Fields<'_>,
    name: &'static str,
    longest: usize,
    allowed: fn(&str) -> bool,
) -> Option<String> {
    let text = fields.required_string(name)?;
    if text.chars().count() > longest || !allowed(&text) {
        let rule = format!("must be at most {longest} characters, none of which the service refuses");
        fault(fields, name, &text, &rule);
    }
    Some(text)
}

/// A string that is not blank.
pub(crate) fn optional_text(fields: &mut Fields<'_>, name: &'static str, longest: usize) -> Option<String> {
    let text = fields.string(name)?;
    if text.trim().is_empty() || text.chars().count() > longest {
        fault(fields, name, &text, &format!("must be 1 to {longest} characters, not all blank"));
    }
    Some(text)
}

/// The member `id`.
pub(crate) fn identifier(fields: &mut Fields<'_>, is_valid: fn(&str) -> bool, rule: &str) -> Option<String> {
    let id = fields.string("id")?;
    if !is_valid(&id) {
        fault(fields, "id", &id, rule);
    }
    Some(id)
}

/// A number from 0 to `most`.
pub(crate) fn bounded(fields: &mut Fields<'_>, name: &'static str, most: f64) -> Option<f64> {
    let number = fields.number(name)?;
    if (0.0..=most).contains(&number) {
        return Some(number);
    }
    fault(fields, name, number, &format!("must be between 0 and {most}"));
    None
}

/// A whole number in `range`.
pub(crate) fn whole(
    fields: &mut Fields<'_>,
    name: &'static str,
    range: std::ops::RangeInclusive<i64>,
) -> Option<i64> {
    let number = fields.integer(name)?;
    if range.contains(&number) {
        return Some(number);
    }
    let rule = format!("must be a whole number between {} and {}", range.start(), range.end());
    fault(fields, name, number, &rule);
    None
}

/// The members that answers omit, each one of `known`.
pub(crate) fn omit(fields: &mut Fields<'_>, name: &'static str, known: &[&str]) -> Vec<String> {
    let names = fields.strings(name).unwrap_or_default();
    for omitted in names.iter().filter(|omitted| !known.contains(&omitted.as_str())) {
        fault(fields, name, omitted, &format!("must be among {}", known.join(", ")));
    }
    names
}

/// Milliseconds after midnight, from a span such as `6h 12m 30.25s`.
pub(crate) fn time_of_day(fields: &mut Fields<'_>, name: &'static str) -> Option<i64> {
    let text = fields.string(name)?;
    let millis = parse_span(&text).ok().and_then(|span| i64::try_from(span.as_millis()).ok());
    let millis = millis.filter(|millis| (0..DAY_SECONDS * 1_000).contains(millis));
    if millis.is_none() {
        fault(
            fields,
            name,
            &text,
            "must be a span after midnight UTC, shorter than a day, such as \"6h 12m 30.25s\"",
        );
    }
    millis
}
