//! The timeline: X-Ray, CloudTrail and Audit Manager under each other on one axis.

use super::chart::axis::TimeAxis;
use super::chart::lanes::{self, Bar, Day, Lane};
use super::insight::Setting;
use super::model::{Compliance, Insight, Model};
use super::text::{date, line, severity_of};
use crate::output::words::{self, length, service, so_many};
use crate::read::counts::Given;
use insights_shared::record::{Severity, Source};
use maud::{Markup, html};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The section.
pub fn section(model: &Model, setting: Setting<'_>) -> Markup {
    let time = TimeAxis::new(model.span.since, model.span.until);
    html! {
        section #timeline aria-labelledby="timeline-title" {
            header {
                h2 #timeline-title { "Timeline" }
                span.quiet { "full bars are open and go on, pale ones have ended; a bar leads to its insight" }
            }
            div.panel {
                @for source in [Source::Xray, Source::Cloudtrail] { (lane(model, source, time, setting)) }
                (days(model, time, setting))
            }
        }
    }
}

fn lane(model: &Model, source: Source, time: TimeAxis, setting: Setting<'_>) -> Markup {
    let name = service(source.as_str());
    let mut insights: Vec<&Insight> =
        model.insights().filter(|insight| insight.record.text("source") == Some(source.as_str())).collect();
    let open = insights.iter().filter(|insight| insight.is_open()).count();
    let ended = insights.len() - open;
    // What matters most finds a place first.
    insights.sort_by_key(|insight| {
        (!insight.is_open(), Reverse(insight.severity()), insight.record.timestamp("started_at"))
    });
    let bars: Vec<Bar> = insights.iter().filter_map(|insight| bar(insight, setting)).collect();
    let label = format!("{name}: {open} open and {ended} ended insights, listed below");
    let Lane { drawing, drawn, left_out } = lanes::draw(&label, time, model.now, &bars, setting.zone);
    html! {
        div.lane.{ "lane-" (source.as_str()) } {
            div { h3 { (name) } p.quiet { (open) " open, " (ended) " ended" } }
            div {
                (drawing)
                @if left_out > 0 {
                    p.quiet { "The " (drawn) " that matter most are drawn; for " (so_many(left_out, "more", "more")) " there is no room." }
                }
            }
        }
    }
}

fn bar(insight: &Insight, setting: Setting<'_>) -> Option<Bar> {
    let record = &insight.record;
    let from = record.timestamp("started_at")?;
    let until = record.timestamp("ended_at");
    let lasted = length(until.unwrap_or(setting.now).millis_since(from));
    let state = if until.is_some() { format!("lasted {lasted}") } else { format!("open for {lasted}") };
    let began = words::instant(from, setting.zone);
    let href = match &insight.detail {
        None => setting.dress.address(insight.pk()),
        Some(_) => None,
    };
    Some(Bar {
        href: href.unwrap_or_else(|| format!("#{}", insight.anchor())),
        label: format!("{}, {}, from {began}, {state}", severity_of(record), line(record, "title")),
        name: line(record, "entity").replace(".amazonaws.com", ""),
        severity: severity_of(record).to_owned(),
        source: line(record, "source"),
        from,
        until,
    })
}

/// Audit Manager has days and no insights: each is as bad as the worst of its assessments and accounts.
fn days(model: &Model, time: TimeAxis, setting: Setting<'_>) -> Markup {
    let days = worst_by_day(&model.compliance);
    let collected = days.values().filter(|day| day.is_some()).count();
    let day = |(day, worst): (&String, &Option<(Severity, String)>)| {
        let from = format!("{day}T00:00:00Z").parse().ok()?;
        let label = match worst {
            Some((severity, title)) => format!("{}: worst is {title}, {}", date(day), severity.as_str()),
            None => format!("{}: nothing was collected", date(day)),
        };
        Some(Day { from, severity: worst.as_ref().map(|(severity, _)| severity.as_str().to_owned()), label })
    };
    let drawn: Vec<Day> = days.iter().filter_map(day).collect();
    let label = format!("Audit Manager: {collected} days with counts, each as bad as its worst assessment");
    html! {
        div.lane.lane-auditmanager {
            div { h3 { "Audit Manager" } p.quiet { (so_many(collected, "day", "days")) " of counts" } }
            div {
                @if drawn.is_empty() { p.quiet { "No counts in this time." } }
                @else { (lanes::draw_days(&label, time, model.now, &drawn, "#compliance", setting.zone)) }
            }
        }
    }
}

fn worst_by_day(compliance: &[Compliance]) -> BTreeMap<String, Option<(Severity, String)>> {
    let mut days: BTreeMap<String, Option<(Severity, String)>> = BTreeMap::new();
    for scope in compliance {
        for day in &scope.days {
            let worst = days.entry(day.day.clone()).or_default();
            let Given::Counts(snapshot) = &day.given else { continue };
            let severity = Severity::parse(severity_of(snapshot)).unwrap_or(Severity::Info);
            if worst.as_ref().is_none_or(|(known, _)| severity > *known) {
                *worst = Some((severity, scope.scope.title.clone()));
            }
        }
    }
    days
}
