//! A small CloudTrail scenario that can be counted by hand, and helpers for runs and tables.

pub use cloudtrail_insights::CloudtrailInsights;
pub use insights_shared::time::Timestamp;
pub use insights_shared::value::{Map, Value};
use insights_tests::intercept::substituting;
use insights_tests::response;
pub use insights_tests::response::{assert_adds_up, summary};
pub use insights_tests::{ACCOUNT, Function, Lab, REGION, Table, at};
pub use serde_json::Value as Json;
use serde_json::json;

/// RunInstances, three hours ago for ten minutes: closed. Two calls per minute: ten in each of two buckets of 300 s.
pub const RUN: &str = "11111111-1111-4111-8111-111111111111";
/// GetObject denied on data events of the trail `objects`, two days ago for half an hour: six buckets of twenty.
pub const GET: &str = "22222222-2222-4222-8222-222222222222";
/// DeleteQueue, since an hour ago: open. Three calls per minute: twelve buckets of fifteen.
pub const QUEUE: &str = "33333333-3333-4333-8333-333333333333";
/// The prefix of all keys.
pub const PREFIX: &str = "cloudtrail#123456789012#eu-west-1";
/// The partition of the catalog.
pub const CATALOG: &str = "catalog#cloudtrail#123456789012#eu-west-1";
/// The partition of `run` and `state`.
pub const RUNS: &str = "run#cloudtrail#123456789012#eu-west-1";
/// The trail with insights on data events.
pub const OBJECTS: &str = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/objects";
/// The series of [`RUN`] as in keys.
pub const RUN_SERIES: &str = "ec2.amazonaws.com#RunInstances#ApiCallRateInsight#-#-";
/// The series of [`QUEUE`].
pub const QUEUE_SERIES: &str = "sqs.amazonaws.com#DeleteQueue#ApiCallRateInsight#-#-";
/// The series of [`GET`].
pub const GET_SERIES: &str = "s3.amazonaws.com#GetObject#ApiErrorRateInsight#AccessDenied#arn:aws:cloudtrail:eu-west-1:123456789012:trail/objects";

/// Two trails, one of them with insights on data events; three insights; no other calls.
pub const STORY: &str = r#"
[cloudtrail]
[[cloudtrail.trails]]
name = "management"
insight_selectors = [{ type = "ApiCallRateInsight" }]

[[cloudtrail.trails]]
name = "objects"
insight_selectors = [{ type = "ApiErrorRateInsight", categories = ["Data"] }]

[[cloudtrail.insights]]
id = "11111111-1111-4111-8111-111111111111"
event_source = "ec2.amazonaws.com"
event_name = "RunInstances"
insight_type = "ApiCallRateInsight"
start = "-3h"
end = "-2h 50m"
baseline = 0.02
start_average = 1
average = 2
username = "ci"

[[cloudtrail.insights]]
id = "22222222-2222-4222-8222-222222222222"
event_source = "s3.amazonaws.com"
event_name = "GetObject"
insight_type = "ApiErrorRateInsight"
error_code = "AccessDenied"
trail = "objects"
start = "-2d"
end = "-47h 30m"
baseline = 0.003
average = 4

[[cloudtrail.insights]]
id = "33333333-3333-4333-8333-333333333333"
event_source = "sqs.amazonaws.com"
event_name = "DeleteQueue"
insight_type = "ApiCallRateInsight"
start = "-1h"
baseline = 0
average = 3

[[cloudtrail.series]]
event_source = "ec2.amazonaws.com"
event_name = "RunInstances"
insight_type = "ApiCallRateInsight"
noise = 0

[[cloudtrail.series]]
event_source = "s3.amazonaws.com"
event_name = "GetObject"
insight_type = "ApiErrorRateInsight"
error_code = "AccessDenied"
trail = "objects"
noise = 0

[[cloudtrail.series]]
event_source = "sqs.amazonaws.com"
event_name = "DeleteQueue"
insight_type = "ApiCallRateInsight"
noise = 0
"#;

/// A scenario with one trail that has insights on management calls, and `rest`.
pub fn story(rest: &str) -> String {
    format!(
        "[cloudtrail]\n[[cloudtrail.trails]]\nname = \"management\"\n\
         insight_selectors = [{{ type = \"ApiCallRateInsight\" }}]\n{rest}"
    )
}

/// An insight of `name` on `service` with the further `members`, and a series without noise for it.
pub fn insight(name: &str, service: &str, members: &str) -> String {
    let subject = format!(
        "event_source = \"{service}\"\nevent_name = \"{name}\"\ninsight_type = \"ApiCallRateInsight\"\n"
    );
    format!(
        "[[cloudtrail.insights]]\n{subject}average = 2\n{members}\n[[cloudtrail.series]]\n{subject}noise = 0\n"
    )
}

/// Replaces the scenario of `lab`, relative to the start of the lab.
pub fn replace_scenario(lab: &Lab, scenario: &str) {
    let scenario = insights_simulator::Scenario::parse(scenario, at(insights_tests::NOW)).unwrap();
    lab.simulator.change(|current| *current = scenario);
}

/// A function with a look-back of three days unless `variables` set another one: the small scenario has no older data.
pub fn function(lab: &Lab, variables: &[(&str, &str)]) -> Function<CloudtrailInsights> {
    lab.function(&[&[("LOOKBACK_DAYS", "3")], variables].concat())
}

/// A function whose requests get the responses of `answers`, if it returns one.
pub fn answering(
    lab: &Lab,
    answers: impl Fn(&str, &Json) -> Option<(u16, String)> + Send + Sync + 'static,
) -> Function<CloudtrailInsights> {
    lab.function_with(&substituting(&lab.sdk(), answers), &[("LOOKBACK_DAYS", "3")]).unwrap()
}

/// The response of a service that rejects a request.
pub fn refusal(status: u16, code: &str) -> (u16, String) {
    (status, json!({"__type": code, "message": format!("because of {code}")}).to_string())
}

/// One invocation with `{}`.
pub async fn run(lab: &Lab, variables: &[(&str, &str)]) -> Json {
    invoke(lab, variables, "{}").await
}

/// One invocation that succeeds.
pub async fn invoke(lab: &Lab, variables: &[(&str, &str)], payload: &str) -> Json {
    let response = function(lab, variables).invoke(payload).await.unwrap();
    assert_adds_up(&response);
    response
}

/// One invocation with `{}` of a function with the default look-back.
pub async fn run_whole(lab: &Lab, variables: &[(&str, &str)]) -> Json {
    let response = lab.function::<CloudtrailInsights>(variables).invoke("{}").await.unwrap();
    assert_adds_up(&response);
    response
}

/// The error type and message of one invocation that fails.
pub async fn fails(lab: &Lab, variables: &[(&str, &str)], payload: &str) -> (String, String) {
    let error = function(lab, variables).invoke(payload).await.unwrap_err();
    (error.error_type.to_owned(), error.message)
}

/// The issues of the first target, each as `stage operation subject code`, sorted.
pub fn issues(response: &Json) -> Vec<String> {
    let mut lines: Vec<String> = response::issues(response).iter().map(|issue| issue.join(" ")).collect();
    lines.sort();
    lines
}

/// The answered calls of `operation` as these members of their input, in order; times as `MM-DDTHH:MM`.
pub fn asked(lab: &Lab, operation: &str, members: &[&str]) -> Vec<String> {
    let calls = lab.simulator.log().into_iter().filter(|call| call.operation == operation);
    let line = |input: &serde_json::Map<String, Json>| {
        let shown = members.iter().map(|name| match &input.get(*name) {
            // Some clients write whole seconds with a fraction of zero.
            Some(Json::Number(number)) if name.ends_with("Time") => {
                let text = number.to_string();
                let seconds = text.split('.').next().and_then(|whole| whole.parse().ok()).unwrap();
                Timestamp::from_seconds(seconds).to_string()[5..16].to_owned()
            }
            Some(Json::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => "-".to_owned(),
        });
        shown.collect::<Vec<_>>().join(" ")
    };
    calls.filter(|call| !call.input.is_empty()).map(|call| line(&call.input)).collect()
}

/// All requested spans of series: `name period start end`, sorted.
pub fn spans(lab: &Lab) -> Vec<String> {
    let mut spans = asked(lab, "ListInsightsMetricData", &["EventName", "Period", "StartTime", "EndTime"]);
    spans.sort();
    spans
}

/// A text attribute.
pub fn text<'a>(item: &'a Map, name: &str) -> &'a str {
    item.get(name).and_then(Value::as_str).unwrap_or("-")
}

/// The insight with this id.
pub fn insight_of<'a>(table: &'a Table, id: &str) -> &'a Map {
    table.get(&format!("{PREFIX}#{id}"), "insight").unwrap_or_else(|| panic!("no insight {id}"))
}

/// The catalog's row of a series.
pub fn series_row<'a>(table: &'a Table, series: &str) -> &'a Map {
    table.get(CATALOG, &format!("series#{series}")).unwrap_or_else(|| panic!("no series {series}"))
}

/// `covered` of a series row: spans as `from/until` to the minute, by period.
pub fn covered(table: &Table, series: &str) -> Vec<String> {
    let Some(periods) = series_row(table, series).get("covered").and_then(Value::as_map) else {
        return Vec::new();
    };
    let short = |span: &Value, name: &str| {
        span.at(&[name]).and_then(Value::as_str).map_or(String::new(), |time| time[..16].to_owned())
    };
    let mut lines = Vec::new();
    for (period, spans) in periods {
        for span in spans.as_list().unwrap() {
            lines.push(format!("{period} {}/{}", short(span, "from"), short(span, "until")));
        }
    }
    lines
}

/// The chunks of a series: `sort key without its first part, covered_from/covered_until: second of the day=value …`.
pub fn chunks(table: &Table, series: &str) -> Vec<String> {
    let pk = format!("{PREFIX}#{series}");
    let chunks = table.0.iter().filter(|(key, _)| key.pk == pk);
    let line = |item: &Map| {
        let short = |time: &str| time[5..16].to_owned();
        let numbers = |name: &str| item[name].as_list().unwrap().to_vec();
        let points = numbers("timestamps").into_iter().zip(numbers("values")).map(|(second, value)| {
            let time = Timestamp::from_seconds(second.as_number().unwrap().as_i64().unwrap()).to_string();
            format!("{}={}", &time[11..16], value.as_number().unwrap())
        });
        let points: Vec<String> = points.collect();
        format!(
            "{} {} {}/{}: {}",
            item["period"].as_number().unwrap(),
            short(text(item, "started_at")),
            short(text(item, "covered_from")),
            short(text(item, "covered_until")),
            points.join(" ")
        )
    };
    chunks.map(|(_, item)| line(item)).collect()
}

/// The watermark of `state`, or `-`.
pub fn watermark(table: &Table) -> String {
    table.get(RUNS, "state").map_or("-", |state| text(state, "watermark")).to_owned()
}

/// A pushed event as EventBridge delivers it.
pub fn push(detail: &Json) -> String {
    json!({
        "version": "0", "id": "a2b4d6f8", "detail-type": "AWS Insight via CloudTrail", "source": "aws.cloudtrail",
        "account": ACCOUNT, "region": REGION, "time": "2026-03-01T12:00:00Z", "resources": [], "detail": detail,
    })
    .to_string()
}

/// The event of one phase as CloudTrail pushes it: RunInstances with the insight id `id`.
pub fn half(state: &str, id: &str, time: &str, event_id: &str, average: f64) -> Json {
    json!({
        "eventVersion": "1.09", "eventTime": time, "awsRegion": REGION, "eventID": event_id,
        "eventType": "AwsCloudTrailInsight", "recipientAccountId": ACCOUNT, "sharedEventID": id,
        "insightDetails": {
            "state": state, "eventSource": "ec2.amazonaws.com", "eventName": "RunInstances",
            "insightType": "ApiCallRateInsight", "sourceEventCategory": "Management",
            "insightContext": {"statistics": {
                "baseline": {"average": 0.02}, "insight": {"average": average}, "insightDuration": 10,
                "baselineDuration": 11092,
            }},
        },
        "eventCategory": "Insight",
    })
}

/// The writes since the log was cleared: `PutItem`s and `UpdateItem`s.
pub fn writes(lab: &Lab) -> (u64, u64) {
    (lab.calls("PutItem"), lab.calls("UpdateItem"))
}
