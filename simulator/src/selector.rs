//! A set of operations, for faults, rates and counts of calls.

use crate::service::Service;
use std::error::Error;
use std::fmt;
use std::str::FromStr;

/// A set of operations. The notation is `*`, `xray:*` or `xray:GetInsight`. `GetInsight` is accepted too, if no other service
/// has an operation with this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selector {
    /// Every operation of every service.
    All,
    /// Every operation of a service.
    Service(Service),
    /// The operation of a service with this name.
    Operation(Service, &'static str),
}

/// Why a text selects no operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectorError {
    /// No service has the operation.
    Unknown {
        /// The text.
        name: String,
        /// Operations with a similar name, the most similar one first.
        near: Vec<String>,
        /// Every operation.
        known: Vec<String>,
    },
    /// Several services have an operation of this name.
    Ambiguous {
        /// The text.
        name: String,
        /// The possible meanings.
        meanings: Vec<String>,
    },
}

impl Selector {
    /// Whether the operation `name` of `service` is in the set.
    pub fn contains(self, service: Service, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Service(its) => its == service,
            Self::Operation(its, its_name) => its == service && its_name == name,
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => formatter.write_str("*"),
            Self::Service(service) => write!(formatter, "{service}:*"),
            Self::Operation(service, name) => write!(formatter, "{service}:{name}"),
        }
    }
}

impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        crate::SERVICES.select(text)
    }
}

impl fmt::Display for SelectorError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name, near, known } if near.is_empty() => {
                let known = known.join(", ");
                write!(formatter, "unknown operation \"{name}\"; known are *, SERVICE:*, and {known}")
            }
            Self::Unknown { name, near, .. } => {
                write!(formatter, "unknown operation \"{name}\"; near matches are {}", near.join(", "))
            }
            Self::Ambiguous { name, meanings } => {
                let meanings = meanings.join(" or ");
                write!(formatter, "operation \"{name}\" exists in several services: use {meanings}")
            }
        }
    }
}

impl Error for SelectorError {}
