//! CloudFormation templates as JSON. It knows the tags, and nothing of what they mean.

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};

/// The template at `path`; tags become their functions' long forms, `!Ref X` as `{"Ref": "X"}`.
pub fn template(path: &str) -> Value {
    let text = crate::read(path);
    let documents = Yaml::load_from_str(&text).unwrap();
    let [document] = &documents[..] else { panic!("{path}: one document") };
    json_of(document)
}

fn json_of(yaml: &Yaml<'_>) -> Value {
    match yaml {
        Yaml::Value(Scalar::String(text)) => Value::from(text.as_ref()),
        Yaml::Value(Scalar::Integer(number)) => Value::from(*number),
        Yaml::Value(Scalar::Boolean(flag)) => Value::from(*flag),
        Yaml::Value(Scalar::FloatingPoint(number)) => Value::from(number.into_inner()),
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Sequence(elements) => elements.iter().map(json_of).collect(),
        Yaml::Mapping(members) => {
            let member = |(name, value): (&Yaml<'_>, &Yaml<'_>)| {
                (name.as_str().expect("members are named").to_owned(), json_of(value))
            };
            Value::Object(members.iter().map(member).collect::<Map<_, _>>())
        }
        Yaml::Tagged(tag, inner) => {
            let name = tag.suffix.as_str();
            let name =
                if ["Ref", "Condition"].contains(&name) { name.to_owned() } else { format!("Fn::{name}") };
            json!({ name: json_of(inner) })
        }
        Yaml::Representation(text, ..) => panic!("not read: {text}"),
        Yaml::Alias(_) | Yaml::BadValue => panic!("not YAML that CloudFormation reads"),
    }
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
