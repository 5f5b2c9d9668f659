//! Daily counts as sections of a view: a chart of each scope, the newest counts of its parts, and the worst controls.
//! Independent of how sections are rendered.

use crate::counts::{ScopeDays, badness};
use crate::format::plain;
use crate::targets::Place;
use insights_shared::record::{Kind, Stored};
use insights_sources::kind_of;
use insights_sources::view::counts::{capitalized, columns, severity, values};
use insights_sources::view::{Column, Section, Table, Value, controls, counted};
use std::collections::BTreeSet;

/// The maximum number of controls in the table of the worst controls.
const MOST_CONTROLS: usize = 15;

/// The sections of scopes with their daily counts.
pub fn sections(scopes: &[ScopeDays]) -> Vec<Section> {
    let places: BTreeSet<&Place> = scopes.iter().map(|scope| &scope.scope.place).collect();
    let place = |scope: &ScopeDays| (places.len() > 1).then(|| named(&scope.scope.place));
    let (parts, tops): (Vec<&ScopeDays>, Vec<&ScopeDays>) =
        scopes.iter().partition(|scope| scope.scope.is_part());
    let charts = tops.iter().map(|scope| Section::Counts(scope.counts(place(scope))));
    let newest = newest("Newest counts", &tops).filter(|_| parts.is_empty());
    newest
        .into_iter()
        .chain(charts)
        .chain(newest_parts(&parts, usize::MAX))
        .chain(worst_controls(&tops))
        .collect()
}

/// The newest counts of accounts and assessments, accounts first.
pub fn newest(title: &str, scopes: &[&ScopeDays]) -> Option<Section> {
    let mut rows = rows(scopes);
    rows.sort_by_key(|(snapshot, _)| (kind_of(snapshot).map(position), badness(snapshot)));
    table(title, "Scope", &rows)
}

/// The newest counts of at most `most` control domains, worst first.
pub fn newest_parts(scopes: &[&ScopeDays], most: usize) -> Option<Section> {
    let kind = scopes.first()?.scope.kind;
    let mut rows = rows(scopes);
    rows.sort_by_key(|(snapshot, _)| badness(snapshot));
    let is_limited = rows.len() > most;
    rows.truncate(most);
    let title = if is_limited { format!("Worst {}s", kind.label) } else { format!("{}s", name(kind)) };
    table(&title, &name(kind), &rows)
}

/// The controls with non-compliant evidence on the newest day of each scope, worst first.
fn worst_controls(scopes: &[&ScopeDays]) -> Option<Section> {
    let is_noncompliant = |part: &&Stored| {
        let names = kind_of(part).and_then(|kind| kind.compliance);
        names.is_some_and(|names| counted(part, names.noncompliant).is_some_and(|number| number > 0))
    };
    let mut rows: Vec<Row<'_>> = Vec::new();
    for scope in scopes {
        let title = (scopes.len() > 1).then_some(scope.scope.title.as_str());
        rows.extend(scope.parts.iter().filter(is_noncompliant).map(|part| (part, title)));
    }
    rows.sort_by_key(|(control, _)| badness(control));
    let kind = kind_of(rows.first()?.0)?;
    let number = rows.len();
    let mut title = format!("Non-compliant {}s: {number}", kind.label);
    if number > MOST_CONTROLS {
        title = format!("Non-compliant {}s: the worst {MOST_CONTROLS} of {number}", kind.label);
        rows.truncate(MOST_CONTROLS);
    }
    table(&title, &name(kind), &rows)
}

/// A snapshot, and its scope if there are several.
type Row<'a> = (&'a Stored, Option<&'a str>);

fn rows<'a>(scopes: &[&'a ScopeDays]) -> Vec<Row<'a>> {
    scopes.iter().filter_map(|scope| Some((scope.newest()?.1, None))).collect()
}

/// A table of snapshots with the same measures. Each has its scope if there are several, and its day if it is not the newest
/// one.
fn table(title: &str, column: &str, rows: &[Row<'_>]) -> Option<Section> {
    let kind = kind_of(rows.first()?.0)?;
    let newest = rows.iter().filter_map(|(snapshot, _)| snapshot.text("sk")).max();
    let places: BTreeSet<Place> = rows.iter().filter_map(|(snapshot, _)| Place::of(snapshot)).collect();
    let has_scopes = rows.iter().any(|(_, scope)| scope.is_some());
    let mut all = vec![Column::text("Severity").fixed(), Column::text(column)];
    if has_scopes {
        all.push(Column::text("Scope"));
    }
    all.extend(columns(kind));
    let has_controls = rows.iter().any(|(snapshot, _)| controls(snapshot).is_some());
    if has_controls {
        all.push(Column::number("Failed controls"));
    }
    let row = |(snapshot, scope): &Row<'_>| {
        let mut name = snapshot.text("title").unwrap_or_default().to_owned();
        if let Some(place) = Place::of(snapshot).filter(|_| places.len() > 1) {
            name = format!("{name}, {}", named(&place));
        }
        if let Some(day) = snapshot.text("sk").filter(|day| Some(*day) != newest) {
            name = format!("{name} ({day})");
        }
        let mut row = vec![severity(snapshot), Value::Text(name)];
        if has_scopes {
            row.push(Value::Text(scope.unwrap_or_default().to_owned()));
        }
        row.extend(values(kind, snapshot));
        if has_controls {
            let counts = controls(snapshot);
            row.push(counts.map_or(Value::None, |(failed, all)| Value::Text(format!("{failed} of {all}"))));
        }
        row
    };
    Some(Section::Table(Table {
        title: title.to_owned(),
        columns: all,
        rows: rows.iter().map(row).collect(),
    }))
}

fn name(kind: Kind) -> String {
    capitalized(kind.label)
}

/// The position of a kind in the descriptor of its source: larger scopes have lower positions.
fn position(kind: Kind) -> Option<usize> {
    kind.source.kinds.iter().position(|other| *other == kind)
}

fn named(place: &Place) -> String {
    plain(&format!("{} {}", place.account_id, place.region))
}
