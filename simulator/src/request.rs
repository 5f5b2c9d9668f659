//! Creates and recognizes requests of an operation without an SDK, for tests and fuzzing.

use crate::operation::Operation;
use crate::protocol::Protocol;
use crate::service::Service;
use hyper::Request;
use hyper::body::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

/// The time of every request. No service compares it with the clock.
const DATE: &str = "20260301T120000Z";

impl Service {
    /// The operation of a request to this service: from the header `x-amz-target` if there is one, otherwise from its method
    /// and path, which is still percent-encoded.
    pub fn requested(self, method: &str, path: &str, target: Option<&str>) -> Option<&'static Operation> {
        let (service, operation) = if let Some(header) = target {
            let (service, name) = crate::SERVICES.target(header)?;
            (service, service.operation(name)?)
        } else {
            let (service, operation, _) = crate::SERVICES.route(method, path, Some(self))?;
            (service, operation)
        };
        (service == self).then_some(operation)
    }

    /// A request of `operation` as an AWS client sends it to `region`. `parameters` is an object with the names of the model.
    /// Without a body, the parameters are in path and query. `None` if the operation has no route and its protocol is not
    /// JSON.
    pub fn request(self, operation: &Operation, parameters: &Value, region: &str) -> Option<Request<Bytes>> {
        let mut members = parameters.as_object().cloned().unwrap_or_default();
        let mut request = Request::builder().header("x-amz-date", DATE).header(
            "authorization",
            format!(
                "AWS4-HMAC-SHA256 Credential=AKIA/20260301/{region}/{self}/aws4_request, SignedHeaders=host, Signature=ab"
            ),
        );
        let (method, path) = match (operation.route, self.descriptor().protocol) {
            (Some(route), _) => (route.method, address(route.method, route.path, &mut members)),
            (None, Protocol::AwsJson { content_type, target, .. }) => {
                let target = format!("{target}.{}", operation.name);
                request = request.header("x-amz-target", target).header("content-type", content_type);
                ("POST", "/".to_owned())
            }
            (None, _) => return None,
        };
        let body = if method == "GET" { String::new() } else { Value::Object(members).to_string() };
        request.method(method).uri(format!("http://simulated.invalid{path}")).body(body.into()).ok()
    }
}

/// The path with the values of its labels, which are removed from `members`. For `GET`, the query contains the other members.
fn address(method: &str, path: &str, members: &mut Map<String, Value>) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let encode = |value: &Value| utf8_percent_encode(&text(value), NON_ALPHANUMERIC).to_string();
    let segment = |segment: &str| match segment.strip_prefix('{').and_then(|label| label.strip_suffix('}')) {
        Some(label) => members.remove(label.trim_end_matches('+')).as_ref().map(encode).unwrap_or_default(),
        None => segment.to_owned(),
    };
    let path = path.split('/').map(segment).collect::<Vec<_>>().join("/");
    if method != "GET" || members.is_empty() {
        return path;
    }
    let query = members.iter().map(|(name, value)| format!("{name}={}", encode(value)));
    format!("{path}?{}", query.collect::<Vec<_>>().join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{auditmanager, cloudtrail, dynamodb, sts};
    use serde_json::json;

    #[test]
    fn a_request_has_its_parameters_where_the_route_has_them_and_is_recognized() {
        let check = |service: Service, name: &str, parameters: Value, address: &str, body: &str| {
            let operation = service.operation(name).unwrap();
            let request = service.request(operation, &parameters, "eu-west-1").unwrap();
            let found = (request.method().as_str(), request.uri().to_string());
            assert_eq!(format!("{} {}", found.0, found.1.replace("http://simulated.invalid", "")), address);
            assert_eq!(request.body(), body, "{name}");
            let target = request.headers().get("x-amz-target").map(|target| target.to_str().unwrap());
            let recognized = service.requested(found.0, request.uri().path(), target);
            assert_eq!(recognized.map(|operation| operation.name), Some(name));
        };
        let (events, empty) = (json!({"EventCategory": "insight"}), json!({}));
        check(cloudtrail::SERVICE, "LookupEvents", events, "POST /", r#"{"EventCategory":"insight"}"#);
        check(dynamodb::SERVICE, "Query", empty.clone(), "POST /", "{}");
        check(auditmanager::SERVICE, "GetInsights", empty, "GET /insights", "");
        let ids = json!({"assessmentId": "a/b", "nextToken": "c d"});
        let address = "GET /insights/assessments/a%2Fb?nextToken=c%20d";
        check(auditmanager::SERVICE, "GetInsightsByAssessment", ids, address, "");
        let form = &sts::SERVICE.operations()[0];
        assert!(sts::SERVICE.request(form, &json!({}), "eu-west-1").is_none(), "a form");
    }
}
