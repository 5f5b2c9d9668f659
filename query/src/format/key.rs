//! Keys as they are shown and typed: hidden characters are percent-encoded.

use super::add;
use super::escape::{is_hidden, replaced};

/// `key` with its hidden characters percent-encoded. Stored keys never contain such a sequence, because `%` itself is encoded
/// in them.
pub fn spell_key(key: &str) -> String {
    let encode = |character: char, spelled: &mut String| {
        for byte in character.encode_utf8(&mut [0; 4]).bytes() {
            add(spelled, format_args!("%{byte:02X}"));
        }
    };
    replaced(key, encode).into_owned()
}

/// The key of a text in this form. Other percent-encoded characters are part of the key.
pub fn parse_key(text: &str) -> String {
    let mut meant = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if let Some((hidden, after)) = decoded(rest) {
            meant.push(hidden);
            rest = after;
        } else {
            meant.push(character);
            rest = rest.get(character.len_utf8()..).unwrap_or_default();
        }
    }
    meant
}

/// The percent-encoded hidden character at the start of `text`, and the rest of `text`.
fn decoded(text: &str) -> Option<(char, &str)> {
    let mut bytes = Vec::with_capacity(4);
    let mut rest = text;
    while bytes.len() < 4 {
        let digits = rest
            .strip_prefix('%')?
            .get(..2)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = rest.get(3..)?;
        if let Ok(text) = std::str::from_utf8(&bytes) {
            return text.chars().next().filter(|character| is_hidden(*character)).map(|found| (found, rest));
        }
    }
    None
}
