//! Escapes characters that are invisible, or that change the order or appearance of other characters. Names, titles, ids and
//! messages are external and may contain any of them.

use super::add;
use std::borrow::Cow;

/// Whether `character` must not appear in text for people: C0, DEL and C1 characters, which move the cursor or start escape
/// sequences; bidirectional controls, which change the order of the text around them; line and paragraph separators; and
/// invisible characters, with which different names look the same.
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fdd0}'..='\u{fdef}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
        || u32::from(character) & 0xfffe == 0xfffe
}

/// `text`, with each hidden character replaced by what `replacement` writes for it.
pub fn replaced(text: &str, replacement: impl Fn(char, &mut String)) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_hidden(character) {
            replacement(character, &mut shown);
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// `text` on one line, with every hidden character escaped: `\n`, `\t`, `\u{202e}`.
pub fn visible(text: &str) -> Cow<'_, str> {
    replaced(text, spell)
}

/// Like [`visible`], for JSON without line feeds. The result is still JSON.
pub fn visible_json(json: &str) -> Cow<'_, str> {
    replaced(json, |character, shown| {
        let mut spelled = String::new();
        spell(character, &mut spelled);
        shown.push_str(&spelled.replace('\\', "\\\\"));
    })
}

/// Like [`visible`], for text in which line feeds are intended.
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    if !text.contains(|character| character != '\n' && is_hidden(character)) {
        return Cow::Borrowed(text);
    }
    let lines: Vec<Cow<'_, str>> = text.split('\n').map(visible).collect();
    Cow::Owned(lines.join("\n"))
}

/// JSON text with every hidden character as `\uXXXX`: the same value, and safe on a terminal. Except for line feeds between
/// values, only strings can contain such characters.
pub fn json(text: &str) -> Cow<'_, str> {
    replaced(text, |character, safe| {
        if character == '\n' {
            safe.push('\n');
            return;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            add(safe, format_args!("\\u{unit:04x}"));
        }
    })
}

/// Appends a hidden character in the escaped form of [`visible`].
pub fn spell(character: char, shown: &mut String) {
    match character {
        '\n' => shown.push_str("\\n"),
        '\r' => shown.push_str("\\r"),
        '\t' => shown.push_str("\\t"),
        character => add(shown, format_args!("\\u{{{:x}}}", u32::from(character))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hidden_characters_are_escaped_and_others_stay() {
        for (text, expected) in [
            ("plain Ünïcödé 中文 ▶█ 🚀 א", "plain Ünïcödé 中文 ▶█ 🚀 א"),
            ("\u{1b}[2J\u{7}", "\\u{1b}[2J\\u{7}"),
            ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
            ("\u{7f}\u{9b}31m\u{85}", "\\u{7f}\\u{9b}31m\\u{85}"),
            ("pay\u{202e}stnem\u{202c}", "pay\\u{202e}stnem\\u{202c}"),
            ("\u{61c}\u{200e}\u{200f}\u{2066}x\u{2069}", "\\u{61c}\\u{200e}\\u{200f}\\u{2066}x\\u{2069}"),
            ("a\u{2028}b\u{2029}", "a\\u{2028}b\\u{2029}"),
            ("pay\u{200b}ments\u{feff}\u{ad}", "pay\\u{200b}ments\\u{feff}\\u{ad}"),
            ("x\u{e0041}\u{e007f}", "x\\u{e0041}\\u{e007f}"),
            ("\u{fdd0}0000000000000000[31m\u{ffff}", "\\u{fdd0}0000000000000000[31m\\u{ffff}"),
            ("\0", "\\u{0}"),
            ("", ""),
        ] {
            assert_eq!(visible(text), expected, "{text:?}");
            assert_eq!(visible(&visible(text)), expected, "twice is once");
        }
        assert_eq!(visible_lines("a\u{1b}\nb\r\n"), "a\\u{1b}\nb\\r\n");
    }

    proptest! {
        #[test]
        fn no_hidden_character_remains(text in ".*", hidden in prop::collection::vec(any::<char>(), 0..20)) {
            let text: String = text.chars().chain(hidden).collect();
            prop_assert!(!visible(&text).contains(is_hidden));
            prop_assert!(!visible_lines(&text).replace('\n', "").contains(is_hidden));
        }

        #[test]
        fn json_keeps_its_value(text in prop::collection::vec(any::<char>(), 0..30)) {
            let text: String = text.into_iter().collect();
            let safe = json(&serde_json::to_string(&[&text]).unwrap()).into_owned();
            prop_assert!(!safe.contains(is_hidden), "{safe:?}");
            let read: Vec<String> = serde_json::from_str(&safe).unwrap();
            prop_assert_eq!(&read[0], &text);
            let shown = visible_json(&serde_json::to_string(&[&text]).unwrap()).into_owned();
            prop_assert!(!shown.contains(is_hidden), "{shown:?}");
            let read: Vec<String> = serde_json::from_str(&shown).unwrap();
            // The escapes of JSON represent the characters themselves.
            prop_assert_eq!(visible(&read[0]), visible(&text));
        }
    }
}
