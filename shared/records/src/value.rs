//! The values of a record: JSON with decimal numbers, read from and written to JSON text without loss.
//!
//! The values are independent of records. They can represent what DynamoDB cannot store, so that validation can report it.

#[cfg(feature = "dynamodb")]
pub use crate::attribute::{from_attributes, into_attributes, to_attributes};
use crate::json;
pub use crate::map::{Map, MapBuilder};
use crate::number::Number;
use crate::time::Timestamp;
use compact_str::CompactString;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write;

/// A text. Texts up to 24 bytes (nearly all names, numbers and times) need no allocation.
pub type Text = CompactString;

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// JSON's `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(Text),
    /// A list.
    List(Vec<Self>),
    /// An object.
    Map(Map),
}

impl Value {
    /// Reads JSON text, with all digits of the numbers. Of members with the same name, the last one counts; the others must
    /// be valid too. The error is one line with the reason and the position.
    pub fn from_json(text: &str) -> Result<Self, String> {
        json::read(text)
    }

    /// Reads JSON text, with the names of all members in snake_case (see [`with_snake_names`]).
    pub fn from_json_in_snake_case(text: &str) -> Result<Self, String> {
        json::read_in_snake_case(text)
    }

    /// The text, if it is a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The number, if it is a number.
    pub fn as_number(&self) -> Option<&Number> {
        if let Self::Number(number) = self { Some(number) } else { None }
    }

    /// The members, if it is an object.
    pub fn as_map(&self) -> Option<&Map> {
        if let Self::Map(map) = self { Some(map) } else { None }
    }

    /// The elements, if it is a list.
    pub fn as_list(&self) -> Option<&[Self]> {
        if let Self::List(list) = self { Some(list) } else { None }
    }

    /// The time, if it is a string in RFC 3339.
    pub fn as_timestamp(&self) -> Option<Timestamp> {
        self.as_str()?.parse().ok()
    }

    /// The value at a path of member names.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |value, name| value.as_map()?.get(name))
    }

    /// Appends canonical JSON: members sorted by code point, no white space, canonical numbers.
    pub fn write_canonical(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(number) => out.push_str(number.as_str()),
            Self::String(text) => write_string(text, out),
            Self::List(list) => {
                out.push('[');
                for (index, value) in list.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    value.write_canonical(out);
                }
                out.push(']');
            }
            Self::Map(map) => write_canonical_map(map, out),
        }
    }
}

/// Appends the canonical JSON of an object.
pub fn write_canonical_map(map: &Map, out: &mut String) {
    out.push('{');
    for (index, (name, value)) in map.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_string(name, out);
        out.push(':');
        value.write_canonical(out);
    }
    out.push('}');
}

/// Appends a JSON string in the format of RFC 8785.
fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    // Text without characters to escape, which is nearly all of it, is copied at once.
    while let Some(at) = first_escape(rest.as_bytes()) {
        let (plain, escaped) = rest.split_at(at);
        out.push_str(plain);
        match escaped.bytes().next() {
            Some(b'"') => out.push_str("\\\""),
            Some(b'\\') => out.push_str("\\\\"),
            Some(0x08) => out.push_str("\\b"),
            Some(b'\t') => out.push_str("\\t"),
            Some(b'\n') => out.push_str("\\n"),
            Some(0x0c) => out.push_str("\\f"),
            Some(b'\r') => out.push_str("\\r"),
            control => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", control.unwrap_or_default());
            }
        }
        // An escaped character is one byte long.
        rest = escaped.get(1..).unwrap_or_default();
    }
    out.push_str(rest);
    out.push('"');
}

/// The position of the first byte to escape. It examines eight bytes at a time, because nearly no byte needs an escape.
fn first_escape(bytes: &[u8]) -> Option<usize> {
    /// The same byte, eight times.
    const fn eight(byte: u8) -> u64 {
        u64::from_ne_bytes([byte; 8])
    }
    /// Sets the high bit of each byte below `limit`, if no byte before it is.
    const fn below(word: u64, limit: u8) -> u64 {
        word.wrapping_sub(eight(limit)) & !word & eight(0x80)
    }
    let (words, _) = bytes.as_chunks::<8>();
    let is_plain = |word: &&[u8; 8]| {
        let word = u64::from_ne_bytes(**word);
        below(word, b' ') | below(word ^ eight(b'"'), 1) | below(word ^ eight(b'\\'), 1) == 0
    };
    let plain = words.iter().take_while(is_plain).count() * 8;
    let rest = bytes.get(plain..).unwrap_or_default();
    let at = rest.iter().position(|byte| *byte < b' ' || *byte == b'"' || *byte == b'\\')?;
    Some(plain + at)
}

/// A float as a value of a record. NaN and infinity become text, so that validation reports them.
pub fn float_value(float: f64) -> Value {
    Number::from_f64(float).map_or_else(|| Value::from(float.to_string()), Value::Number)
}

/// The name of an AWS member in snake_case: `GroupARN` becomes `group_arn`, and `sharedEventID` becomes `shared_event_id`.
pub fn snake_case(name: &str) -> Text {
    let mut snake = Text::with_capacity(name.len());
    let bytes = name.as_bytes();
    let mut copied = 0;
    for (at, byte) in bytes.iter().enumerate().filter(|(_, byte)| byte.is_ascii_uppercase()) {
        snake.push_str(name.get(copied..at).unwrap_or_default());
        copied = at + 1;
        let next_is_lower = bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase);
        let boundary = at.checked_sub(1).and_then(|before| bytes.get(before)).is_some_and(|before| {
            before.is_ascii_lowercase()
                || before.is_ascii_digit()
                || (before.is_ascii_uppercase() && next_is_lower)
        });
        if boundary {
            snake.push('_');
        }
        snake.push(char::from(byte.to_ascii_lowercase()));
    }
    snake.push_str(name.get(copied..).unwrap_or_default());
    snake
}

/// Returns `value` with the names of all members in snake_case. If two members of one object would get the same name, both
/// keep their original names, so that neither is lost.
#[must_use]
pub fn with_snake_names(value: Value) -> Value {
    match value {
        Value::Map(map) => {
            let snakes: Vec<Text> = map.keys().map(|name| snake_case(name)).collect();
            let shared = shared(&snakes);
            let renamed = snakes.iter().zip(map).map(|(snake, (name, value))| {
                (if shared.contains(snake) { name } else { snake.clone() }, with_snake_names(value))
            });
            Value::Map(renamed.collect())
        }
        Value::List(list) => Value::List(list.into_iter().map(with_snake_names).collect()),
        other => other,
    }
}

/// The names that occur more than once.
fn shared(names: &[Text]) -> BTreeSet<Text> {
    let mut sorted = names.to_vec();
    sorted.sort_unstable();
    let same = sorted.array_windows().filter(|[left, right]| left == right);
    same.map(|[name, _]| name.clone()).collect()
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<Cow<'_, str>> for Value {
    fn from(text: Cow<'_, str>) -> Self {
        Self::String(text.into())
    }
}

impl From<Text> for Value {
    fn from(text: Text) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Number(value.into())
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Number(value.into())
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Number(value.into())
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}

impl From<Timestamp> for Value {
    fn from(timestamp: Timestamp) -> Self {
        Self::String(timestamp.to_text())
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

impl From<&[String]> for Value {
    fn from(texts: &[String]) -> Self {
        texts.iter().map(String::as_str).collect()
    }
}

impl<T: Into<Self>> FromIterator<T> for Value {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        Self::List(elements.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Self>> From<Vec<T>> for Value {
    fn from(list: Vec<T>) -> Self {
        list.into_iter().collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_converted_to_snake_case_as_in_the_contract() {
        for (name, snake) in [
            ("GroupARN", "group_arn"),
            ("sharedEventID", "shared_event_id"),
            ("RootCauseServiceId", "root_cause_service_id"),
            (
                "assessmentControlsCountByNoncompliantEvidence",
                "assessment_controls_count_by_noncompliant_evidence",
            ),
            ("eventID", "event_id"),
            ("awsRegion", "aws_region"),
            ("S3Bucket", "s3_bucket"),
            ("already_snake", "already_snake"),
            ("éA", "éa"),
            ("AÉb", "aÉb"),
            ("日本XRay", "日本x_ray"),
            ("", ""),
        ] {
            assert_eq!(snake_case(name), snake);
        }
    }

    #[test]
    fn members_whose_names_would_collide_keep_their_names() {
        let value = Value::from_json(r#"{"eventID": 1, "event_id": 2, "EventName": 3}"#).unwrap();
        let expected = Value::from_json(r#"{"eventID": 1, "event_id": 2, "event_name": 3}"#).unwrap();
        assert_eq!(with_snake_names(value), expected);
        let value = Value::from_json(
            r#"{"EventId": 1, "eventID": 2, "eventId": 3, "EventName": {"aB": 4, "AB": 5}}"#,
        );
        let expected = Value::from_json(
            r#"{"EventId": 1, "eventID": 2, "eventId": 3, "event_name": {"a_b": 4, "ab": 5}}"#,
        );
        assert_eq!(with_snake_names(value.unwrap()), expected.unwrap());
    }

    #[test]
    fn canonical_json_is_sorted_and_exact() {
        let value = Value::from_json(
            "{\"b\":[1.0,true,null],\"a\":\"\\u0001\\n\\\"é\",\"c\":12345678901234567890123}",
        );
        let mut text = String::new();
        value.unwrap().write_canonical(&mut text);
        assert_eq!(text, "{\"a\":\"\\u0001\\n\\\"é\",\"b\":[1,true,null],\"c\":12345678901234567890123}");
    }

    #[test]
    fn characters_to_escape_are_found_at_every_position() {
        for escaped in ['\u{0}', '\u{1f}', '"', '\\', '\n'] {
            for before in 0..20 {
                for after in [0, 1, 7, 8, 9] {
                    // Bytes next to those that need an escape, and characters beyond ASCII.
                    let plain =
                        |length: usize| " !#[]~\u{7f}é漢".chars().cycle().take(length).collect::<String>();
                    let (before, after) = (plain(before), plain(after));
                    let mut text = String::new();
                    write_string(&format!("{before}{escaped}{after}"), &mut text);
                    let read: String = serde_json::from_str(&text).unwrap();
                    assert_eq!(read, format!("{before}{escaped}{after}"));
                    let mut unescaped = String::new();
                    write_string(&format!("{before}{after}"), &mut unescaped);
                    assert_eq!(unescaped, format!("\"{before}{after}\""));
                }
            }
        }
    }

    pub(crate) fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(|number| Value::Number(number.into())),
            "-?[0-9]{1,15}\\.[0-9]{1,15}".prop_map(|text| Value::Number(Number::parse(&text).unwrap())),
            ".{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 48, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::List),
                prop::collection::btree_map(
                    ".{1,8}|[a-z_]{20,30}|[aAbB_]{1,3}".prop_map(Text::from),
                    inner,
                    0..6
                )
                .prop_map(|members| Value::Map(Map::from_iter(members))),
            ]
        })
    }

    proptest! {
        #[test]
        fn json_and_attributes_are_read_unchanged(value in any_value()) {
            let mut text = String::new();
            value.write_canonical(&mut text);
            prop_assert_eq!(&Value::from_json(&text).unwrap(), &value);
            prop_assert_eq!(Value::from_attribute(value.clone().into_attribute()).unwrap(), value);
        }

        #[test]
        fn renaming_loses_no_member(value in any_value()) {
            fn members(value: &Value) -> usize {
                match value {
                    Value::Map(map) => map.len() + map.values().map(members).sum::<usize>(),
                    Value::List(list) => list.iter().map(members).sum(),
                    _ => 0,
                }
            }
            prop_assert_eq!(members(&with_snake_names(value.clone())), members(&value));
        }
    }
}
