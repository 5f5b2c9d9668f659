//! How a command ends: its exit code, and what is told when it could not do its job. Exit codes are a promise to scripts.

use crate::output::{self, say};
use insights_query::Error;
use insights_web::command::CommandLine;
use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It did what it was asked.
    Done,
    /// It did nothing of it.
    Failed,
    /// It was asked wrongly, by flags, files or environment.
    WrongUsage,
    /// It did some of it.
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

/// Why a command could not do its job, for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It was asked wrongly: everything that is wrong, one line each.
    Usage(Vec<String>),
    /// Something that it needs did not work.
    Failed(String),
    /// The table could not be read. `unreadable` adds what to do about it.
    Table(Box<Error>),
    /// One of these, with more to say.
    Explained {
        /// Why.
        failure: Box<Self>,
        /// Further lines: what could be meant, what is needed.
        details: Vec<String>,
        /// Commands that help, as they can be pasted into a shell.
        hints: Vec<String>,
    },
}

impl Failure {
    /// A single thing that is wrong with how the command was asked.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage(vec![message.into()])
    }

    /// `what` was attempted, and `error` came of it.
    pub fn of(what: impl std::fmt::Display, error: impl std::fmt::Display) -> Self {
        Self::Failed(format!("{what}: {error}"))
    }

    /// The same, with a further line.
    #[must_use]
    pub fn detail(self, line: impl Into<String>) -> Self {
        self.more(Some(line.into()), None)
    }

    /// The same, with a command that helps, if it can be shown.
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

/// Tells `failure` on standard error, in lines: `error: `, what belongs to it, and `hint: ` with a command.
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
                    say(&format!("error: {} things are wrong", faults.len()));
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
