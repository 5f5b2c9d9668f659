//! Views: how records are shown. The view of a source converts its records to [`Section`]s with typed values. Renderers for
//! text, HTML and JSON are independent of sources.
//!
//! Only readers use views. Descriptors do not refer to them, so that functions do not contain them.
//!
//! ```
//! use insights_records::record::Stored;
//! use insights_records::value::Map;
//! use insights_sources::{view, xray};
//!
//! let insight = Stored(Map::from([
//!     ("source".into(), "xray".into()),
//!     ("entity".into(), "payments".into()),
//! ]));
//! let view = view::of_record(&insight).unwrap();
//! assert_eq!(view.source, xray::SOURCE);
//! assert_eq!((view.subject)(&insight).to_string(), "faults in payments");
//! ```

pub mod console;
pub mod counts;
pub mod periods;
mod section;

use crate::registry::VIEWS;
use crate::{Source, registry};
use console::Link;
use counts::capitalized;
use insights_records::number::Number;
use insights_records::record::Stored;
use insights_records::series::SeriesKey;
use insights_records::time::{DAY_SECONDS, Timestamp};
use insights_records::value::Value as Json;
pub use section::{
    Column, CountLine, Explanation, Explanations, Fact, Graph, LineChart, Log, LogChart, Mark, Node, Section,
    SeriesChart, ShareChart, Table, Tone, Value,
};
use std::collections::BTreeSet;
use std::fmt;

/// The view of one source.
#[derive(Debug)]
pub struct View {
    /// The source.
    pub source: Source,
    /// Whether the view of an insight needs all items with its partition key, not only the insight itself.
    pub needs_partition: bool,
    /// Further data that the view of an insight needs. The insight must include `detail`.
    pub related: fn(insight: &Stored) -> Vec<Related>,
    /// The sections of an insight. `items` are all items that were read: those with its partition key, and those of
    /// [`Related::SameId`].
    pub sections: fn(insight: &Stored, items: &[Stored]) -> Vec<Section>,
    /// The value that determines the severity of an insight or a snapshot, for people.
    pub judgement: fn(record: &Stored) -> Option<Judgement>,
    /// The subject of an insight in the sentence of an incident.
    pub subject: fn(insight: &Stored) -> Subject,
    /// Whether the title of a record is the latest message of the service, which changes. Then the subject names the insight.
    pub title_is_message: bool,
    /// The sort keys of the items that [`View::correlation`] reads in addition to the insight.
    pub correlation_items: &'static [&'static str],
    /// The keys that an insight may have in common with others. `items` may be incomplete.
    pub correlation: fn(insight: &Stored, items: &[&Stored]) -> CorrelationKeys,
    /// The name of a record's lane in the timeline.
    pub lane: fn(record: &Stored) -> &str,
    /// A link to the subject of a record in the AWS console. The record must include `detail`.
    pub link: fn(record: &Stored) -> Option<Link>,
    /// Further links about a record in the AWS console. The record must include `detail`.
    pub further_links: fn(record: &Stored) -> Vec<Link>,
    /// The controls that failed and all controls of a snapshot that is about compliance. The record must include `detail`.
    pub controls: fn(record: &Stored) -> Option<(i64, i64)>,
    /// The names in a record by which people search for it. The record must include `detail`.
    pub names: fn(record: &Stored) -> Names,
    /// The words of a command of the AWS CLI that continues the investigation of a record; empty if there is none. The record must
    /// include `detail`.
    pub follow_up: fn(record: &Stored) -> Vec<String>,
    /// Why data is not available, from the code with which the service rejects requests for it, and the ARN of the trail.
    pub unavailable: fn(code: &str, arn: Option<&str>) -> String,
}

/// Further data that a view needs, outside the partition of its insight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Related {
    /// A metric series for the time of the insight.
    Series(SeriesKey),
    /// The insights of the same kind, id, entity, account and region: the other periods of a check. They do not include
    /// `detail`.
    SameId,
}

/// The value that determines the severity of a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Judgement {
    /// A share of a whole.
    Share {
        /// The part.
        part: i64,
        /// The whole, if it is known.
        whole: Option<i64>,
        /// What the part is, for example `not compliant`.
        what: &'static str,
        /// A number that is not part of the whole, and its name.
        apart: Option<(i64, &'static str)>,
    },
    /// A rate per minute, compared with the usual one.
    Rates {
        /// The rate.
        average: f64,
        /// The usual rate.
        baseline: f64,
    },
}

/// The subject of an insight in the sentence of an incident, for example `faults in payments` or `RunInstances on
/// ec2.amazonaws.com (call rate)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// What happened.
    pub what: String,
    /// The preposition before the place: `in` or `on`.
    pub relation: &'static str,
    /// The service; `None` if it is unknown.
    pub place: Option<String>,
    /// What is unusual; `None` if `what` states it.
    pub unusual: Option<String>,
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, relation, place, unusual } = self;
        write!(formatter, "{what} {relation} {}", place.as_deref().unwrap_or("something unknown"))?;
        match unusual {
            Some(unusual) => write!(formatter, " ({unusual})"),
            None => Ok(()),
        }
    }
}

/// The keys that an insight may have in common with others. Names are in lower case and without a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CorrelationKeys {
    /// The service that the insight is about; empty if unknown.
    pub about: String,
    /// Further services in the insight.
    pub services: BTreeSet<String>,
    /// The ARNs of unusual callers.
    pub callers: BTreeSet<String>,
}

/// The names in a record by which people search for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Who called: ARNs, or the names of clients.
    pub callers: Vec<String>,
    /// The called operations.
    pub events: Vec<String>,
    /// The error codes.
    pub errors: Vec<String>,
}

/// The names in a record, whole, by which people search for it.
pub fn names(record: &Stored) -> Names {
    of_record(record).map_or_else(Names::default, |view| (view.names)(record))
}

/// The controls that failed and all controls of a snapshot. The record must include `detail`.
pub fn controls(record: &Stored) -> Option<(i64, i64)> {
    (of_record(record)?.controls)(record)
}

/// The words of a command of the AWS CLI that continues the investigation of a record, whole; empty if there is none.
pub fn follow_up(record: &Stored) -> Vec<String> {
    of_record(record).map_or_else(Vec::new, |view| (view.follow_up)(record))
}

/// `words` and the region of `record`, as a command of the AWS CLI. Empty if the region is unknown.
pub(crate) fn aws_command<'a>(record: &'a Stored, words: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let Some(region) = record.text("region") else { return Vec::new() };
    ["aws"].into_iter().chain(words).chain(["--region", region]).map(str::to_owned).collect()
}

/// The view of a source.
pub fn of(source: Source) -> Option<&'static View> {
    VIEWS.iter().copied().find(|view| view.source == source)
}

/// The view of a stored record.
pub fn of_record(record: &Stored) -> Option<&'static View> {
    of(registry::source_of(record)?)
}

/// All links to the subject of a record in the AWS console. The record must include `detail`.
pub fn links(record: &Stored) -> Vec<Link> {
    let Some(view) = of_record(record) else { return Vec::new() };
    (view.link)(record).into_iter().chain((view.further_links)(record)).collect()
}

/// The days after which the service no longer has what a record is about, if it has passed at `now`.
pub fn no_longer_available(record: &Stored, now: Timestamp) -> Option<i64> {
    let days = registry::source_of(record)?.history?.days;
    let newest = record.timestamp("ended_at").or_else(|| record.timestamp("updated_at"))?;
    (newest < now.plus_seconds(-days * DAY_SECONDS)).then_some(days)
}

/// The name of a record, and the latest message of the service if that is something else.
pub fn heading(record: &Stored) -> (String, Option<String>) {
    let title = record.text("title").unwrap_or_default().to_owned();
    match of_record(record) {
        Some(view) if view.title_is_message => {
            (capitalized(&(view.subject)(record).to_string()), Some(title).filter(|title| !title.is_empty()))
        }
        _ => (title, None),
    }
}

/// The value that determines the severity of a record of any source.
pub fn judgement(record: &Stored) -> Option<Judgement> {
    (of_record(record)?.judgement)(record)
}

/// A link to the subject of a record in the AWS console. The record must include `detail`.
pub fn link(record: &Stored) -> Option<Link> {
    (of_record(record)?.link)(record)
}

/// The short name of a service: `payments` for `payments`, `secretsmanager` for `secretsmanager.amazonaws.com`.
pub fn service_name(entity: &str) -> String {
    entity.strip_suffix(".amazonaws.com").unwrap_or(entity).to_lowercase()
}

/// A measure of a record, if it is a whole number.
pub fn counted(record: &Stored, name: &str) -> Option<i64> {
    record.0.get("measures")?.at(&[name]).and_then(Json::as_number)?.as_i64()
}

/// A measure of a record.
pub fn measure(record: &Stored, name: &str) -> Option<f64> {
    record.0.get("measures")?.at(&[name]).and_then(Json::as_number).map(Number::as_f64)
}

/// The list in a member of a value; empty if there is none.
pub(crate) fn list<'a>(value: Option<&'a Json>, name: &str) -> &'a [Json] {
    value.and_then(|value| value.at(&[name])).and_then(Json::as_list).unwrap_or_default()
}

/// The string in a member of a value.
pub(crate) fn text<'a>(value: &'a Json, name: &str) -> Option<&'a str> {
    value.at(&[name]).and_then(Json::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_has_one_view() {
        for source in registry::all() {
            assert_eq!(VIEWS.iter().filter(|view| view.source == source).count(), 1, "{source}");
        }
        assert_eq!(VIEWS.len(), registry::all().len());
    }

    #[test]
    fn what_the_service_keeps_is_available_for_its_days() {
        let now = "2026-03-31T00:00:00Z".parse().unwrap();
        for (source, ended, expected) in [
            ("xray", "2026-03-01T00:00:00.000Z", None),
            ("xray", "2026-02-28T23:59:59.999Z", Some(30)),
            ("cloudtrail", "2026-02-28T23:59:59.999Z", None),
            ("cloudtrail", "2025-12-30T23:59:59.999Z", Some(90)),
            ("eks", "2025-01-01T00:00:00.000Z", None),
        ] {
            let json = format!(r#"{{"source":"{source}","ended_at":"{ended}"}}"#);
            let Json::Map(map) = Json::from_json(&json).unwrap() else { panic!("not an object: {json}") };
            assert_eq!(no_longer_available(&Stored(map), now), expected, "{json}");
        }
    }

    #[test]
    fn links_lead_to_the_region_and_the_time() {
        let check = |json: &str, expected: Option<&str>| {
            let Json::Map(map) = Json::from_json(json).unwrap() else { panic!("not an object: {json}") };
            assert_eq!(link(&Stored(map)).map(|link| link.url).as_deref(), expected, "{json}");
        };
        check(
            r#"{"source":"xray","region":"eu-west-1","started_at":"2026-03-01T10:00:00.250Z","ended_at":"2026-03-01T12:00:00Z"}"#,
            Some(
                "https://eu-west-1.console.aws.amazon.com/xray/home?region=eu-west-1#/service-map?timeRange=2026-03-01T10:00:00~2026-03-01T12:00:00",
            ),
        );
        check(
            r#"{"source":"xray","region":"us-gov-west-1","started_at":"2026-03-01T10:00:00Z","updated_at":"2026-03-02T12:00:00Z"}"#,
            Some(
                "https://us-gov-west-1.console.amazonaws-us-gov.com/xray/home?region=us-gov-west-1#/service-map?timeRange=2026-03-01T10:00:00~2026-03-01T16:00:00",
            ),
        );
        check(
            r#"{"source":"cloudtrail","region":"cn-north-1","started_at":"2026-03-01T10:15:00Z","ended_at":"2026-03-01T10:45:00Z",
                "detail":{"start":{"insight_details":{"event_name":"Get&Secret"}}}}"#,
            Some(
                "https://cn-north-1.console.amazonaws.cn/cloudtrailv2/home?region=cn-north-1#/events?StartTime=2026-03-01T10%3A00%3A00.000Z&EndTime=2026-03-01T11%3A00%3A00.000Z&EventName=Get%26Secret",
            ),
        );
        check(
            r#"{"source":"auditmanager","region":"eu-west-1"}"#,
            Some("https://eu-west-1.console.aws.amazon.com/auditmanager/home?region=eu-west-1"),
        );
        check(
            r#"{"source":"cloudtrail","region":"eu-west-1","started_at":"2026-03-01T10:15:00Z",
                "detail":{"start":{"insight_details":{"event_name":"GetObject","source_event_category":"Data"}}}}"#,
            None,
        );
        check(r#"{"source":"auditmanager","region":"evil.example/"}"#, None);
        check(r#"{"source":"lambda","region":"eu-west-1"}"#, None);
        let json = r#"{"source":"xray","region":"eu-west-1","entity":"pay\"ments","started_at":"2026-03-01T10:00:00Z","ended_at":"2026-03-01T12:00:00Z"}"#;
        let Json::Map(map) = Json::from_json(json).unwrap() else { panic!("not an object") };
        let urls: Vec<String> = links(&Stored(map)).into_iter().map(|link| link.url).collect();
        assert_eq!(urls.len(), 2, "{urls:?}");
        assert_eq!(
            urls[1],
            "https://eu-west-1.console.aws.amazon.com/xray/home?region=eu-west-1#/traces?timeRange=2026-03-01T10:00:00~2026-03-01T12:00:00&filter=service%28%22pay%5C%22ments%22%29%20%7B%20fault%20%3D%20true%20%7D"
        );
    }
}
