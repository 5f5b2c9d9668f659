//! Whether what a page shows can be relied upon: how each source is doing in each account and region. Empty and broken are
//! two things.

use super::insight::Setting;
use super::model::{Model, Standing, Tone};
use super::text::time;
use insights_query::Place;
use insights_query::format::{length, service};
use insights_query::health::{Condition, Health, described};
use insights_shared::record::Source;
use maud::{Markup, html};
use std::collections::BTreeSet;

/// The section.
pub fn section(model: &Model, setting: Setting<'_>) -> Markup {
    let places: BTreeSet<&Place> = model.standings.iter().map(|standing| &standing.place).collect();
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
                            @for source in insights_sources::all() { td { (standing(model, place, source, setting)) } }
                        } } }
                    }
                } }
            }
        }
    }
}

fn standing(model: &Model, place: &Place, source: Source, setting: Setting<'_>) -> Markup {
    let found = model.standings.iter().find(|standing| standing.source == source && standing.place == *place);
    html! {
        @match found {
            None => span.state.off { "never run" },
            Some(standing) => {
                span.state.(class(standing.tone())) { (standing.condition.in_words()) }
                @if let Some(at) = standing.last_success_at {
                    div.quiet { "last success " (time(at, setting.zone)) ", " (length(setting.now.millis_since(at))) " ago" }
                }
                @if let Some(remedy) = &standing.remedy { div.quiet { (remedy) } }
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
    let worst = model.standings.iter().max_by_key(|standing| standing.tone());
    let described = |standing: &Standing| {
        let Standing { source, place, condition, last_success_at, .. } = standing;
        described(*source, place, *condition, *last_success_at, model.now)
    };
    let in_use = model.standings.iter().any(|standing| standing.condition != Condition::NeverRun);
    let never_run = model.standings.iter().find(|standing| standing.condition == Condition::NeverRun);
    let oldest = model.standings.iter().filter(|standing| standing.tone() == Tone::Good);
    let oldest = oldest.filter_map(|standing| standing.last_success_at).min();
    let conditions: Vec<(Source, Condition)> =
        model.standings.iter().map(|standing| (standing.source, standing.condition)).collect();
    let health = Health::of(&insights_sources::all().collect::<Vec<_>>(), &conditions);
    html! {
        @match worst {
            _ if in_use && health.unknown().is_some() => p.trust.bad {
                b { "Nothing could be collected: " (health.unknown().unwrap_or_default()) "." }
                span { "Missing data may not have been collected. " a href="#freshness" { "See freshness" } }
            },
            _ if !in_use => p.trust.bad { b { "No scheduled run is recorded in this table." } span { "Missing data may not have been collected." } },
            Some(standing) if standing.tone() >= Tone::Unsure => {
                @let others = model.standings.iter().filter(|other| other.tone() >= Tone::Unsure).count() - 1;
                p.trust.(class(standing.tone())) {
                    b { "Not all of this is fresh." }
                    span {
                        (described(standing))
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
