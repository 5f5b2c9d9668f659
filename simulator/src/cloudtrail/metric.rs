//! `ListInsightsMetricData`: the values of a series by minute, five minutes or hour. A series that is not in the scenario has
//! the value 0.

use super::insights_data::permitted;
use super::series::{Rates, Window};
use super::trails::{Trail, check_name, resolve};
use super::{Data, Subject, bad_token_parameter, failure, text, with};
use crate::call::{Answer, Call, ServiceError};
use crate::constraint::Constraints;
use crate::page::paginate;
use insights_shared::time::DAY_SECONDS;
use serde_json::json;

/// The insight types.
pub const INSIGHT_TYPES: [&str; 2] = ["ApiCallRateInsight", "ApiErrorRateInsight"];
/// The default and maximum page size.
const MOST_POINTS: usize = 21_600;
/// The periods in seconds, and the retention of their points in days.
const RETENTION: [(i64, i64); 3] = [(60, 15), (300, 63), (3_600, 90)];

/// `ListInsightsMetricData`.
pub fn answer(data: &Data, call: &Call) -> Answer {
    let window = check(call).map_err(|message| failure("InvalidParameterException", message))?;
    let trail = text(call, "TrailName").map(|name| source(data, call, name)).transpose()?;
    let member = |name| text(call, name).unwrap_or_default().to_owned();
    let subject = Subject {
        event_source: member("EventSource"),
        event_name: member("EventName"),
        insight_type: member("InsightType"),
        error_code: text(call, "ErrorCode").map(str::to_owned),
        trail: trail.map(|trail| trail.name.clone()),
    };
    let rates = data.series.iter().find(|(known, _)| *known == subject).map(|(_, rates)| rates);
    let points = rates.unwrap_or(&Rates::ZERO).points(window, call.now);
    let (page, next) =
        paginate(call, &points, "NextToken", "MaxResults", MOST_POINTS).map_err(bad_token_parameter)?;
    let answer = json!({
        "EventSource": subject.event_source,
        "EventName": subject.event_name,
        "InsightType": subject.insight_type,
        "Timestamps": page.iter().map(|(timestamp, _)| timestamp.seconds()).collect::<Vec<_>>(),
        "Values": page.iter().map(|(_, value)| *value).collect::<Vec<_>>(),
    });
    let answer = with(answer, "ErrorCode", subject.error_code);
    let answer = with(answer, "TrailARN", trail.map(|trail| trail.arn(call)));
    Ok(with(answer, "NextToken", next))
}

/// Checks the constraints of the model and those of its documentation, and returns the window of the call.
fn check(call: &Call) -> Result<Window, String> {
    let mut constraints = Constraints::new(call);
    for required in ["EventSource", "EventName", "InsightType"] {
        constraints.required(required);
    }
    constraints.string("EventSource", 0..=256, Some(is_event_source), EVENT_SOURCE_PATTERN);
    constraints.string("EventName", 0..=128, Some(is_event_name), EVENT_NAME_PATTERN);
    let insight_type = constraints.one_of("InsightType", &INSIGHT_TYPES);
    let error_code = constraints.string("ErrorCode", 0..=128, Some(is_error_code), r"^[\w\d\s_.,\-:\[\]]+$");
    let period = constraints.integer("Period", 60..=3_600).unwrap_or(3_600);
    let kind = constraints.one_of("DataType", &["FillWithZeros", "NonZeroData"]);
    constraints.integer("MaxResults", 1..=21_600);
    constraints.string("NextToken", 1..=5_000, None, "");
    let start = constraints.timestamp("StartTime");
    let end = constraints.timestamp("EndTime").unwrap_or(call.now);
    constraints.finish()?;
    match (insight_type, error_code) {
        (Some("ApiErrorRateInsight"), None) => {
            return Err("ErrorCode is required where InsightType is ApiErrorRateInsight.".to_owned());
        }
        (Some("ApiCallRateInsight"), Some(_)) => {
            return Err("ErrorCode can only be given where InsightType is ApiErrorRateInsight.".to_owned());
        }
        _ => {}
    }
    let Some((_, days)) = RETENTION.iter().find(|(known, _)| *known == period) else {
        return Err(format!("Period is {period}; it must be 60, 300 or 3600."));
    };
    let cutoff = call.now.plus_seconds(-days * DAY_SECONDS);
    if let Some(start) = start.filter(|start| *start < cutoff) {
        return Err(format!(
            "StartTime {start} is more than {days} days ago, which Period {period} does not reach."
        ));
    }
    let start = start.unwrap_or(cutoff);
    if start >= end {
        return Err(format!("StartTime {start} is not before EndTime {end}."));
    }
    Ok(Window { start, end, period, zeros: kind == Some("FillWithZeros") })
}

const EVENT_SOURCE_PATTERN: &str = r"^[a-z0-9_-]+\.amazonaws\.com$";
const EVENT_NAME_PATTERN: &str = "^[A-Za-z0-9_]+$";

/// Whether `text` is a valid event source.
pub fn is_event_source(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    text.strip_suffix(".amazonaws.com").is_some_and(|name| !name.is_empty() && name.bytes().all(allowed))
}

/// Whether `text` is a valid event name.
pub fn is_event_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether `text` is a valid error code.
pub fn is_error_code(text: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_alphanumeric() || byte.is_ascii_whitespace() || b"_.,-:[]".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}

/// The trail with this name or ARN.
fn source<'a>(data: &'a Data, call: &Call, name: &str) -> Result<&'a Trail, ServiceError> {
    // The operation has no other error for an invalid ARN or an unknown trail.
    check_name(name).map_err(|error| failure("InvalidTrailNameException", error.message))?;
    let unknown = || failure("InvalidTrailNameException", format!("Unknown trail: {name}"));
    permitted(resolve(data, call, name).ok_or_else(unknown)?, call)
}
