//! What is least compliant: control domains and controls, the worst first.

use super::{Scoped, numbers};
use crate::exit::Failure;
use crate::output::tabular::{Column, Tabular, cell, heading, severity};
use crate::session::Session;
use insights_query::counts::{Given, Level};
use insights_query::format::{self, plain};
use insights_query::{Place, Reader};
use insights_shared::record::{Severity, Stored};
use std::cmp::Reverse;
use std::collections::BTreeSet;

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
    let places: BTreeSet<Place> = snapshots.iter().filter_map(|snapshot| Place::of(snapshot)).collect();
    let mut table = Tabular::new(session, &columns);
    for snapshot in snapshots {
        let text = |name: &str| snapshot.text(name).map(plain).unwrap_or_default();
        let day =
            snapshot.text("sk").filter(|day| *day != newest).map_or(String::new(), |day| format!(" ({day})"));
        let place = Place::of(snapshot).filter(|_| places.len() > 1);
        let place = place.map_or_else(String::new, |place| format!(", {}", named(&place)));
        let mut row = vec![severity(&text("severity"), None), cell(text("title") + &place + &day)];
        row.extend(numbers(snapshot).map(cell));
        table.row(row);
    }
    table.render()
}

/// What puts counts in order, the worst first: severity, then how much is not compliant.
fn badness(snapshot: &Stored) -> (Reverse<Option<Severity>>, Reverse<i64>, String) {
    let severity = snapshot.text("severity").and_then(Severity::parse);
    let noncompliant = format::counted(snapshot, "noncompliant").unwrap_or_default();
    (Reverse(severity), Reverse(noncompliant), snapshot.text("title").unwrap_or_default().to_owned())
}

/// The worst controls of each scope's newest day.
pub async fn controls(scoped: &[Scoped], reader: &Reader, session: &Session) -> Result<String, Failure> {
    let tops: Vec<&Scoped> = scoped.iter().filter(|(scope, _)| scope.level != Level::Domain).collect();
    let mut text = String::new();
    for (scope, days) in &tops {
        let Some((day, mut found)) = reader.newest_controls(scope, days).await? else { continue };
        found.retain(|control| format::counted(control, "noncompliant").unwrap_or_default() > 0);
        let number = found.len();
        let mut controls: Vec<&Stored> = found.iter().collect();
        controls.sort_by_key(|control| badness(control));
        controls.truncate(WORST_CONTROLS);
        if controls.is_empty() {
            continue;
        }
        let place = if tops.len() > 1 { format!(", {}", named(&scope.place)) } else { String::new() };
        let title = format!(
            "Controls that are not compliant{place}: {number} on {}, the worst {}",
            day.day(),
            controls.len()
        );
        text.push('\n');
        text.push_str(&heading(&title, session));
        text.push_str(&worst_table("CONTROL", &mut controls, session));
    }
    Ok(text)
}

fn named(place: &Place) -> String {
    format!("{} {}", plain(&place.account_id), plain(&place.region))
}
