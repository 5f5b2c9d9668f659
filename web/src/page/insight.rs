//! The details of an insight on a page. `sections` renders the data of the source.

use super::model::Insight;
use super::text::{line, time};
use super::{Medium, sections};
use crate::command::{CommandLine, Location};
use insights_query::Detail;
use insights_shared::time::Timestamp;
use insights_sources::view;
use jiff::tz::TimeZone;
use maud::{Markup, html};

/// The settings of a page that renderers need.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The time as of which insights are shown: now, or the end of a period in the past.
    pub now: Timestamp,
    /// Whether that is now, so that ages are shown instead of times.
    pub is_now: bool,
    /// Now, also on a page of the past.
    pub today: Timestamp,
    /// The time zone of the page.
    pub zone: &'a TimeZone,
    /// A file or the live page.
    pub medium: &'a Medium,
    /// The options that select the table in commands.
    pub location: &'a Location,
}

/// The details of one insight.
pub fn inside(insight: &Insight, detail: &Detail, context: Context<'_>) -> Markup {
    let record = &insight.record;
    let gone = view::no_longer_available(record, context.today);
    let links = if gone.is_some() { Vec::new() } else { view::links(record) };
    html! {
        (sections::render(record, detail, context))
        dl.facts {
            (fact("Began", record.timestamp("started_at").map(|began| time(began, context.zone))))
            (fact("Ended", Some(ended(insight, context.zone))))
            (fact("Last change at the service", record.timestamp("updated_at").map(|at| time(at, context.zone))))
            (fact("Last asked", record.timestamp("answered_at").map(|at| time(at, context.zone))))
            (fact("Account and region", Some(html! { (line(record, "account_id")) " " (line(record, "region")) })))
            (fact("Id", Some(html! { code { (line(record, "id")) } (copy(&line(record, "id"), "Copy id")) })))
            (fact("Collected by", record.text("collected_by").map(|by| html! { code { (by) } })))
        }
        p.links {
            @for link in &links {
                (super::text::outward(&link.url, &format!("AWS console, account {}: {}", line(record, "account_id"), link.shows)))
            }
            @if let Some(days) = gone { span.quiet { "No longer available in AWS, which keeps " (days) " days." } }
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

/// A button that copies `text`. A script shows it.
pub fn copy(text: &str, label: &str) -> Markup {
    html! { " " button.copy type="button" hidden data-copy=(text) { (label) } }
}
