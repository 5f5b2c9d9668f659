//! The top of a page: the overall state, the freshness of the data, the filter and the navigation.

use super::filter::{DEFAULT_SINCE, Filter};
use super::insight::Context;
use super::model::Model;
use super::{Medium, compliance, freshness, overall, text};
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
                span { "as of " (text::time(model.now, context.zone)) }
                span { "from " (text::time(model.span.since, context.zone)) @if model.span.until < model.now { " to " (text::time(model.span.until, context.zone)) } }
                span { (format::times(context.zone, model.oldest(), model.now)) }
                @if context.medium.is_live() { a #refresh href="" { "Refresh" } span #refreshed role="status" {} }
            }
            h1 { (overall::heading(model)) }
            (freshness::trust(model))
            @if context.medium.is_live() { p.lost #lost role="alert" hidden {} }
            (form(context.medium))
        }
        nav.parts aria-label="Parts of this page" { ul { @for (anchor, name) in parts() { li { a href={ "#" (anchor) } { (name) } } } } }
    }
}

/// The filter. A live page sends it to the server; in a file, a script shows the form and hides rows.
fn form(medium: &Medium) -> Markup {
    let empty = Filter::default();
    let (filter, is_live) = match medium {
        Medium::Live(filter) => (filter, true),
        Medium::File => (&empty, false),
    };
    html! {
        details.narrow #narrow open[filter.narrows()] hidden[!is_live] { summary { "Narrow this page" }
        form.filter #filter method="get" action="/" role="search" aria-label="Narrow this page" {
            (choice("source", "Source", filter.source.map_or("", Source::as_str),
                &insights_sources::all().map(|source| (source.as_str(), format::service(source.as_str()))).collect::<Vec<_>>()))
            (choice("severity", "At least", filter.severity.map_or("", Severity::as_str),
                &Severity::ALL.map(|severity| (severity.as_str(), severity.as_str()))))
            @if is_live { (choice("status", "Status", filter.status.unwrap_or_default(), &[("open", "open"), ("closed", "ended")])) }
            label { "Text in title, entity or id" input name="q" type="search" value=(text::attribute(&filter.q)) maxlength="200" autocomplete="off"; }
            @if is_live {
                label { "Account" input name="account" value=(filter.account) inputmode="numeric" maxlength="12" placeholder="any"; }
                label { "Region" input name="region" value=(filter.region) maxlength="40" placeholder="any"; }
                label { "From" input name="since" value=(filter.since) maxlength="40" placeholder=(DEFAULT_SINCE); }
                label { "Until" input name="until" value=(filter.until) maxlength="40" placeholder="now"; }
                button type="submit" { "Show" }
                @if filter.narrows() { a.refresh href="/" { "Show all" } }
            }
        } }
        p.narrowed #narrowed role="status" {}
    }
}

fn choice(name: &str, label: &str, chosen: &str, values: &[(&str, &str)]) -> Markup {
    html! {
        label {
            (label)
            select name=(name) {
                option value="" { "any" }
                @for (value, text) in values { option value=(value) selected[*value == chosen] { (text) } }
            }
        }
    }
}
