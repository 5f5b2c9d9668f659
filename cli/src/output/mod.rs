//! Everything that a person reads: results to standard output, progress and messages to standard error. Nothing here
//! decides what is told. What is written goes through `escape`, here and nowhere else.

pub mod axis;
pub mod command;
pub mod csv;
pub mod escape;
pub mod file;
pub mod json;
pub mod near;
pub mod plot;
pub mod progress;
pub mod rows;
pub mod tabular;
pub mod words;
pub mod zone;

use crate::exit::Failure;
use std::io::{ErrorKind, Write};

/// Appends formatted text.
pub fn add(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = std::fmt::Write::write_fmt(text, arguments);
}

/// Writes `text` to standard output. Whatever it holds from elsewhere, only text and our own colours get there. A reader who has
/// seen enough (`| head`) is no failure.
pub fn print(text: &str) -> Result<(), Failure> {
    print_escaped(&mut std::io::stdout().lock(), text)
}

fn print_escaped(stdout: &mut impl Write, text: &str) -> Result<(), Failure> {
    print_on(stdout, &escape::written(text))
}

/// Writes a document of our own making to standard output as it is: HTML, or a script for a shell.
pub fn print_document(text: &str) -> Result<(), Failure> {
    print_on(&mut std::io::stdout().lock(), text)
}

fn print_on(stdout: &mut impl Write, text: &str) -> Result<(), Failure> {
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::of("writing to standard output", error))
        }
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
