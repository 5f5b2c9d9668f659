//! What is least compliant: control domains and controls, the worst first.

use super::{Scoped, numbers};
use crate::exit::Failure;
use crate::output::tabular::{Column, Tabular, cell, heading, severity};
use crate::output::words::{self, plain};
use crate::read::Reader;
use crate::read::counts::{Given, Level};
use crate::read::span::Span;
use crate::session::Session;
use insights_shared::record::{Kind, Severity, Stored};
use insights_shared::time::DAY_SECONDS;
use std::cmp::Reverse;

/// The most controls that are shown.
const WORST_CONTROLS: usize = 10;

/// The newest counts of each scope, worst first. A scope is only listed by AWS on days on which it gathered evidence.
pub fn newest(name: &str, scoped: &[&Scoped], session: &Session) -> String {
    let newest = scoped.iter().filter_map(|(_, days)| {
        days.iter()
            .rev()
            .find_map(|day| if let Given::Counts(counts) = &day.given { Some(counts) } else { None })
    });
    worst_table(name, &mut newest.collect::<Vec<_>>(), session)
}

fn worst_table(name: &str, snapshots: &mut [&Stored], session: &Session) -> String {
    let columns = [
        ("SEVERITY", Column::Fixed),
        (name, Column::Text),
        ("NON-COMPLIANT", Column::Number),
        ("COMPLIANT", Column::Number),
        ("SHARE", Column::Number),
        ("INCONCLUSIVE", Column::Number),
    ];
    let newest =
        snapshots.iter().filter_map(|snapshot| snapshot.text("sk")).max().unwrap_or_default().to_owned();
    snapshots.sort_by_key(|snapshot| badness(snapshot));
    let mut table = Tabular::new(session, &columns);
    for snapshot in snapshots {
        let text = |name: &str| snapshot.text(name).map(plain).unwrap_or_default();
        let day =
            snapshot.text("sk").filter(|day| *day != newest).map_or(String::new(), |day| format!(" ({day})"));
        let mut row = vec![severity(&text("severity"), None), cell(text("title") + &day)];
        row.extend(numbers(snapshot).map(cell));
        table.row(row);
    }
    table.render()
}

/// What puts counts in order, the worst first: severity, then how much is not compliant.
fn badness(snapshot: &Stored) -> (Reverse<Option<Severity>>, Reverse<i64>, String) {
    let severity = snapshot.text("severity").and_then(Severity::parse);
    let noncompliant = words::counted(snapshot, "noncompliant").unwrap_or_default();
    (Reverse(severity), Reverse(noncompliant), snapshot.text("title").unwrap_or_default().to_owned())
}

/// The worst controls of the scope's newest day.
pub async fn controls(scoped: &[Scoped], reader: &Reader, session: &Session) -> Result<String, Failure> {
    let Some((scope, days)) = scoped.iter().find(|(scope, _)| scope.level != Level::Domain) else {
        return Ok(String::new());
    };
    let newest = days.iter().rev().find(|day| matches!(day.given, Given::Counts(_)));
    let Some(day) = newest.and_then(|day| format!("{}T00:00:00Z", day.day).parse().ok()) else {
        return Ok(String::new());
    };
    let span = Span { since: day, until: day.plus_seconds(DAY_SECONDS - 1) };
    let mut found = reader.about(&scope.entity, span).await?;
    let is_control = |record: &Stored| record.text("kind") == Some(Kind::AuditmanagerControl.as_str());
    found.retain(|record| {
        is_control(record) && words::counted(record, "noncompliant").unwrap_or_default() > 0
    });
    let number = found.len();
    let mut controls: Vec<&Stored> = found.iter().collect();
    controls.sort_by_key(|control| badness(control));
    controls.truncate(WORST_CONTROLS);
    if controls.is_empty() {
        return Ok(String::new());
    }
    let title =
        format!("Controls that are not compliant: {number} on {}, the worst {}", day.day(), controls.len());
    Ok(format!("\n{}{}", heading(&title, session), worst_table("CONTROL", &mut controls, session)))
}
