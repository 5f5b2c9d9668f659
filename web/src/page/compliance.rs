//! The sections of daily counts: compliance, and other counts.

use super::insight::Context;
use super::model::Model;
use super::sections;
use insights_query::compliance;
use insights_query::counts::ScopeDays;
use insights_query::format::so_many;
use insights_shared::record::{Kind, Source};
use insights_sources::view::Section;
use maud::{Markup, html};

/// The section of compliance counts, and the section of other counts if a source has any.
pub fn section(model: &Model, context: Context<'_>) -> Markup {
    html! {
        section #compliance aria-labelledby="compliance-title" {
            header {
                h2 #compliance-title { "Compliance" }
                span.quiet { "evidence of each UTC day, by " (labels(is_compliance)) "; inconclusive evidence is counted separately" }
            }
            (counts(&of(model, is_compliance), is_compliance, context))
        }
        @if has_other_counts() {
            section #counts aria-labelledby="counts-title" {
                header {
                    h2 #counts-title { "Daily counts" }
                    span.quiet { "counts of each UTC day, by " (labels(is_other)) }
                }
                (counts(&of(model, is_other), is_other, context))
            }
        }
    }
}

/// Whether a source has counts that are not about compliance.
pub fn has_other_counts() -> bool {
    insights_sources::kinds().any(is_other)
}

fn is_compliance(kind: Kind) -> bool {
    kind.is_snapshot() && kind.compliance.is_some()
}

fn is_other(kind: Kind) -> bool {
    kind.is_snapshot() && kind.compliance.is_none()
}

fn of(model: &Model, is_it: fn(Kind) -> bool) -> Vec<ScopeDays> {
    model.counts.iter().filter(|scope| is_it(scope.scope.kind)).cloned().collect()
}

/// The labels of the sources with kinds for which `is_it` returns `true`.
fn labels(is_it: fn(Kind) -> bool) -> String {
    let has_it = |source: &Source| source.kinds.iter().any(|kind| is_it(*kind));
    let labels: Vec<&str> = insights_sources::all().filter(has_it).map(|source| source.0.label).collect();
    labels.join(" and ")
}

fn counts(scopes: &[ScopeDays], is_it: fn(Kind) -> bool, context: Context<'_>) -> Markup {
    let (charts, tables): (Vec<Section>, Vec<Section>) =
        compliance::sections(scopes).into_iter().partition(|section| matches!(section, Section::Counts(_)));
    html! {
        @if charts.is_empty() {
            p.panel.nothing { "No counts are stored for this period. " (labels(is_it)) " returns them once a day, where it is set up." }
        } @else {
            div.scopes {
                @for chart in charts.iter().take(MOST_CHARTS) { div.panel.padded { (sections::render_one(chart, context)) } }
            }
            @if charts.len() > MOST_CHARTS { p.quiet { (so_many(charts.len() - MOST_CHARTS, "more chart is", "more charts are")) " not shown." } }
            @for table in &tables { div.panel.padded.worst { (sections::render_one(table, context)) } }
        }
    }
}

/// The maximum number of charts in a section.
const MOST_CHARTS: usize = 100;
