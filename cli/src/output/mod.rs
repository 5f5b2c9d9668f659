//! Output for people: results to standard output, progress and messages to standard error. `style` escapes all text; only
//! this module writes it.

pub mod axis;
pub mod csv;
pub mod file;
pub mod graph;
pub mod near;
pub mod plot;
pub mod progress;
pub mod rows;
pub mod sections;
pub mod style;
pub mod tabular;

use insights_query::format::escape;
use std::fmt;
use std::io::{ErrorKind, Write};

/// Standard output could not be written to.
#[derive(Debug)]
pub struct WriteError(std::io::Error);

impl fmt::Display for WriteError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "writing to standard output: {}", self.0)
    }
}

/// Writes `text` to standard output. External text is escaped, and our own colours are kept. A closed pipe (`| head`) is not
/// a failure.
pub fn print(text: &str) -> Result<(), WriteError> {
    print_escaped(&mut std::io::stdout().lock(), text)
}

fn print_escaped(stdout: &mut impl Write, text: &str) -> Result<(), WriteError> {
    print_on(stdout, &style::written(text))
}

/// Writes a generated document to standard output without escaping: HTML, or a shell script.
pub fn print_document(text: &str) -> Result<(), WriteError> {
    print_on(&mut std::io::stdout().lock(), text)
}

fn print_on(stdout: &mut impl Write, text: &str) -> Result<(), WriteError> {
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(WriteError(error)),
        _ => Ok(()),
    }
}

/// Writes one line to standard error, above the progress. Failures of standard error are ignored.
pub fn say(line: &str) {
    let line = escape::visible(line);
    if !progress::say_above(&line) {
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    }
}

/// Writes a question to standard error without a line feed.
pub fn ask(question: &str) -> std::io::Result<()> {
    let mut stderr = std::io::stderr().lock();
    stderr.write_all(escape::visible_lines(question).as_bytes())?;
    stderr.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_printed_text_is_escaped() {
        let mut written = Vec::new();
        print_escaped(&mut written, "a\u{1b}[31m\u{202e}b\n").unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), "a\\u{1b}[31m\\u{202e}b\n");
    }
}
