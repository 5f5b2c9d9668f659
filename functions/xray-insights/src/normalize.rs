//! Converts X-Ray's answers to records. No I/O and no clock.
//!
//! Shapes: <https://docs.aws.amazon.com/xray/latest/api/API_Insight.html> and related pages.

use crate::graph::{self, ImpactGraph};
use aws_sdk_xray::types::{
    AnomalousService, Insight, InsightCategory, InsightEvent, InsightState, InsightSummary,
    RequestImpactStatistics, ServiceId,
};
use insights_shared::fields::Faults;
use insights_shared::key::Key;
use insights_shared::number::Number;
use insights_shared::payload::Window;
use insights_shared::record::{Record, Status, StatusReason, Stored, one_line, partition};
use insights_shared::sdk::{time_value, timestamp};
use insights_shared::target::Target;
use insights_shared::time::Timestamp;
use insights_shared::validate::Rejected;
use insights_shared::value::{Map, MapBuilder, Text, Value, write_canonical_map};
use insights_sources::xray;

/// The name in `detail` of the summary's version, which GetInsight does not return.
const LAST_UPDATE_TIME: &str = "last_update_time";

/// The number of members of an insight, including its version.
const MEMBERS: usize = 13;

/// The origin of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The account and region.
    pub target: &'a Target,
    /// When the service was asked.
    pub answered_at: Timestamp,
}

/// The key of an insight.
pub fn insight_key(target: &Target, id: &str) -> Key {
    Key::new(insight_partition(target, id), "insight")
}

fn insight_partition(target: &Target, id: &str) -> String {
    partition(xray::SOURCE, &target.account_id, &target.region, [id])
}

/// Where the version of an insight comes from.
#[derive(Clone, Copy, Debug)]
pub enum Version<'a> {
    /// From the listing.
    Summary(Timestamp),
    /// The insight was requested by id. That answer has no version, so it is derived from the stored record and the newest
    /// event.
    ById {
        /// The stored record.
        stored: Option<&'a Stored>,
        /// The time of the newest event.
        newest_event: Option<Timestamp>,
    },
}

/// The record of an insight.
pub fn insight(insight: &Insight, version: Version<'_>, origin: Origin<'_>) -> Record {
    let Origin { target, answered_at } = origin;
    let id = insight.insight_id.as_deref().unwrap_or_default();
    let key = insight_key(target, id);
    let mut record = Record::new(xray::INSIGHT, key, &target.account_id, &target.region, answered_at);
    record.id.clone_from(&insight.insight_id);
    record.detail = insight_detail(insight);
    record.started_at = insight.start_time.as_ref().and_then(timestamp);
    let end_time = insight.end_time.as_ref().and_then(timestamp);
    record.updated_at = match version {
        Version::Summary(updated_at) => {
            record.detail.insert(LAST_UPDATE_TIME.into(), updated_at.into());
            Some(updated_at)
        }
        Version::ById { stored, newest_event } => {
            match stored.filter(|stored| is_same_answer(stored, &record.detail)) {
                Some(stored) => {
                    if let Some(updated_at) = stored.detail_time(xray::SUMMARY_VERSION) {
                        record.detail.insert(LAST_UPDATE_TIME.into(), updated_at.into());
                    }
                    stored.timestamp("updated_at")
                }
                None => newest_event.or(end_time).or(record.started_at),
            }
        }
    };
    // Any state other than CLOSED is open: people should see an insight with an unknown state.
    let is_closed = insight.state == Some(InsightState::Closed);
    record.status = Some(if is_closed { Status::Closed } else { Status::Open });
    record.ended_at = if is_closed { end_time.or(record.updated_at) } else { None };
    record.entity = root_cause(insight);
    record.title = Some(title(insight, record.entity.as_deref()));
    let statistics = decisive_statistics(insight);
    let (faults, total) =
        statistics.map_or((None, None), |statistics| (statistics.fault_count, statistics.total_count));
    record.severity = Some(xray::FAULT_SHARE.severity(faults, total));
    record.measures = measures(statistics);
    record
}

/// Whether an answer contains the id and the start of the insight. Without them, its record is rejected, and its events and
/// graph would be stored without an insight.
pub fn is_usable(insight: &Insight) -> bool {
    let has_id = insight.insight_id.as_deref().is_some_and(|id| !id.is_empty());
    has_id && insight.start_time.as_ref().and_then(timestamp).is_some()
}

/// When an insight ended, if its answer contains the end. An open insight may have an end as well.
pub fn end_time(insight: &Insight) -> Option<Timestamp> {
    insight.end_time.as_ref().and_then(timestamp)
}

/// Whether the stored record comes from an equal answer and has all its events and its graph.
pub fn is_complete_and_same(stored: &Stored, insight: &Insight) -> bool {
    stored.detail_time(xray::SUMMARY_VERSION).is_some() && is_same_answer(stored, &insight_detail(insight))
}

/// Whether the stored record comes from an equal answer. The version is not compared, because an answer by id has none.
fn is_same_answer(stored: &Stored, detail: &Map) -> bool {
    let Some(stored) = stored.0.get("detail").and_then(Value::as_map) else { return false };
    let without_version = stored.iter().filter(|(name, _)| *name != LAST_UPDATE_TIME);
    without_version.eq(detail.iter())
}

/// The stored record of an insight that X-Ray no longer has, closed at its last version.
pub fn no_longer_known(stored: &Stored, answered_at: Timestamp) -> Option<Record> {
    let mut record = Record::from_stored(xray::INSIGHT, stored, answered_at)?;
    record.status = Some(Status::Closed);
    record.status_reason = Some(StatusReason::NoLongerKnown);
    record.ended_at = record.updated_at;
    Some(record)
}

/// The rejection of a summary without a valid id, which cannot be requested.
pub fn unusable_summary(summary: &InsightSummary, target: &Target) -> Rejected {
    let id = summary.insight_id.as_deref().unwrap_or_default();
    let said = MapBuilder::new()
        .with("categories", summary.categories.as_deref().map(category_names))
        .with(
            "client_request_impact_statistics",
            summary.client_request_impact_statistics.as_ref().map(statistics),
        )
        .with("end_time", summary.end_time.as_ref().map(time_value))
        .with("group_arn", summary.group_arn.as_deref())
        .with("group_name", summary.group_name.as_deref())
        .with("insight_id", summary.insight_id.as_deref())
        .with("last_update_time", summary.last_update_time.as_ref().map(time_value))
        .with("root_cause_service_id", summary.root_cause_service_id.as_ref().map(service_id))
        .with(
            "root_cause_service_request_impact_statistics",
            summary.root_cause_service_request_impact_statistics.as_ref().map(statistics),
        )
        .with("start_time", summary.start_time.as_ref().map(time_value))
        .with("state", summary.state.as_ref().map(InsightState::as_str))
        .with("summary", summary.summary.as_deref())
        .with("top_anomalous_services", summary.top_anomalous_services.as_deref().map(anomalous_services))
        .build();
    let Key { pk, sk } = insight_key(target, id);
    let mut violations = Faults::default();
    violations.add("insight_id", id, "must be the UUID of an insight");
    let mut raw = String::new();
    write_canonical_map(&said, &mut raw);
    Rejected { subject: format!("{pk} {sk}"), violations, raw }
}

/// Removes the version from a record whose events or graph are missing, so that the next run requests the insight again.
pub fn without_version(record: &mut Record) {
    record.detail.remove(LAST_UPDATE_TIME);
}

/// The records of an insight's events, in the order of their times.
///
/// Events have no identifier. Events of the same time get a number, in the order of their content, so that the same events
/// always get the same keys. Equal events are one event that was returned twice: while an insight grows, its pages shift, and
/// the last event of a page becomes the first of the next.
pub fn events(id: &str, events: &[InsightEvent], origin: Origin<'_>) -> Vec<Record> {
    let Origin { target, answered_at } = origin;
    let mut details: Vec<(Option<Timestamp>, Map, &InsightEvent)> = events
        .iter()
        .map(|event| (event.event_time.as_ref().and_then(timestamp), event_detail(event), event))
        .collect();
    details.sort_by_cached_key(|(time, detail, _)| {
        let mut content = String::new();
        write_canonical_map(detail, &mut content);
        (*time, content)
    });
    details.dedup_by(|(time, detail, _), (before, known, _)| time == before && detail == known);
    let mut records: Vec<Record> = Vec::with_capacity(details.len());
    let (mut previous, mut position) = (None, 1);
    for (time, detail, event) in details {
        position = if !records.is_empty() && previous == time { position + 1 } else { 1 };
        previous = time;
        let mut sort = format!("event#{}", time.map(|time| time.to_string()).unwrap_or_default());
        if position > 1 {
            sort = format!("{sort}#{position}");
        }
        let key = Key::new(insight_partition(target, id), sort);
        let mut record =
            Record::new(xray::INSIGHT_EVENT, key, &target.account_id, &target.region, answered_at);
        let summary = event.summary.as_deref().map(one_line).filter(|summary| !summary.is_empty());
        record.title = Some(summary.unwrap_or_else(|| "insight event without a summary".to_owned()));
        record.started_at = time;
        record.updated_at = time;
        record.detail = detail;
        records.push(record);
    }
    records
}

/// The record of an insight's impact graph.
pub fn impact_graph(
    id: &str,
    graph: &ImpactGraph,
    asked: Window,
    updated_at: Timestamp,
    origin: Origin<'_>,
) -> Record {
    let Origin { target, answered_at } = origin;
    let key = Key::new(insight_partition(target, id), "graph");
    let mut record = Record::new(xray::IMPACT_GRAPH, key, &target.account_id, &target.region, answered_at);
    record.started_at = graph.start_time.as_ref().and_then(timestamp).or(Some(asked.start));
    record.ended_at = graph.end_time.as_ref().and_then(timestamp).or(Some(asked.end));
    record.updated_at = Some(updated_at);
    record.detail = graph::detail(graph);
    record
}

/// The time of the newest event.
pub fn newest_event(events: &[InsightEvent]) -> Option<Timestamp> {
    events.iter().filter_map(|event| event.event_time.as_ref().and_then(timestamp)).max()
}

/// The statistics that determine the severity: those of the root cause, unless only those of the clients have both numbers.
fn decisive_statistics(insight: &Insight) -> Option<&RequestImpactStatistics> {
    let usable = |statistics: &&RequestImpactStatistics| {
        statistics.fault_count.is_some() && statistics.total_count.is_some()
    };
    let root_cause = insight.root_cause_service_request_impact_statistics.as_ref();
    let clients = insight.client_request_impact_statistics.as_ref();
    root_cause.filter(usable).or(clients.filter(usable)).or(root_cause).or(clients)
}

fn measures(statistics: Option<&RequestImpactStatistics>) -> Vec<(Text, Number)> {
    let Some(statistics) = statistics else { return Vec::new() };
    let counts = [
        ("fault_count", statistics.fault_count),
        ("ok_count", statistics.ok_count),
        ("total_count", statistics.total_count),
    ];
    counts.into_iter().filter_map(|(name, count)| Some((name.into(), count?.into()))).collect()
}

/// The name of the root cause service; `None` if the answer has none.
fn root_cause(insight: &Insight) -> Option<String> {
    let service = insight.root_cause_service_id.as_ref()?;
    let names = service.names.as_deref().unwrap_or_default();
    service.name.as_ref().or(names.first()).filter(|name| !name.is_empty()).cloned()
}

fn title(insight: &Insight, root_cause: Option<&str>) -> String {
    let summary = insight.summary.as_deref().map(one_line).filter(|summary| !summary.is_empty());
    summary.unwrap_or_else(|| {
        let state = insight.state.as_ref().map_or("UNKNOWN", InsightState::as_str);
        format!("{state} insight, root cause {}", root_cause.unwrap_or("not named"))
    })
}

fn insight_detail(insight: &Insight) -> Map {
    MapBuilder::with_capacity(MEMBERS)
        .with("categories", insight.categories.as_deref().map(category_names))
        .with(
            "client_request_impact_statistics",
            insight.client_request_impact_statistics.as_ref().map(statistics),
        )
        .with("end_time", insight.end_time.as_ref().map(time_value))
        .with("group_arn", insight.group_arn.as_deref())
        .with("group_name", insight.group_name.as_deref())
        .with("insight_id", insight.insight_id.as_deref())
        .with("root_cause_service_id", insight.root_cause_service_id.as_ref().map(service_id))
        .with(
            "root_cause_service_request_impact_statistics",
            insight.root_cause_service_request_impact_statistics.as_ref().map(statistics),
        )
        .with("start_time", insight.start_time.as_ref().map(time_value))
        .with("state", insight.state.as_ref().map(InsightState::as_str))
        .with("summary", insight.summary.as_deref())
        .with("top_anomalous_services", insight.top_anomalous_services.as_deref().map(anomalous_services))
        .build()
}

fn event_detail(event: &InsightEvent) -> Map {
    MapBuilder::new()
        .with(
            "client_request_impact_statistics",
            event.client_request_impact_statistics.as_ref().map(statistics),
        )
        .with("event_time", event.event_time.as_ref().map(time_value))
        .with(
            "root_cause_service_request_impact_statistics",
            event.root_cause_service_request_impact_statistics.as_ref().map(statistics),
        )
        .with("summary", event.summary.as_deref())
        .with("top_anomalous_services", event.top_anomalous_services.as_deref().map(anomalous_services))
        .build()
}

fn category_names(categories: &[InsightCategory]) -> Value {
    categories.iter().map(InsightCategory::as_str).collect()
}

fn statistics(statistics: &RequestImpactStatistics) -> Map {
    MapBuilder::new()
        .with("fault_count", statistics.fault_count)
        .with("ok_count", statistics.ok_count)
        .with("total_count", statistics.total_count)
        .build()
}

fn service_id(service: &ServiceId) -> Map {
    MapBuilder::new()
        .with("account_id", service.account_id.as_deref())
        .with("name", service.name.as_deref())
        .with("names", service.names.as_deref())
        .with("type", service.r#type.as_deref())
        .build()
}

fn anomalous_services(services: &[AnomalousService]) -> Value {
    let service = |service: &AnomalousService| {
        MapBuilder::new().with("service_id", service.service_id.as_ref().map(service_id)).build()
    };
    services.iter().map(service).collect()
}

#[cfg(test)]
#[path = "normalize_tests.rs"]
mod tests;
