//! Finds the operation that a request names, and reads its parameters.

use super::{Protocol, form};
use crate::operation::Operation;
use crate::registry::Registry;
use crate::route::Labels;
use crate::service::Service;
use hyper::body::Bytes;
use serde_json::{Map, Value};

/// An HTTP request with its whole body.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// Such as `POST`.
    pub(crate) method: String,
    /// Still percent-encoded.
    pub(crate) path: String,
    /// The text after the question mark, still percent-encoded.
    pub(crate) query: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: Bytes,
}

/// The target of a request.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// An operation, and the labels of its route.
    Operation(Service, &'static Operation, Labels),
    /// An operation or a path that the simulator does not have, and the service, if it is known.
    Unknown(Option<Service>, String),
}

impl Received {
    /// The header `name` (in lower case).
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The target of the request. `signed` is the service in its signature.
    pub(crate) fn target(&self, services: Registry, signed: Option<Service>) -> Target {
        if let Some(header) = self.header("x-amz-target") {
            return match services.target(header) {
                Some((service, name)) => operation(service, name),
                None => Target::Unknown(None, header.to_owned()),
            };
        }
        if self.path == "/" {
            let parameters = self.parameters();
            let value =
                |name: &str| parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
            let query = value("Action").and_then(|action| Some((services.query(value("Version"))?, action)));
            return match query {
                Some((service, action)) => operation(service, action),
                None => Target::Unknown(None, format!("{} /", self.method)),
            };
        }
        match services.route(&self.method, &self.path, signed) {
            Some((service, operation, labels)) => Target::Operation(service, operation, labels),
            None => Target::Unknown(None, format!("{} {}", self.method, self.path)),
        }
    }

    /// The operation's parameters by wire name, with the types of its model. Unknown parameters are ignored, as in AWS. The
    /// error states why the request cannot be read.
    pub(crate) fn input(
        &self,
        protocol: Protocol,
        operation: &Operation,
        labels: &Labels,
    ) -> Result<Map<String, Value>, String> {
        let is_rest_query = operation.route.is_some_and(|route| route.method == "GET");
        let texts = match protocol {
            Protocol::Query { .. } => self.parameters(),
            _ if is_rest_query => form::pairs(&self.query),
            _ => Vec::new(),
        };
        let is_body = protocol.is_json() && !is_rest_query;
        let members = if is_body { self.json()? } else { Map::new() };
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let texts = texts.into_iter().chain(labels).map(|(name, text)| (name, Value::String(text), true));
        let mut input = Map::new();
        for (name, value, is_text) in
            members.into_iter().map(|(name, value)| (name, value, false)).chain(texts)
        {
            let Some(its_type) = operation.parameter(&name) else {
                continue;
            };
            if value.is_null() {
                continue;
            }
            let value = if is_text { its_type.read(value) } else { value };
            if !its_type.accepts(&value) {
                return Err(format!("{name} can not be converted to {}: {value}", its_type.name()));
            }
            match (input.get_mut(&name), value) {
                // In a query string, a list is a repeated name.
                (Some(Value::Array(elements)), Value::Array(further)) if is_text => elements.extend(further),
                (_, value) => {
                    input.insert(name, value);
                }
            }
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
}

fn operation(service: Service, name: &str) -> Target {
    service.operation(name).map_or_else(
        || Target::Unknown(Some(service), name.to_owned()),
        |operation| Target::Operation(service, operation, Labels::new()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::ParameterType as Type;
    use serde_json::json;

    #[test]
    fn rest_parameters_come_from_the_path_and_from_the_body_or_the_query() {
        let input = [
            (Type::String, &["name", "filter", "text"][..]),
            (Type::Integer, &["number", "maxResults"]),
            (Type::StringList, &["include"]),
        ];
        let check = |method: &'static str, query: &str, body: &str, expected: Result<Value, &str>| {
            let operation = Operation::rest("ListInsights", method, "/clusters/{name}/insights/{number}");
            let operation = operation.input(Box::leak(Box::new(input)));
            let path = "/clusters/a%2Fb/insights/7";
            let labels = operation.route.unwrap().matches(method, path).unwrap();
            let (method, path, query) = (method.to_owned(), path.to_owned(), query.to_owned());
            let request = Received { method, path, query, headers: Vec::new(), body: body.to_owned().into() };
            let found = request.input(Protocol::RestJson, &operation, &labels).map(Value::Object);
            assert_eq!(found, expected.map_err(str::to_owned), "{request:?}");
        };
        let labels = json!({"name": "a/b", "number": 7});
        check("GET", "", "", Ok(labels.clone()));
        check("POST", "", "", Ok(labels));
        let all = json!({"name": "a/b", "number": 7, "filter": "x", "maxResults": 2});
        check("GET", "filter=x&maxResults=2&other=1", "", Ok(all.clone()));
        check("POST", "", r#"{"filter": "x", "maxResults": 2, "text": null, "other": 1}"#, Ok(all));
        let list = json!({"name": "a/b", "number": 7, "include": ["all", "x"]});
        check("GET", "include=all&include=x", "", Ok(list.clone()));
        check("POST", "", r#"{"include": ["all", "x"]}"#, Ok(list));
        let error = "include can not be converted to LIST_VALUE: \"all\"";
        check("POST", "", r#"{"include": "all"}"#, Err(error));
        let error = "maxResults can not be converted to INTEGER_VALUE: \"2\"";
        check("POST", "", r#"{"maxResults": "2"}"#, Err(error));
        check("GET", "maxResults=two", "", Err("maxResults can not be converted to INTEGER_VALUE: \"two\""));
    }
}
