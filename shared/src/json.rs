//! Reads JSON text as values of a record, in one pass and with every number to its last digit, which `serde_json` gives up
//! unless all of a program's JSON is read that way.
//!
//! What is wrong with a text is `serde_json`'s to say: it is asked once it is known that something is.

use crate::number::Number;
use crate::value::{Map, Value};
use serde::de::IgnoredAny;

/// The deepest JSON that is read. DynamoDB nests 32 levels; what is deeper than this is not JSON of any AWS service.
const MAX_DEPTH: usize = 100;

/// Reads a text. An error is one line that says what is wrong.
pub(crate) fn read(text: &str) -> Result<Value, String> {
    let mut reader = Reader { text, at: 0 };
    let read = reader.value(0).and_then(|value| {
        reader.skip_space();
        if reader.peek().is_none() { Ok(value) } else { Err(Fault::Syntax) }
    });
    read.map_err(|fault| match fault {
        Fault::Syntax => match serde_json::from_str::<IgnoredAny>(text) {
            Err(error) => error.to_string(),
            Ok(_) => format!("no JSON at byte {}", reader.at),
        },
        Fault::Named(message) => message,
    })
}

enum Fault {
    /// It is no JSON.
    Syntax,
    /// It is something that is not read.
    Named(String),
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Goes past `byte`, if it is what comes next.
    fn takes(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Fault> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if !rest.starts_with(word.as_bytes()) {
            return Err(Fault::Syntax);
        }
        self.at += word.len();
        Ok(value)
    }

    fn value(&mut self, depth: usize) -> Result<Value, Fault> {
        if depth > MAX_DEPTH {
            return Err(Fault::Named(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        self.skip_space();
        match self.peek() {
            Some(b'{') => self.object(depth).map(Value::Map),
            Some(b'[') => self.list(depth).map(Value::List),
            Some(b'"') => self.string().map(Value::String),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            _ => self.number().map(Value::Number),
        }
    }

    /// The members of an object; of those of one name the last.
    fn object(&mut self, depth: usize) -> Result<Map, Fault> {
        let mut map = Map::new();
        self.at += 1;
        self.skip_space();
        if self.takes(b'}') {
            return Ok(map);
        }
        loop {
            self.skip_space();
            let name = self.string()?;
            self.skip_space();
            if !self.takes(b':') {
                return Err(Fault::Syntax);
            }
            map.insert(name, self.value(depth + 1)?);
            self.skip_space();
            if self.takes(b'}') {
                return Ok(map);
            }
            if !self.takes(b',') {
                return Err(Fault::Syntax);
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Value>, Fault> {
        let mut list = Vec::new();
        self.at += 1;
        self.skip_space();
        if self.takes(b']') {
            return Ok(list);
        }
        loop {
            list.push(self.value(depth + 1)?);
            self.skip_space();
            if self.takes(b']') {
                return Ok(list);
            }
            if !self.takes(b',') {
                return Err(Fault::Syntax);
            }
        }
    }

    fn string(&mut self) -> Result<String, Fault> {
        let start = self.at;
        if !self.takes(b'"') {
            return Err(Fault::Syntax);
        }
        let mut has_escapes = false;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    has_escapes = true;
                    self.at += 2;
                }
                Some(byte) if byte >= b' ' => self.at += 1,
                _ => return Err(Fault::Syntax),
            }
        }
        self.at += 1;
        if has_escapes {
            let quoted = self.text.get(start..self.at).unwrap_or_default();
            return serde_json::from_str(quoted).map_err(|error| Fault::Named(error.to_string()));
        }
        Ok(self.text.get(start + 1..self.at - 1).unwrap_or_default().to_owned())
    }

    /// A number as JSON spells it: no leading zero, no sign but a minus, digits on both sides of a point.
    fn number(&mut self) -> Result<Number, Fault> {
        let start = self.at;
        self.takes(b'-');
        if !self.takes(b'0') {
            self.digits()?;
        }
        if self.takes(b'.') {
            self.digits()?;
        }
        if self.takes(b'e') || self.takes(b'E') {
            let _ = self.takes(b'+') || self.takes(b'-');
            self.digits()?;
        }
        let literal: &'a str = self.text.get(start..self.at).unwrap_or_default();
        Number::parse(literal).ok_or_else(|| Fault::Named(format!("number out of range: {literal}")))
    }

    /// At least one digit.
    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(Fault::Syntax) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Whether a value is the one that `serde_json` reads, as far as binary floats tell.
    fn is_same(value: &Value, expected: &serde_json::Value) -> bool {
        match (value, expected) {
            (Value::Null, serde_json::Value::Null) => true,
            (Value::Bool(value), serde_json::Value::Bool(expected)) => value == expected,
            (Value::Number(value), serde_json::Value::Number(expected)) => {
                expected.as_f64().is_some_and(|expected| value.as_f64().total_cmp(&(expected + 0.0)).is_eq())
            }
            (Value::String(value), serde_json::Value::String(expected)) => value == expected,
            (Value::List(value), serde_json::Value::Array(expected)) => {
                value.len() == expected.len()
                    && value.iter().zip(expected).all(|(value, expected)| is_same(value, expected))
            }
            (Value::Map(value), serde_json::Value::Object(expected)) => {
                value.len() == expected.len()
                    && value.iter().all(|(name, value)| {
                        expected.get(name).is_some_and(|expected| is_same(value, expected))
                    })
            }
            _ => false,
        }
    }

    fn check(text: &str) {
        let read = read(text);
        match serde_json::from_str(text) {
            Err(_) => assert!(read.is_err(), "{text:?} was read as {read:?}"),
            Ok(expected) => {
                let value = read.unwrap_or_else(|error| panic!("{text:?}: {error}"));
                assert!(is_same(&value, &expected), "{text:?}: {value:?}, not {expected:?}");
            }
        }
    }

    #[test]
    fn a_text_is_read_exactly_where_others_read_it() {
        for text in [
            "",
            " ",
            "{}",
            "[]",
            " { } ",
            "[ ]",
            "{",
            "}",
            "[",
            "]",
            "[1,]",
            "[,1]",
            "[1 2]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{,\"a\":1}",
            "{a:1}",
            "{\"a\":1 \"b\":2}",
            "{\"a\":1}x",
            "[1]]",
            "nul",
            "nulll",
            "null ",
            "tru",
            "true",
            "falsey",
            "false",
            "\"",
            "\"a",
            "\"a\\\"",
            "\"\\\"",
            "\"\\",
            "\"a\tb\"",
            "\"a\\tb\"",
            "\"\\u00e9\\ud83d\\ude00\"",
            "\"\\ud800\"",
            "\"\\ud800\\u0041\"",
            "\"\\x\"",
            "\"\u{7f}é😀\"",
            "0",
            "-0",
            "00",
            "01",
            "-",
            "-01",
            "+1",
            "1.",
            ".5",
            "1.5",
            "1e",
            "1e+",
            "1E+2",
            "1e-2",
            "1.5e3",
            "0.0",
            "0x1",
            "1_0",
            "NaN",
            "Infinity",
            "\u{feff}1",
            "[1,[2,[3,{\"a\":[]}]]]",
            "{\"a\":1,\"a\":2}",
            "{\"\":{\"\":\"\"}}",
            "\r\n\t [ 1 ,\n2 ] \r",
        ] {
            check(text);
        }
    }

    #[test]
    fn an_error_says_where_and_what() {
        for (text, expected) in [
            ("[1,]", "expected value at line 1 column 4"),
            ("{\"a\":1}x", "trailing characters at line 1 column 8"),
            ("\"\\ud800\"", "at line 1 column"),
            ("1e99999999999999999999", "number out of range: 1e99999999999999999999"),
            ("\"\\", "at line 1 column"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
        let deep = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        assert!(read(&deep(MAX_DEPTH)).is_ok());
        assert_eq!(read(&deep(MAX_DEPTH + 1)), Err("nested deeper than 100 levels".to_owned()));
        assert!(read(&"[".repeat(1_000_000)).is_err());
    }

    proptest! {
        #[test]
        fn any_text_of_jsons_own_characters_is_read_where_others_read_it(
            text in "[\\[\\]{}:,\" \\\\ntrufalse0-9.eE+é-]{0,24}",
        ) {
            // What is out of a binary float's range is known here alone.
            prop_assume!(!text.to_ascii_lowercase().contains('e'));
            check(&text);
        }
    }
}
