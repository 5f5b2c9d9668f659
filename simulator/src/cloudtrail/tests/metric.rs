//! ListInsightsMetricData.

use super::{ask, built_in, call, data, now, refused};
use crate::cloudtrail::answer;
use insights_shared::time::{DAY_SECONDS, Timestamp};
use serde_json::{Value, json};

const STEADY: &str = r#"
[[cloudtrail.trails]]
name = "object-access"
[[cloudtrail.trails]]
name = "organization"
arn = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/organization"
organization = true
[[cloudtrail.series]]
event_source = "ec2.amazonaws.com"
event_name = "RunInstances"
insight_type = "ApiCallRateInsight"
baseline = 0.1
noise = 0
bursts = [{ from = "2026-03-01T10:00:00Z", to = "2026-03-01T10:10:00Z", rate = 4 }]
[[cloudtrail.series]]
event_source = "s3.amazonaws.com"
event_name = "GetObject"
insight_type = "ApiErrorRateInsight"
error_code = "AccessDenied"
trail = "object-access"
baseline = 1
noise = 0
"#;

fn series(change: &Value) -> Value {
    let mut input = json!({
        "EventSource": "ec2.amazonaws.com", "EventName": "RunInstances", "InsightType": "ApiCallRateInsight",
    });
    for (name, value) in change.as_object().unwrap() {
        input[name] = value.clone();
    }
    input.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    input
}

fn seconds(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().seconds()
}

#[test]
fn the_values_of_a_window_can_be_counted_by_hand() {
    let data = data(STEADY);
    let window = |period: i64, start: &str, end: &str| {
        let (start, end) = (seconds(start), seconds(end));
        let input = series(&json!({"Period": period, "StartTime": start, "EndTime": end}));
        ask(&data, "ListInsightsMetricData", input).unwrap()
    };
    let five = window(300, "2026-03-01T10:00:00Z", "2026-03-01T10:15:00Z");
    let start = seconds("2026-03-01T10:00:00Z");
    assert_eq!(
        five,
        json!({
            "EventSource": "ec2.amazonaws.com", "EventName": "RunInstances", "InsightType": "ApiCallRateInsight",
            "Timestamps": [start, start + 300], "Values": [20.0, 20.0],
        })
    );
    let hours = window(3600, "2026-03-01T09:00:00Z", "2026-03-01T12:00:00Z");
    assert_eq!(hours["Values"], json!([6.0, 45.0, 6.0]));
    let minutes = window(60, "2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z");
    assert_eq!(
        minutes["Values"],
        json!([4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    );
}

#[test]
fn data_events_are_counted_under_their_trail_and_nowhere_else() {
    let data = data(STEADY);
    let object = |trail: Value| {
        let input = series(&json!({
            "EventSource": "s3.amazonaws.com", "EventName": "GetObject", "InsightType": "ApiErrorRateInsight",
            "ErrorCode": "AccessDenied", "TrailName": trail, "Period": 60,
            "StartTime": seconds("2026-03-01T11:00:00Z"), "EndTime": seconds("2026-03-01T11:02:00Z"),
        }));
        ask(&data, "ListInsightsMetricData", input).unwrap()
    };
    let arn = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/object-access";
    for name in ["object-access", arn] {
        let answer = object(json!(name));
        assert_eq!(answer["Values"], json!([1.0, 1.0]));
        assert_eq!((&answer["TrailARN"], &answer["ErrorCode"]), (&json!(arn), &json!("AccessDenied")));
    }
    let without = object(Value::Null);
    assert_eq!((without.get("TrailARN"), &without["Values"]), (None, &json!([])));
}

#[test]
fn each_period_has_its_retention() {
    let data = data(STEADY);
    for (period, days) in [(60, 15), (300, 63), (3_600, 90)] {
        let cutoff = now().seconds() - days * DAY_SECONDS;
        let ok = series(&json!({"Period": period, "StartTime": cutoff}));
        assert!(ask(&data, "ListInsightsMetricData", ok).is_ok(), "period {period}");
        let early = series(&json!({"Period": period, "StartTime": cutoff - 1}));
        refused(&data, "ListInsightsMetricData", &early, "InvalidParameterException");
        let whole = series(&json!({"Period": period, "DataType": "FillWithZeros"}));
        let answer = ask(&data, "ListInsightsMetricData", whole).unwrap();
        let timestamps = answer["Timestamps"].as_array().unwrap();
        assert_eq!(i64::try_from(timestamps.len()).unwrap(), days * DAY_SECONDS / period, "period {period}");
        assert!(timestamps[0].as_i64().unwrap() >= cutoff);
    }
}

#[test]
fn an_unknown_series_has_zeros_only() {
    let unknown = |kind: &str| {
        let input =
            series(&json!({"EventName": "Nothing", "DataType": kind, "StartTime": now().seconds() - 7_200}));
        ask(&data(STEADY), "ListInsightsMetricData", input).unwrap()["Values"].clone()
    };
    assert_eq!(unknown("NonZeroData"), json!([]));
    assert_eq!(unknown("FillWithZeros"), json!([0.0, 0.0]));
}

#[test]
fn pages_have_every_point_once_in_order() {
    let data = built_in();
    let whole = series(&json!({"Period": 300, "DataType": "FillWithZeros"}));
    let all = ask(&data, "ListInsightsMetricData", whole.clone()).unwrap();
    let (mut timestamps, mut values, mut input) = (Vec::new(), Vec::new(), whole);
    input["MaxResults"] = json!(5_000);
    loop {
        let page = ask(&data, "ListInsightsMetricData", input.clone()).unwrap();
        timestamps.extend(page["Timestamps"].as_array().unwrap().iter().cloned());
        values.extend(page["Values"].as_array().unwrap().iter().cloned());
        assert_eq!(timestamps.len(), values.len());
        let Some(token) = page.get("NextToken") else { break };
        input["NextToken"] = token.clone();
    }
    assert_eq!((json!(timestamps), json!(values)), (all["Timestamps"].clone(), all["Values"].clone()));
    input["Period"] = json!(3_600);
    refused(&data, "ListInsightsMetricData", &input, "InvalidParameterException");
}

#[test]
fn every_insight_shows_in_its_series() {
    let data = built_in();
    for (subject, start, end) in data.insights() {
        let minutes = end.unwrap_or_else(now).millis_since(start) / 60_000;
        let input = series(&json!({
            "EventSource": subject.event_source, "EventName": subject.event_name,
            "InsightType": subject.insight_type, "ErrorCode": subject.error_code, "TrailName": subject.trail,
            "Period": 300, "StartTime": start.seconds() - 600, "EndTime": start.seconds() + minutes * 60,
        }));
        let mut call = call("ListInsightsMetricData", input);
        // One hour after its end, within the retention of the period of five minutes.
        call.now = end.map_or_else(now, |end| end.plus_seconds(3_600));
        let answer = answer(&data, &call).unwrap();
        let sum: f64 = answer["Values"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).sum();
        assert!(sum > 0.0, "{subject:?} at {start}");
    }
}

#[test]
fn a_request_that_the_apis_own_rules_forbid_is_refused() {
    let data = data(STEADY);
    let check = |change: Value, code: &str| {
        refused(&data, "ListInsightsMetricData", &series(&change), code);
    };
    let parameter = "InvalidParameterException";
    for missing in ["EventSource", "EventName", "InsightType"] {
        check(json!({missing: null}), parameter);
    }
    for source in ["ec2", "a.b.amazonaws.com", "ec2.amazonaws.com.cn", "EC2.amazonaws.com", ".amazonaws.com"]
    {
        check(json!({"EventSource": source}), parameter);
    }
    check(json!({"EventSource": format!("{}.amazonaws.com", "x".repeat(250))}), parameter);
    for name in ["Run.Instances", "Run:Instances", "", &"R".repeat(129)] {
        check(json!({"EventName": name}), parameter);
    }
    check(json!({"InsightType": "ApiSpeedInsight"}), parameter);
    check(json!({"InsightType": "ApiErrorRateInsight"}), parameter);
    check(json!({"InsightType": "ApiErrorRateInsight", "ErrorCode": "Denied/Refused"}), parameter);
    check(json!({"InsightType": "ApiErrorRateInsight", "ErrorCode": "x".repeat(129)}), parameter);
    check(json!({"ErrorCode": "AccessDenied"}), parameter);
    for period in [0, 59, 61, 120, 3_601] {
        check(json!({"Period": period}), parameter);
    }
    check(json!({"DataType": "Everything"}), parameter);
    check(json!({"MaxResults": 0}), parameter);
    check(json!({"MaxResults": 21_601}), parameter);
    check(json!({"NextToken": ""}), parameter);
    check(json!({"NextToken": "made up"}), parameter);
    let clock = now().seconds();
    check(json!({"StartTime": clock, "EndTime": clock}), parameter);
    check(json!({"StartTime": clock + 60}), parameter);
    check(json!({"TrailName": "unknown"}), "InvalidTrailNameException");
    check(json!({"TrailName": "-"}), "InvalidTrailNameException");
    check(json!({"TrailName": "arn:aws:s3:::bucket"}), "InvalidTrailNameException");
    let organization = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/organization";
    check(json!({"TrailName": organization}), "OperationNotPermittedException");
}

#[test]
fn an_error_code_may_hold_what_the_pattern_allows() {
    let input =
        series(&json!({"InsightType": "ApiErrorRateInsight", "ErrorCode": "Client.Bad_Thing: [a, b]-1"}));
    assert_eq!(
        ask(&data(STEADY), "ListInsightsMetricData", input).unwrap()["ErrorCode"],
        "Client.Bad_Thing: [a, b]-1"
    );
}

#[test]
fn the_longest_series_is_generated_in_milliseconds() {
    let data = built_in();
    let start = std::time::Instant::now();
    let whole = series(&json!({"Period": 60, "DataType": "FillWithZeros"}));
    assert_eq!(
        ask(&data, "ListInsightsMetricData", whole).unwrap()["Values"].as_array().unwrap().len(),
        21_600
    );
    // A generous limit for a debug build on a busy machine. The time must not depend on the age of the series.
    assert!(start.elapsed().as_millis() < 1_000, "{:?}", start.elapsed());
}
