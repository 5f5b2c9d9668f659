//! Counts by day, and the controls that are worst. What was inconclusive is no part of the judgement, and a
//! day that was not collected is not a day without evidence.

use super::chart::{Sign, canvas, legend};
use super::insight::Context;
use super::model::{Compliance, Model};
use super::text::{as_table, cell, date, line, severity, severity_of, table};
use insights_query::counts::{Day, Given, Level, SOURCE};
use insights_query::format::{self, counted, thousands};
use insights_shared::record::Stored;
use maud::{Markup, html};
use serde_json::{Value as Json, json};
use std::cmp::Reverse;

/// How many controls are named.
const WORST: usize = 15;

/// The section.
pub fn section(model: &Model, _setting: Context<'_>) -> Markup {
    html! {
        section #compliance aria-labelledby="compliance-title" {
            header {
                h2 #compliance-title { "Compliance" }
                span.quiet { (SOURCE.label) "'s evidence of each UTC day; inconclusive evidence is counted apart" }
            }
            @if model.compliance.is_empty() {
                p.panel.nothing { "No counts are stored of this time. " (SOURCE.label) " gives them once a day, where it is set up." }
            } @else {
                div.scopes { @for scope in &model.compliance { (one(scope)) } }
                (legend(&[
                    (Sign::Surface("noncompliant"), "non-compliant"),
                    (Sign::Surface("compliant"), "compliant"),
                    (Sign::Surface("inconclusive"), "inconclusive (below the line)"),
                    (Sign::Hatched, "not collected"),
                ]))
                (controls(model))
            }
        }
    }
}

fn one(compliance: &Compliance) -> Markup {
    let newest = compliance.days.iter().rev().find_map(|day| match &day.given {
        Given::Counts(snapshot) => Some((day, snapshot)),
        _ => None,
    });
    let scope = &compliance.scope;
    let title =
        if scope.level == Level::Account && scope.title.is_empty() { "The account" } else { &scope.title };
    let days: Vec<Json> = compliance.days.iter().map(counts).collect();
    let label = format!("Evidence by day of {title}");
    html! {
        div.panel.padded {
            h3 {
                @if let Some((_, snapshot)) = newest { (severity(severity_of(snapshot))) }
                span { (title) }
                span.quiet { (scope.place.account_id) " " (scope.place.region) }
            }
            @match newest {
                Some((day, snapshot)) => p.quiet {
                    (count(snapshot, "noncompliant")) " of " (thousands(judged(snapshot))) " pieces of evidence are non-compliant on "
                    (date(&day.day)) " (" (share(snapshot)) "); " (count(snapshot, "inconclusive")) " more are inconclusive."
                },
                None => p.quiet { "No day of this time has counts." },
            }
            figure {
                (canvas("counts", &label, &json!({ "days": days })))
                (as_table("The same as a table", &by_day(&label, &compliance.days)))
            }
        }
    }
}

/// A day as the chart has it; one that was not collected has no counts at all.
fn counts(day: &Day) -> Json {
    let given = match &day.given {
        Given::Counts(snapshot) => Some(json!({
            "noncompliant": counted(snapshot, "noncompliant"),
            "compliant": counted(snapshot, "compliant"),
            "inconclusive": counted(snapshot, "inconclusive"),
        })),
        Given::Nothing | Given::NotCollected => None,
    };
    let why = if day.given == Given::Nothing { "no counts yet" } else { "not collected" };
    json!({ "day": day.day, "name": date(&day.day), "counts": given, "why": why })
}

fn by_day(caption: &str, days: &[Day]) -> Markup {
    let columns = [
        ("Day (UTC)", false),
        ("Non-compliant", true),
        ("Compliant", true),
        ("Share", true),
        ("Inconclusive", true),
    ];
    let row = |day: &Day| match &day.given {
        Given::Counts(snapshot) => vec![
            cell(&day.day),
            cell(count(snapshot, "noncompliant")),
            cell(count(snapshot, "compliant")),
            cell(share(snapshot)),
            cell(count(snapshot, "inconclusive")),
        ],
        Given::Nothing => vec![cell(&day.day), cell("no counts yet")],
        Given::NotCollected => vec![cell(&day.day), cell("not collected")],
    };
    let rows: Vec<Vec<Markup>> = days.iter().rev().map(row).collect();
    table(caption, &columns, &rows)
}

fn controls(model: &Model) -> Markup {
    let mut controls: Vec<(&str, &Stored)> = model
        .compliance
        .iter()
        .flat_map(|scope| scope.controls.iter().map(|control| (scope.scope.title.as_str(), control)))
        .filter(|(_, control)| counted(control, "noncompliant").unwrap_or_default() > 0)
        .collect();
    controls.sort_by_key(|(_, control)| Reverse(badness(control)));
    let left_out = controls.len().saturating_sub(WORST);
    controls.truncate(WORST);
    let columns = [
        ("Severity", false),
        ("Control", false),
        ("Of", false),
        ("Non-compliant", true),
        ("Compliant", true),
        ("Share", true),
        ("Inconclusive", true),
    ];
    let row = |(scope, control): &(&str, &Stored)| {
        vec![
            severity(severity_of(control)),
            cell(line(control, "title")),
            cell(scope),
            cell(count(control, "noncompliant")),
            cell(count(control, "compliant")),
            cell(share(control)),
            cell(count(control, "inconclusive")),
        ]
    };
    let rows: Vec<Vec<Markup>> = controls.iter().map(row).collect();
    html! {
        @if !rows.is_empty() {
            div.panel.padded.worst {
                h3 { "Worst controls" }
                (table("On the newest day of each scope; by severity, then by share", &columns, &rows))
                @if left_out > 0 { p.quiet { (left_out) " more controls with non-compliant evidence are left out." } }
            }
        }
    }
}

/// What puts controls in order: severity, then share in thousandths, then number.
fn badness(control: &Stored) -> (Option<insights_shared::record::Severity>, i64, i64) {
    let noncompliant = counted(control, "noncompliant").unwrap_or_default();
    let share = noncompliant.saturating_mul(1_000).checked_div(judged(control)).unwrap_or_default();
    (insights_shared::record::Severity::parse(severity_of(control)), share, noncompliant)
}

fn judged(snapshot: &Stored) -> i64 {
    let measure = |name| counted(snapshot, name).unwrap_or_default();
    measure("noncompliant").saturating_add(measure("compliant"))
}

fn share(snapshot: &Stored) -> String {
    format::share(counted(snapshot, "noncompliant").unwrap_or_default(), judged(snapshot))
}

fn count(snapshot: &Stored, name: &str) -> String {
    counted(snapshot, name).map_or_else(|| "–".to_owned(), thousands)
}
