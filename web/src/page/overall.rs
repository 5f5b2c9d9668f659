//! The overall state of a page: one of four, in the heading, the title and the icon. An empty list is "no problem" only if everything
//! that could have an insight was collected.

use super::model::Model;
use insights_query::format::{self, instant};
use insights_query::health::Health;
use insights_shared::record::Severity;
use insights_sources::view::console::encoded;
use maud::{Markup, html};

/// What is known about all insights of the period, whatever the filter lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overall {
    /// An insight is open.
    Problem,
    /// No insight is open, and everything was collected.
    NoProblem,
    /// No insight is known to be open, but not everything was collected.
    PartlyUnknown,
    /// Nothing was collected.
    Unknown,
}

impl Overall {
    /// The state of `model`.
    pub fn of(model: &Model) -> Self {
        match &model.health {
            _ if model.known.open > 0 => Self::Problem,
            Health::Known => Self::NoProblem,
            Health::Partly => Self::PartlyUnknown,
            Health::Unknown(_) => Self::Unknown,
        }
    }

    /// The state in words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Problem => "Problem",
            Self::NoProblem => "No problem",
            Self::PartlyUnknown => "Partly unknown",
            Self::Unknown => "Unknown",
        }
    }

    /// The class of the state in the style.
    pub fn class(self) -> &'static str {
        match self {
            Self::Problem => "problem",
            Self::NoProblem => "no-problem",
            Self::PartlyUnknown => "partly-unknown",
            Self::Unknown => "unknown",
        }
    }

    /// The icon as a `data:` address. Each state has a shape of its own, so that it does not depend on colour.
    pub fn icon(self) -> String {
        let (shape, sign) = match self {
            Self::Problem => ("<path d='M16 1 31 30H1z' fill='#b80f45'/>", "!"),
            Self::NoProblem => ("<circle cx='16' cy='16' r='15' fill='#1f6b45'/>", "✓"),
            Self::PartlyUnknown => ("<path d='M16 1 31 16 16 31 1 16z' fill='#8a5a00'/>", "?"),
            Self::Unknown => ("<rect x='2' y='2' width='28' height='28' fill='#566070'/>", "?"),
        };
        let text = format!(
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'>{shape}<text x='16' y='24' font-size='20' \
             font-family='sans-serif' font-weight='700' text-anchor='middle' fill='#fff'>{sign}</text></svg>"
        );
        format!("data:image/svg+xml,{}", encoded(&text))
    }
}

/// The heading: the state, the selection, and how many of its insights are open.
pub fn heading(model: &Model) -> Markup {
    let overall = Overall::of(model);
    let by_severity =
        |severity: Severity| model.open.iter().filter(|insight| insight.severity() == severity).count();
    let severities = Severity::ALL.into_iter().rev().map(|severity| (severity, by_severity(severity)));
    let severities: Vec<(Severity, usize)> = severities.filter(|(_, number)| *number > 0).collect();
    html! {
        span.overall.(overall.class()) { (overall.in_words()) } " "
        (selection(model)) ": " (verdict(model))
        @if !severities.is_empty() {
            " ("
            @for (nth, (severity, number)) in severities.iter().enumerate() {
                @if nth > 0 { ", " }
                span.count { (format::count(*number as u64)) " " (severity.as_str()) }
            }
            ")"
        }
        (elsewhere(model))
    }
}

/// The title of the document.
pub fn title(model: &Model) -> String {
    format!("{}: {} · Insights", Overall::of(model).in_words(), verdict(model))
}

/// What the page lists: `CloudTrail, high or worse, last 7 days`.
fn selection(model: &Model) -> String {
    model.filter.in_words(model.span, model.now, &model.zone)
}

/// How many of the listed insights are open: `2 of 4 open`.
fn verdict(model: &Model) -> String {
    let (open, all) = (model.open.len(), model.open.len() + model.closed.len());
    let numbers = format!("{} of {}", format::count(open as u64), format::count(all as u64));
    let when = match model.past() {
        Some(until) => format!(" at {}", instant(until, &model.zone)),
        None => String::new(),
    };
    match &model.selected_health {
        Health::Unknown(_) if all == 0 => "nothing was collected".to_owned(),
        Health::Unknown(_) if open == 0 => format!("{numbers} known to be open{when}, nothing was collected"),
        Health::Partly if open == 0 => {
            format!("{numbers} known to be open{when}, not everything was collected")
        }
        _ => format!("{numbers} open{when}"),
    }
}

/// The open insights that the filter does not list.
fn elsewhere(model: &Model) -> Markup {
    let hidden = model.known.open.saturating_sub(model.open.len());
    html! {
        @if hidden > 0 { "; " (format::count(hidden as u64)) " more open, not listed because of the filter" }
    }
}
