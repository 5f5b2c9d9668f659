//! Whether the data of the page is complete and recent: the condition of each target. An empty result and a failed collection are
//! different.

use super::insight::Context;
use super::model::Model;
use super::sections::{self, tone_class};
use crate::status;
use insights_query::format::{length, service};
use insights_query::health::{Condition, Health, Target, described};
use insights_shared::record::Source;
use insights_sources::view::Tone;
use maud::{Markup, html};
use std::cmp::Reverse;

/// The section.
pub fn section(model: &Model, context: Context<'_>) -> Markup {
    let shown = status::sections(&model.targets, model.now, context.location, context.zone);
    html! {
        section #freshness aria-labelledby="freshness-title" {
            header {
                h2 #freshness-title { "Freshness" }
                span.quiet { "the last successful run of each account and region" }
            }
            @if model.targets.is_empty() {
                p.panel.nothing { "No run is recorded in this table. Deploy the functions, or invoke them once." }
            } @else {
                div.panel.grid-wrap { @for one in &shown { (sections::render_one(one, context)) } }
            }
        }
    }
}

/// The target whose data can be trusted least: the worst condition, of these without a success, of these the longest ago.
pub fn worst<'a>(targets: impl IntoIterator<Item = &'a Target>) -> Option<&'a Target> {
    let rank = |target: &Target| {
        let condition = target.classification.condition;
        // Nothing was fetched at all; too little was fetched; something was fetched.
        let lost = match condition {
            Condition::Denied | Condition::Failed => 3,
            Condition::Throttled => 2,
            Condition::Stale => 1,
            _ => 0,
        };
        let success = target.state.as_ref().and_then(|state| state.timestamp("last_success_at"));
        (condition.tone(), lost, Reverse(success))
    };
    targets.into_iter().max_by_key(|target| rank(target))
}

/// The freshness of all data in one line at the top of the page.
pub fn trust(model: &Model) -> Markup {
    let condition = |target: &Target| target.classification.condition;
    let tone = |target: &Target| condition(target).tone();
    let last_success = |target: &Target| target.state.as_ref()?.timestamp("last_success_at");
    let worst = worst(&model.targets);
    let described = |target: &Target| {
        described(target.source, &target.place, condition(target), last_success(target), model.now)
    };
    let in_use = model.targets.iter().any(|target| condition(target) != Condition::NeverRun);
    let never_run = model.targets.iter().find(|target| condition(target) == Condition::NeverRun);
    let oldest = model.targets.iter().filter(|target| tone(target) == Tone::Good);
    let oldest = oldest.filter_map(last_success).min();
    let conditions: Vec<(Source, Condition)> =
        model.targets.iter().map(|target| (target.source, condition(target))).collect();
    let health = Health::of(&insights_sources::all().collect::<Vec<_>>(), &conditions);
    html! {
        @match worst {
            _ if in_use && health.unknown().is_some() => p.trust.bad {
                b { "Nothing could be collected: " (health.unknown().unwrap_or_default()) "." }
                span { "Missing data may not have been collected. " a href="#freshness" { "See freshness" } }
            },
            _ if !in_use => p.trust.bad { b { "No scheduled run is recorded in this table." } span { "Missing data may not have been collected." } },
            Some(target) if tone(target) >= Tone::Unsure => {
                @let others = model.targets.iter().filter(|other| tone(other) >= Tone::Unsure).count() - 1;
                p.trust.(tone_class(tone(target))) {
                    b { "Not everything is up to date." }
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
