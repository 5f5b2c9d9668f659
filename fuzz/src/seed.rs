//! What mutation begins with: real shapes of every kind of input.

use crate::answer::{OPERATIONS, Operation};
use crate::canned::services;
use crate::{REGION, now};
use futures_util::FutureExt;
use http_body_util::BodyExt;
use insights_shared::record::Source;
use insights_simulator::Offline;
use insights_sources::cloudtrail;
use serde_json::{Value, json};

/// A world with one of everything: every run of a function asks for all of it.
pub const SERVICES: &str = include_str!("seed/services.toml");
/// A scenario file with something of everything.
const SCENARIO: &str = include_str!("seed/scenario.toml");
/// Both halves of an insight.
const EVENT: &str = include_str!("seed/event.txt");
/// Stored items, one a line.
const ITEMS: &str = include_str!("seed/items.jsonl");
/// Answers that break rules, one a line, each with its operation.
const ANSWERS: &str = include_str!("seed/answers.jsonl");
/// Payloads, one a line.
const PAYLOADS: &str = include_str!("seed/payloads.jsonl");

/// The inputs that mutation of a target begins with.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    let lines = |text: &str| text.lines().map(|line| line.as_bytes().to_vec()).collect::<Vec<_>>();
    match target {
        "payload" => lines(PAYLOADS),
        "scenario" => vec![SCENARIO.as_bytes().to_vec()],
        "item" => lines(ITEMS),
        "event" => std::iter::once(EVENT)
            .chain(EVENT.split("\n---\n"))
            .map(|text| text.as_bytes().to_vec())
            .collect(),
        "answer" => answers(),
        _ => Vec::new(),
    }
}

/// What the simulated services answer to each operation, behind the byte that chooses it.
fn answers() -> Vec<Vec<u8>> {
    let services = services();
    let mut seeds = Vec::new();
    let refused =
        json!({"__type": "ThrottlingException", "message": "Rate exceeded", "Item": items().first()});
    for (index, operation) in OPERATIONS.iter().enumerate() {
        let body = match operation.wire {
            "BatchGetItem" => json!({"Responses": {"insights": items()}, "UnprocessedKeys": {}}).to_string(),
            "Query" => json!({"Items": items(), "Count": items().len()}).to_string(),
            "PutItem" => {
                json!({"ConsumedCapacity": {"TableName": "insights", "CapacityUnits": 1.5}}).to_string()
            }
            wire => ask(&services, operation.source, wire).map_or_else(|| "{}".to_owned(), |(_, body)| body),
        };
        // Behind the first so many bytes the same operations answer with the next status: 400.
        for (first, body) in [(index, body), (index + OPERATIONS.len(), refused.to_string())] {
            let mut seed = vec![u8::try_from(first).unwrap_or_default()];
            seed.extend(body.bytes());
            seeds.push(seed);
        }
    }
    for line in ANSWERS.lines() {
        let answer: Value = serde_json::from_str(line).expect("an answer");
        let is_it = |operation: &Operation| answer["operation"] == *operation.name;
        let index = OPERATIONS.iter().position(is_it).expect("an operation");
        let mut seed = vec![u8::try_from(index).unwrap_or_default()];
        seed.extend(answer["body"].to_string().bytes());
        seeds.push(seed);
    }
    seeds
}

/// The stored items in DynamoDB's own JSON.
fn items() -> Vec<Value> {
    let typed =
        |line: &str| serde_json::from_str(line).map(|item: Value| to_attributes(&item)).unwrap_or_default();
    ITEMS.lines().map(typed).collect()
}

fn to_attributes(item: &Value) -> Value {
    let attribute = |value: &Value| match value {
        Value::String(_) => json!({ "S": value }),
        Value::Number(number) => json!({ "N": number.to_string() }),
        Value::Bool(_) => json!({ "BOOL": value }),
        Value::Array(list) => {
            json!({"L": list.iter().map(|value| to_attributes(&json!({ "v": value }))["v"].clone()).collect::<Vec<_>>()})
        }
        Value::Object(_) => json!({ "M": to_attributes(value) }),
        Value::Null => json!({ "NULL": true }),
    };
    let members = item.as_object().into_iter().flatten();
    Value::Object(members.map(|(name, value)| (name.clone(), attribute(value))).collect())
}

/// What `services` answer to one request for an operation that `wire` names: status and body. `None` if they reset the
/// connection.
pub fn ask(services: &Offline, source: Source, wire: &str) -> Option<(u16, String)> {
    let (scope, method) = match source.id {
        "xray" => ("xray", "POST"),
        "cloudtrail" => ("cloudtrail", "POST"),
        _ => ("auditmanager", "GET"),
    };
    let start = now().plus_seconds(-3_600).seconds();
    let end = now().seconds();
    let id = "7c4ee9a1-3f5b-4d2e-9a68-0b6f1d2c3e4f";
    let series = json!({"EventSource": "ec2.amazonaws.com", "EventName": "RunInstances", "InsightType": "ApiCallRateInsight",
        "Period": 300, "DataType": "NonZeroData", "StartTime": end - 7_200, "EndTime": end});
    let (path, body) = match (source.id, wire) {
        ("xray", "Groups") => ("/Groups".to_owned(), json!({})),
        ("xray", "InsightSummaries") => {
            ("/InsightSummaries".to_owned(), json!({"GroupName": "shop", "StartTime": start, "EndTime": end}))
        }
        ("xray", _) => (format!("/{wire}"), json!({"InsightId": id, "StartTime": start, "EndTime": end})),
        ("cloudtrail", "LookupEvents") => ("/".to_owned(), json!({"EventCategory": "insight"})),
        ("cloudtrail", "ListInsightsMetricData") => ("/".to_owned(), series),
        ("cloudtrail", "ListInsightsData") => (
            "/".to_owned(),
            json!({"InsightSource": format!("arn:aws:cloudtrail:{REGION}:{}:trail/objects", crate::ACCOUNT), "DataType": "InsightsEvents"}),
        ),
        ("cloudtrail", "GetInsightSelectors") => ("/".to_owned(), json!({"TrailName": "objects"})),
        ("cloudtrail", _) => ("/".to_owned(), json!({})),
        _ => (auditmanager_path(wire), Value::Null),
    };
    let signature = format!(
        "AWS4-HMAC-SHA256 Credential=AKIA/20260301/{REGION}/{scope}/aws4_request, SignedHeaders=host, Signature=ab"
    );
    let mut request = hyper::Request::builder().method(method).uri(format!("http://simulated.invalid{path}"));
    request = request.header("authorization", signature).header("x-amz-date", "20260301T120000Z");
    if source == cloudtrail::SOURCE {
        let target = format!("com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.{wire}");
        request = request.header("x-amz-target", target).header("content-type", "application/x-amz-json-1.1");
    }
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let answer = services.answer(request.body(body.into()).ok()?).now_or_never().flatten()?;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().now_or_never()?.ok()?.to_bytes();
    Some((status, String::from_utf8(body.to_vec()).ok()?))
}

/// The path and query of an operation of Audit Manager.
fn auditmanager_path(operation: &str) -> String {
    let assessment = "0b6f1d2c-3f5b-4d2e-9a68-7c4ee9a13e4f";
    let domain = "b0b6f1d2-3f5b-4d2e-9a68-7c4ee9a13e4f";
    let query = match operation {
        "insights/assessments/" => return format!("/insights/assessments/{assessment}"),
        "insights/control-domains-by-assessment" => format!("?assessmentId={assessment}"),
        "insights/controls" => format!("?controlDomainId={domain}"),
        "insights/controls-by-assessment" => format!("?assessmentId={assessment}&controlDomainId={domain}"),
        _ => String::new(),
    };
    format!("/{operation}{query}")
}
