//! The view of CloudTrail's insights: the rates and their baselines, the Start and End events, the callers, and the metric
//! series. CloudTrail documents no links into its console: `events?EventName=…&StartTime=…&EndTime=…` is the address that its
//! event history shows in the browser.

use super::SOURCE;
use crate::view::console::{Link, encoded, home};
use crate::view::{
    Column, CorrelationKeys, Fact, Judgement, Names, Related, Section, SeriesChart, Subject, Table, Value,
    View, aws_command, list, measure, service_name, text,
};
use insights_records::key::account_of_arn;
use insights_records::number::Number;
use insights_records::record::Stored;
use insights_records::series::{API_ERROR_RATE, SeriesKey};
use insights_records::value::Value as Json;
use std::collections::BTreeSet;

/// The view of CloudTrail.
pub static VIEW: View = View {
    source: SOURCE,
    needs_partition: false,
    related: |insight| SeriesKey::of_insight(insight).into_iter().map(Related::Series).collect(),
    sections,
    controls: |_| None,
    judgement,
    subject,
    title_is_message: false,
    correlation_items: &[],
    correlation,
    lane: |record| record.text("entity").unwrap_or_default().trim_end_matches(".amazonaws.com"),
    link,
    further_links: |_| Vec::new(),
    names,
    follow_up,
    unavailable,
};

fn names(insight: &Stored) -> Names {
    let key = SeriesKey::of_insight(insight);
    let mut names = Names::default();
    if let Some(key) = key {
        names.events.push(key.event_name);
        names.errors.extend(key.error_code);
    }
    for half in HALVES.iter().filter_map(|name| half(insight, name)) {
        let context = half.at(&["insight_details", "insight_context"]);
        for attribution in list(context, "attributions") {
            let values = list(Some(attribution), "insight").iter().filter_map(|value| text(value, "value"));
            // CloudTrail writes the word `null` if there is none.
            let values = values.filter(|value| *value != "null").map(str::to_owned);
            match text(attribution, "attribute") {
                Some("userIdentityArn") => names.callers.extend(values),
                Some("errorCode") => names.errors.extend(values),
                _ => {}
            }
        }
    }
    names
}

/// The events of the operation around the insight. LookupEvents returns management events only.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>
fn follow_up(insight: &Stored) -> Vec<String> {
    let (Some(key), Some(began)) = (SeriesKey::of_insight(insight), insight.timestamp("started_at")) else {
        return Vec::new();
    };
    if key.trail.is_some() || key.event_name.is_empty() {
        return Vec::new();
    }
    let name = format!("AttributeKey=EventName,AttributeValue={}", key.event_name);
    let from = began.plus_seconds(-AROUND).to_string();
    let until = insight.timestamp("ended_at").map(|ended_at| ended_at.plus_seconds(AROUND).to_string());
    let mut words = vec!["cloudtrail", "lookup-events", "--lookup-attributes", &name, "--start-time", &from];
    words.extend(until.iter().flat_map(|until| ["--end-time", until]));
    aws_command(insight, words)
}

/// The time before and after an insight for which the console shows events, in seconds.
const AROUND: i64 = 900;
/// The members of an insight with its events; the later one takes precedence.
const HALVES: [&str; 2] = ["start", "end"];

fn sections(insight: &Stored, _items: &[Stored]) -> Vec<Section> {
    let mut sections = vec![facts(insight), Section::Table(halves(insight))];
    let truncated: Vec<&str> =
        list(insight.0.get("detail"), "truncated").iter().filter_map(Json::as_str).collect();
    if !truncated.is_empty() {
        let names = truncated.join(", ");
        sections.push(Section::Note(format!("Not stored because the record would be too large: {names}.")));
    }
    sections.extend(attributions(insight).into_iter().map(Section::Table));
    if let Some(key) = SeriesKey::of_insight(insight) {
        sections.push(Section::Series(SeriesChart {
            title: format!("Metric series: {}", key.title()),
            key,
            baseline: measure(insight, "baseline_average"),
            missing: "The metric series of this insight was not collected.",
        }));
    }
    sections
}

fn facts(insight: &Stored) -> Section {
    // CloudTrail returns the average over the whole insight with its End. Before that, there is only the average of the
    // Start.
    let has_ended = half(insight, "end").is_some_and(|half| half.at(&["insight_details"]).is_some());
    let average = if has_ended { "Rate during the insight" } else { "Rate at the start" };
    let rate = |name| measure(insight, name).map(Value::Rate);
    let key = SeriesKey::of_insight(insight);
    let operation = key.as_ref().map(|key| key.event_name.clone()).filter(|name| !name.is_empty());
    let (error, trail) = key.map_or((None, None), |key| (key.error_code, key.trail));
    let baseline = later(insight).and_then(|half| minutes(half, &["baseline_duration"]));
    let facts = [
        (average, rate("insight_average")),
        ("Baseline rate", rate("baseline_average")),
        ("Baseline period", baseline.map(Value::Duration)),
        ("Operation", operation.map(Value::Text)),
        ("Error", error.map(Value::Key)),
        ("Trail", trail.map(Value::Key)),
    ];
    Section::Facts(facts.into_iter().filter_map(|(name, value)| Some(Fact { name, value: value? })).collect())
}

fn halves(insight: &Stored) -> Table {
    let rows = HALVES.map(|name| {
        let Some(half) = half(insight, name) else {
            let is_open = name == "end" && insight.text("status") == Some("open");
            let missing = if is_open { "not yet (open)" } else { "not received" };
            let [name, missing] = [name, missing].map(|text| Value::Text(text.to_owned()));
            return vec![name, missing, Value::None, Value::None, Value::None, Value::Text(String::new())];
        };
        let rate = |name| statistic(half, &[name, "average"]).map_or(Value::None, Value::Rate);
        vec![
            Value::Text(name.to_owned()),
            half.at(&["event_time"]).and_then(Json::as_timestamp).map_or(Value::None, Value::Time),
            rate("insight"),
            rate("baseline"),
            minutes(half, &["insight_duration"]).map_or(Value::None, Value::Duration),
            Value::Key(text(half, "event_id").unwrap_or_default().to_owned()),
        ]
    });
    let columns = vec![
        Column::text("Phase"),
        Column::text("Time"),
        Column::number("Per minute"),
        Column::number("Baseline"),
        Column::number("Duration"),
        Column::text("Event"),
    ];
    Table { title: "Start and end events".to_owned(), columns, rows: rows.into() }
}

/// The attributions of the calls: during the insight, and of the baseline.
fn attributions(insight: &Stored) -> Vec<Table> {
    // If the End has no attributions, those of the Start are shown.
    let all = |name: &&str| {
        half(insight, name)?.at(&["insight_details", "insight_context", "attributions"])?.as_list()
    };
    let mut tables = Vec::new();
    for attribution in HALVES.iter().rev().find_map(all).unwrap_or_default() {
        let what = match text(attribution, "attribute") {
            Some("userIdentityArn") => "Caller",
            Some("userAgent") => "User agent",
            Some("errorCode") => "Error code",
            other => other.unwrap_or("Unnamed"),
        };
        let values = |of: &str| -> Vec<(&str, Option<f64>)> {
            let average = |value: &Json| value.at(&["average"]).and_then(Json::as_number).map(Number::as_f64);
            list(Some(attribution), of)
                .iter()
                .filter_map(|value| Some((text(value, "value")?, average(value))))
                .collect()
        };
        let (during, usually) = (values("insight"), values("baseline"));
        let mut seen = BTreeSet::new();
        let all = during.iter().chain(&usually).map(|(value, _)| *value).filter(|value| seen.insert(*value));
        let rows: Vec<Vec<Value>> = all
            .map(|value| {
                let rate = |of: &[(&str, Option<f64>)]| {
                    let found = of.iter().find(|(other, _)| *other == value);
                    found.and_then(|(_, average)| *average).map_or(Value::None, Value::Rate)
                };
                // CloudTrail writes `null` if there is no value, for example for calls without an error.
                let name = if value == "null" { "(none)" } else { value };
                vec![Value::Key(name.to_owned()), rate(&during), rate(&usually)]
            })
            .collect();
        if !rows.is_empty() {
            let columns = vec![Column::text(what), Column::number("Per minute"), Column::number("Baseline")];
            tables.push(Table { title: "Callers and results (calls per minute)".to_owned(), columns, rows });
        }
    }
    tables
}

fn judgement(record: &Stored) -> Option<Judgement> {
    let (average, baseline) = (measure(record, "insight_average")?, measure(record, "baseline_average")?);
    Some(Judgement::Rates { average, baseline })
}

fn subject(insight: &Stored) -> Subject {
    let place = insight.text("entity").map(str::to_owned);
    let Some(key) = SeriesKey::of_insight(insight) else {
        // Items of an index do not contain `detail`.
        return Subject { what: "something unusual".to_owned(), relation: "on", place, unusual: None };
    };
    let what = if key.event_name.is_empty() { "unnamed calls".to_owned() } else { key.event_name };
    let unusual = match (key.insight_type.as_str(), key.error_code) {
        (API_ERROR_RATE, Some(code)) => format!("{code} error rate"),
        (API_ERROR_RATE, None) => "error rate".to_owned(),
        _ => "call rate".to_owned(),
    };
    let place = Some(key.event_source).filter(|source| !source.is_empty()).or(place);
    Subject { what, relation: "on", place, unusual: Some(unusual) }
}

/// The callers during the insight that are not among those of the baseline, by CloudTrail's attributions. Services of AWS do
/// not count.
fn correlation(insight: &Stored, _items: &[&Stored]) -> CorrelationKeys {
    let mut callers = BTreeSet::new();
    for name in HALVES {
        let context = half(insight, name).and_then(|half| half.at(&["insight_details", "insight_context"]));
        let attributions = list(context, "attributions").iter();
        for attribution in attributions.filter(|one| text(one, "attribute") == Some("userIdentityArn")) {
            let values = |of: &str| -> BTreeSet<&str> {
                let values = list(Some(attribution), of).iter().filter_map(|value| text(value, "value"));
                values.filter(|value| value.starts_with("arn:")).collect()
            };
            let usual = values("baseline");
            callers.extend(values("insight").difference(&usual).map(|caller| (*caller).to_owned()));
        }
    }
    let about = insight.text("entity").map(service_name).unwrap_or_default();
    CorrelationKeys { about, services: BTreeSet::new(), callers }
}

/// The meaning of a code. A name is unknown if the trail was deleted, or if a configured name is wrong.
fn unavailable(code: &str, trail: Option<&str>) -> String {
    let reason = match code {
        "InvalidTrailNameException" | "TrailNotFoundException" => "CloudTrail has no trail of this name",
        "CloudTrailARNInvalidException" => "CloudTrail does not accept the ARN of the trail",
        "AccessDenied" | "AccessDeniedException" => {
            return match trail.and_then(account_of_arn) {
                Some(owner) => format!("access to the trail of account {owner} is denied"),
                None => "access is denied".to_owned(),
            };
        }
        "OperationNotPermittedException" => "CloudTrail does not permit this operation on the trail",
        "InsightNotEnabledException" => "Insights is not enabled on the trail",
        "UnsupportedOperationException" => "CloudTrail does not support this operation here",
        _ => "CloudTrail rejects requests for it",
    };
    reason.to_owned()
}

/// The event history, which has only management events.
fn link(record: &Stored) -> Option<Link> {
    let category =
        later(record).and_then(|half| half.at(&["insight_details", "source_event_category"])?.as_str());
    if category.is_some_and(|category| category != "Management") {
        return None;
    }
    let from = record.timestamp("started_at")?.plus_seconds(-AROUND);
    let until = record.timestamp("ended_at").map(|ended_at| ended_at.plus_seconds(AROUND));
    let mut query = vec![("StartTime", from.to_string())];
    query.extend(until.map(|until| ("EndTime", until.to_string())));
    let name = later(record).and_then(|half| half.at(&["insight_details", "event_name"])?.as_str());
    query.extend(name.map(|name| ("EventName", name.to_owned())));
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let url = format!("{}#/events?{}", home(record, "cloudtrailv2")?, query.join("&"));
    Some(Link { shows: "the event history of that time", url })
}

/// The Start or End event of an insight, by the name of its member.
fn half<'a>(insight: &'a Stored, name: &str) -> Option<&'a Json> {
    insight.0.get("detail")?.at(&[name])
}

/// The later event with details: the End, otherwise the Start.
fn later(insight: &Stored) -> Option<&Json> {
    let detailed = |name: &&str| half(insight, name).filter(|half| half.at(&["insight_details"]).is_some());
    HALVES.iter().rev().find_map(detailed)
}

fn statistic(half: &Json, path: &[&str]) -> Option<f64> {
    let statistics = half.at(&["insight_details", "insight_context", "statistics"])?;
    statistics.at(path)?.as_number().map(Number::as_f64)
}

/// A statistic in minutes, converted to seconds.
fn minutes(half: &Json, path: &[&str]) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "a cast from floating point saturates")]
    statistic(half, path).map(|minutes| (minutes.round() as i64).saturating_mul(60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_data_event_belongs_to_the_series_of_its_trail() {
        let arn = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/data";
        for (category, expected) in [("Data", Some(arn)), ("Management", None)] {
            let text = format!(
                r#"{{"detail":{{"start":{{"insight_details":{{"event_source":"s3.amazonaws.com","event_name":"GetObject",
                    "insight_type":"ApiCallRateInsight","source_event_category":"{category}","insight_source":"{arn}"}}}}}}}}"#
            );
            let Json::Map(insight) = Json::from_json(&text).unwrap() else { panic!("not an object: {text}") };
            let insight = Stored(insight);
            let [Related::Series(key)] = &(VIEW.related)(&insight)[..] else { panic!("no series: {text}") };
            assert_eq!(key.trail.as_deref(), expected, "{category}");
            let Section::Facts(facts) = facts(&insight) else { panic!("no facts") };
            let trail = facts.iter().find(|fact| fact.name == "Trail").map(|fact| &fact.value);
            assert_eq!(trail, expected.map(|arn| Value::Key(arn.to_owned())).as_ref(), "{category}");
        }
    }
}
