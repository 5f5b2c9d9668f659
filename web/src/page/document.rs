//! The complete document with style, scripts and a content security policy that allows nothing else.

use super::insight::{self, Context};
use super::model::{Insight, Model};
use super::overall::{self, Overall};
use super::{Medium, chart, compliance, freshness, incidents, readiness, sections, timeline, top};
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

/// The style of all pages.
pub const STYLE: &str = include_str!("../../assets/page.css");
/// The scripts of all pages in the order in which they run: two unmodified libraries, the charts, and page controls. The page is
/// readable without them.
pub const SCRIPTS: [(&str, &str); 4] = [
    ("d3.min.js", include_str!("../../assets/vendor/d3.min.js")),
    ("plot.umd.min.js", include_str!("../../assets/vendor/plot.umd.min.js")),
    ("charts.js", include_str!("../../assets/charts.js")),
    ("page.js", include_str!("../../assets/page.js")),
];

/// The maximum number of ended insights in the list.
const MOST_ENDED: usize = 1_000;
/// The maximum number of open insights in the list.
const MOST_OPEN: usize = 1_000;

/// A page of everything.
pub fn whole(model: &Model, medium: &Medium) -> Markup {
    let context = Context { now: model.as_of(), zone: &model.zone, medium, location: &model.location };
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
    framed(&overall::title(model), Some(Overall::of(model)), &body, medium)
}

/// A page of one insight.
pub fn single(model: &Model, insight: &Insight, detail: &Detail, medium: &Medium) -> Markup {
    let context = Context { now: model.now, zone: &model.zone, medium, location: &model.location };
    let record = &insight.record;
    let severity = insight.severity();
    let heading = format::heading(record);
    let body = html! {
        header.top {
            p.brand { a href="/" { "All insights" } span { "table " (model.table) } span { "as of " (super::text::time(model.now, context.zone)) }
                span { (format::times(context.zone, model.oldest(), model.now)) } a #refresh href="" { "Refresh" } span #refreshed role="status" {} }
            h1 { (heading.name) }
            @if let Some(message) = &heading.message { p.message { (message) } }
            p.trust { (super::text::severity(severity.as_str())) span { @if insight.is_open() { "Open" } @else { "Ended" }
                @if let Some(measures) = format::judgement(record) { ": " (measures) } } }
        }
        main #main {
            section.insight.{ "s-" (severity.as_str()) } aria-label="The insight" {
                div.panel { div.inside.single id=(insight.anchor()) tabindex="-1" { (insight::inside(insight, detail, context)) } }
            }
            (incidents::section(model, context))
        }
        (foot(model, medium))
    };
    framed(&format!("{} · Insights", heading.name), None, &body, medium)
}

/// A page with an error message.
pub fn message(title: &str, text: &Markup) -> Markup {
    let body = html! {
        header.top { p.brand { a href="/" { "All insights" } } h1 { (title) } }
        main #main { section { div.panel.padded { (text) } } }
    };
    framed(title, None, &body, &Medium::Live(super::filter::Filter::default()))
}

/// The frame of all pages. It escapes the hidden characters of the whole page.
fn framed(title: &str, overall: Option<Overall>, body: &Markup, medium: &Medium) -> Markup {
    let title = visible(title);
    let icon = overall.map_or_else(|| "data:,".to_owned(), Overall::icon);
    let body = PreEscaped(visible_lines(&body.0));
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                @if medium.is_live() {
                    link rel="stylesheet" href="/assets/page.css";
                    @for (name, _) in SCRIPTS { script src={ "/assets/" (name) } defer {} }
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
            body data-live[medium.is_live()] {
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
    let shown = model.open.get(..MOST_OPEN).unwrap_or(&model.open);
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
                (insight::rows(shown, context))
            }
        }
    }
}

fn ended(model: &Model, context: Context<'_>) -> Markup {
    let shown = model.closed.get(..MOST_ENDED).unwrap_or(&model.closed);
    html! {
        section #ended aria-labelledby="ended-title" {
            header {
                h2 #ended-title { "Ended insights" }
                @if !model.closed.is_empty() { span.quiet { (so_many(model.closed.len(), "insight", "insights")) ", newest first" } }
            }
            @if model.closed.is_empty() {
                p.panel.nothing { (empty(model, "insight that ended in this period")) }
            } @else {
                (insight::rows(shown, context))
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
    let left_out = left_out(model);
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

fn left_out(model: &Model) -> Vec<String> {
    let mut left_out = Vec::new();
    let more = |number: usize, most: usize| number.checked_sub(most).filter(|more| *more > 0);
    if let Some(more) = more(model.open.len(), MOST_OPEN) {
        left_out.push(format!(
            "{} in the list of open insights: the least severe; `{}` has them all",
            so_many(more, "open insight", "open insights"),
            CommandLine::insights(&["list", "--open"]).at(&model.location)
        ));
    }
    if let Some(more) = more(model.closed.len(), MOST_ENDED) {
        let by_severity = |severity: Severity| {
            let rest = model.closed.get(MOST_ENDED..).unwrap_or_default();
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
    if model.without_detail > 0 {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_libraries_are_unmodified_and_have_version_licence_and_integrity() {
        let vendor = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/vendor");
        let read = |name: &str| std::fs::read_to_string(format!("{vendor}/{name}")).unwrap();
        let note = read("README.md");
        for (name, version, licence, hash) in [
            (
                "d3.min.js",
                "7.9.2",
                "d3.LICENSE",
                "912111098ea99503a6f4967361d2bbdc9dbf58cf9c678c8e27e5b02d1a07f0c1",
            ),
            (
                "plot.umd.min.js",
                "0.6.17",
                "plot.LICENSE",
                "4358086467740777dd788d6b27a95cebdbaefdd50c730a3060117073bd7134cb",
            ),
        ] {
            let text = read(name);
            assert_eq!(insights_shared::key::sha256_hex(text.as_bytes()), hash, "{name}");
            assert!(text.lines().next().unwrap().contains(version), "{name}");
            assert!(SCRIPTS.contains(&(name, text.as_str())), "{name}");
            let line = note.lines().find(|line| line.contains(&format!("`{name}`"))).unwrap();
            assert!(line.contains(version) && line.contains(licence) && line.contains("sha512-"), "{line}");
            assert!(read(licence).contains("Permission to use, copy, modify"), "{licence}");
        }
    }

    #[test]
    fn no_script_can_end_its_element() {
        for (name, script) in SCRIPTS {
            let lower = script.to_lowercase();
            assert!(!lower.contains("</script") && !lower.contains("<!--"), "{name}");
        }
        assert!(!STYLE.contains("</"));
    }
}
