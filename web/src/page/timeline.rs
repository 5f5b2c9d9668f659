//! The timeline: a lane for each source on a common axis. Everything in a lane is also in a list of the page.

use super::chart::{canvas, clock};
use super::insight::Context;
use super::model::{Insight, Model};
use super::text::{class, date, line, severity_of};
use super::{histogram, unknown};
use insights_query::counts::ScopeDays;
use insights_query::format::{self, count, length, service, so_many};
use insights_query::importance::Importance;
use insights_shared::record::{Severity, Source};
use insights_shared::time::{DAY_SECONDS, Timestamp};
use maud::{Markup, html};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// The section.
pub fn section(model: &Model, context: Context<'_>) -> Markup {
    html! {
        section #timeline aria-labelledby="timeline-title" {
            header {
                h2 #timeline-title { "Timeline" }
                span.quiet { "full bars are open and go on, pale ones have ended; a bar leads to its insight; drag to select a time" }
            }
            (zoomed())
            div.panel #lanes {
                span.pointed aria-hidden="true" {}
                @for source in insights_sources::all().filter(|source| !source.is_counted_by_day()) { (lane(model, source, context)) }
                @for source in insights_sources::all().filter(|source| source.is_counted_by_day()) { (days(model, source, context)) }
            }
        }
    }
}

/// Says that charts show a part of their time. A script fills it.
pub fn zoomed() -> Markup {
    html! { p.zoomed #zoomed hidden role="status" { span {} " " button #unzoom type="button" { "Show all" } } }
}

fn lane(model: &Model, source: Source, context: Context<'_>) -> Markup {
    let name = service(source.as_str());
    let is_of = |insight: &&Insight| insight.record.text("source") == Some(source.as_str());
    let mut insights: Vec<&Insight> = model.insights().filter(is_of).collect();
    let open = insights.iter().filter(|insight| insight.is_open()).count();
    let ended = insights.len() - open;
    // The most important insights are placed first.
    insights.sort_by_key(|insight| Importance::of(&insight.record));
    let is_histogram = insights.len() > histogram::MOST_BARS;
    let (bars, parts): (Vec<Json>, Vec<Json>) = if is_histogram {
        (Vec::new(), histogram::parts(&insights, model, context))
    } else {
        (insights.iter().filter_map(|insight| bar(insight, context)).collect(), Vec::new())
    };
    let label = format!("{name}: {open} open and {ended} ended insights, as listed");
    let unknown = unknown::of(model, source, context.zone);
    let spans: Vec<Json> = unknown.iter().map(|unknown| unknown.json(model, context)).collect();
    let data = axis(model, context, json!({ "bars": bars, "parts": parts, "unknown": spans }));
    let hidden = model
        .known
        .by_source
        .get(source.as_str())
        .copied()
        .unwrap_or_default()
        .saturating_sub(insights.len());
    html! {
        div.lane.{ "lane-" (source.as_str()) } {
            div {
                h3 { (name) }
                p.quiet { (open) " open, " (ended) " ended" @if hidden > 0 { ", " (count(hidden as u64)) " not listed" } }
                @if let Some(unknown) = &unknown { p.unknown-since { (unknown.text) } }
            }
            div {
                (canvas(if is_histogram { "histogram" } else { "lane" }, &label, &data))
                @if is_histogram { p.quiet { "Number of insights by the time at which they began." } }
            }
        }
    }
}

/// The axis that all lanes share, with what is on it.
fn axis(model: &Model, context: Context<'_>, mut marks: Json) -> Json {
    let at = |instant: Timestamp| Json::from(clock(instant, context.zone));
    if let Some(marks) = marks.as_object_mut() {
        marks.insert("from".to_owned(), at(model.span.since));
        marks.insert("until".to_owned(), at(model.span.until));
        marks.insert("now".to_owned(), at(model.now));
    }
    marks
}

fn bar(insight: &Insight, context: Context<'_>) -> Option<Json> {
    let record = &insight.record;
    let from = record.timestamp("started_at")?;
    let until = record.timestamp("ended_at");
    let lasted = length(until.unwrap_or(context.now).millis_since(from));
    let state = if until.is_some() { format!("lasted {lasted}") } else { format!("open for {lasted}") };
    let began = format::instant(from, context.zone);
    let address = if insight.detail.is_none() { context.medium.address(insight.pk()) } else { None };
    let at = |instant| clock(instant, context.zone);
    Some(json!({
        "href": address.unwrap_or_else(|| format!("#{}", insight.anchor())),
        "label": format!("{}, {}, from {began}, {state}", severity_of(record), format::heading(record).in_one_line()),
        "name": line(record, "entity").replace(".amazonaws.com", ""),
        "severity": class(severity_of(record)),
        "source": class(&line(record, "source")),
        "from": at(from),
        "until": until.map(at),
    }))
}

/// The lane of a source that counts by day: each day has the severity of its worst scope.
fn days(model: &Model, source: Source, context: Context<'_>) -> Markup {
    let days = worst_by_day(model.counts.iter().filter(|scope| scope.scope.kind.source == source));
    let collected = days.values().filter(|day| day.is_some()).count();
    let day = |(day, worst): (&String, &Option<(Severity, String)>)| {
        let from: Timestamp = format!("{day}T00:00:00Z").parse().ok()?;
        let label = match worst {
            Some((severity, title)) => format!("{}: {}, {title}", date(day), severity.as_str()),
            None => format!("{}: not collected", date(day)),
        };
        let at = |instant: Timestamp| clock(instant.min(context.now), context.zone);
        let severity = worst.as_ref().map(|(severity, _)| severity.as_str());
        let href =
            if source.kinds.iter().any(|kind| kind.compliance.is_some()) { "#compliance" } else { "#counts" };
        Some(json!({
            "href": href, "label": label, "severity": severity, "source": source.as_str(),
            "from": at(from), "until": at(from.plus_seconds(DAY_SECONDS)),
        }))
    };
    let drawn: Vec<Json> = days.iter().filter_map(day).collect();
    let label =
        format!("{}: {collected} days with counts, each with the severity of the worst", source.label);
    html! {
        div.lane.{ "lane-" (source.as_str()) } {
            div { h3 { (source.label) } p.quiet { (so_many(collected, "day", "days")) " of counts" } }
            div {
                @if drawn.is_empty() { p.quiet { "No counts in this time." } }
                @else { (canvas("days", &label, &axis(model, context, json!({ "days": drawn })))) }
            }
        }
    }
}

fn worst_by_day<'a>(
    counts: impl Iterator<Item = &'a ScopeDays>,
) -> BTreeMap<String, Option<(Severity, String)>> {
    let mut days: BTreeMap<String, Option<(Severity, String)>> = BTreeMap::new();
    for scope in counts {
        for day in &scope.days {
            let worst = days.entry(day.day.clone()).or_default();
            let Some(snapshot) = day.given.snapshot() else { continue };
            let severity = Severity::parse(severity_of(snapshot)).unwrap_or(Severity::Info);
            if worst.as_ref().is_none_or(|(known, _)| severity > *known) {
                *worst = Some((severity, scope.scope.title.clone()));
            }
        }
    }
    days
}
