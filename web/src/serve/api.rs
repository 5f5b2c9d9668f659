//! JSON for programs: stored records and derived data.

use crate::command::Location;
use crate::page::filter::{Filter, OF_COUNTS, OF_INSIGHTS};
use crate::page::gather;
use crate::page::model::Insight;
use crate::status;
use insights_query::counts::{Day, ScopeDays};
use insights_query::format::json;
use insights_query::health::Target;
use insights_query::incident::Incident;
use insights_shared::record::Stored;
use insights_shared::time::Timestamp;
use insights_shared::value::write_canonical_map;
use insights_sources::{Shape, kind_of};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// A record with all digits of its numbers.
type Record = Box<RawValue>;

/// One complete insight.
#[derive(Serialize)]
struct Single {
    insight: Option<Record>,
    events: Vec<Record>,
    graph: Option<Record>,
    series: Option<Value>,
    incident: Option<Value>,
}

/// The counts of one scope.
#[derive(Serialize)]
struct Scope<'a> {
    account_id: &'a str,
    region: &'a str,
    entity: &'a str,
    title: &'a str,
    pk: &'a str,
    days: Vec<OneDay<'a>>,
}

/// One day of a scope.
#[derive(Serialize)]
struct OneDay<'a> {
    day: &'a str,
    given: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<Record>,
}

/// The list of addresses as URI templates (RFC 6570).
pub fn list() -> Value {
    let asking = |path: &str, parameters: &[&str]| format!("{path}{{?{}}}", parameters.join(","));
    json!({
        "insights": asking("/api/insights", &OF_INSIGHTS),
        "insight": "/api/insights/{pk}",
        "incidents": asking("/api/incidents", &OF_INSIGHTS),
        "compliance": asking("/api/compliance", &OF_COUNTS),
        "status": "/api/status",
    })
}

/// The envelopes of insights, in the order of the page.
pub fn insights(insights: Vec<Stored>) -> String {
    let (open, closed) = gather::in_order(insights, |insight| insight);
    json::records(&[open, closed].concat())
}

/// One complete insight with its events, graph, series and incident.
pub fn single(insight: &Insight, incidents: &[Incident]) -> String {
    let items = insight.detail.iter().flat_map(|detail| &detail.items);
    let of_shape = |shape: Shape| {
        let is_it = move |item: &&Stored| kind_of(item).is_some_and(|kind| kind.shape == shape);
        items.clone().filter(is_it)
    };
    let series = insight.detail.as_ref().and_then(|detail| detail.series.first());
    let series = series.map(|(series, line)| {
        let time = |time: Timestamp| time.to_string();
        json!({
            "pk": series.pk,
            "known": line.stretches.iter().map(|known| json!({
                "period": known.period, "from": time(known.from), "until": time(known.until),
            })).collect::<Vec<_>>(),
            "points": line.points.iter().map(|point| json!({
                "at": time(point.at), "period": point.period, "value": point.value,
            })).collect::<Vec<_>>(),
        })
    });
    text(&Single {
        insight: record(&insight.record),
        events: of_shape(Shape::Event).filter_map(record).collect(),
        graph: of_shape(Shape::Graph).find_map(record),
        series,
        incident: incidents.first().map(incident),
    })
}

/// Incidents of several insights, worst first: those with a member that `filter` selects, with all members.
pub fn incidents(incidents: &[Incident], filter: &Filter) -> Value {
    let is_selected = |incident: &&Incident| {
        incident.members().iter().any(|member| filter.holds(&member.occurrence.insight))
    };
    incidents.iter().filter(|incident| incident.is_correlated()).filter(is_selected).map(incident).collect()
}

fn incident(incident: &Incident) -> Value {
    let member = |member: &insights_query::incident::Member| {
        let text = |name| member.occurrence.insight.text(name);
        json!({ "pk": text("pk"), "title": text("title"), "after_ms": member.after })
    };
    json!({
        "id": incident.id(),
        "sentence": incident.sentence(),
        "severity": incident.severity().as_str(),
        "started_at": incident.started_at().to_string(),
        "ended_at": incident.ended_at().map(|ended| ended.to_string()),
        "members": incident.members().iter().map(member).collect::<Vec<_>>(),
    })
}

/// Counts by day that are about compliance. A day without counts has the reason.
pub fn compliance(counts: &[ScopeDays]) -> String {
    let is_compliance = |scope: &&ScopeDays| scope.scope.kind.compliance.is_some();
    let scopes: Vec<Scope<'_>> = counts.iter().filter(is_compliance).map(scope).collect();
    text(&scopes)
}

fn scope(counts: &ScopeDays) -> Scope<'_> {
    let scope = &counts.scope;
    Scope {
        account_id: &scope.place.account_id,
        region: &scope.place.region,
        entity: &scope.entity,
        title: &scope.title,
        pk: &scope.pk,
        days: counts.days.iter().map(day).collect(),
    }
}

fn day(day: &Day) -> OneDay<'_> {
    let snapshot = day.given.snapshot().and_then(record);
    OneDay { day: &day.day, given: day.given.as_str(), snapshot }
}

/// The condition of each target.
pub fn status(targets: &[Target], location: &Location) -> Value {
    let target = |target: &Target| {
        let record = status::record(target, location);
        let names =
            ["source", "account_id", "region", "condition", "last_success_at", "last_run_at", "action"];
        let member = |name: &str| (name.to_owned(), json!(record.text(name)));
        Value::Object(names.into_iter().map(member).collect())
    };
    targets.iter().map(target).collect()
}

/// A stored record as JSON.
fn record(record: &Stored) -> Option<Record> {
    let mut text = String::new();
    write_canonical_map(&record.0, &mut text);
    RawValue::from_string(text).ok()
}

fn text(answer: &impl Serialize) -> String {
    // Maps with string keys and finite numbers can always be serialized.
    serde_json::to_string(answer).unwrap_or_default()
}
