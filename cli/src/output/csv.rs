//! Records as CSV (RFC 4180) without formulas.

use insights_query::ack::ACK;
use insights_query::format::escape::visible;
use insights_query::periods::FAILING_SINCE;
use insights_shared::number::Number;
use insights_shared::record::Stored;
use insights_shared::value::Value;
use std::borrow::Cow;

/// The first characters of formulas; some spreadsheets also accept the full-width forms.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// The attributes before the measures.
const FIRST_COLUMNS: [&str; 12] = [
    "pk",
    "sk",
    "kind",
    "source",
    "account_id",
    "region",
    "id",
    "title",
    "status",
    "status_reason",
    "severity",
    "entity",
];
/// The attributes after the measures.
const LAST_COLUMNS: [&str; 4] = ["started_at", "ended_at", "updated_at", FAILING_SINCE];
/// The members of an acknowledgement, as columns.
const ACK_COLUMNS: [&str; 3] = ["until", "note", "by"];

/// The columns of insights and snapshots: every measure of every kind has one.
fn columns() -> Vec<&'static str> {
    let mut columns = FIRST_COLUMNS.to_vec();
    for measure in insights_sources::kinds().flat_map(|kind| kind.0.measures) {
        if !columns.contains(&measure.name) {
            columns.push(measure.name);
        }
    }
    columns.extend(LAST_COLUMNS);
    columns
}

/// Insights and snapshots as rows.
pub fn records(records: &[Stored]) -> String {
    let columns = columns();
    let of_acks = ACK_COLUMNS.map(|name| format!("{ACK}_{name}"));
    let mut text = row(columns.iter().copied().chain(of_acks.iter().map(String::as_str)));
    for record in records {
        let ack = |name: &&str| {
            let value = record.0.get(ACK).and_then(|ack| ack.at(&[name]));
            value.and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let of_record = columns.iter().map(|name| attribute(record, name));
        text.push_str(&row(of_record.chain(ACK_COLUMNS.iter().map(ack))));
    }
    text
}

/// An attribute or a measure as text; empty if it is absent.
pub fn attribute(record: &Stored, name: &str) -> String {
    let measure = record.0.get("measures").and_then(|measures| measures.at(&[name]));
    match record.0.get(name).or(measure) {
        Some(Value::String(text)) => text.as_str().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(value)) => value.to_string(),
        _ => String::new(),
    }
}

/// One row as defined by RFC 4180.
pub fn row<T: AsRef<str>>(cells: impl IntoIterator<Item = T>) -> String {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = writer.write_record(cells.into_iter().map(|text| cell(text.as_ref()).into_owned()));
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// A cell with hidden characters escaped. External text could be a formula, so an apostrophe precedes everything that looks like a
/// formula and is not a number.
fn cell(text: &str) -> Cow<'_, str> {
    let text = visible(text);
    let is_formula = text.starts_with(FORMULA) && Number::parse(&text).is_none();
    if is_formula { Cow::Owned(format!("'{text}")) } else { text }
}

/// A number as a cell, without separators between thousands.
pub fn number(value: f64) -> String {
    Number::from_f64(value).map_or_else(String::new, |number| number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be_and_never_run() {
        for (text, expected) in [
            ("plain", "plain"),
            ("", ""),
            ("a,b", "\"a,b\""),
            ("say \"no\"", "\"say \"\"no\"\"\""),
            ("two\nlines", "two\\nlines"),
            ("pay\u{202e}stnem", "pay\\u{202e}stnem"),
            ("\u{1b}[31m, \u{9b}", "\"\\u{1b}[31m, \\u{9b}\""),
            ("\u{200b}=1+1", "\\u{200b}=1+1"),
            ("＝1+1", "'＝1+1"),
            ("=1+1", "'=1+1"),
            ("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\""),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("+phone", "'+phone"),
            ("-phone", "'-phone"),
            ("\t=x", "\\t=x"),
            ("-12.5", "-12.5"),
            ("+3", "+3"),
            ("a=b", "a=b"),
        ] {
            let expected = format!("{expected},x\r\n");
            assert_eq!(row([text, "x"]), expected, "{text}");
        }
        assert_eq!(row(["a", "b,c"]), "a,\"b,c\"\r\n");
    }

    #[test]
    fn measures_have_columns_of_their_own() {
        let json = r#"{"pk":"p","sk":"insight","kind":"xray.insight","entity":"payments",
            "measures":{"fault_count":30,"total_count":100},"started_at":"2026-03-01T12:00:00.000Z"}"#;
        let Value::Map(map) = Value::from_json(json).unwrap() else { panic!("not an object") };
        let text = records(&[Stored(map)]);
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert!(lines[0].starts_with("pk,sk,kind,source,"), "{text}");
        assert_eq!(
            lines[1],
            "p,insight,xray.insight,,,,,,,,,payments,30,,100,,,,,,,,2026-03-01T12:00:00.000Z,,,,,,"
        );
        assert_eq!(lines[2..], [""]);
    }
}
