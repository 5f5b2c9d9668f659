//! Escapes text for a terminal: hidden characters of external text are escaped, our own styles become escape sequences.

use insights_query::format::escape::{is_hidden, spell};
use std::borrow::Cow;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;

/// The first character of [`STYLE`]: a character that is reserved for use within a program.
const MARK: char = '\u{fdd0}';
/// Replaces the ESC of our own colours until the text is written. It contains a random number, so that external text cannot
/// contain it.
static STYLE: LazyLock<String> =
    LazyLock::new(|| format!("{MARK}{:016x}", RandomState::new().build_hasher().finish()));

/// The text for a terminal or a file: hidden characters are escaped as in
/// [`visible_lines`](insights_query::format::escape::visible_lines), our own styles become escape sequences, and line ends of
/// CSV are kept.
pub fn written(text: &str) -> Cow<'_, str> {
    if !text.contains(|character| character != '\n' && is_hidden(character)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix(STYLE.as_str()) {
            shown.push('\u{1b}');
            rest = after;
            continue;
        }
        if let Some(after) = rest.strip_prefix("\r\n") {
            shown.push_str("\r\n");
            rest = after;
            continue;
        }
        match character {
            '\n' => shown.push('\n'),
            character if is_hidden(character) => spell(character, &mut shown),
            character => shown.push(character),
        }
        rest = rest.get(character.len_utf8()..).unwrap_or_default();
    }
    Cow::Owned(shown)
}

/// `text` in a style, for example `1` for bold.
pub fn styled(text: &str, code: &str) -> String {
    format!("{0}[{code}m{text}{0}[0m", *STYLE)
}

/// Escaped text that a library has styled. The library's ESC is replaced by our mark.
pub fn adopted(text: &str) -> String {
    text.replace('\u{1b}', &STYLE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_our_own_styles_and_line_ends_reach_a_terminal() {
        let text = format!("{}\n\u{1b}[31mred\r\nx\ry", styled("Title", "1"));
        assert_eq!(written(&text), "\u{1b}[1mTitle\u{1b}[0m\n\\u{1b}[31mred\r\nx\\ry");
        let guessed = "\u{fdd0}0000000000000000[31m";
        assert_eq!(written(guessed), "\\u{fdd0}0000000000000000[31m", "nobody else knows the mark");
        assert_eq!(written(&adopted("\u{1b}[38;5;9mhigh\u{1b}[0m")), "\u{1b}[38;5;9mhigh\u{1b}[0m");
    }

    proptest! {
        #[test]
        fn no_hidden_character_is_ever_written(text in ".*", hidden in prop::collection::vec(any::<char>(), 0..20)) {
            let text: String = text.chars().chain(hidden).collect();
            prop_assert!(!written(&text).replace("\r\n", "").replace('\n', "").contains(is_hidden));
        }
    }
}
