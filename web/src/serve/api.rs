//! JSON for programs: records as the table has them, and what the page works out of them.

use crate::page::filter::{OF_COUNTS, OF_INSIGHTS};
use crate::page::gather;
use crate::page::model::{Compliance, Insight, TargetHealth};
use insights_query::counts;
use insights_query::format::json;
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

/// One insight whole.
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

/// What there is to ask for, as URI templates (RFC 6570).
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

/// One insight whole, with what hangs on it.
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

/// Incidents of several insights, worst first.
pub fn incidents(incidents: &[Incident]) -> Value {
    incidents.iter().filter(|incident| incident.is_correlated()).map(incident).collect()
}

fn incident(incident: &Incident) -> Value {
    let member = |member: &insights_query::incident::Member| {
        let text = |name| member.occurrence.insight.text(name);
        json!({ "pk": text("pk"), "title": text("title"), "after_ms": member.after })
    };
    json!({
        "sentence": incident.sentence(),
        "severity": incident.severity().as_str(),
        "started_at": incident.started_at().to_string(),
        "ended_at": incident.ended_at().map(|ended| ended.to_string()),
        "members": incident.members().iter().map(member).collect::<Vec<_>>(),
    })
}

/// Counts by day; a day without has its reason.
pub fn compliance(compliance: &[Compliance]) -> String {
    let scopes: Vec<Scope<'_>> = compliance.iter().map(scope).collect();
    text(&scopes)
}

fn scope(compliance: &Compliance) -> Scope<'_> {
    let scope = &compliance.scope;
    Scope {
        account_id: &scope.place.account_id,
        region: &scope.place.region,
        entity: &scope.entity,
        title: &scope.title,
        pk: &scope.pk,
        days: compliance.days.iter().map(day).collect(),
    }
}

fn day(day: &counts::Day) -> OneDay<'_> {
    let (given, snapshot) = match &day.given {
        counts::Given::Counts(snapshot) => ("counts", record(snapshot)),
        counts::Given::Nothing => ("no_counts_yet", None),
        counts::Given::NotCollected => ("not_collected", None),
    };
    OneDay { day: &day.day, given, snapshot }
}

/// How each target is.
pub fn status(targets: &[TargetHealth]) -> Value {
    let target = |target: &TargetHealth| {
        json!({
            "source": target.source.as_str(),
            "account_id": target.place.account_id,
            "region": target.place.region,
            "condition": target.condition.as_str(),
            "last_success_at": target.last_success_at.map(|at| at.to_string()),
            "last_run_at": target.last_run_at.map(|at| at.to_string()),
            "action": target.remedy,
        })
    };
    targets.iter().map(target).collect()
}

/// A record as the contract has it.
fn record(record: &Stored) -> Option<Record> {
    let mut text = String::new();
    write_canonical_map(&record.0, &mut text);
    RawValue::from_string(text).ok()
}

fn text(answer: &impl Serialize) -> String {
    // Maps with names for keys and finite numbers always become JSON.
    serde_json::to_string(answer).unwrap_or_default()
}
