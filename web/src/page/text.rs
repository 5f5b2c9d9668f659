//! The small pieces of text that every part of a page is made of: times, severities, links. All of it is escaped by the
//! template; nothing here writes markup of its own from what the table holds.

use insights_query::format::escape::replaced;
use insights_query::format::{self, add};
use insights_shared::record::Stored;
use insights_shared::time::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, PreEscaped, html};

/// An instant that programs can read too.
pub fn time(instant: Timestamp, zone: &TimeZone) -> Markup {
    html! { time datetime=(instant) { (format::instant(instant, zone)) } }
}

/// `Mar 2` of `2026-03-02`; what is no day stays as it is.
pub fn date(day: &str) -> String {
    day.parse::<jiff::civil::Date>().map_or_else(|_| day.to_owned(), |day| day.strftime("%b %-d").to_string())
}

/// A severity as a word with its mark. Colour alone says nothing: the word does.
pub fn severity(severity: &str) -> Markup {
    html! { span.severity.{ "s-" (class(severity)) } { (severity) } }
}

/// The severity of a record.
pub fn severity_of(record: &Stored) -> &str {
    record.text("severity").unwrap_or("info")
}

/// A text attribute, on one line; empty where there is none.
pub fn line(record: &Stored, name: &str) -> String {
    record.text(name).map(format::plain).unwrap_or_default()
}

/// What a title, an entity and a source may become in a class: letters alone.
pub fn class(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// The value of an attribute, with its hidden characters as references: the page escapes them otherwise, and a form would send
/// something else.
pub fn attribute(text: &str) -> PreEscaped<String> {
    let PreEscaped(text) = html! { (text) };
    let references =
        |character, escaped: &mut String| add(escaped, format_args!("&#{};", u32::from(character)));
    PreEscaped(replaced(&text, references).into_owned())
}

/// A link to somewhere else, which learns nothing of where it was followed from.
pub fn outward(address: &str, text: &str) -> Markup {
    html! { a.outward href=(address) rel="noreferrer noopener" target="_blank" { (text) } }
}

/// A table, of columns whose numbers are to the right.
pub fn table(caption: &str, columns: &[(&str, bool)], rows: &[Vec<Markup>]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(caption) {
            table {
                caption { (caption) }
                thead { tr { @for (name, is_number) in columns { th.number[*is_number] scope="col" { (name) } } } }
                tbody {
                    @for row in rows {
                        tr {
                            @for (cell, (_, is_number)) in row.iter().zip(columns) { td.number[*is_number] { (cell) } }
                        }
                    }
                }
            }
        }
    }
}

/// What a chart shows, as a table that opens.
pub fn as_table(summary: &str, table: &Markup) -> Markup {
    html! { details.data { summary { (summary) } (table) } }
}

/// A text as a cell.
pub fn cell(text: impl std::fmt::Display) -> Markup {
    html! { (text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_table_holds_is_text_and_never_markup() {
        let hostile = r#""><script>alert(1)</script>"#;
        let pieces = [
            severity(hostile),
            outward("https://example.com", hostile),
            table(hostile, &[(hostile, true)], &[vec![cell(hostile)]]),
            as_table(hostile, &cell(hostile)),
        ];
        for piece in pieces {
            let piece = piece.into_string();
            assert!(!piece.contains("<script"), "{piece}");
            assert!(!piece.contains(r#"">"#) || !piece.contains(r#"""><"#), "{piece}");
        }
    }

    #[test]
    fn an_attribute_keeps_its_value() {
        let PreEscaped(text) = attribute("a\u{202e}\"><&'é");
        assert_eq!(text, "a&#8238;&quot;&gt;&lt;&amp;'é");
    }

    #[test]
    fn days_are_short() {
        assert_eq!(date("2026-03-02"), "Mar 2");
        assert_eq!(date("soon"), "soon");
    }
}
