//! CloudFormation templates as JSON, with helpers.

use insights_tests::permissions::parse;
use serde_json::Value;

/// The template at `path`.
pub fn template(path: &str) -> Value {
    parse(&crate::deployment::read(path))
}

/// The resources of a template of this type, by their logical ids.
pub fn resources<'a>(template: &'a Value, kind: &str) -> Vec<(&'a str, &'a Value)> {
    let all = template["Resources"].as_object().unwrap();
    let of_kind = all.iter().filter(|(_, resource)| resource["Type"] == kind);
    of_kind.map(|(id, resource)| (id.as_str(), resource)).collect()
}

/// A text, or a list of texts.
pub fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        other => panic!("neither a text nor a list of texts: {other}"),
    }
}
