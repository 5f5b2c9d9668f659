//! The permissions of each function in `template.yaml`, and the permissions that it used.

use crate::logs::access_key;
use insights_simulator::Seen;
use insights_sources::Operation;
use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

const TEMPLATE: &str = include_str!("../../template.yaml");
/// The functions, by package and binary.
pub fn functions() -> impl Iterator<Item = &'static str> {
    insights_sources::all().map(|source| source.package)
}

/// The allowed actions of each function.
static ALLOWED: LazyLock<BTreeMap<&str, BTreeSet<String>>> = LazyLock::new(|| {
    let template = template();
    functions().map(|function| (function, allowed(&template, function))).collect()
});

/// The template as JSON.
///
/// # Panics
///
/// If it is not valid YAML of CloudFormation.
pub fn template() -> Value {
    parse(TEMPLATE)
}

/// A template as JSON. CloudFormation tags become the long forms of functions: `!Ref X` becomes `{"Ref": "X"}`.
///
/// # Panics
///
/// If it is not valid YAML of CloudFormation.
pub fn parse(template: &str) -> Value {
    let documents = Yaml::load_from_str(template).expect("the template is YAML");
    let [document] = &documents[..] else { panic!("one document") };
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

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        other => panic!("neither a text nor a list of texts: {other}"),
    }
}

/// The statements of the role of the function with this binary.
///
/// # Panics
///
/// If the function does not exist, or its role is not inline.
pub fn statements(template: &Value, binary: &str) -> Vec<Value> {
    let resources = template["Resources"].as_object().expect("resources");
    let function = resources.values().find(|resource| {
        resource["Type"] == "AWS::Serverless::Function"
            && resource["Metadata"]["BuildProperties"]["Binary"] == binary
    });
    let function = function.unwrap_or_else(|| panic!("no function is built from {binary}"));
    let role =
        function["Properties"]["Role"]["Fn::GetAtt"].as_str().expect("a role").trim_end_matches(".Arn");
    let role = &resources[role]["Properties"];
    assert_eq!(role.get("ManagedPolicyArns"), None, "what a role may do is written out");
    let policies = role["Policies"].as_array().expect("policies").iter();
    let statements = policies.flat_map(|policy| {
        policy["PolicyDocument"]["Statement"].as_array().expect("statements").iter().map(|statement| {
            // A conditional statement: `!If [condition, statement, !Ref AWS::NoValue]`.
            statement["Fn::If"].get(1).unwrap_or(statement).clone()
        })
    });
    statements.collect()
}

/// All allowed actions of the role of the function with this binary.
///
/// # Panics
///
/// If a statement does something other than allow actions.
pub fn allowed(template: &Value, binary: &str) -> BTreeSet<String> {
    let mut actions = BTreeSet::new();
    for statement in statements(template, binary) {
        assert_eq!(statement["Effect"], "Allow", "{statement}");
        assert_eq!(statement.get("NotAction"), None, "{statement}");
        actions.extend(texts(&statement["Action"]).into_iter().map(str::to_owned));
    }
    actions
}

/// The action that an operation needs; `None` if every principal may call it.
pub fn action(service: &str, operation: &str) -> Option<String> {
    match (service, operation) {
        // https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
        ("sts", "GetCallerIdentity") => None,
        // All PartiQL statements of the functions are inserts.
        ("dynamodb", "BatchExecuteStatement") => Some("dynamodb:PartiQLInsert".to_owned()),
        _ => {
            let is_meant = |known: &&Operation| known.service == service && known.name == operation;
            let known = insights_sources::operations().find(is_meant);
            Some(known.map_or_else(|| format!("{service}:{operation}"), |known| known.iam_action.to_owned()))
        }
    }
}

/// The actions that each function used.
pub fn needed(seen: &BTreeSet<Seen>) -> BTreeMap<&'static str, BTreeSet<String>> {
    let mut needed: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for Seen { caller, service, operation } in seen {
        // A function is identified by its own access key, or by the name of its role session.
        let function = functions().find(|name| *caller == *name || *caller == access_key(name));
        if let Some(function) = function {
            needed.entry(function).or_default().extend(action(service, operation));
        }
    }
    needed
}

/// Panics if a function used an action that its role does not allow.
pub(crate) fn check(seen: &BTreeSet<Seen>) {
    for (function, actions) in needed(seen) {
        let beyond: Vec<&String> = actions.difference(&ALLOWED[function]).collect();
        assert!(beyond.is_empty(), "{function} needs what its role does not allow: {beyond:?}");
    }
}
