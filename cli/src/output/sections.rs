//! The sections of a view as text. It knows no source: what is shown, and in which order, the view decides.

use super::graph;
use super::tabular::{Column, Tabular, cell, heading};
use crate::series;
use crate::session::Session;
use insights_query::Detail;
use insights_query::format::{self, add, plain, wrapped};
use insights_shared::record::Stored;
use insights_sources::view::{Fact, Section, SeriesChart, Table, Value};

/// The sections of an insight, each as a text.
pub fn render(insight: &Stored, detail: &Detail, session: &Session) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    let mut last_title = String::new();
    for section in detail.sections(insight) {
        texts.push(match &section {
            Section::Facts(facts) => render_facts(facts, session),
            Section::Log(log) => render_table(&log.table, true, session),
            Section::Graph(graph) => heading("Who calls whom", session) + &graph::render(graph),
            Section::Series(series) => render_series(series, detail, session),
            // Several tables may share a heading.
            Section::Table(table) => {
                let has_heading = table.title != last_title;
                last_title.clone_from(&table.title);
                render_table(table, has_heading, session)
            }
            Section::Note(note) => wrapped(&plain(note), session.width),
        });
    }
    texts
}

fn render_facts(facts: &[Fact], session: &Session) -> String {
    let width = facts.iter().map(|fact| fact.name.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for Fact { name, value } in facts {
        let unit = if matches!(value, Value::Rate(_)) { " a minute" } else { "" };
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
    let is_shown: Vec<bool> = table.columns.iter().map(|column| !column.is_optional).collect();
    let names: Vec<String> = table.columns.iter().map(|column| plain(&column.name).to_uppercase()).collect();
    let shown = table.columns.iter().zip(&names).filter(|(column, _)| !column.is_optional);
    let columns = shown.map(|(column, name)| {
        let kind = if column.is_number {
            Column::Number
        } else if has_times(table, &column.name) {
            Column::Fixed
        } else {
            Column::Text
        };
        (name.as_str(), kind)
    });
    let columns: Vec<(&str, Column)> = columns.collect();
    let mut tabular = Tabular::new(session, &columns);
    for row in &table.rows {
        let values = row.iter().zip(&is_shown).filter(|(_, is_shown)| **is_shown);
        tabular.row(values.map(|(value, _)| cell(lines(value, session))).collect());
    }
    let title = if has_heading { heading(&plain(&table.title), session) } else { String::new() };
    title + &tabular.render()
}

/// Whether a column has times, which are never broken.
fn has_times(table: &Table, name: &str) -> bool {
    let Some(nth) = table.columns.iter().position(|column| column.name == name) else { return false };
    let is_time = |value: &Value| matches!(value, Value::Time(_));
    table.rows.iter().filter_map(|row| row.get(nth)).any(is_time)
}

/// A value in the lines of a cell.
fn lines(value: &Value, session: &Session) -> String {
    match value {
        Value::List(values) => {
            values.iter().map(|value| format::value(value, &session.zone)).collect::<Vec<_>>().join("\n")
        }
        value => format::value(value, &session.zone),
    }
}

fn render_series(shown: &SeriesChart, detail: &Detail, session: &Session) -> String {
    let found = detail.series.iter().find(|(series, _)| series.key == shown.key);
    let Some((series, line)) = found else { return wrapped(shown.missing, session.width) };
    let title = format!("The numbers around it: {}", series.title());
    let plotted = series::plotted(line, series::HIGH, session);
    heading(&plain(&title), session) + &plotted + &series::unavailable_note(series, session)
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_shared::environment::Environment;
    use insights_shared::time::Clock;
    use insights_shared::value::Value as Json;

    #[test]
    fn attributions_are_those_of_the_later_half() {
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
            let text = render(&Stored(map), &Detail::default(), &session).concat();
            assert!(text.contains(shown) && !text.contains(hidden), "{shown}, not {hidden}: {text}");
        };
        check(&half("early"), &half("late"), "late", "early");
        // An end that names nobody does not hide whom the start names.
        check(&half("early"), &without, "early", "late");
        check(&without, &half("late"), "late", "early");
    }
}
