//! How a command ends: exit codes, which are part of the contract, and error messages.

use crate::output::{self, say};
use insights_query::Error;
use insights_web::command::CommandLine;
use std::process::ExitCode;

/// The result of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Success.
    Done,
    /// Failure.
    Failed,
    /// Wrong arguments, files or environment.
    WrongUsage,
    /// Partial success.
    Partial,
}

impl Exit {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::WrongUsage => 2,
            Self::Partial => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// An error for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Wrong arguments, files or environment: all faults, one line each.
    Usage(Vec<String>),
    /// Something failed at run time.
    Failed(String),
    /// The table could not be read. `unreadable` adds a remedy.
    Table(Box<Error>),
    /// Another failure with further lines.
    Explained {
        /// The failure.
        failure: Box<Self>,
        /// Further lines with suggestions or requirements.
        details: Vec<String>,
        /// Suggested commands, quoted for a shell.
        hints: Vec<String>,
    },
}

impl Failure {
    /// A single usage error.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage(vec![message.into()])
    }

    /// The attempt `what` failed with `error`.
    pub fn of(what: impl std::fmt::Display, error: impl std::fmt::Display) -> Self {
        Self::Failed(format!("{what}: {error}"))
    }

    /// Adds a line.
    #[must_use]
    pub fn detail(self, line: impl Into<String>) -> Self {
        self.more(Some(line.into()), None)
    }

    /// Adds a suggested command, if it can be quoted for a shell.
    #[must_use]
    pub fn hint(self, command: &CommandLine) -> Self {
        self.more(None, command.text())
    }

    fn more(self, detail: Option<String>, hint: Option<String>) -> Self {
        let (failure, mut details, mut hints) = match self {
            Self::Explained { failure, details, hints } => (failure, details, hints),
            failure => (Box::new(failure), Vec::new(), Vec::new()),
        };
        details.extend(detail);
        hints.extend(hint);
        Self::Explained { failure, details, hints }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Table(Box::new(error))
    }
}

impl From<output::WriteError> for Failure {
    fn from(error: output::WriteError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Prints `failure` to standard error: `error: ` with the details, then `hint: ` with commands.
pub fn report(failure: &Failure) -> Exit {
    match failure {
        Failure::Failed(message) => {
            say(&format!("error: {message}"));
            Exit::Failed
        }
        Failure::Table(error) => {
            say(&format!("error: {error}"));
            Exit::Failed
        }
        Failure::Usage(faults) => {
            match faults.as_slice() {
                [fault] => say(&format!("error: {fault}")),
                faults => {
                    say(&format!("error: {} problems", faults.len()));
                    for fault in faults {
                        say(&format!("  {fault}"));
                    }
                }
            }
            Exit::WrongUsage
        }
        Failure::Explained { failure, details, hints } => {
            let exit = report(failure);
            for line in details {
                say(&format!("  {line}"));
            }
            for hint in hints {
                say(&format!("hint: {hint}"));
            }
            exit
        }
    }
}
