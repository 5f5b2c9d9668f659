//! Small elements of a page: times, severities, links, tables. The template escapes all text from the table.

use insights_query::format::escape::replaced;
use insights_query::format::{self, add};
use insights_shared::record::Stored;
use insights_shared::time::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, PreEscaped, html};

/// A time in a `time` element.
pub fn time(instant: Timestamp, zone: &TimeZone) -> Markup {
    html! { time datetime=(instant) { (format::instant(instant, zone)) } }
}

/// `Mar 2` for `2026-03-02`; other text is returned unchanged.
pub fn date(day: &str) -> String {
    day.parse::<jiff::civil::Date>().map_or_else(|_| day.to_owned(), |day| day.strftime("%b %-d").to_string())
}

/// A severity as a word with a mark, so that it does not depend on colour.
pub fn severity(severity: &str) -> Markup {
    html! { span.severity.{ "s-" (class(severity)) } { (severity) } }
}

/// The severity of a record.
pub fn severity_of(record: &Stored) -> &str {
    record.text("severity").unwrap_or("info")
}

/// A text attribute on one line; empty if it is absent.
pub fn line(record: &Stored, name: &str) -> String {
    record.text(name).map(format::plain).unwrap_or_default()
}

/// `text` as a part of a CSS class: only letters and digits.
pub fn class(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// The value of an HTML attribute, with hidden characters as character references. Otherwise the page would escape them, and
/// the form would send another value.
pub fn attribute(text: &str) -> PreEscaped<String> {
    let PreEscaped(text) = html! { (text) };
    let references =
        |character, escaped: &mut String| add(escaped, format_args!("&#{};", u32::from(character)));
    PreEscaped(replaced(&text, references).into_owned())
}

/// A link to another site, without a referrer.
pub fn outward(address: &str, text: &str) -> Markup {
    html! { a.outward href=(address) rel="noreferrer noopener" target="_blank" { (text) } }
}

/// A table; columns with numbers are right-aligned.
pub fn table(caption: &str, columns: &[(&str, bool)], rows: &[Vec<Markup>]) -> Markup {
    html! {
        div.scroll tabindex="0" role="group" aria-label=(caption) {
            table {
                caption { (caption) }
                thead { tr { @for (name, is_number) in columns { @if name.is_empty() { td {} } @else { th.number[*is_number] scope="col" { (name) } } } } }
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

/// A collapsed table below a chart.
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
    fn stored_values_are_text_and_never_markup() {
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
