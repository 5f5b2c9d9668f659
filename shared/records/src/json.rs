//! Reads JSON text into a [`Value`], in one pass, with all digits of the numbers.
//!
//! `serde_json` returns binary floating-point numbers. It returns their text only with a feature that then applies to every
//! crate of the program.

use crate::map::Map;
use crate::number::Number;
use crate::surrogate::replace_unpaired;
use crate::value::{Text, Value, snake_case, with_snake_names};
use hifijson::num::LexWrite;
use hifijson::str::LexAlloc;
use hifijson::token::{Expect, Lex};
use hifijson::{Error, SliceLexer};
use std::borrow::Cow;

/// The maximum nesting depth of JSON that is read. DynamoDB allows 32 levels, and no AWS service returns more than this.
const MAX_DEPTH: usize = 100;

/// How the names of members are converted.
struct Names {
    /// Whether to convert the names to snake_case.
    in_snake_case: bool,
    /// Whether two members of one object received the same name.
    clash: bool,
}

/// Why reading ended before the end of the text.
enum Halt {
    /// Not JSON.
    Syntax(Error),
    /// Nested too deeply.
    Depth,
    /// A number whose exponent needs more than 64 bits.
    Number(String),
}

impl<E: Into<Error>> From<E> for Halt {
    fn from(error: E) -> Self {
        Self::Syntax(error.into())
    }
}

/// Reads a JSON text. The error is one line with the reason and the position.
pub(crate) fn read(text: &str) -> Result<Value, String> {
    whole_of_pairs(text, &mut Names { in_snake_case: false, clash: false })
}

/// Reads a JSON text like [`with_snake_names`] after [`read`].
pub(crate) fn read_in_snake_case(text: &str) -> Result<Value, String> {
    let mut names = Names { in_snake_case: true, clash: false };
    let value = whole_of_pairs(text, &mut names)?;
    // If names collide, all members of the object must be known before they can be renamed.
    if names.clash { read(text).map(with_snake_names) } else { Ok(value) }
}

/// Like [`whole`], but with U+FFFD in place of unpaired surrogates. These are rare, so the function looks for them only if
/// the text could not be read.
fn whole_of_pairs(text: &str, names: &mut Names) -> Result<Value, String> {
    whole(text, names).or_else(|error| match replace_unpaired(text) {
        Cow::Owned(replaced) => whole(&replaced, names),
        Cow::Borrowed(_) => Err(error),
    })
}

fn whole(text: &str, names: &mut Names) -> Result<Value, String> {
    let mut lexer = SliceLexer::new(text.as_bytes());
    lexer.exactly_one(Lex::ws_peek, |next, lexer| value(next, lexer, names, 0)).map_err(|halt| {
        let what = match halt {
            Halt::Syntax(error) => error.to_string(),
            Halt::Depth => format!("nested deeper than {MAX_DEPTH} levels"),
            Halt::Number(literal) => format!("number out of range: {literal}"),
        };
        let read = text.as_bytes().get(..text.len() - lexer.as_slice().len()).unwrap_or_default();
        let lines = read.split(|byte| *byte == b'\n');
        let column = lines.clone().next_back().unwrap_or_default().len() + 1;
        format!("{what} at line {} column {column}", lines.count())
    })
}

fn value(next: u8, lexer: &mut SliceLexer<'_>, names: &mut Names, depth: usize) -> Result<Value, Halt> {
    if depth > MAX_DEPTH {
        return Err(Halt::Depth);
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
                let name = if names.in_snake_case { snake_case(&name) } else { Text::from(name) };
                lexer.expect(Lex::ws_peek, b':').ok_or(Expect::Colon)?;
                let next = lexer.ws_peek().ok_or(Expect::Value)?;
                members.push((name, value(next, lexer, names, depth + 1)?));
                Ok::<_, Halt>(())
            })?;
            let count = members.len();
            let map = Map::from(members);
            names.clash |= map.len() < count;
            Ok(Value::Map(map))
        }
        b'[' => {
            let mut elements = Vec::new();
            lexer.discarded().seq(b']', Lex::ws_peek, |next, lexer| {
                elements.push(value(next, lexer, names, depth + 1)?);
                Ok::<_, Halt>(())
            })?;
            Ok(Value::List(elements))
        }
        b'-' | b'0'..=b'9' => {
            let (literal, _) = lexer.num_string().validated()?;
            Number::parse(literal).map(Value::Number).ok_or_else(|| Halt::Number(literal.to_owned()))
        }
        _ => Ok(lexer.null_or_bool().ok_or(Expect::Value)?.map_or(Value::Null, Value::Bool)),
    }
}

/// Reads the string at the position of the lexer, which is a quotation mark.
fn string<'a>(lexer: &mut SliceLexer<'a>) -> Result<Cow<'a, str>, Halt> {
    Ok(lexer.discarded().str_string()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::tests::any_value;
    use proptest::prelude::*;
    use proptest::sample::Index;

    #[test]
    fn of_members_with_the_same_name_the_last_counts() {
        let value = read(r#"{"a": 1, "b": 1, "a": 2}"#).unwrap();
        assert_eq!(value, read(r#"{"a": 2, "b": 1}"#).unwrap());
        let value = read_in_snake_case(r#"{"eventID": {"aB": 1, "aB": 2}, "eventID": [{"cD": 3}]}"#).unwrap();
        assert_eq!(value, read(r#"{"event_id": [{"c_d": 3}]}"#).unwrap());
        // More members than the short list holds; those are sorted in another way.
        let members = |names: usize| {
            (0..120).map(|number| format!("\"{}\":{number}", number % names)).collect::<Vec<_>>()
        };
        let value = read(&format!("{{{}}}", members(3).join(","))).unwrap();
        assert_eq!(value, read(r#"{"0": 117, "1": 118, "2": 119}"#).unwrap());
        let Value::Map(map) = read(&format!("{{{}}}", members(120).join(","))).unwrap() else {
            panic!("an object")
        };
        assert!((0..120_i64).all(|number| map[number.to_string().as_str()] == number.into()));
    }

    #[test]
    fn invalid_json_is_rejected_with_reason_and_position() {
        for (text, reason) in [
            ("", "value expected at line 1 column 1"),
            ("{", "value or end of sequence expected at line 1 column 2"),
            ("{\"a\":}", "value expected at line 1 column 7"),
            ("{\"a\" 1}", "colon expected at line 1 column 6"),
            ("{1:2}", "string expected at line 1 column 2"),
            ("[\n01]", "comma or end of sequence expected at line 2 column 2"),
            ("{\n \"é\": 1.}", "expected digit at line 2 column 10"),
            ("[1,]", "value expected at line 1 column 5"),
            ("{\"a\":1}x", "end of file expected at line 1 column 8"),
            ("[\"a]", "unterminated string at line 1 column 5"),
            ("[\"\t\"]", "invalid string control character at line 1 column 4"),
            // Another error beside an unpaired surrogate keeps its position.
            ("[\"\\ud800\",]", "value expected at line 1 column 12"),
            ("[1e99999999999999999999]", "number out of range: 1e99999999999999999999 at line 1 column 24"),
            // A member that would also match another one of the same name.
            (
                "{\"a\":1e99999999999999999999,\"a\":1}",
                "number out of range: 1e99999999999999999999 at line 1 column 28",
            ),
        ] {
            assert_eq!(read(text), Err(reason.to_owned()), "{text}");
            assert_eq!(read_in_snake_case(text), Err(reason.to_owned()), "{text}");
        }
        assert!(read("nul").unwrap_err().starts_with("value expected at line 1"));
    }

    #[test]
    fn json_above_the_maximum_depth_is_rejected() {
        for (begin, end) in [("[", "]"), ("{\"aB\":", "}"), ("[{\"aB\":", "}]")] {
            let levels = begin.matches(['[', '{']).count();
            let nested = |depth: usize| {
                let times = depth.div_ceil(levels);
                format!("{}0{}", begin.repeat(times), end.repeat(times))
            };
            assert!(read(&nested(MAX_DEPTH)).is_ok(), "{begin}");
            assert!(read_in_snake_case(&nested(MAX_DEPTH)).is_ok(), "{begin}");
            for depth in [MAX_DEPTH + 1, 100_000] {
                for error in
                    [read(&nested(depth)), read_in_snake_case(&nested(depth))].map(Result::unwrap_err)
                {
                    assert!(
                        error.starts_with("nested deeper than 100 levels at line 1 column "),
                        "{begin}: {error}"
                    );
                }
            }
        }
    }

    #[test]
    fn escapes_and_white_space_are_read() {
        let text = " {\t\"a\\n\\u00e9\\ud83d\\ude00\\/\" :\r\n[ true , false,null ,\"\" ] } ";
        let Value::Map(map) = read(text).unwrap() else { panic!("an object") };
        let expected = [Value::Bool(true), Value::Bool(false), Value::Null, Value::from("")];
        assert_eq!(map["a\né😀/"], Value::List(expected.to_vec()));
    }

    /// Whether a value equals what `serde_json` reads from the same text. Fractions are compared approximately, and near zero
    /// not at all.
    fn is_like(value: &Value, serde: &serde_json::Value) -> bool {
        match (value, serde) {
            (Value::Null, serde_json::Value::Null) => true,
            (Value::Bool(value), serde_json::Value::Bool(serde)) => value == serde,
            (Value::Number(number), serde_json::Value::Number(serde)) if serde.is_f64() => {
                let float = serde.as_f64().unwrap();
                (number.as_f64() - float).abs() <= float.abs() * 1e-12 + f64::MIN_POSITIVE
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

    fn as_serde_json(text: &str) -> Result<(), TestCaseError> {
        // `serde_json` rejects unpaired surrogates. `surrogate` replaces them and has its own tests.
        match (serde_json::from_str(&replace_unpaired(text)), read(text)) {
            (Ok(serde), Ok(value)) => prop_assert!(is_like(&value, &serde), "{text}: {value:?}"),
            (Ok(_), Err(error)) => prop_assert!(false, "{text}: {error}"),
            // `serde_json` has no float for such a number. Validation decides whether DynamoDB accepts it.
            (Err(error), _) if error.to_string().starts_with("number out of range") => {}
            (Err(error), value) => prop_assert!(value.is_err(), "{text}: {error}"),
        }
        Ok(())
    }

    proptest! {
        /// Valid JSON with one changed character.
        #[test]
        fn a_text_with_one_changed_character_is_read_like_by_serde_json(
            value in any_value(), at: Index, slip in prop::sample::select(&[
                "", "\"", "\\", "{", "}", "[", "]", ",", ":", "-", "0", "1", ".", "e", "n", " ", "\n", "\u{1}", "é", "\"\"",
            ])
        ) {
            let mut text = String::new();
            value.write_canonical(&mut text);
            let mut characters: Vec<String> = text.chars().map(String::from).collect();
            *at.get_mut(&mut characters) = slip.to_owned();
            as_serde_json(&characters.concat())?;
        }

        /// Random texts of the characters that JSON consists of. Nearly all of them are invalid.
        #[test]
        fn it_accepts_and_rejects_the_same_as_serde_json(
            text in r#"([\[\]{},:" ]|"a"|"[\\"u0-9a-f]{0,7}"|-|0|12|\.5|[eE][+-]?[0-9]?|true|null|fals|é){0,12}"#
        ) {
            as_serde_json(&text)?;
        }

        #[test]
        fn names_are_renamed_the_same_during_and_after_reading(value in any_value()) {
            let mut text = String::new();
            value.write_canonical(&mut text);
            prop_assert_eq!(read_in_snake_case(&text), Ok(with_snake_names(value)));
        }

        #[test]
        fn any_text_is_read_or_rejected_without_a_panic(text in ".{0,64}") {
            let _ = read(&text);
        }
    }
}
