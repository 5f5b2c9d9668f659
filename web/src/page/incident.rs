//! The page of one incident: its insights, what happened in the order of time, the lanes of that time, who called, and a text to copy.

use super::insight::{Context, copy};
use super::log::{self, Entry};
use super::model::Model;
use super::rows::{self, List};
use super::text::{severity, time};
use super::{incidents, timeline};
use insights_query::format::{self, instant, length, plain, service, so_many};
use insights_query::incident::Incident;
use insights_sources::view;
use maud::{Markup, html};
use std::collections::BTreeSet;

/// The header and the parts of the page of `incident`, whose insights are those of `model`.
pub fn page(model: &Model, incident: &Incident, context: Context<'_>) -> (Markup, Markup) {
    let entries = log::of(model);
    let sentence = incidents::capitalised(&incident.sentence());
    let place = incident.place();
    let header = html! {
        h1 { (sentence) }
        p.trust {
            (severity(incident.severity().as_str()))
            span {
                @match incident.ended_at() {
                    Some(ended) => { "Ended " (time(ended, context.zone)) ", lasted " (length(ended.millis_since(incident.started_at()))) },
                    None => { "Open for " (length(model.now.millis_since(incident.started_at()))) },
                }
                ", " (so_many(incident.members().len(), "insight", "insights"))
                @if let Some(place) = &place { ", account " (place.account_id) " " (place.region) }
            }
        }
        p.links {
            span { "Incident " code { (incident.id()) } (copy(&incident.id(), "Copy id")) }
            (copy(&markdown(model, incident, &entries, context), "Copy as Markdown"))
        }
    };
    let body = html! {
        (timeline::section(model, context))
        (log(&entries, context))
        (callers(model))
        section #now aria-labelledby="now-title" {
            header { h2 #now-title { "Insights" } span.quiet { "with callers, service graphs, numbers and links" } }
            @if !model.open.is_empty() { (rows::list(List::Open, &model.open, model, context)) }
            @if !model.closed.is_empty() { (rows::list(List::Ended, &model.closed, model, context)) }
        }
    };
    (header, body)
}

fn log(entries: &[Entry], context: Context<'_>) -> Markup {
    html! {
        section #log aria-labelledby="log-title" {
            header { h2 #log-title { "What happened" } span.quiet { "starts, updates, crossings of the usual rate, and ends of all insights" } }
            ol.log.panel.padded {
                @for entry in entries {
                    li { (time(entry.at, context.zone)) span.quiet { (service(&entry.source)) } span { (entry.text) } }
                }
            }
        }
    }
}

/// Everybody who called while something was unusual.
fn callers(model: &Model) -> Markup {
    let names = model.insights().flat_map(|insight| view::names(&insight.record).callers);
    let names: BTreeSet<String> = names.map(|name| plain(&name)).collect();
    html! {
        @if !names.is_empty() {
            section #callers aria-labelledby="callers-title" {
                header { h2 #callers-title { "Callers" } }
                ul.panel.padded { @for name in &names { li { code { (name) } (copy(name, "Copy")) } } }
            }
        }
    }
}

/// The incident as Markdown.
fn markdown(model: &Model, incident: &Incident, entries: &[Entry], context: Context<'_>) -> String {
    let at = |at| instant(at, context.zone);
    let ended = incident.ended_at().map_or_else(|| "open".to_owned(), |ended| format!("to {}", at(ended)));
    let place = incident
        .place()
        .map_or_else(String::new, |place| format!(", account {} {}", place.account_id, place.region));
    let mut lines = vec![
        format!("## {}", escaped(&incidents::capitalised(&incident.sentence()))),
        String::new(),
        format!(
            "Incident {}, {}, {} {ended}{place}; {}.",
            incident.id(),
            incident.severity().as_str(),
            at(incident.started_at()),
            format::times(context.zone, incident.started_at(), model.now)
        ),
        String::new(),
    ];
    for insight in model.insights() {
        let record = &insight.record;
        let judgement =
            format::judgement(record).map_or_else(String::new, |judgement| format!(", {judgement}"));
        let source = record.text("source").map(service).unwrap_or_default();
        lines.push(format!(
            "- {} {}{} ({})",
            insight.severity().as_str(),
            escaped(&format::heading(record).name),
            escaped(&judgement),
            escaped(source)
        ));
    }
    lines.extend([String::new(), "| Time | Source | Event |".to_owned(), "|---|---|---|".to_owned()]);
    lines.extend(entries.iter().map(|entry| {
        format!("| {} | {} | {} |", at(entry.at), escaped(service(&entry.source)), escaped(&entry.text))
    }));
    lines.join("\n") + "\n"
}

/// External text in Markdown: characters that could format it are escaped.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if "\\`*_[]<>|#".contains(letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn external_text_cannot_format_the_copied_text() {
        assert_eq!(escaped("a | b_c [x](y) <i>"), "a \\| b\\_c \\[x\\](y) \\<i\\>");
    }
}
