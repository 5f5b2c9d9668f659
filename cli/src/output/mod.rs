//! Everything that a person reads: results to standard output, progress and messages to standard error. Nothing here
//! decides what is told. What is written goes through `style`, here and nowhere else.

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

/// Writes `text` to standard output. Whatever it holds from elsewhere, only text and our own colours get there. A reader who has
/// seen enough (`| head`) is no failure.
pub fn print(text: &str) -> Result<(), WriteError> {
    print_escaped(&mut std::io::stdout().lock(), text)
}

fn print_escaped(stdout: &mut impl Write, text: &str) -> Result<(), WriteError> {
    print_on(stdout, &style::written(text))
}

/// Writes a document of our own making to standard output as it is: HTML, or a script for a shell.
pub fn print_document(text: &str) -> Result<(), WriteError> {
    print_on(&mut std::io::stdout().lock(), text)
}

fn print_on(stdout: &mut impl Write, text: &str) -> Result<(), WriteError> {
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(WriteError(error)),
        _ => Ok(()),
    }
}

/// Writes one line to standard error, above what moves there. Where nobody can read it, there is nobody to tell.
pub fn say(line: &str) {
    let line = escape::visible(line);
    if !progress::say_above(&line) {
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    }
}

/// Asks a question on standard error, and leaves the cursor behind it.
pub fn ask(question: &str) -> std::io::Result<()> {
    let mut stderr = std::io::stderr().lock();
    stderr.write_all(escape::visible_lines(question).as_bytes())?;
    stderr.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_escaped_whoever_made_it() {
        let mut written = Vec::new();
        print_escaped(&mut written, "a\u{1b}[31m\u{202e}b\n").unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), "a\\u{1b}[31m\\u{202e}b\n");
    }
}
