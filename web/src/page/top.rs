//! The top of a page: the overall state, the freshness of the data, the filter and the navigation.

use super::filter::{DEFAULT_SINCE, Filter, RESTRICTIONS};
use super::insight::Context;
use super::model::Model;
use super::{Medium, compliance, facets, freshness, overall, summary, text};
use insights_query::format;
use insights_shared::record::{Severity, Source};
use maud::{Markup, html};

/// The parts of a page, by anchor.
const PARTS: [(&str, &str); 7] = [
    ("now", "Open"),
    ("timeline", "Timeline"),
    ("incidents", "Incidents"),
    ("ended", "Ended"),
    ("compliance", "Compliance"),
    ("counts", "Daily counts"),
    ("freshness", "Freshness"),
];

fn parts() -> impl Iterator<Item = (&'static str, &'static str)> {
    PARTS.into_iter().filter(|(anchor, _)| *anchor != "counts" || compliance::has_other_counts())
}

/// The top of the page.
pub fn top(model: &Model, context: Context<'_>) -> Markup {
    html! {
        header.top {
            p.brand {
                b { "Insights" }
                span { "table " (model.table) }
                span { "as of " span #as-of { (text::time(model.now, context.zone)) } }
                span { "from " (text::time(model.span.since, context.zone)) @if model.span.until < model.now { " to " (text::time(model.span.until, context.zone)) } }
                span { (format::times(context.zone, model.oldest(), model.now)) }
                @if context.medium.is_live() { (refreshing()) }
            }
            h1 { (overall::heading(model)) }
            (freshness::trust(model))
            @if context.medium.is_live() { p.lost #lost role="alert" hidden {} }
            (controls(model, context))
        }
        (summary::paper(model, context))
        nav.parts aria-label="Parts of this page" { ul { @for (anchor, name) in parts() { li { a href={ "#" (anchor) } { (name) } } } } }
    }
}

/// The controls of the refresh. A script shows those that need one.
pub fn refreshing() -> Markup {
    html! {
        span.refreshing {
            a #refresh href="" { "Refresh" }
            label #every hidden { "every "
                select #interval autocomplete="off" {
                    option value="30" { "30 s" } option value="60" selected { "1 min" } option value="300" { "5 min" } option value="0" { "never (paused)" }
                }
            }
            span #refreshed role="status" {}
        }
    }
}

/// The lengths of the period of a live page, as they stand in its address.
const RANGES: [(&str, &str); 5] =
    [("1h", "1 h"), ("6h", "6 h"), ("24h", "24 h"), ("7d", "7 d"), ("30d", "30 d")];

/// The controls of a live page: the period, what is selected, and the form for everything else.
fn controls(model: &Model, context: Context<'_>) -> Markup {
    let Medium::Live(filter) = context.medium else { return form(context.medium) };
    let is_custom = !filter.until.is_empty() || !RANGES.iter().any(|(since, _)| *since == since_of(filter));
    html! {
        nav.ranges aria-label="Time range" {
            ul {
                @for (since, label) in RANGES {
                    @let is_current = filter.until.is_empty() && since == since_of(filter);
                    li { a href=(filter.address(&[("since", if since == DEFAULT_SINCE { "" } else { since }), ("until", "")])) aria-current=[is_current.then_some("true")] { (label) } }
                }
                li { a #custom href="#narrow" aria-current=[is_custom.then_some("true")] { "Custom" } }
            }
        }
        (chips(filter))
        details.narrow #narrow open[filter.narrows()] {
            summary { "Narrow this page" }
            (form(context.medium))
            (facets::links(&model.facets, filter))
        }
    }
}

fn since_of(filter: &Filter) -> &str {
    if filter.since.is_empty() { DEFAULT_SINCE } else { &filter.since }
}

/// The restrictions, each as a link without it.
fn chips(filter: &Filter) -> Markup {
    let chips = RESTRICTIONS.iter().filter_map(|name| Some((*name, filter.restriction(name)?)));
    html! {
        @if filter.narrows() {
            ul.chips aria-label="Filters" {
                @for (name, words) in chips {
                    li { a href=(filter.address(&[(name, "")])) aria-label={ "Remove the filter " (words) } { (words) " " span aria-hidden="true" { "×" } } }
                }
                li { a.refresh href=(Filter { since: filter.since.clone(), until: filter.until.clone(), ..Filter::default() }.address(&[])) { "Show all" } }
            }
        }
    }
}

/// The filter. A live page sends it to the server; in a file, a script shows the form and hides rows.
fn form(medium: &Medium) -> Markup {
    let empty = Filter::default();
    let (filter, is_live) = match medium {
        Medium::Live(filter) => (filter.as_ref(), true),
        Medium::File => (&empty, false),
    };
    // A browser restores the controls of a page that it goes back to. Without `autocomplete`, they stay as the address says.
    let form = html! {
        form.filter #filter method="get" action="/" role="search" aria-label="Narrow this page" autocomplete="off" {
            (choice("source", "Source", filter.source.map_or("", Source::as_str),
                &insights_sources::all().map(|source| (source.as_str(), format::service(source.as_str()))).collect::<Vec<_>>()))
            (choice("severity", "At least", filter.severity.map_or("", Severity::as_str),
                &Severity::ALL.map(|severity| (severity.as_str(), severity.as_str()))))
            @if is_live { (choice("status", "Status", filter.status.unwrap_or_default(), &[("open", "open"), ("closed", "ended")])) }
            label { "Text" input name="q" type="search" value=(text::attribute(&filter.q)) maxlength="200" placeholder="title, service, caller, id"; }
            @if is_live {
                label { "Service" input name="entity" value=(text::attribute(&filter.entity)) maxlength="200" placeholder="any"; }
                label { "Account" input name="account" value=(filter.account) inputmode="numeric" maxlength="12" placeholder="any"; }
                label { "Region" input name="region" value=(filter.region) maxlength="40" placeholder="any"; }
                label { "From" input name="since" value=(filter.since) maxlength="40" placeholder=(DEFAULT_SINCE); }
                label { "Until" input name="until" value=(filter.until) maxlength="40" placeholder="now"; }
                (choice("group", "Group by", if filter.is_grouped { "entity" } else { "" }, &[("entity", "service")]))
                button type="submit" { "Show" }
            }
        }
    };
    html! {
        @if is_live { (form) } @else { details.narrow #narrow hidden { summary { "Narrow this page" } (form) } }
        p.narrowed #narrowed role="status" {}
    }
}

fn choice(name: &str, label: &str, chosen: &str, values: &[(&str, &str)]) -> Markup {
    html! {
        label {
            (label)
            select name=(name) {
                option value="" { @if name == "group" { "nothing" } @else { "any" } }
                @for (value, text) in values { option value=(value) selected[*value == chosen] { (text) } }
            }
        }
    }
}
