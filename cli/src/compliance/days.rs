//! Days of counts as a table with a bar each; days without counts say why.

use super::numbers;
use crate::output::plot;
use crate::output::tabular::{Column, Tabular, cell};
use crate::session::Session;
use insights_query::counts::{Day, Given};
use insights_query::format;

/// Columns of a table of days that are not its bars.
const BESIDE_BARS: u16 = 61;
/// The longest bars.
const LONGEST_BAR: u16 = 40;

/// Days as a table with a bar each, oldest first.
pub fn table(days: &[Day], session: &Session) -> String {
    let columns = [
        ("DAY", Column::Fixed),
        ("NON-COMPLIANT", Column::Number),
        ("COMPLIANT", Column::Number),
        ("SHARE", Column::Number),
        ("INCONCLUSIVE", Column::Number),
        ("", Column::Text),
    ];
    let mut table = Tabular::new(session, &columns);
    let greatest = days.iter().map(whole).max().unwrap_or_default();
    // A part that is not zero has a character at least, which may make a bar longer by two.
    let longest = session.width.saturating_sub(BESIDE_BARS + 2).clamp(6, LONGEST_BAR);
    for (first, last) in alike(days) {
        let row = match &last.given {
            Given::Counts(counts) => {
                let part = |name| format::counted(counts, name).unwrap_or_default();
                let parts =
                    [(part("noncompliant"), '█'), (part("compliant"), '░'), (part("inconclusive"), '·')];
                let bar = plot::bar(&parts, greatest, usize::from(longest));
                let mut row = vec![cell(last.day.as_str())];
                row.extend(numbers(counts).map(cell));
                row.push(cell(bar));
                row
            }
            Given::Nothing => without(first, last, "no data yet"),
            Given::NotCollected => without(first, last, "not collected"),
        };
        table.row(row);
    }
    table.render()
}

fn whole(day: &Day) -> i64 {
    let Given::Counts(counts) = &day.given else { return 0 };
    let parts = ["noncompliant", "compliant", "inconclusive"];
    parts.iter().filter_map(|name| format::counted(counts, name)).fold(0, i64::saturating_add)
}

/// Days without counts, those that are alike and follow each other as one.
fn alike(days: &[Day]) -> Vec<(&Day, &Day)> {
    let mut groups: Vec<(&Day, &Day)> = Vec::new();
    for day in days {
        match groups.last_mut() {
            Some((_, last)) if last.given == day.given && !matches!(day.given, Given::Counts(_)) => {
                *last = day;
            }
            _ => groups.push((day, day)),
        }
    }
    groups
}

fn without(first: &Day, last: &Day, why: &str) -> Vec<comfy_table::Cell> {
    let days =
        if first.day == last.day { first.day.clone() } else { format!("{}\n… {}", first.day, last.day) };
    [days.as_str(), "–", "–", "–", "–", why].map(cell).into()
}
