//! Text tables: a header, a rule, two spaces between columns, numbers right-aligned.

use crate::output::style::{adopted, styled};
use crate::session::Session;
use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, LineStyle, Table,
    TableStyle, Width,
};
use insights_query::format::escape::visible_lines;
use insights_shared::record::Severity;
use insights_sources::view::Tone;

/// The maximum width in columns. Wider rows are hard to read.
const MAX_WIDTH: u16 = 140;

/// The columns between two columns of text.
const PADDING: u16 = 2;

/// The number of characters of the longest line of a text.
fn longest_line(text: &str) -> u16 {
    let longest = text.lines().map(|line| line.chars().count()).max().unwrap_or_default();
    u16::try_from(longest).unwrap_or(u16::MAX)
}

/// The number of characters of the longest word of a text.
fn longest_word(text: &str) -> u16 {
    let longest = text.split_whitespace().map(|word| word.chars().count()).max().unwrap_or_default();
    u16::try_from(longest).unwrap_or(u16::MAX)
}

/// The layout of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Text on one line.
    Fixed,
    /// Text that is wrapped if there is no room.
    Text,
    /// Numbers.
    Number,
}

/// A table under construction.
#[derive(Debug)]
pub struct Tabular {
    table: Table,
    columns: Vec<Column>,
    /// The longest word of each column.
    words: Vec<u16>,
    /// The longest line of each column.
    lines: Vec<u16>,
    width: u16,
}

impl Tabular {
    /// A table with these columns.
    pub fn new(session: &Session, columns: &[(&str, Column)]) -> Self {
        let mut table = Table::new();
        table
            .load_style(TableStyle::new().header_separator(LineStyle::none().fill('─')))
            .set_content_arrangement(ContentArrangement::Dynamic)
            .force_no_tty()
            .set_width(session.width.min(MAX_WIDTH));
        if session.colour {
            table.enforce_styling();
        }
        let header: Vec<Cell> =
            columns.iter().map(|(name, _)| Cell::new(name).add_attribute(Attribute::Bold)).collect();
        table.set_header(header);
        for (index, (_, column)) in columns.iter().enumerate() {
            let Some(drawn) = table.column_mut(index) else { continue };
            drawn.set_padding(if index == 0 {
                (0, 2)
            } else {
                (0, if index + 1 == columns.len() { 0 } else { 2 })
            });
            match column {
                Column::Text => {}
                Column::Fixed => {
                    drawn.set_constraint(ColumnConstraint::ContentWidth);
                }
                Column::Number => {
                    drawn.set_constraint(ColumnConstraint::ContentWidth);
                    drawn.set_cell_alignment(CellAlignment::Right);
                }
            }
        }
        Self {
            table,
            columns: columns.iter().map(|(_, column)| *column).collect(),
            words: columns.iter().map(|(name, _)| longest_word(name)).collect(),
            lines: columns.iter().map(|(name, _)| longest_line(name)).collect(),
            width: session.width.min(MAX_WIDTH),
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.columns.len(), "a cell for each column");
        for ((word, line), cell) in self.words.iter_mut().zip(&mut self.lines).zip(&cells) {
            *word = (*word).max(longest_word(&cell.content()));
            *line = (*line).max(longest_line(&cell.content()));
        }
        self.table.add_row(cells);
        self.keep_words_whole();
    }

    /// Makes columns of text as wide as their longest words, as far as the line has room for them. Longer words, such as ARNs, are
    /// broken.
    fn keep_words_whole(&mut self) {
        let is_text = |column: &Column| *column == Column::Text;
        let others = self.columns.iter().zip(&self.lines).filter(|(column, _)| !is_text(column));
        let taken: u16 = others.map(|(_, line)| line.saturating_add(PADDING)).sum();
        let texts = self.columns.iter().filter(|column| is_text(column)).count();
        let room = self.width.saturating_sub(taken) / u16::try_from(texts).unwrap_or(u16::MAX).max(1);
        for (index, (column, word)) in self.columns.iter().zip(&self.words).enumerate() {
            if is_text(column)
                && let Some(drawn) = self.table.column_mut(index)
            {
                let least = word.saturating_add(PADDING).min(room);
                drawn.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least)));
            }
        }
    }

    /// The table as text, without white space at the ends of its lines.
    pub fn render(&self) -> String {
        let mut text: String = self.table.lines().fold(String::new(), |mut text, line| {
            text.push_str(line.trim_end());
            text.push('\n');
            text
        });
        if text.is_empty() {
            text.push('\n');
        }
        // The cells are already escaped, so all escape sequences come from the library.
        adopted(&text)
    }
}

/// A heading with an empty line below it.
pub fn heading(text: &str, session: &Session) -> String {
    if session.colour { format!("{}\n\n", styled(text, "1")) } else { format!("{text}\n\n") }
}

/// A cell of plain text in which line feeds are intended.
pub fn cell(text: impl Into<String>) -> Cell {
    Cell::new_owned(visible_lines(&text.into()).into_owned())
}

/// A severity in its colour, with an optional second line.
pub fn severity(text: &str, below: Option<&str>) -> Cell {
    let cell = cell(below.map_or_else(|| text.to_owned(), |below| format!("{text}\n{below}")));
    match Severity::ALL.into_iter().find(|severity| severity.as_str() == text) {
        Some(Severity::Critical) => cell.fg(Color::Red).add_attribute(Attribute::Bold),
        Some(Severity::High) => cell.fg(Color::Red),
        Some(Severity::Medium) => cell.fg(Color::Yellow),
        Some(Severity::Low) => cell.fg(Color::Cyan),
        _ => cell,
    }
}

/// A cell in the colour of a state.
pub fn state(tone: Tone, text: String) -> Cell {
    let cell = cell(text);
    match tone {
        Tone::Good => cell.fg(Color::Green),
        Tone::Off => cell,
        Tone::Unsure => cell.fg(Color::Yellow),
        Tone::Bad => cell.fg(Color::Red),
    }
}

/// The status of a run in its colour.
pub fn status(text: &str) -> Cell {
    standing(text, text)
}

/// `text` in the colour of a run's status.
pub fn standing(status: &str, text: &str) -> Cell {
    let cell = cell(text.replace('_', " "));
    match status {
        "ok" => cell.fg(Color::Green),
        "partial" => cell.fg(Color::Yellow),
        "failed" => cell.fg(Color::Red),
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_shared::environment::Environment;
    use insights_shared::time::Clock;

    #[test]
    fn words_stay_whole_where_the_line_has_room_for_them() {
        let mut session = Session::new(Environment::default(), Clock::System);
        session.width = 60;
        let mut table =
            Tabular::new(&session, &[("ID", Column::Fixed), ("A", Column::Text), ("B", Column::Text)]);
        let long = "some words that need more than one line of the table, and then some more of them";
        table.row(vec![cell("12345678"), cell("an inseparable-identifier"), cell(long)]);
        let text = table.render();
        assert!(text.contains("inseparable-identifier"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
        let arn = "arn:aws:eks:eu-west-1:123456789012:nodegroup/production/blue/a1b2c3d4-5678-90ab-cdef";
        table.row(vec![cell("12345678"), cell(arn), cell(long)]);
        let text = table.render();
        assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
    }
}
