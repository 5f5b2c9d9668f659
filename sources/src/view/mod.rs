//! How records are shown: a view of each source gives what its records say, as [`Section`]s with typed values. Text, pages
//! and JSON are made from that by renderers that know no source.
//!
//! Only readers use the views: descriptors do not refer to them, so that no function contains them.
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
mod section;

use crate::registry::VIEWS;
use crate::{Source, registry};
use console::Link;
use insights_records::number::Number;
use insights_records::record::Stored;
use insights_records::series::SeriesKey;
use insights_records::value::Value as Json;
pub use section::{
    Column, Explanation, Explanations, Fact, Graph, Log, Mark, Node, Section, SeriesChart, ShareChart, Table,
    Tone, Value,
};
use std::collections::BTreeSet;
use std::fmt;

/// How the records of one source are shown.
#[derive(Debug)]
pub struct View {
    /// The source.
    pub source: Source,
    /// Whether the view of an insight needs every item under its partition key, not only the insight itself.
    pub needs_partition: bool,
    /// What the view of an insight, whole, needs beyond its partition.
    pub related: fn(insight: &Stored) -> Vec<Related>,
    /// The sections of an insight, from all items that were read: those under its partition key, and those of
    /// [`Related::SameId`].
    pub sections: fn(insight: &Stored, items: &[Stored]) -> Vec<Section>,
    /// What an insight or a snapshot is judged by.
    pub judgement: fn(record: &Stored) -> Option<Judgement>,
    /// What an insight is, as an incident names it.
    pub subject: fn(insight: &Stored) -> Subject,
    /// The sort keys of the items that [`View::correlation`] reads, beside the insight itself.
    pub correlation_items: &'static [&'static str],
    /// What an insight may have in common with others, from as much of it as was read.
    pub correlation: fn(insight: &Stored, items: &[&Stored]) -> CorrelationKeys,
    /// The name of the lane of a timeline that a record belongs to.
    pub lane: fn(record: &Stored) -> &str,
    /// Where the AWS console shows what a record, whole, is about.
    pub link: fn(record: &Stored) -> Option<Link>,
    /// Why something is not available, from the code with which the service rejects requests for it, and the ARN of the trail
    /// that it belongs to.
    pub unavailable: fn(code: &str, arn: Option<&str>) -> String,
}

/// Data that a view needs beyond the partition of its insight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Related {
    /// A metric series around the insight.
    Series(SeriesKey),
    /// The insights of the same kind with the same id, about the same entity of the same account and region: the other periods
    /// of a check. They have no details.
    SameId,
}

/// What a record is judged by.
#[derive(Clone, Debug, PartialEq)]
pub enum Judgement {
    /// A part of a whole.
    Share {
        /// The part.
        part: i64,
        /// The whole, if it is known.
        whole: Option<i64>,
        /// What the part is, for example `not compliant`.
        what: &'static str,
        /// What was counted apart, and how it is called.
        apart: Option<(i64, &'static str)>,
    },
    /// So many times the usual rate.
    Ratio {
        /// How many times.
        times: f64,
        /// Whether it is more than that.
        is_at_least: bool,
    },
}

/// What an insight is, in the words of an incident: `faults in payments`, `RunInstances on ec2.amazonaws.com (call rate)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// What happens.
    pub what: String,
    /// How that relates to the place: `in`, `on`.
    pub relation: &'static str,
    /// The service; `None` if it is unknown.
    pub place: Option<String>,
    /// What is unusual.
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

/// What an insight may have in common with another. Names are in lower case and without a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CorrelationKeys {
    /// The service that it is about; empty if that is unknown.
    pub about: String,
    /// Further services that it names.
    pub services: BTreeSet<String>,
    /// Who called, other than usual: ARNs.
    pub callers: BTreeSet<String>,
}

/// The view of a source.
pub fn of(source: Source) -> Option<&'static View> {
    VIEWS.iter().copied().find(|view| view.source == source)
}

/// The view of a stored record.
pub fn of_record(record: &Stored) -> Option<&'static View> {
    of(registry::source_of(record)?)
}

/// What a record is judged by, whatever its source.
pub fn judgement(record: &Stored) -> Option<Judgement> {
    (of_record(record)?.judgement)(record)
}

/// Where the AWS console shows what a record, whole, is about.
pub fn link(record: &Stored) -> Option<Link> {
    (of_record(record)?.link)(record)
}

/// `payments` of a service, `secretsmanager` of `secretsmanager.amazonaws.com`.
pub fn service_name(entity: &str) -> String {
    entity.strip_suffix(".amazonaws.com").unwrap_or(entity).to_lowercase()
}

/// A whole number among the measures of a record.
pub fn counted(record: &Stored, name: &str) -> Option<i64> {
    record.0.get("measures")?.at(&[name]).and_then(Json::as_number)?.as_i64()
}

/// A number among the measures of a record.
pub fn measure(record: &Stored, name: &str) -> Option<f64> {
    record.0.get("measures")?.at(&[name]).and_then(Json::as_number).map(Number::as_f64)
}

/// The list at a member of a value; empty if there is none.
pub(crate) fn list<'a>(value: Option<&'a Json>, name: &str) -> &'a [Json] {
    value.and_then(|value| value.at(&[name])).and_then(Json::as_list).unwrap_or_default()
}

/// The text at a member of a value.
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
        check(r#"{"source":"auditmanager","region":"evil.example/"}"#, None);
        check(r#"{"source":"lambda","region":"eu-west-1"}"#, None);
    }
}
