//! An insight on a page: a summary line, and the details below it. `sections` renders the data of the source.

use super::model::Insight;
use super::text::{line, severity, severity_of, time};
use super::{Medium, sections};
use crate::command::{CommandLine, Location};
use insights_query::Detail;
use insights_query::format::{self, length, service};
use insights_shared::record::Stored;
use insights_shared::time::Timestamp;
use insights_sources::view;
use jiff::tz::TimeZone;
use maud::{Markup, html};

/// The settings of a page that renderers need.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The time as of which insights are shown: now, or the end of a period in the past.
    pub now: Timestamp,
    /// The time zone of the page.
    pub zone: &'a TimeZone,
    /// A file or the live page.
    pub medium: &'a Medium,
    /// The options that select the table in commands.
    pub location: &'a Location,
}

/// A list of insights.
pub fn rows(insights: &[Insight], context: Context<'_>) -> Markup {
    let compact = insights.iter().all(|insight| insight.detail.is_none());
    html! {
        ul.rows.panel.compact[compact] {
            @for insight in insights {
                li.entry.{ "o-" (super::text::class(insight.record.text("source").unwrap_or_default())) }
                    .{ "s-" (super::text::class(severity_of(&insight.record))) } { (row(insight, context)) }
            }
        }
    }
}

fn row(insight: &Insight, context: Context<'_>) -> Markup {
    let line = summary(&insight.record, context);
    if let Some(detail) = &insight.detail {
        return html! {
            details.insight data-key=(insight.anchor()) {
                summary.row { (line) }
                div.inside id=(insight.anchor()) tabindex="-1" { (inside(insight, detail, context)) }
            }
        };
    }
    html! {
        @if let Some(address) = context.medium.address(insight.pk()) {
            a.row href=(address) data-key=(insight.anchor()) { (line) }
        } @else {
            div.row id=(insight.anchor()) { (line) }
        }
    }
}

fn summary(record: &Stored, context: Context<'_>) -> Markup {
    let source = record.text("source").map(service).unwrap_or_default();
    let heading = format::heading(record);
    html! {
        (severity(severity_of(record)))
        span.what {
            b { (heading.name) }
            @if let Some(message) = heading.message { span.message { (message) } }
            @if let Some(measures) = format::judgement(record) { span { (measures) } }
        }
        span.where {
            (line(record, "entity"))
            span { (source) " · " (line(record, "account_id")) " " (line(record, "region")) }
        }
        span.when { (when(record, context)) }
    }
}

fn when(record: &Stored, context: Context<'_>) -> Markup {
    let (started, ended) = (record.timestamp("started_at"), record.timestamp("ended_at"));
    html! {
        @match (started, ended) {
            (Some(started), None) => {
                "since " (time(started, context.zone))
                span { "for " (length(context.now.millis_since(started))) ", open" }
            },
            (Some(started), Some(ended)) => {
                (time(started, context.zone))
                span { "for " (length(ended.millis_since(started))) ", ended" }
            },
            _ => {},
        }
    }
}

/// The details of one insight.
pub fn inside(insight: &Insight, detail: &Detail, context: Context<'_>) -> Markup {
    let record = &insight.record;
    let link = view::link(record);
    html! {
        (sections::render(record, detail, context))
        dl.facts {
            (fact("Began", record.timestamp("started_at").map(|began| time(began, context.zone))))
            (fact("Ended", Some(ended(insight, context.zone))))
            (fact("Last change at the service", record.timestamp("updated_at").map(|at| time(at, context.zone))))
            (fact("Last asked", record.timestamp("answered_at").map(|at| time(at, context.zone))))
            (fact("Account and region", Some(html! { (line(record, "account_id")) " " (line(record, "region")) })))
            (fact("Id", Some(html! { code { (line(record, "id")) } })))
            (fact("Collected by", record.text("collected_by").map(|by| html! { code { (by) } })))
        }
        p.links {
            @if let Some(link) = link { (super::text::outward(&link.url, &format!("AWS console: {}", link.shows))) }
            @if let Some(address) = context.medium.address(insight.pk()) { a href=(address) { "This insight alone" } }
            span.quiet { "In a terminal: " code { (CommandLine::insights(&["show"]).at(context.location).key(insight.pk())) } }
        }
    }
}

/// The end of the insight, or the text that it is open.
fn ended(insight: &Insight, zone: &TimeZone) -> Markup {
    let record = &insight.record;
    let reason = match record.text("status_reason") {
        Some("no_longer_known") => " – closed here: the service knows it no longer",
        Some("no_end_seen") => " – closed here: its end was never seen",
        _ => "",
    };
    html! {
        @match (record.timestamp("ended_at"), insight.ended_later) {
            (Some(ended), _) => { (time(ended, zone)) (reason) },
            (None, Some(later)) => { (time(later, zone)) ", after the period of this page" },
            (None, None) => "not yet: it is open",
        }
    }
}

/// A name with its value; empty without a value.
pub fn fact(name: &str, value: Option<Markup>) -> Markup {
    html! { @if let Some(value) = value { div { dt { (name) } dd { (value) } } } }
}
