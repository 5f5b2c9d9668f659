//! Incidents, each as a sentence with its insights. `insights_query::incident` groups them.

use super::insight::Context;
use super::model::{Insight, Model};
use super::text::{class, severity, severity_of, time};
use insights_query::format::{heading, length, plain, so_many};
use insights_query::incident::{CorrelationReason, Incident, Member};
use insights_shared::time::Timestamp;
use maud::{Markup, html};
use std::collections::BTreeMap;

/// The maximum number of incidents on a page.
const MOST: usize = 40;
/// The maximum number of insights of one incident.
const MOST_MEMBERS: usize = 12;
/// The maximum number of sentences at the top.
const MOST_NOW: usize = 3;

/// The sentences of open incidents.
pub fn now(model: &Model, context: Context<'_>) -> Markup {
    let listed = listed(model);
    let open: Vec<&Incident> =
        correlated(model, &listed).filter(|incident| ended_at(incident, context).is_none()).collect();
    html! {
        @if !open.is_empty() {
            ul.told {
                @for incident in open.iter().take(MOST_NOW) {
                    li.{ "s-" (incident.severity().as_str()) } {
                        p { (capitalised(&incident.sentence())) }
                        p.quiet {
                            "Began " time datetime=(incident.started_at()) { (length(context.now.millis_since(incident.started_at()))) @if model.past().is_some() { " earlier" } @else { " ago" } }
                            "; " (so_many(incident.members().len(), "insight", "insights")) ". "
                            a href="#incidents" { "Related insights" }
                        }
                    }
                }
            }
            @if open.len() > MOST_NOW { p.quiet.more { (open.len() - MOST_NOW) " more open incidents are below, under Incidents." } }
        }
    }
}

/// The section.
pub fn section(model: &Model, context: Context<'_>) -> Markup {
    let anchors = listed(model);
    let shown: Vec<&Incident> = correlated(model, &anchors).collect();
    let is_listed = |incident: &&Incident| is_listed(incident, &anchors);
    let alone = model.incidents.iter().filter(|incident| !incident.is_correlated()).filter(is_listed).count();
    let hidden = model.incidents.iter().filter(|incident| incident.is_correlated()).count() - shown.len();
    html! {
        section #incidents aria-labelledby="incidents-title" {
            header {
                h2 #incidents-title { "Incidents" }
                span.quiet { "insights of one account and region that began near each other or share a service; what came first need not be the cause" }
            }
            @if shown.is_empty() {
                p.panel.nothing { @if hidden > 0 { "No listed insight belongs to an incident." } @else { "No two insights of this time belong together." } }
            } @else {
                ul.told { @for incident in shown.iter().take(MOST) { (one(incident, &anchors, context)) } }
            }
            p.quiet {
                @if shown.len() > MOST { (so_many(shown.len() - MOST, "further incident is", "further incidents are")) " left out. " }
                @if alone > 0 { (so_many(alone, "insight stands", "insights stand")) " alone. " }
                @if hidden > 0 { (so_many(hidden, "incident has", "incidents have")) " no listed insight because of the filter." }
            }
        }
    }
}

/// The listed insights by their partition keys.
type Listed<'a> = BTreeMap<&'a str, &'a Insight>;

fn listed(model: &Model) -> Listed<'_> {
    model.insights().map(|insight| (insight.pk(), insight)).collect()
}

/// The incidents of several insights of which at least one is listed.
fn correlated<'a>(model: &'a Model, listed: &Listed<'_>) -> impl Iterator<Item = &'a Incident> {
    model.incidents.iter().filter(|incident| incident.is_correlated() && is_listed(incident, listed))
}

fn is_listed(incident: &Incident, listed: &Listed<'_>) -> bool {
    incident.members().iter().any(|member| is_member_listed(member, listed))
}

fn is_member_listed(member: &Member, listed: &Listed<'_>) -> bool {
    member.occurrence.insight.text("pk").is_some_and(|pk| listed.contains_key(pk))
}

/// The id of an incident, on a live page as a link to its page.
fn name(incident: &Incident, context: Context<'_>) -> Markup {
    let id = incident.id();
    html! {
        @if context.medium.is_live() { a href={ "/incidents/" (id) } { (id) } } @else { code { (id) } }
    }
}

/// The end of an incident, unless it was open at the instant of the page.
fn ended_at(incident: &Incident, context: Context<'_>) -> Option<Timestamp> {
    incident.ended_at().filter(|ended| *ended <= context.now)
}

fn one(incident: &Incident, anchors: &Listed<'_>, context: Context<'_>) -> Markup {
    let (members, hidden): (Vec<&Member>, Vec<&Member>) =
        incident.members().iter().partition(|member| is_member_listed(member, anchors));
    let (left_out, hidden) = (members.len().saturating_sub(MOST_MEMBERS), hidden.len());
    html! {
        li.{ "s-" (incident.severity().as_str()) } {
            p { (severity(incident.severity().as_str())) " " (capitalised(&incident.sentence())) }
            p.quiet {
                "From " (time(incident.started_at(), context.zone))
                @match ended_at(incident, context) {
                    Some(ended) => { " to " (time(ended, context.zone)) },
                    None => ", still open",
                }
                ". Incident " (name(incident, context))
            }
            ol { @for member in members.iter().take(MOST_MEMBERS) { (insight(member, anchors, context)) } }
            @if left_out > 0 { p.quiet { "… and " (so_many(left_out, "more insight", "more insights")) } }
            @if hidden > 0 { p.quiet { "The filter hides " (so_many(hidden, "insight", "insights")) " of this incident." } }
        }
    }
}

fn insight(member: &Member, anchors: &Listed<'_>, context: Context<'_>) -> Markup {
    let record = &member.occurrence.insight;
    let found = record.text("pk").and_then(|pk| anchors.get(pk));
    let address = found.and_then(|insight| match insight.detail {
        Some(_) => Some(format!("#{}", insight.anchor())),
        None => context.medium.address(insight.pk()),
    });
    let heading = heading(record);
    let why = match &member.reason {
        None => String::new(),
        Some(CorrelationReason::Proximity) => " – began near it".to_owned(),
        Some(CorrelationReason::Service(name)) => format!(" – shares {}", plain(name)),
        Some(CorrelationReason::Caller(arn)) => format!(" – same caller {}", plain(arn)),
    };
    html! {
        li.{ "s-" (class(severity_of(record))) } {
            span.at { (after(member.after)) }
            span {
                @match address {
                    Some(address) => a href=(address) { (heading.name) },
                    None => (heading.name),
                }
                @if let Some(message) = heading.message { span.quiet { ": " (message) } }
                span.quiet { (why) }
            }
        }
    }
}

fn after(millis: i64) -> String {
    if millis < 60_000 { "first".to_owned() } else { format!("+{}", length(millis)) }
}

/// A sentence with a capital letter.
pub fn capitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    first + letters.as_str()
}
