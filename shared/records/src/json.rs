//! Reads JSON text into a [`Value`], in one pass and with every digit of its numbers.
//!
//! `serde_json` gives numbers as binary floating point, or as text where every crate of a program has agreed to it.

use crate::map::Map;
use crate::number::Number;
use crate::value::{Text, Value, snake_case, with_snake_names};
use hifijson::num::LexWrite;
use hifijson::str::LexAlloc;
use hifijson::token::{Expect, Lex};
use hifijson::{Error, SliceLexer};
use serde::de::IgnoredAny;
use std::borrow::Cow;

/// The deepest JSON that is read. DynamoDB nests 32 levels; what is deeper than this is not JSON of any AWS service.
const MAX_DEPTH: usize = 100;

/// Under which names members are kept.
#[derive(Clone, Copy)]
enum Names {
    /// Their own.
    Own,
    /// Their own in snake_case.
    Snake,
}

/// Why a text could not be read.
enum Unreadable {
    /// It is not JSON.
    Syntax(Error),
    /// It is JSON that goes too deep.
    Depth,
    /// It is JSON with a number whose exponent goes beyond 64 bits.
    Number(String),
    /// Two members of one object have the same name, or would have it in snake_case.
    Clash,
}

impl<E: Into<Error>> From<E> for Unreadable {
    fn from(error: E) -> Self {
        Self::Syntax(error.into())
    }
}

/// The value of a text. An error is one line that says what is wrong.
pub(crate) fn read(text: &str) -> Result<Value, String> {
    whole(text, Names::Own).map_err(|unreadable| message(text, unreadable))
}

/// The value of a text, as [`with_snake_names`] would make it.
pub(crate) fn read_in_snake_case(text: &str) -> Result<Value, String> {
    match whole(text, Names::Snake) {
        // What then becomes of the names is decided with all of an object in hand.
        Err(Unreadable::Clash) => read(text).map(with_snake_names),
        read => read.map_err(|unreadable| message(text, unreadable)),
    }
}

fn message(text: &str, unreadable: Unreadable) -> String {
    match unreadable {
        Unreadable::Depth => format!("nested deeper than {MAX_DEPTH} levels"),
        Unreadable::Number(literal) => format!("number out of range: {literal}"),
        Unreadable::Clash => "two members of one name".to_owned(),
        // It knows line and column as well.
        Unreadable::Syntax(error) => match serde_json::from_str::<IgnoredAny>(text) {
            Err(error) => error.to_string(),
            Ok(_) => error.to_string(),
        },
    }
}

fn whole(text: &str, names: Names) -> Result<Value, Unreadable> {
    let mut lexer = SliceLexer::new(text.as_bytes());
    lexer.exactly_one(Lex::ws_peek, |next, lexer| value(next, lexer, names, 0))
}

fn value(next: u8, lexer: &mut SliceLexer<'_>, names: Names, depth: usize) -> Result<Value, Unreadable> {
    if depth > MAX_DEPTH {
        return Err(Unreadable::Depth);
    }
    match next {
        b'"' => Ok(Value::String(string(lexer)?.into())),
        b'{' => {
            let mut members: Vec<(Text, Value)> = Vec::new();
            lexer.discarded().seq(b'}', Lex::ws_peek, |next, lexer| {
                if next != b'"' {
                    return Err(Expect::String.into());
                }
                let name = string(lexer)?;
                let name = match names {
                    Names::Own => Text::from(name),
                    Names::Snake => snake_case(&name),
                };
                lexer.expect(Lex::ws_peek, b':').ok_or(Expect::Colon)?;
                let next = lexer.ws_peek().ok_or(Expect::Value)?;
                members.push((name, value(next, lexer, names, depth + 1)?));
                Ok::<_, Unreadable>(())
            })?;
            let count = members.len();
            let map = Map::from(members);
            match names {
                Names::Snake if map.len() < count => Err(Unreadable::Clash),
                _ => Ok(Value::Map(map)),
            }
        }
        b'[' => {
            let mut elements = Vec::new();
            lexer.discarded().seq(b']', Lex::ws_peek, |next, lexer| {
                elements.push(value(next, lexer, names, depth + 1)?);
                Ok::<_, Unreadable>(())
            })?;
            Ok(Value::List(elements))
        }
        b'-' | b'0'..=b'9' => {
            let (literal, _) = lexer.num_string().validated()?;
            let number = Number::parse(literal).ok_or_else(|| Unreadable::Number(literal.to_owned()))?;
            Ok(Value::Number(number))
        }
        _ => Ok(lexer.null_or_bool().ok_or(Expect::Value)?.map_or(Value::Null, Value::Bool)),
    }
}

/// The text at whose quotation mark the lexer stands.
fn string<'a>(lexer: &mut SliceLexer<'a>) -> Result<Cow<'a, str>, Unreadable> {
    Ok(lexer.discarded().str_string()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::tests::any_value;
    use proptest::prelude::*;

    #[test]
    fn of_members_of_one_name_the_last_counts() {
        let value = read(r#"{"a": 1, "b": 1, "a": 2}"#).unwrap();
        assert_eq!(value, read(r#"{"a": 2, "b": 1}"#).unwrap());
        let value = read_in_snake_case(r#"{"eventID": {"aB": 1, "aB": 2}, "eventID": [{"cD": 3}]}"#).unwrap();
        assert_eq!(value, read(r#"{"event_id": [{"c_d": 3}]}"#).unwrap());
    }

    #[test]
    fn hostile_json_is_refused_with_a_reason() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        for (text, reason) in [
            ("", "EOF while parsing a value at line 1 column 0"),
            ("{", "EOF while parsing an object at line 1 column 1"),
            ("{\"a\":}", "expected value at line 1 column 6"),
            ("{\"a\" 1}", "expected `:` at line 1 column 6"),
            ("{1:2}", "key must be a string at line 1 column 2"),
            ("nul", "EOF while parsing a value at line 1 column 3"),
            ("[\n01]", "invalid number at line 2 column 2"),
            ("1.", "invalid number at line 1 column 2"),
            ("[1,]", "expected value at line 1 column 4"),
            ("{\"a\":1}x", "trailing characters at line 1 column 8"),
            ("\"\t\"", "control character"),
            // Half a character, which no text of ours can hold.
            ("\"\\ud800\"", "surrogate"),
            ("[1e99999999999999999999]", "number out of range: 1e99999999999999999999"),
            (deep(102).as_str(), "nested deeper than 100 levels"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
        assert!(read(&deep(101)).is_ok());
    }

    #[test]
    fn escapes_and_white_space_are_read() {
        let text = " {\t\"a\\n\\u00e9\\ud83d\\ude00\\/\" :\r\n[ true , false,null ,\"\" ] } ";
        let Value::Map(map) = read(text).unwrap() else { panic!("an object") };
        let expected = [Value::Bool(true), Value::Bool(false), Value::Null, Value::from("")];
        assert_eq!(map["a\né😀/"], Value::List(expected.to_vec()));
    }

    /// Whether a value is what `serde_json` makes of its text. Its fractions are only near.
    fn is_like(value: &Value, serde: &serde_json::Value) -> bool {
        match (value, serde) {
            (Value::Null, serde_json::Value::Null) => true,
            (Value::Bool(value), serde_json::Value::Bool(serde)) => value == serde,
            (Value::Number(number), serde_json::Value::Number(serde)) if serde.is_f64() => {
                let float = serde.as_f64().unwrap();
                (number.as_f64() - float).abs() <= float.abs() * 1e-12
            }
            (Value::Number(number), serde_json::Value::Number(serde)) => number.as_str() == serde.to_string(),
            (Value::String(text), serde_json::Value::String(serde)) => text == serde,
            (Value::List(list), serde_json::Value::Array(serde)) => {
                list.len() == serde.len()
                    && list.iter().zip(serde).all(|(value, serde)| is_like(value, serde))
            }
            (Value::Map(map), serde_json::Value::Object(serde)) => {
                let is_there = |(name, value): (&Text, &Value)| {
                    serde.get(name.as_str()).is_some_and(|serde| is_like(value, serde))
                };
                map.len() == serde.len() && map.iter().all(is_there)
            }
            _ => false,
        }
    }

    proptest! {
        /// Of the letters that JSON is made of, in any order: nearly every such text is broken somewhere.
        #[test]
        fn it_reads_what_serde_json_reads_and_refuses_what_it_refuses(
            text in r#"([\[\]{},:" ]|"a"|"[\\"u0-9a-f]{0,7}"|-|0|12|\.5|[eE][+-]?[0-9]?|true|null|fals|é){0,12}"#
        ) {
            match serde_json::from_str::<serde_json::Value>(&text) {
                Ok(serde) => {
                    let value = read(&text);
                    prop_assert!(value.as_ref().is_ok_and(|value| is_like(value, &serde)), "{text}: {value:?}");
                }
                // It has no float for such a number; whether DynamoDB has one is for validation to say.
                Err(error) if error.to_string().starts_with("number out of range") => {}
                Err(_) => prop_assert!(read(&text).is_err(), "{}", text),
            }
        }

        #[test]
        fn names_are_renamed_while_reading_as_they_are_afterwards(value in any_value()) {
            let mut text = String::new();
            value.write_canonical(&mut text);
            prop_assert_eq!(read_in_snake_case(&text), Ok(with_snake_names(value)));
        }

        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in ".{0,64}") {
            let _ = read(&text);
        }
    }
}
