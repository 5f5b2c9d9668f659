//! Lists of insights: pages of a live page, groups by entity, and a row for each insight.

use super::insight::{Context, inside};
use super::model::{Insight, Model};
use super::text::{class, line, severity, severity_of};
use super::{Medium, spark};
use insights_query::ack::ACK;
use insights_query::format::{self, count, length, plain, service, so_many};
use insights_query::periods::began;
use insights_shared::record::Stored;
use insights_shared::time::Timestamp;
use insights_shared::value::Value;
use maud::{Markup, html};

/// The number of rows of a page of a list on a live page.
const PAGE: usize = 100;
/// The maximum number of rows of a list in a file.
pub const MOST_IN_FILE: usize = 1_000;

/// The list of open insights, or that of ended ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// Open insights.
    Open,
    /// Ended insights.
    Ended,
}

impl List {
    /// The parameter of its page in an address.
    fn parameter(self) -> &'static str {
        match self {
            Self::Open => "open_page",
            Self::Ended => "page",
        }
    }

    /// The anchor of its section.
    fn anchor(self) -> &'static str {
        match self {
            Self::Open => "now",
            Self::Ended => "ended",
        }
    }
}

/// A list: in a file its first rows, on a live page one page of it with links to the others.
pub fn list(which: List, insights: &[Insight], model: &Model, context: Context<'_>) -> Markup {
    let Medium::Live(filter) = context.medium else {
        return groups(insights.get(..MOST_IN_FILE).unwrap_or(insights), false, model, context);
    };
    let pages = insights.len().div_ceil(PAGE).max(1);
    let page = if which == List::Open { filter.open_page } else { filter.page }.min(pages - 1);
    let shown = insights.chunks(PAGE).nth(page).unwrap_or_default();
    html! {
        (groups(shown, filter.is_grouped, model, context))
        @if pages > 1 {
            nav.pages aria-label={ "Pages of " @if which == List::Open { "open insights" } @else { "ended insights" } } {
                @if let Some(before) = page.checked_sub(1) { a rel="prev" href=(address(context, which, before)) { "Previous" } }
                span { "Page " (count(page as u64 + 1)) " of " (count(pages as u64)) ", " (so_many(insights.len(), "insight", "insights")) }
                @if page + 1 < pages { a rel="next" href=(address(context, which, page + 1)) { "Next" } }
            }
        }
    }
}

fn address(context: Context<'_>, which: List, page: usize) -> String {
    let Medium::Live(filter) = context.medium else { return String::new() };
    let number = if page > 0 { (page + 1).to_string() } else { String::new() };
    format!("{}#{}", filter.address(&[(which.parameter(), &number)]), which.anchor())
}

/// The rows, by entity if they are grouped: the groups in the order of their first insights.
fn groups(insights: &[Insight], is_grouped: bool, model: &Model, context: Context<'_>) -> Markup {
    if !is_grouped {
        return rows(insights.iter(), model, context);
    }
    let entity = |insight: &Insight| line(&insight.record, "entity");
    let mut names: Vec<String> = Vec::new();
    for name in insights.iter().map(entity) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    html! {
        @for name in &names {
            @let of_it = || insights.iter().filter(|insight| entity(insight) == *name);
            div.group {
                h3 { @if name.is_empty() { "Without a service" } @else { (name) } " " span.quiet { (so_many(of_it().count(), "insight", "insights")) } }
                (rows(of_it(), model, context))
            }
        }
    }
}

fn rows<'a>(insights: impl Iterator<Item = &'a Insight>, model: &Model, context: Context<'_>) -> Markup {
    let insights: Vec<&Insight> = insights.collect();
    let compact = insights.iter().all(|insight| insight.detail.is_none());
    html! {
        ul.rows.panel.compact[compact] {
            @for insight in insights {
                li.entry.{ "o-" (class(insight.record.text("source").unwrap_or_default())) }
                    .{ "s-" (class(severity_of(&insight.record))) } data-row=(insight.anchor()) { (row(insight, model, context)) }
            }
        }
    }
}

fn row(insight: &Insight, model: &Model, context: Context<'_>) -> Markup {
    let line = summary(insight, model, context);
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

fn summary(insight: &Insight, model: &Model, context: Context<'_>) -> Markup {
    let record = &insight.record;
    let source = record.text("source").map(service).unwrap_or_default();
    let heading = format::heading(record);
    html! {
        (severity(severity_of(record)))
        span.what {
            b { (heading.name) }
            @if let Some(message) = heading.message { span.message { (message) } }
            @if let Some(measures) = format::judgement(record) { span { (measures) } }
            @if let Some(nth) = model.recurrences.of_insight(record) { span.nth { (nth) } }
            (spark::line(insight))
            @if let Some(known) = acknowledged(record, context) { span.acknowledged { (known) } }
        }
        span.where {
            (line(record, "entity"))
            span { (plain(source)) " · " (line(record, "account_id")) " " (line(record, "region")) }
        }
        span.when { (when(record, context)) }
    }
}

/// That people know about it, until when and why.
fn acknowledged(record: &Stored, context: Context<'_>) -> Option<String> {
    let ack = record.0.get(ACK)?;
    let text = |name: &str| ack.at(&[name]).and_then(Value::as_str).map(plain);
    let until = ack.at(&["until"]).and_then(Value::as_timestamp);
    let parts = [
        Some("acknowledged".to_owned()),
        until.map(|until| format!("until {}", format::instant(until, context.zone))),
        text("by").map(|by| format!("by {by}")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    Some(match text("note") {
        Some(note) => format!("{}: {note}", parts.join(" ")),
        None => parts.join(" "),
    })
}

/// How long ago it began or ended. On a page of the past the times themselves.
fn when(record: &Stored, context: Context<'_>) -> Markup {
    let (started, ended) = (began(record), record.timestamp("ended_at"));
    html! {
        @match (started, ended) {
            (Some(started), None) => {
                "since " (ago(started, context))
                span { "open" @if !context.is_now { ", for " (length(context.now.millis_since(started))) } }
            },
            (Some(started), Some(ended)) => {
                "ended " (ago(ended, context))
                span { "lasted " (length(ended.millis_since(started))) }
            },
            _ => {},
        }
    }
}

/// An instant as its age, which a live page counts on; the exact time is its title.
fn ago(instant: Timestamp, context: Context<'_>) -> Markup {
    let exact = format::instant(instant, context.zone);
    html! {
        @if context.is_now {
            time.age datetime=(instant) title=(exact) { (length(context.now.millis_since(instant))) " ago" }
        } @else {
            time datetime=(instant) { (exact) }
        }
    }
}
