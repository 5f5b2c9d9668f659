//! Whether what a page shows can be relied upon: how each source is doing in each account and region. Empty and broken are
//! two things.

use super::insight::Context;
use super::model::{Model, TargetHealth, Tone};
use super::text::time;
use insights_query::Place;
use insights_query::format::{length, service};
use insights_query::health::{Condition, Health, described};
use insights_shared::record::Source;
use maud::{Markup, html};
use std::collections::BTreeSet;

/// The section.
pub fn section(model: &Model, context: Context<'_>) -> Markup {
    let places: BTreeSet<&Place> = model.targets.iter().map(|target| &target.place).collect();
    html! {
        section #freshness aria-labelledby="freshness-title" {
            header {
                h2 #freshness-title { "Freshness" }
                span.quiet { "when each account and region was last collected" }
            }
            @if places.is_empty() {
                p.panel.nothing { "No run has ever been recorded in this table. Deploy the functions, or invoke them once." }
            } @else {
                div.panel.grid-wrap { div.scroll tabindex="0" role="region" aria-label="Freshness by account and region" {
                    table {
                        thead { tr { th scope="col" { "Account" } th scope="col" { "Region" }
                            @for source in insights_sources::all() { th scope="col" { (service(source.as_str())) } }
                        } }
                        tbody { @for place in places { tr {
                            td { (place.account_id) } td { (place.region) }
                            @for source in insights_sources::all() { td { (target(model, place, source, context)) } }
                        } } }
                    }
                } }
            }
        }
    }
}

fn target(model: &Model, place: &Place, source: Source, context: Context<'_>) -> Markup {
    let found = model.targets.iter().find(|target| target.source == source && target.place == *place);
    html! {
        @match found {
            None => span.state.off { "never run" },
            Some(target) => {
                span.state.(class(target.tone())) { (target.condition.in_words()) }
                @if let Some(at) = target.last_success_at {
                    div.quiet { "last success " (time(at, context.zone)) ", " (length(context.now.millis_since(at))) " ago" }
                }
                @if let Some(remedy) = &target.remedy { div.quiet { (remedy) } }
            },
        }
    }
}

fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "good",
        Tone::Off => "off",
        Tone::Unsure => "unsure",
        Tone::Bad => "bad",
    }
}

/// Whether the answer at the top of the page can be relied upon, in a line.
pub fn trust(model: &Model) -> Markup {
    let worst = model.targets.iter().max_by_key(|target| target.tone());
    let described = |target: &TargetHealth| {
        let TargetHealth { source, place, condition, last_success_at, .. } = target;
        described(*source, place, *condition, *last_success_at, model.now)
    };
    let in_use = model.targets.iter().any(|target| target.condition != Condition::NeverRun);
    let never_run = model.targets.iter().find(|target| target.condition == Condition::NeverRun);
    let oldest = model.targets.iter().filter(|target| target.tone() == Tone::Good);
    let oldest = oldest.filter_map(|target| target.last_success_at).min();
    let conditions: Vec<(Source, Condition)> =
        model.targets.iter().map(|target| (target.source, target.condition)).collect();
    let health = Health::of(&insights_sources::all().collect::<Vec<_>>(), &conditions);
    html! {
        @match worst {
            _ if in_use && health.unknown().is_some() => p.trust.bad {
                b { "Nothing could be collected: " (health.unknown().unwrap_or_default()) "." }
                span { "Missing data may not have been collected. " a href="#freshness" { "See freshness" } }
            },
            _ if !in_use => p.trust.bad { b { "No scheduled run is recorded in this table." } span { "Missing data may not have been collected." } },
            Some(target) if target.tone() >= Tone::Unsure => {
                @let others = model.targets.iter().filter(|other| other.tone() >= Tone::Unsure).count() - 1;
                p.trust.(class(target.tone())) {
                    b { "Not all of this is fresh." }
                    span {
                        (described(target))
                        @if others > 0 { ", and " (others) " more" }
                        ": something may be missing. " a href="#freshness" { "See freshness" }
                    }
                }
            },
            _ => p.trust.good {
                b { "Fresh." }
                span {
                    "Every source in use was collected"
                    @if let Some(oldest) = oldest { " within the last " (length(model.now.millis_since(oldest))) }
                    "."
                    @if let Some(never) = never_run {
                        " " (service(never.source.as_str())) " has never run in " (never.place.account_id) " " (never.place.region)
                        ": " a href="#freshness" { "see freshness" } "."
                    }
                }
            },
        }
    }
}
