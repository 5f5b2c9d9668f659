//! The first sheet of a printed page: the state, what is open, incidents, compliance and freshness. It is visible only on paper.

use super::insight::Context;
use super::model::Model;
use super::text::{date, severity, severity_of};
use super::{freshness, incidents, overall};
use insights_query::compliance;
use insights_query::format::{self, count, length, service, so_many};
use insights_shared::record::Severity;
use insights_sources::view::Section;
use maud::{Markup, html};

/// The maximum number of open insights.
const MOST_OPEN: usize = 12;
/// The maximum number of scopes with counts.
const MOST_SCOPES: usize = 8;

/// The sheet.
pub fn paper(model: &Model, context: Context<'_>) -> Markup {
    html! {
        section.paper #summary aria-label="Summary" {
            h2 { (overall::heading(model)) }
            (freshness::trust(model))
            (numbers(model))
            (incidents::now(model, context))
            (open(model, context))
            (counts(model))
        }
    }
}

/// The numbers of listed insights by source and severity.
fn numbers(model: &Model) -> Markup {
    let severities = || Severity::ALL.into_iter().rev();
    html! {
        table {
            caption { "Open insights by source, and ended ones" }
            thead { tr { th scope="col" { "Source" } @for severity in severities() { th.number scope="col" { (severity.as_str()) } } th.number scope="col" { "ended" } } }
            tbody {
                @for source in insights_sources::all().filter(|source| !source.is_counted_by_day()) {
                    @let of_it = |insight: &&super::model::Insight| insight.record.text("source") == Some(source.as_str());
                    tr {
                        th scope="row" { (source.0.label) }
                        @for severity in severities() {
                            td.number { (count(model.open.iter().filter(of_it).filter(|insight| insight.severity() == severity).count() as u64)) }
                        }
                        td.number { (count(model.closed.iter().filter(of_it).count() as u64)) }
                    }
                }
            }
        }
    }
}

fn open(model: &Model, context: Context<'_>) -> Markup {
    let more = model.open.len().saturating_sub(MOST_OPEN);
    html! {
        @if !model.open.is_empty() {
            h3 { "Open insights, worst first" }
            ul {
                @for insight in model.open.iter().take(MOST_OPEN) {
                    li {
                        (severity(severity_of(&insight.record))) " " (format::heading(&insight.record).name)
                        @if let Some(judgement) = format::judgement(&insight.record) { ", " (judgement) }
                        span.quiet {
                            " " (insight.record.text("source").map(service).unwrap_or_default())
                            @if let Some(began) = insight.record.timestamp("started_at") { ", for " (length(context.now.millis_since(began))) }
                        }
                    }
                }
                @if more > 0 { li.quiet { (so_many(more, "more insight", "more insights")) } }
            }
        }
    }
}

/// The newest counts of each scope.
fn counts(model: &Model) -> Markup {
    let sections = compliance::sections(&model.counts);
    let charts = sections.iter().filter_map(|section| match section {
        Section::Counts(counts) => Some(counts),
        _ => None,
    });
    let newest: Vec<_> = charts.filter_map(|counts| Some((counts, counts.newest()?))).collect();
    html! {
        @if !newest.is_empty() {
            h3 { "Compliance and daily counts" }
            ul {
                @for (counts, (day, snapshot)) in newest.iter().take(MOST_SCOPES) {
                    li {
                        (severity(severity_of(snapshot))) " " (format::plain(&counts.title)) ", " (date(day))
                        @if let Some(judgement) = format::judgement(snapshot) { ": " (judgement) }
                    }
                }
                @if newest.len() > MOST_SCOPES { li.quiet { (count((newest.len() - MOST_SCOPES) as u64)) " more" } }
            }
        }
    }
}
