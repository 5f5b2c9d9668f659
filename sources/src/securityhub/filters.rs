//! The filters of an insight as text.

use crate::view::text;
use insights_records::value::{Map, Value};

/// Each filter as text, for example `severity label is CRITICAL or HIGH`.
///
/// Filters of one attribute that include findings are alternatives. Filters that exclude findings all apply.
/// <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_StringFilter.html>
pub fn described(filters: &Map) -> Vec<String> {
    filters.iter().flat_map(|(name, list)| attribute(name, list.as_list().unwrap_or_default())).collect()
}

fn attribute(name: &str, filters: &[Value]) -> Vec<String> {
    let name = name.replace('_', " ");
    // The conditions in their original order, each with its values.
    let mut conditions: Vec<(String, Vec<String>)> = Vec::new();
    for filter in filters {
        for (verb, text) in conditions_of(filter) {
            match conditions.iter_mut().find(|(known, _)| *known == verb) {
                Some((_, texts)) => texts.push(text),
                None => conditions.push((verb, vec![text])),
            }
        }
    }
    let sentence = |(verb, texts): (String, Vec<String>)| {
        let conjunction = if verb.contains("not") { " and " } else { " or " };
        format!("{name} {verb} {}", texts.join(conjunction))
    };
    conditions.into_iter().map(sentence).collect()
}

/// The conditions of one filter: a verb and a value.
fn conditions_of(filter: &Value) -> Vec<(String, String)> {
    let condition = |verb: &str, text: String| (verb.to_owned(), text);
    let member = |name| text(filter, name).map(str::to_owned);
    if let Some(cidr) = member("cidr") {
        return vec![condition("is in", cidr)];
    }
    if let Some(range) = filter.at(&["date_range"]) {
        let number = range.at(&["value"]).and_then(Value::as_number).map_or("?", |number| number.as_str());
        let unit = text(range, "unit").unwrap_or("units").to_lowercase();
        let verb =
            if text(range, "comparison") == Some("OLDER_THAN") { "is older than" } else { "is within" };
        return vec![condition(verb, format!("{number} {unit}"))];
    }
    let bounds = [
        ("gte", "is at least"),
        ("gt", "is more than"),
        ("eq", "is"),
        ("lte", "is at most"),
        ("lt", "is less than"),
        ("start", "is from"),
        ("end", "is until"),
    ];
    let bounds: Vec<(String, String)> = bounds
        .into_iter()
        .filter_map(|(name, verb)| Some(condition(verb, plain(filter.at(&[name])?))))
        .collect();
    if !bounds.is_empty() {
        return bounds;
    }
    let verb = match text(filter, "comparison") {
        None | Some("EQUALS") => "is",
        Some("NOT_EQUALS") => "is not",
        Some("PREFIX") => "starts with",
        Some("PREFIX_NOT_EQUALS") => "does not start with",
        Some("CONTAINS") => "contains",
        Some("NOT_CONTAINS") => "does not contain",
        Some("CONTAINS_WORD") => "contains the word",
        Some(other) => other,
    };
    let value = filter.at(&["value"]).map(plain).unwrap_or_default();
    let value = if value.is_empty() { "(empty)".to_owned() } else { value };
    match member("key") {
        Some(key) => vec![condition(&format!("{key} {verb}"), value)],
        None => vec![condition(verb, value)],
    }
}

/// A string without quotes, anything else as JSON.
fn plain(value: &Value) -> String {
    if let Some(text) = value.as_str() {
        return text.to_owned();
    }
    let mut json = String::new();
    value.write_canonical(&mut json);
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_described_in_words() {
        for (filters, expected) in [
            ("{}", &[][..]),
            (
                r#"{"severity_label":[{"value":"CRITICAL","comparison":"EQUALS"},{"value":"HIGH","comparison":"EQUALS"}]}"#,
                &["severity label is CRITICAL or HIGH"],
            ),
            (
                r#"{"workflow_status":[{"value":"SUPPRESSED","comparison":"NOT_EQUALS"},{"value":"RESOLVED","comparison":"NOT_EQUALS"}]}"#,
                &["workflow status is not SUPPRESSED and RESOLVED"],
            ),
            (
                r#"{"title":[{"value":"S3","comparison":"PREFIX"},{"value":"S3.9","comparison":"PREFIX_NOT_EQUALS"}]}"#,
                &["title starts with S3", "title does not start with S3.9"],
            ),
            (r#"{"title":[{"value":"a b","comparison":"CONTAINS_WORD"}]}"#, &["title contains the word a b"]),
            (r#"{"title":[{"value":"x","comparison":"SOUNDS_LIKE"}]}"#, &["title SOUNDS_LIKE x"]),
            (r#"{"title":[{"value":"","comparison":"EQUALS"}]}"#, &["title is (empty)"]),
            (
                r#"{"resource_tags":[{"key":"team","value":"shop","comparison":"NOT_EQUALS"}]}"#,
                &["resource tags team is not shop"],
            ),
            (
                r#"{"created_at":[{"date_range":{"value":7,"unit":"DAYS"}}]}"#,
                &["created at is within 7 days"],
            ),
            (
                r#"{"created_at":[{"date_range":{"value":30,"unit":"DAYS","comparison":"OLDER_THAN"}}]}"#,
                &["created at is older than 30 days"],
            ),
            (
                r#"{"updated_at":[{"start":"2026-03-01T00:00:00Z","end":"2026-03-02T00:00:00Z"}]}"#,
                &["updated at is from 2026-03-01T00:00:00Z", "updated at is until 2026-03-02T00:00:00Z"],
            ),
            (
                r#"{"criticality":[{"gte":50,"lt":90.5}]}"#,
                &["criticality is at least 50", "criticality is less than 90.5"],
            ),
            (
                r#"{"network_source_ip_v4":[{"cidr":"10.0.0.0/8"}]}"#,
                &["network source ip v4 is in 10.0.0.0/8"],
            ),
            (r#"{"sample":[{"value":false}]}"#, &["sample is false"]),
            (r#"{"keyword":[{"value":"root"}]}"#, &["keyword is root"]),
            (r#"{"title":[{}]}"#, &["title is (empty)"]),
        ] {
            let Value::Map(map) = Value::from_json(filters).unwrap() else { panic!("{filters}") };
            assert_eq!(described(&map), expected, "{filters}");
        }
    }
}
