//! Daily counts as a chart with a table. A day that was not collected is hatched, and never shown as zero.

use super::chart::{Sign, canvas, legend};
use super::insight::Context;
use super::sections::render_value;
use super::text::{as_table, cell, date, severity, severity_of, table};
use insights_query::format::{self, counted, plain};
use insights_sources::view::counts::{Counts, Day, Role, columns, stacked, values};
use maud::{Markup, html};
use serde_json::{Map, Value as Json, json};

/// The chart of `counts` with its heading, the newest counts as a sentence, and the table of days.
pub fn chart(counts: &Counts, context: Context<'_>) -> Markup {
    let newest = counts.newest();
    let title = plain(&counts.title);
    let label = format!("{title}: counts by day");
    let measures = stacked(counts.kind);
    let parts: Vec<Json> = measures
        .iter()
        .map(|(role, measure)| json!({ "name": measure.name, "label": measure.label, "role": class(*role) }))
        .collect();
    let days: Vec<Json> = counts.days.iter().map(|one| day(counts, one)).collect();
    let label_of = |role, label: &'static str| match role {
        Role::Inconclusive => format!("{label} (below the line)"),
        _ => label.to_owned(),
    };
    let labels: Vec<String> = measures.iter().map(|(role, measure)| label_of(*role, measure.label)).collect();
    let mut signs: Vec<(Sign, &str)> = Vec::new();
    for ((role, _), label) in measures.iter().zip(&labels) {
        signs.push((Sign::Surface(class(*role)), label));
    }
    signs.push((Sign::Hatched, "not collected"));
    html! {
        h3 {
            @if let Some((_, snapshot)) = newest { (severity(severity_of(snapshot))) }
            span { (title) }
            @if let Some(place) = &counts.place { span.quiet { (place) } }
        }
        p.quiet {
            @match newest {
                Some((day, snapshot)) => {
                    (date(day)) @if let Some(judgement) = format::judgement(snapshot) { ": " (judgement) }
                },
                None => "No day of this period has counts.",
            }
        }
        figure {
            (canvas("counts", &label, &json!({ "parts": parts, "days": days })))
            (legend(&signs))
            (as_table("The same as a table", &by_day(&label, counts, context)))
        }
    }
}

/// The CSS class of a measure in the page and in charts.
fn class(role: Role) -> &'static str {
    match role {
        Role::NonCompliant => "noncompliant",
        Role::Compliant => "compliant",
        Role::Inconclusive => "inconclusive",
        Role::Plain => "plain",
    }
}

/// A day in the data of the chart. A day without counts has `null` and the reason.
fn day(counts: &Counts, day: &Day) -> Json {
    let numbers = day.given.snapshot().map(|snapshot| {
        let number = |name: &str| (name.to_owned(), json!(counted(snapshot, name)));
        stacked(counts.kind).iter().map(|(_, measure)| number(measure.name)).collect::<Map<_, _>>()
    });
    json!({ "day": day.day, "name": date(&day.day), "counts": numbers, "why": day.given.reason() })
}

/// The days as a table, newest first.
fn by_day(caption: &str, counts: &Counts, context: Context<'_>) -> Markup {
    let measures = columns(counts.kind);
    let mut names = vec![("Day (UTC)", false)];
    names.extend(measures.iter().map(|column| (column.name.as_str(), column.is_number)));
    let row = |day: &Day| {
        let mut row = vec![cell(&day.day)];
        match day.given.snapshot() {
            Some(snapshot) => {
                let values = values(counts.kind, snapshot);
                row.extend(values.iter().map(|value| render_value(value, context)));
            }
            None => row.push(cell(day.given.reason().unwrap_or_default())),
        }
        row
    };
    let rows: Vec<Vec<Markup>> = counts.days.iter().rev().map(row).collect();
    table(caption, &names, &rows)
}
