//! Replaces unpaired surrogates in JSON text. A JSON escape can contain one half of a surrogate pair, but a Rust string
//! cannot. Each is replaced by U+FFFD, as in `String::from_utf16_lossy`. The rest of the text and its length do not change.
//! No I/O.

use std::borrow::Cow;

/// The escape for U+FFFD, which is as long as the escape that it replaces.
const REPLACEMENT: &[u8] = br"\ufffd";

/// The JSON text with U+FFFD in place of every unpaired surrogate.
pub fn replace_unpaired(text: &str) -> Cow<'_, str> {
    if !may_escape(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    let mut replaced = Vec::with_capacity(text.len());
    let rest = pass(text.as_bytes(), &mut replaced);
    replaced.extend_from_slice(rest);
    match String::from_utf8(replaced) {
        Ok(replaced) if replaced != text => Cow::Owned(replaced),
        // Escapes are ASCII, so replacing them cannot break another character.
        _ => Cow::Borrowed(text),
    }
}

/// Replaces unpaired surrogates in a text that arrives in pieces.
#[derive(Debug, Default)]
pub struct Replacer {
    /// The incomplete escape at the end of the previous piece.
    kept: Vec<u8>,
}

impl Replacer {
    /// The bytes to pass on instead of `piece`; `None` if `piece` needs no change. An incomplete escape at the end of `piece`
    /// is passed on with the next piece. A complete JSON text does not end with one.
    pub fn replace(&mut self, piece: &[u8]) -> Option<Vec<u8>> {
        if self.kept.is_empty() && !may_escape(piece) {
            return None;
        }
        let mut whole = std::mem::take(&mut self.kept);
        whole.extend_from_slice(piece);
        let mut replaced = Vec::with_capacity(whole.len());
        self.kept = pass(&whole, &mut replaced).to_vec();
        Some(replaced)
    }
}

/// Whether the text contains `\u`, or ends with the beginning of it.
fn may_escape(text: &[u8]) -> bool {
    text.last() == Some(&b'\\') || text.windows(2).any(|pair| pair == br"\u")
}

/// Appends `text` with its unpaired surrogates replaced, and returns the incomplete escape at its end.
fn pass<'a>(text: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let mut rest = text;
    loop {
        let plain = rest.iter().position(|byte| *byte == b'\\').unwrap_or(rest.len());
        let (before, escape) = rest.split_at(plain);
        out.extend_from_slice(before);
        rest = match escape {
            [_, b'u', a, b, c, d, after @ ..] => match unit([*a, *b, *c, *d]) {
                Some(0xD800..=0xDBFF) => match after {
                    [b'\\', b'u', a, b, c, d, beyond @ ..] if is_low(unit([*a, *b, *c, *d])) => {
                        out.extend_from_slice(escape.get(..12).unwrap_or_default());
                        beyond
                    }
                    // A low surrogate may follow.
                    []
                    | [b'\\']
                    | [b'\\', b'u']
                    | [b'\\', b'u', _]
                    | [b'\\', b'u', _, _]
                    | [b'\\', b'u', _, _, _] => {
                        return escape;
                    }
                    _ => {
                        out.extend_from_slice(REPLACEMENT);
                        after
                    }
                },
                code if is_low(code) => {
                    out.extend_from_slice(REPLACEMENT);
                    after
                }
                _ => {
                    out.extend_from_slice(escape.get(..6).unwrap_or_default());
                    after
                }
            },
            [] | [_] | [_, b'u', ..] => return escape,
            [backslash, escaped, after @ ..] => {
                out.extend([*backslash, *escaped]);
                after
            }
        };
    }
}

/// The code unit that four hexadecimal digits represent.
fn unit(digits: [u8; 4]) -> Option<u32> {
    digits.into_iter().try_fold(0, |unit, digit| Some(unit * 16 + char::from(digit).to_digit(16)?))
}

fn is_low(unit: Option<u32>) -> bool {
    unit.is_some_and(|unit| (0xDC00..=0xDFFF).contains(&unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;
    use proptest::prelude::*;
    use std::fmt::Write;

    #[test]
    fn unpaired_surrogates_become_the_replacement_character_and_nothing_else_changes() {
        for (json, expected) in [
            (r#""A\ud83d""#, "A\u{fffd}"),
            (r#""\udc00B""#, "\u{fffd}B"),
            (r#""\ude00\ud83d""#, "\u{fffd}\u{fffd}"),
            (r#""\ud83d\ude00""#, "😀"),
            (r#""\uD83D\uDE00\uDE00""#, "😀\u{fffd}"),
            (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
            (r#""\ud83d\n""#, "\u{fffd}\n"),
            (r#""\ud83d\\ude00""#, "\u{fffd}\\ude00"),
            (r#""\\ud83d""#, "\\ud83d"),
            (r#""\\\ud83d""#, "\\\u{fffd}"),
            (r#""\ud83d\u0041""#, "\u{fffd}A"),
            (r#""\ud83d\u""#, ""),
            (r#""\ud83dx\ude00""#, "\u{fffd}x\u{fffd}"),
            (r#""é\udfff漢\ud800😀""#, "é\u{fffd}漢\u{fffd}😀"),
            (r#""\ufffd\u0000""#, "\u{fffd}\u{0}"),
        ] {
            let read = Value::from_json(json);
            if expected.is_empty() {
                assert!(read.is_err(), "{json} is no JSON, whatever is replaced in it");
                continue;
            }
            assert_eq!(read, Ok(Value::from(expected)), "{json}");
            assert_eq!(replace_unpaired(json).len(), json.len(), "{json}");
        }
        let members = Value::from_json(r#"{"\ud83d":1,"a\udc00":{"\ud800\ud800":[2]}}"#).unwrap();
        assert_eq!(members, Value::from_json(r#"{"�":1,"a�":{"��":[2]}}"#).unwrap());
        let snake = Value::from_json_in_snake_case(r#"{"eventID\ud83d":"\udc00"}"#).unwrap();
        assert_eq!(snake, Value::from_json("{\"event_id�\":\"�\"}").unwrap());
    }

    #[test]
    fn a_text_without_surrogates_is_unchanged() {
        for text in ["", "{}", r#"{"a":"\n\\u"}"#, r#""\ud83d\ude00""#, r#""\u00e9""#, "\\"] {
            assert!(matches!(replace_unpaired(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    /// A JSON string of these UTF-16 units, each written in one of the possible notations.
    fn spelled(units: &[u16]) -> String {
        let mut text = String::from("\"");
        for unit in units {
            match char::from_u32(u32::from(*unit)) {
                Some(plain @ ('a'..='z' | 'é')) => text.push(plain),
                Some('\\') => text.push_str("\\\\"),
                _ if unit % 2 == 0 => write!(text, "\\u{unit:04x}").unwrap(),
                _ => write!(text, "\\u{unit:04X}").unwrap(),
            }
        }
        text + "\""
    }

    proptest! {
        #[test]
        fn the_result_equals_that_of_the_standard_library(
            units in prop::collection::vec(
                prop_oneof![0xD7FE_u16..0xE002, 0xDBFE_u16..0xDC02, Just(0x5C), 0x61_u16..0x7B, any::<u16>()], 0..12
            ),
            cuts in prop::collection::vec(0_usize..80, 0..4)
        ) {
            let json = spelled(&units);
            let expected = Value::from(String::from_utf16_lossy(&units));
            prop_assert_eq!(Value::from_json(&json), Ok(expected));
            // In pieces, the result is the same.
            let (mut replacer, mut joined, mut rest) = (Replacer::default(), Vec::new(), json.as_bytes());
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                joined.extend(replacer.replace(piece).unwrap_or_else(|| piece.to_vec()));
                rest = after;
            }
            joined.extend(replacer.replace(rest).unwrap_or_else(|| rest.to_vec()));
            prop_assert_eq!(String::from_utf8(joined).unwrap(), replace_unpaired(&json));
        }
    }
}
