//! The sections of a view as text. It knows no source: the view decides what is shown, and in which order.

use super::tabular::{Column, Tabular, cell, heading, severity, state};
use super::{graph, plot};
use crate::session::Session;
use comfy_table::Cell;
use insights_query::Detail;
use insights_query::format::{self, add, plain, wrapped};
use insights_query::line::Line;
use insights_query::series::Series;
use insights_query::unavailable;
use insights_shared::record::Stored;
use insights_sources::Measure;
use insights_sources::view::counts::{Counts, Day, Role, columns, stacked, values};
use insights_sources::view::{
    self, Explanation, Explanations, Fact, LogChart, Section, SeriesChart, Table, Value,
};

/// Columns of a table of days that are not its bars.
const BESIDE_BARS: u16 = 61;
/// The longest bars.
const LONGEST_BAR: u16 = 40;

/// The sections of a record, each as a text.
pub fn of_record(record: &Stored, detail: &Detail, session: &Session) -> Vec<String> {
    render(&detail.sections(record), detail, session)
}

/// Sections, each as a text. `detail` has the metric series that they refer to.
pub fn render(sections: &[Section], detail: &Detail, session: &Session) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    let mut last_title = "";
    for section in sections {
        texts.push(match section {
            Section::Facts(facts) => render_facts(facts, session),
            Section::Log(log) => {
                let chart = match &log.chart {
                    Some(LogChart::Counts(chart)) => plot::counts(chart, session),
                    Some(LogChart::Shares(_)) | None => String::new(),
                };
                heading(&plain(&log.table.title), session)
                    + &chart
                    + &render_table(&log.table, false, session)
            }
            Section::Graph(graph) => heading(graph.title, session) + &graph::render(graph),
            Section::Series(shown) => {
                let found = detail.series.iter().find(|(series, _)| series.key == shown.key);
                match found {
                    Some((series, line)) => render_series(shown, series, line, plot::HIGH, session),
                    None => wrapped(shown.missing, session.width),
                }
            }
            Section::Counts(counts) => render_counts(counts, session),
            // Several tables may share a heading.
            Section::Table(table) => {
                let has_heading = table.title != last_title;
                last_title = &table.title;
                render_table(table, has_heading, session)
            }
            Section::Note(note) => wrapped(&plain(note), session.width),
            Section::Explanations(explanations) => render_explanations(explanations, session),
        });
    }
    texts
}

fn render_facts(facts: &[Fact], session: &Session) -> String {
    let width = facts.iter().map(|fact| fact.name.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for Fact { name, value } in facts {
        let unit = if matches!(value, Value::Rate(_)) { " per minute" } else { "" };
        let room = session.width.saturating_sub(u16::try_from(width + 2).unwrap_or(u16::MAX));
        let value = wrapped(&format!("{}{unit}", format::value(value, &session.zone)), room);
        for (nth, line) in value.lines().enumerate() {
            let name = if nth == 0 { *name } else { "" };
            add(&mut text, format_args!("{name:<width$}  {line}\n"));
        }
    }
    text
}

fn render_table(table: &Table, has_heading: bool, session: &Session) -> String {
    let title = if has_heading { heading(&plain(&table.title), session) } else { String::new() };
    title + &rows(&table.columns, table.rows.iter().map(Vec::as_slice), session)
}

/// Rows under their columns, without the columns that are optional.
fn rows<'a>(
    columns: &[view::Column],
    rows: impl Iterator<Item = &'a [Value]> + Clone,
    session: &Session,
) -> String {
    let names: Vec<String> = columns.iter().map(title_of).collect();
    let is_time = |value: &Value| matches!(value, Value::Time(_));
    let has_times = |nth: usize| rows.clone().filter_map(|row| row.get(nth)).any(is_time);
    let kind = |nth: usize, column: &view::Column| match column {
        column if column.is_number => Column::Number,
        column if column.is_fixed || has_times(nth) => Column::Fixed,
        _ => Column::Text,
    };
    let shown = || columns.iter().enumerate().filter(|(_, column)| !column.is_optional);
    let kinds: Vec<(&str, Column)> =
        shown().filter_map(|(nth, column)| Some((names.get(nth)?.as_str(), kind(nth, column)))).collect();
    let mut tabular = Tabular::new(session, &kinds);
    for row in rows {
        tabular.row(
            shown().map(|(nth, _)| render_cell(row.get(nth).unwrap_or(&Value::None), session)).collect(),
        );
    }
    tabular.render()
}

/// The heading of a column; that of numbers has a line for its last word, so that the column stays narrow.
fn title_of(column: &view::Column) -> String {
    let name = plain(&column.name).to_uppercase();
    match name.rsplit_once(' ') {
        Some((first, last)) if column.is_number => format!("{first}\n{last}"),
        _ => name,
    }
}

/// A value in a cell, with a line for each of several values. A state or severity in the first line gives the cell its colour.
fn render_cell(value: &Value, session: &Session) -> Cell {
    let values = if let Value::List(values) = value { values } else { std::slice::from_ref(value) };
    let lines: Vec<String> = values.iter().map(|value| format::value(value, &session.zone)).collect();
    let text = lines.join("\n");
    match values.first() {
        Some(Value::State { tone, .. }) => state(*tone, text),
        Some(Value::Severity(_)) => severity(&text, None),
        _ => cell(text),
    }
}

/// A series as a plot over its axis `height` lines high, and why there is no more of it if it is not available.
pub fn render_series(
    shown: &SeriesChart,
    series: &Series,
    line: &Line,
    height: usize,
    session: &Session,
) -> String {
    let title = wrapped(&plain(&shown.title), session.width);
    let mut text = heading(title.trim_end(), session) + &plot::line(line, height, session);
    if let Some(unavailable) = series.unavailable() {
        let trail = series.key.trail.as_deref();
        let sentence = unavailable::sentence(unavailable, series.source, trail, &session.zone);
        text.push_str(&wrapped(&sentence, session.width));
    }
    text
}

/// Days as a table with a bar each, the oldest first.
fn render_counts(counts: &Counts, session: &Session) -> String {
    let id = counts.id.as_ref().map_or_else(String::new, |id| format!(" ({id})"));
    let place = counts.place.as_ref().map_or_else(String::new, |place| format!(", {place}"));
    let title = plain(&format!("{}{id}{place}", counts.title));
    let measures = columns(counts.kind);
    let mut names = vec![("DAY".to_owned(), Column::Fixed)];
    names.extend(measures.iter().map(|column| (title_of(column), Column::Number)));
    names.push((String::new(), Column::Text));
    let names: Vec<(&str, Column)> = names.iter().map(|(name, column)| (name.as_str(), *column)).collect();
    let mut table = Tabular::new(session, &names);
    let greatest = counts.days.iter().map(|day| parts(counts, day).iter().map(|(part, _)| part).sum());
    let greatest: i64 = greatest.max().unwrap_or_default();
    // A part that is not zero has a character at least, which may make a bar longer by two.
    let longest = session.width.saturating_sub(BESIDE_BARS + 2).clamp(6, LONGEST_BAR);
    for (first, last) in without_repetition(&counts.days) {
        let mut row = Vec::new();
        if let Some(snapshot) = last.given.snapshot() {
            row.push(cell(last.day.as_str()));
            row.extend(values(counts.kind, snapshot).iter().map(|value| render_cell(value, session)));
            row.push(cell(plot::bar(&parts(counts, last), greatest, usize::from(longest))));
        } else {
            let is_one = first.day == last.day;
            row.push(cell(if is_one {
                first.day.clone()
            } else {
                format!("{}\n… {}", first.day, last.day)
            }));
            row.extend(measures.iter().map(|_| cell("–")));
            row.push(cell(last.given.reason().unwrap_or_default()));
        }
        table.row(row);
    }
    heading(&title, session) + &table.render()
}

/// The parts of a day's bar, each with its character.
fn parts(counts: &Counts, day: &Day) -> Vec<(i64, char)> {
    let Some(snapshot) = day.given.snapshot() else { return Vec::new() };
    let part = |(role, measure): (Role, &Measure)| {
        let character = match role {
            Role::NonCompliant | Role::Plain => '█',
            Role::Compliant => '░',
            Role::Inconclusive => '·',
        };
        (format::counted(snapshot, measure.name).unwrap_or_default(), character)
    };
    stacked(counts.kind).into_iter().map(part).collect()
}

/// The days; consecutive ones without counts for the same reason become one pair of the first and the last.
fn without_repetition(days: &[Day]) -> Vec<(&Day, &Day)> {
    let mut groups: Vec<(&Day, &Day)> = Vec::new();
    for day in days {
        match groups.last_mut() {
            Some((_, last)) if last.given == day.given && day.given.snapshot().is_none() => *last = day,
            _ => groups.push((day, day)),
        }
    }
    groups
}

fn render_explanations(explanations: &Explanations, session: &Session) -> String {
    let mut text = heading(explanations.title, session);
    for entry in &explanations.entries {
        text.push_str(&wrapped(&explanation(entry), session.width));
        if let Some(command) = &entry.command {
            add(&mut text, format_args!("  {command}\n"));
        }
    }
    text
}

/// An explanation on one line, without its command.
pub fn explanation(explanation: &Explanation) -> String {
    let Explanation { about, text, .. } = explanation;
    if about.is_empty() { plain(text) } else { plain(&format!("{about}: {text}")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_shared::environment::Environment;
    use insights_shared::time::Clock;
    use insights_shared::value::Value as Json;

    #[test]
    fn attributions_come_from_the_later_event() {
        let half = |who: &str| {
            let attributions = format!(
                r#"[{{"attribute":"userIdentityArn","insight":[{{"value":"{who}","average":6}}],"baseline":[]}}]"#
            );
            format!(r#"{{"insight_details":{{"insight_context":{{"attributions":{attributions}}}}}}}"#)
        };
        let without = r#"{"insight_details":{"insight_context":{}}}"#.to_owned();
        let session = Session::new(Environment::default(), Clock::System);
        let check = |start: &str, end: &str, shown: &str, hidden: &str| {
            let json = format!(r#"{{"source":"cloudtrail","detail":{{"start":{start},"end":{end}}}}}"#);
            let Json::Map(map) = Json::from_json(&json).unwrap() else { panic!("not an object: {json}") };
            let text = of_record(&Stored(map), &Detail::default(), &session).concat();
            assert!(text.contains(shown) && !text.contains(hidden), "{shown}, not {hidden}: {text}");
        };
        check(&half("early"), &half("late"), "late", "early");
        // An end that names nobody does not hide whom the start names.
        check(&half("early"), &without, "early", "late");
        check(&without, &half("late"), "late", "early");
    }
}
