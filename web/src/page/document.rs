//! The complete document with style, scripts and a content security policy that allows nothing else.

use super::assets::{self, SCRIPTS, STYLE};
use super::insight::{self, Context};
use super::model::{Insight, Model};
use super::overall::{self, Overall};
use super::rows::{self, List, MOST_IN_FILE};
use super::{
    Medium, chart, compliance, fingerprint, freshness, incident, incidents, readiness, sections, timeline,
    top,
};
use crate::command::CommandLine;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use insights_query::Detail;
use insights_query::format::escape::{visible, visible_lines};
use insights_query::format::{self, so_many};
use insights_query::health::Health;
use insights_shared::record::{Severity, Source};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

/// The settings of a page that shows its insights as of now.
fn present<'a>(model: &'a Model, medium: &'a Medium) -> Context<'a> {
    Context {
        now: model.now,
        is_now: true,
        today: model.now,
        zone: &model.zone,
        medium,
        location: &model.location,
    }
}

/// A page of everything.
pub fn whole(model: &Model, medium: &Medium) -> Markup {
    let context = Context { now: model.as_of(), is_now: model.past().is_none(), ..present(model, medium) };
    let body = html! {
        (top::top(model, context))
        main #main {
            (now(model, context))
            (timeline::section(model, context))
            (incidents::section(model, context))
            (ended(model, context))
            (compliance::section(model, context))
            (readiness::section(model, context))
            (freshness::section(model, context))
        }
        (foot(model, medium))
    };
    let fingerprint = medium.is_live().then(|| fingerprint::of(model));
    framed(&overall::title(model), Frame { overall: Some(Overall::of(model)), fingerprint }, &body, medium)
}

/// A page of one insight.
pub fn single(model: &Model, insight: &Insight, detail: &Detail, medium: &Medium) -> Markup {
    let context = present(model, medium);
    let record = &insight.record;
    let severity = insight.severity();
    let heading = format::heading(record);
    let body = html! {
        header.top {
            (brand(model, context))
            h1 { (heading.name) }
            @if let Some(message) = &heading.message { p.message { (message) } }
            p.trust { (super::text::severity(severity.as_str())) span { @if insight.is_open() { "Open" } @else { "Ended" }
                @if let Some(measures) = format::judgement(record) { ": " (measures) } } }
        }
        main #main {
            (timeline::zoomed())
            section.insight.{ "s-" (severity.as_str()) } aria-label="The insight" {
                div.panel { div.inside.single id=(insight.anchor()) tabindex="-1" { (insight::inside(insight, detail, context)) } }
            }
            (incidents::section(model, context))
        }
        (foot(model, medium))
    };
    framed(&format!("{} · Insights", heading.name), Frame::default(), &body, medium)
}

/// A page of one incident, the only one of `model`; `None` if it has none.
pub fn incident_page(model: &Model, medium: &Medium) -> Option<Markup> {
    let context = present(model, medium);
    let incident = model.incidents.first()?;
    let (header, parts) = incident::page(model, incident, context);
    let body = html! {
        header.top { (brand(model, context)) (header) p.lost #lost role="alert" hidden {} }
        main #main { (parts) }
        (foot(model, medium))
    };
    let frame = Frame { overall: None, fingerprint: Some(fingerprint::of(model)) };
    Some(framed(&format!("Incident {} · Insights", incident.id()), frame, &body, medium))
}

/// The first line of the page of an insight or an incident.
fn brand(model: &Model, context: Context<'_>) -> Markup {
    html! {
        p.brand {
            a href="/" { "All insights" }
            span { "table " (model.table) }
            span { "as of " span #as-of { (super::text::time(model.now, context.zone)) } }
            span { (format::times(context.zone, model.oldest(), model.now)) }
            (top::refreshing())
        }
    }
}

/// A page with an error message.
pub fn message(title: &str, text: &Markup) -> Markup {
    let body = html! {
        header.top { p.brand { a href="/" { "All insights" } } h1 { (title) } }
        main #main { section { div.panel.padded { (text) } } }
    };
    framed(title, Frame::default(), &body, &Medium::Live(Box::default()))
}

/// What the frame of a page shows of its model.
#[derive(Debug, Default)]
struct Frame {
    overall: Option<Overall>,
    fingerprint: Option<String>,
}

/// The frame of all pages. It escapes the hidden characters of the whole page.
fn framed(title: &str, frame: Frame, body: &Markup, medium: &Medium) -> Markup {
    let title = visible(title);
    let Frame { overall, fingerprint } = frame;
    let icon = overall.map_or_else(|| "data:,".to_owned(), Overall::icon);
    let body = PreEscaped(visible_lines(&body.0));
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                @if medium.is_live() {
                    @for asset in assets::all() {
                        @if asset.is_style() { link rel="stylesheet" href=(asset.address()); }
                        @else { script src=(asset.address()) defer {} }
                    }
                } @else {
                    meta http-equiv="Content-Security-Policy" content=(policy_of_a_file());
                }
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                meta name="generator" content=(concat!("insights ", env!("CARGO_PKG_VERSION")));
                link rel="icon" href=(icon);
                title { (title) }
                @if !medium.is_live() { style { (PreEscaped(STYLE)) } }
            }
            body data-live[medium.is_live()] data-fingerprint=[fingerprint] {
                a.skip href="#main" { "To the content" }
                (chart::patterns())
                (body)
                @if !medium.is_live() { @for (_, script) in SCRIPTS { script { (PreEscaped(script)) } } }
            }
        }
    }
}

/// The policy of a file: only its own style and scripts.
fn policy_of_a_file() -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())));
    let scripts = SCRIPTS.map(|(_, script)| hash(script)).join(" ");
    format!(
        "default-src 'none'; style-src {}; script-src {scripts}; img-src data:; base-uri 'none'; form-action 'none'",
        hash(STYLE),
    )
}

fn now(model: &Model, context: Context<'_>) -> Markup {
    let open_title = match model.past() {
        Some(until) => format!("Open at {}", format::instant(until, context.zone)),
        None => "Open insights".to_owned(),
    };
    html! {
        section #now aria-labelledby="now-title" {
            header { h2 #now-title { (open_title) } @if !model.open.is_empty() { span.quiet { "worst first" } } }
            (incidents::now(model, context))
            @if model.open.is_empty() {
                p.panel.nothing {
                    (empty(model, "open insight"))
                    @if model.selected_health != Health::Known { " " a href="#freshness" { "See freshness" } "." }
                }
            } @else {
                (rows::list(List::Open, &model.open, model, context))
            }
        }
    }
}

fn ended(model: &Model, context: Context<'_>) -> Markup {
    html! {
        section #ended aria-labelledby="ended-title" {
            header {
                h2 #ended-title { "Ended insights" }
                @if !model.closed.is_empty() { span.quiet { (so_many(model.closed.len(), "insight", "insights")) ", newest first" } }
            }
            @if model.closed.is_empty() {
                p.panel.nothing { (empty(model, "insight that ended in this period")) }
            } @else {
                (rows::list(List::Ended, &model.closed, model, context))
            }
        }
    }
}

/// Why a list is empty.
fn empty(model: &Model, what: &str) -> Markup {
    let what =
        if model.filter.narrows() { format!("{what} that matches the filter") } else { what.to_owned() };
    sections::explanation(&model.selected_health.explain_empty(&what))
}

/// The footer: what was left out, the severity rules, and the program's version.
fn foot(model: &Model, medium: &Medium) -> Markup {
    let left_out = left_out(model, medium);
    html! {
        footer.foot {
            @if !left_out.is_empty() {
                div #left-out { b { "Left out" } ul { @for what in &left_out { li { (what) } } } }
            }
            p { "Severities: " (severities()) "." }
            p {
                "Made by insights " (env!("CARGO_PKG_VERSION"))
                @if !medium.is_live() { " as a file that needs no network; links into the AWS console need one." }
            }
        }
    }
}

/// The severity rule of each source.
fn severities() -> String {
    let rule = |source: Source| source.0.kinds.iter().find_map(|kind| kind.severity.as_ref());
    let rules = insights_sources::all().filter_map(|source| Some((source.label, rule(source)?.value)));
    rules.map(|(label, value)| format!("{label} by {value}")).collect::<Vec<_>>().join("; ")
}

fn left_out(model: &Model, medium: &Medium) -> Vec<String> {
    let mut left_out = Vec::new();
    // A live page has further pages.
    let more =
        |number: usize, most: usize| number.checked_sub(most).filter(|more| *more > 0 && !medium.is_live());
    if let Some(more) = more(model.open.len(), MOST_IN_FILE) {
        left_out.push(format!(
            "{} in the list of open insights: the least severe; `{}` has them all",
            so_many(more, "open insight", "open insights"),
            CommandLine::insights(&["list", "--open"]).at(&model.location)
        ));
    }
    if let Some(more) = more(model.closed.len(), MOST_IN_FILE) {
        let by_severity = |severity: Severity| {
            let rest = model.closed.get(MOST_IN_FILE..).unwrap_or_default();
            rest.iter().filter(|insight| insight.severity() == severity).count()
        };
        let kinds: Vec<String> = Severity::ALL
            .into_iter()
            .rev()
            .filter_map(|severity| {
                Some(format!(
                    "{} {}",
                    Some(by_severity(severity)).filter(|number| *number > 0)?,
                    severity.as_str()
                ))
            })
            .collect();
        left_out.push(format!(
            "{} in the list of ended insights: the oldest ({}); `{}` has them all",
            so_many(more, "insight", "insights"),
            kinds.join(", "),
            CommandLine::insights(&["list", "--since", &model.span.since.to_string()]).at(&model.location)
        ));
    }
    if model.without_detail > 0 && !medium.is_live() {
        left_out.push(format!(
            "the charts and details of {}: open, severe and new ones come first; `insights show` has each",
            so_many(model.without_detail, "insight", "insights")
        ));
    }
    if model.passed_over > 0 {
        left_out.push(format!(
            "{} that a newer version of this program wrote: update it to see them",
            so_many(model.passed_over, "item", "items")
        ));
    }
    left_out
}
