//! Commands that people paste into a shell. Values are external text. Each stays one argument, whatever it contains.

use insights_query::format::escape::is_hidden;
use insights_query::format::spell_key;
use insights_query::health::{Classification, Condition};
use insights_shared::record::Source;
use std::fmt;
use std::path::{Path, PathBuf};

/// The options by which commands name the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// `--table`.
    pub table: Option<String>,
    /// `--local`.
    pub local: Option<PathBuf>,
}

/// A command under construction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    words: Vec<String>,
    /// Whether all values can be displayed.
    is_whole: bool,
}

impl CommandLine {
    /// `insights` with constant words.
    pub fn insights(words: &[&str]) -> Self {
        Self::of("insights", words)
    }

    /// Another program with constant words.
    pub fn of(program: &str, words: &[&str]) -> Self {
        let words = [program].iter().chain(words).map(|word| (*word).to_owned()).collect();
        Self { words, is_whole: true }
    }

    /// Adds a flag.
    #[must_use]
    pub fn flag(mut self, name: &str) -> Self {
        self.words.push(name.to_owned());
        self
    }

    /// Adds an option and its value.
    #[must_use]
    pub fn option(self, name: &str, value: &str) -> Self {
        // A value that begins with a hyphen would be parsed as an option.
        if value.starts_with('-') { self.joined(name, value) } else { self.flag(name).word(value) }
    }

    /// Adds an option and its value as one word.
    #[must_use]
    pub fn joined(mut self, name: &str, value: &str) -> Self {
        let quoted = self.quoted(value);
        self.flag(&format!("{name}={quoted}"))
    }

    /// Adds a positional argument.
    #[must_use]
    pub fn argument(self, value: &str) -> Self {
        if value.starts_with('-') { self.flag("--").word(value) } else { self.word(value) }
    }

    /// Adds a partition key, or the beginning of an id, for `show`. Hidden characters are percent-encoded: see
    /// [`insights_query::format::parse_key`].
    #[must_use]
    pub fn key(self, key: &str) -> Self {
        self.argument(&spell_key(key))
    }

    /// Adds the options that select the same table.
    #[must_use]
    pub fn at(mut self, location: &Location) -> Self {
        if let Some(table) = &location.table {
            self = self.option("--table", table);
        }
        match &location.local {
            Some(file) => self.file("--local", file),
            None => self,
        }
    }

    /// Adds an option whose value is a file.
    #[must_use]
    pub fn file(mut self, name: &str, file: &Path) -> Self {
        self.is_whole &= file.to_str().is_some();
        self.option(name, &file.to_string_lossy())
    }

    /// Sets an environment variable for the command.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        let quoted = self.quoted(value);
        self.words.insert(0, format!("{name}={quoted}"));
        self
    }

    /// Adds any word.
    #[must_use]
    pub fn word(mut self, word: &str) -> Self {
        let quoted = self.quoted(word);
        self.words.push(quoted);
        self
    }

    /// The command on one line; `None` if one of its values contains characters that cannot be displayed.
    pub fn text(&self) -> Option<String> {
        self.is_whole.then(|| self.words.join(" "))
    }

    /// One word as it is typed in a shell; `None` if it has characters that cannot be shown.
    pub fn typed(word: &str) -> Option<String> {
        Self { words: Vec::new(), is_whole: true }.word(word).text()
    }

    fn quoted(&mut self, word: &str) -> String {
        // Only a word with a NUL character cannot be quoted, and no argument can contain one.
        let quoted = shlex::try_quote(word).ok().filter(|_| !word.contains(is_hidden));
        self.is_whole &= quoted.is_some();
        quoted.unwrap_or_default().into_owned()
    }
}

/// The command that collects from `source` on this machine.
pub fn collect(source: Source, location: &Location) -> CommandLine {
    CommandLine::insights(&["collect"]).option("--source", source.as_str()).at(location)
}

/// What to do about a target in the table at `location`, in one line without a command. A table in a file has no function, and so
/// neither a schedule nor a dead-letter queue.
pub fn advice(classification: &Classification, location: &Location) -> Option<String> {
    let advice = classification.advice()?;
    if location.local.is_none() {
        return Some(advice);
    }
    Some(match classification.condition {
        Condition::Stale => {
            "the last run is too old, and nothing collects into a file by itself: collect again".to_owned()
        }
        Condition::NeverRun => "nothing has been collected there".to_owned(),
        _ => advice,
    })
}

/// Whether collecting on this machine resolves the condition of a target in the table at `location`.
pub fn needs_collect(classification: &Classification, location: &Location) -> bool {
    classification.needs_collect || (location.local.is_some() && classification.condition == Condition::Stale)
}

/// What to do about a target of `source`, on one line with the command.
pub fn remedy(classification: &Classification, source: Source, location: &Location) -> Option<String> {
    let advice = advice(classification, location)?;
    Some(if needs_collect(classification, location) {
        format!("{advice}: `{}`", collect(source, location))
    } else {
        advice
    })
}

impl fmt::Display for CommandLine {
    /// The command, or a placeholder if a value cannot be displayed.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text() {
            Some(text) => formatter.write_str(&text),
            None => formatter.write_str("(a command with characters that cannot be shown)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_query::format::parse_key;
    use insights_query::health::classify;

    /// Values that a shell, or this program, could interpret.
    const HOSTILE: [&str; 20] = [
        "plain",
        "",
        "two words",
        "it's",
        "say \"no\"",
        "$(touch pwned)",
        "`touch pwned`",
        "a; touch pwned",
        "a && touch pwned | cat",
        "-rf",
        "--output=json",
        "--",
        "~root",
        "*",
        "a\\",
        "!history",
        "{a,b}",
        "=cmd",
        "#comment",
        "% 50%41 é中",
    ];

    /// The arguments that a shell passes to `insights` for this line.
    #[cfg(unix)]
    fn arguments(line: &str) -> Vec<String> {
        use std::os::unix::fs::PermissionsExt;
        let root = tempfile::tempdir().unwrap();
        let stub = root.path().join("insights");
        std::fs::write(&stub, "#!/bin/sh\nfor word in \"$@\"; do printf '%s\\0' \"$word\"; done\n").unwrap();
        std::fs::set_permissions(&stub, std::fs::Permissions::from_mode(0o755)).unwrap();
        let output = std::process::Command::new("/bin/sh")
            .args(["-c", line])
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", root.path().display()))
            .current_dir(root.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{line}: {output:?}");
        let files: Vec<_> = std::fs::read_dir(root.path()).unwrap().collect();
        assert_eq!(files.len(), 1, "{line} did something else: {files:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_passes_every_value_as_one_argument() {
        for value in HOSTILE {
            let line =
                CommandLine::insights(&["show"]).option("--table", value).argument(value).text().unwrap();
            let got = arguments(&line);
            let expected = match value.strip_prefix('-') {
                Some(_) => {
                    vec!["show".to_owned(), format!("--table={value}"), "--".to_owned(), value.to_owned()]
                }
                None => ["show", "--table", value, value].map(str::to_owned).into(),
            };
            assert_eq!(got, expected, "{line}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_key_with_hidden_characters_is_read_unchanged() {
        for id in HOSTILE.into_iter().chain([
            "a\nb",
            "\u{1b}[2J",
            "pay\u{202e}stnem",
            "x\u{e0041}",
            "%0A",
            "tab\t",
            "\u{85}",
        ]) {
            // As in keys of the collectors: `%` and `#` are encoded, all other characters are not.
            let key =
                format!("cloudtrail#123456789012#eu-west-1#{}", id.replace('%', "%25").replace('#', "%23"));
            let line = CommandLine::insights(&["show"]).key(&key).text().unwrap();
            assert!(!line.contains(is_hidden), "{line:?}");
            let got = arguments(&line);
            assert_eq!(got.len(), 2, "{line}");
            assert_eq!(parse_key(&got[1]), key, "{line}");
        }
    }

    #[test]
    fn a_command_that_cannot_be_displayed_is_not_suggested() {
        assert_eq!(CommandLine::insights(&["collect"]).option("--profile", "a\u{1b}b").text(), None);
        assert_eq!(CommandLine::insights(&["collect"]).option("--profile", "a\0").text(), None);
        let line = CommandLine::insights(&["list"]).variable("AWS_PROFILE", "my audit").flag("--open");
        assert_eq!(line.to_string(), "AWS_PROFILE='my audit' insights list --open");
        assert_eq!(parse_key("a%2Gb%C3%A9%e2%80%ae%"), "a%2Gb%C3%A9\u{202e}%");
    }

    #[test]
    fn a_remedy_ends_with_the_command_that_collects_where_that_resolves_it() {
        let now = "2026-03-01T12:00:00Z".parse().unwrap();
        let never = classify(None, None, insights_sources::xray::SOURCE, now, None);
        assert!(never.needs_collect);
        let location = Location { table: Some("audit".to_owned()), local: None };
        let text = remedy(&never, insights_sources::xray::SOURCE, &location).unwrap();
        assert!(text.ends_with(": `insights collect --source xray --table audit`"), "{text}");
        let scheduled = Classification { needs_collect: false, ..never };
        let text = remedy(&scheduled, insights_sources::xray::SOURCE, &location);
        assert_eq!(text, scheduled.advice());
    }
}
