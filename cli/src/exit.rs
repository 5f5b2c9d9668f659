//! How a command ends: its exit code, and what is told when it could not do its job. Exit codes are a promise to scripts.

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
}

/// Tells `failure` on standard error.
pub fn tell(failure: &Failure) -> Exit {
    match failure {
        Failure::Failed(message) => {
            crate::output::say(&format!("error: {message}"));
            Exit::Failed
        }
        Failure::Usage(faults) => {
            match faults.as_slice() {
                [fault] => crate::output::say(&format!("error: {fault}")),
                faults => {
                    crate::output::say(&format!("error: {} things are wrong", faults.len()));
                    for fault in faults {
                        crate::output::say(&format!("  {fault}"));
                    }
                }
            }
            Exit::WrongUsage
        }
    }
}
