//! Finds out which operation a request is for and reads its parameters, in the three protocols that the services speak:
//! JSON with a target header, REST with JSON, and Query with a form.

use super::form;
use crate::operation::{self, Kind, Operation, Service};
use hyper::body::Bytes;
use serde_json::{Map, Value};

/// A request as it came over the wire, whole.
#[derive(Clone, Debug)]
pub struct Received {
    /// Such as `POST`.
    pub method: String,
    /// Still percent-encoded.
    pub path: String,
    /// What follows the question mark.
    pub query: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

/// What a request is for.
#[derive(Clone, Debug)]
pub enum Target {
    /// An operation that the simulator answers itself.
    Known(&'static Operation),
    /// An operation of the table, for the embedded database.
    Table(String),
    /// An operation, or a path, that the simulator lacks; with the service if it is known.
    Unknown(Option<Service>, String),
}

impl Received {
    /// The header `name` (in lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// What the request is for.
    pub fn target(&self) -> Target {
        if let Some(target) = self.header("x-amz-target") {
            let (prefix, name) = target.rsplit_once('.').unwrap_or(("", target));
            return if prefix.contains("DynamoDB") {
                Target::Table(name.to_owned())
            } else if prefix.contains("CloudTrail_20131101") {
                known(Service::CloudTrail, name)
            } else {
                Target::Unknown(None, target.to_owned())
            };
        }
        if self.path == "/" {
            return match self.parameters().into_iter().find(|(name, _)| name == "Action") {
                Some((_, action)) => known(Service::Sts, &action),
                None => Target::Unknown(None, format!("{} /", self.method)),
            };
        }
        match operation::find_route(&self.method, &self.path) {
            Some((operation, _)) => Target::Known(operation),
            None => Target::Unknown(None, format!("{} {}", self.method, self.path)),
        }
    }

    /// The operation's parameters by their wire names, with the types that its model gives them; unknown ones are
    /// ignored, as AWS ignores them. An error is what is wrong with the form of the request.
    pub fn input(&self, operation: &Operation) -> Result<Map<String, Value>, String> {
        let given = match (operation.service, operation.route) {
            (Service::Sts, _) => texts(self.parameters()),
            (_, Some(("GET", _))) => texts(self.labelled_query()),
            _ => self.json()?,
        };
        let mut input = Map::new();
        for (name, value) in given {
            let Some((_, kind)) = operation.input.iter().find(|(known, _)| *known == name) else { continue };
            if value.is_null() {
                continue;
            }
            let value = if operation.service == Service::Sts || operation.route.is_some_and(|r| r.0 == "GET")
            {
                typed(value, *kind)
            } else {
                value
            };
            if !kind.holds(&value) {
                return Err(format!("{name} can not be converted to {}: {value}", kind.name()));
            }
            input.insert(name, value);
        }
        Ok(input)
    }

    fn json(&self) -> Result<Map<String, Value>, String> {
        if self.body.is_empty() {
            return Ok(Map::new());
        }
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(members)) => Ok(members),
            Ok(_) => Err("Start of structure or map found where not expected.".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The parameters of the Query protocol, from the body or from the query string.
    fn parameters(&self) -> Vec<(String, String)> {
        let mut pairs = form::pairs(&self.query);
        pairs.extend(form::pairs(&String::from_utf8_lossy(&self.body)));
        pairs
    }

    fn labelled_query(&self) -> Vec<(String, String)> {
        let mut pairs = form::pairs(&self.query);
        if let Some((_, Some((label, value)))) = operation::find_route(&self.method, &self.path) {
            pairs.push((label.to_owned(), form::decode(&value, false)));
        }
        pairs
    }
}

fn known(service: Service, name: &str) -> Target {
    operation::find(service, name)
        .map_or_else(|| Target::Unknown(Some(service), name.to_owned()), Target::Known)
}

fn texts(pairs: Vec<(String, String)>) -> Map<String, Value> {
    pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect()
}

/// A parameter that came as text, read as its type; left as it is where it cannot be.
fn typed(value: Value, kind: Kind) -> Value {
    match (kind, value.as_str()) {
        (Kind::Integer, Some(text)) => text.parse::<i64>().map_or(value, Value::from),
        (Kind::Boolean, Some(text)) => text.parse::<bool>().map_or(value, Value::from),
        _ => value,
    }
}
