//! Everything that a person reads: results to standard output, progress and messages to standard error. Nothing here
//! decides what is told.

pub mod axis;
pub mod csv;
pub mod json;
pub mod near;
pub mod plot;
pub mod progress;
pub mod rows;
pub mod tabular;
pub mod words;

use crate::exit::Failure;
use std::io::{ErrorKind, Write};

/// Appends formatted text.
pub fn add(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = std::fmt::Write::write_fmt(text, arguments);
}

/// Writes `text` to standard output. A reader who has seen enough (`| head`) is no failure.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::of("writing to standard output", error))
        }
        _ => Ok(()),
    }
}

/// Writes one line to standard error. Where nobody can read it, there is nobody to tell.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
