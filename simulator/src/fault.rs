//! Faults: which calls fail, how, and how often. This file defines them and reads them from text. `distortion` changes
//! answers, and `exchange` applies a fault to a request.

use crate::operation::Operation;
use crate::selector::{Selector, SelectorError};
use crate::service::Service;
use std::error::Error;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

pub(crate) mod distortion;
pub(crate) mod queue;

/// A fault: calls of some operations fail.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    operations: Selector,
    kind: FaultKind,
    count: Option<u64>,
    skip: u64,
}

/// The kind of a fault.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FaultKind {
    /// The service's own throttling error.
    Throttle,
    /// The service's own internal error.
    Error500,
    /// A 503 with an HTML page, as from a load balancer.
    Html503,
    /// The connection is reset without an answer, and the call has no effect.
    Reset,
    /// The call takes effect, and the connection is reset before the answer.
    LostAnswer,
    /// The call is never answered.
    Hang,
    /// The call is answered after this time.
    Slow(Duration),
    /// The body of the answer is cut in the middle.
    Truncate,
    /// The caller is not authorized.
    Denied,
    /// The credentials have expired.
    Expired,
    /// The time of the signature differs too much from the service's time.
    ClockSkew,
    /// A member of the answer has a type that differs from the model.
    WrongType,
    /// Every list of the answer contains a null.
    NullInList,
    /// Enumerations of the answer contain a value that the model does not have.
    UnknownEnum,
    /// Records of the answer lack their optional members.
    MissingMembers,
    /// The answer returns the token of the request.
    RepeatToken,
    /// The answer is an empty page. Its token leads to the page that it replaces.
    EmptyPage,
    /// Half of a batch is returned as unprocessed.
    Unprocessed,
}

/// The name of each kind; in `slow-N`, N is the number of seconds.
const KINDS: &[(&str, FaultKind)] = &[
    ("throttle", FaultKind::Throttle),
    ("error500", FaultKind::Error500),
    ("html503", FaultKind::Html503),
    ("reset", FaultKind::Reset),
    ("lost-answer", FaultKind::LostAnswer),
    ("hang", FaultKind::Hang),
    ("slow-N", FaultKind::Slow(Duration::ZERO)),
    ("truncate", FaultKind::Truncate),
    ("denied", FaultKind::Denied),
    ("expired", FaultKind::Expired),
    ("clock-skew", FaultKind::ClockSkew),
    ("wrong-type", FaultKind::WrongType),
    ("null-in-list", FaultKind::NullInList),
    ("unknown-enum", FaultKind::UnknownEnum),
    ("missing-members", FaultKind::MissingMembers),
    ("repeat-token", FaultKind::RepeatToken),
    ("empty-page", FaultKind::EmptyPage),
    ("unprocessed", FaultKind::Unprocessed),
];

/// Why a fault cannot be read, or applies to nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum FaultError {
    /// The text does not have the form of a fault.
    Form(String),
    /// The count, or the number of calls to skip, is not a whole number.
    Number {
        /// The fault.
        fault: String,
        /// `count` or `skip`.
        name: &'static str,
        /// The invalid text.
        value: String,
    },
    /// No kind has this name.
    Kind(String),
    /// The number of seconds in `slow-N` is out of range.
    Duration(String),
    /// The operations cannot be read.
    Operations(SelectorError),
    /// The kind applies to none of the operations.
    NotApplicable(FaultKind, Selector),
}

/// The forms of a fault.
const FORM: &str = "must be OPERATION=KIND, OPERATION=KIND:COUNT or OPERATION=KIND:COUNT@SKIP";

impl Fault {
    /// `kind` for every call of `operations`, in the notation of [`Selector`].
    pub fn new(operations: &str, kind: FaultKind) -> Result<Self, FaultError> {
        let operations = operations.parse().map_err(FaultError::Operations)?;
        let fault = Self { operations, kind, count: None, skip: 0 };
        let mut all = Service::all()
            .iter()
            .flat_map(|service| service.operations().iter().map(move |operation| (*service, operation)));
        if all.any(|(service, operation)| fault.applies_to(service, operation)) {
            Ok(fault)
        } else {
            Err(FaultError::NotApplicable(kind, operations))
        }
    }

    /// The same fault, for `count` calls only.
    #[must_use]
    pub fn times(self, count: u64) -> Self {
        Self { count: Some(count), ..self }
    }

    /// The same fault, after `skip` calls.
    #[must_use]
    pub fn after(self, skip: u64) -> Self {
        Self { skip, ..self }
    }

    /// Whether calls of `operation` of `service` can fail in this way.
    pub(crate) fn applies_to(&self, service: Service, operation: &Operation) -> bool {
        self.operations.contains(service, operation.name) && self.kind.applies_to(service, operation)
    }
}

impl FaultKind {
    /// Whether `operation` of `service` can fail in this way.
    fn applies_to(self, service: Service, operation: &Operation) -> bool {
        let descriptor = service.descriptor();
        match self {
            Self::RepeatToken | Self::EmptyPage => operation.paging.is_some(),
            Self::WrongType | Self::NullInList => descriptor.protocol.is_json(),
            Self::UnknownEnum | Self::MissingMembers => descriptor.records.is_some(),
            Self::Unprocessed => operation.is_batch,
            _ => true,
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Slow(duration) = self {
            return write!(formatter, "slow-{}", duration.as_secs_f64());
        }
        let name = KINDS.iter().find(|(_, kind)| kind == self).map_or("", |(name, _)| name);
        formatter.write_str(name)
    }
}

impl FromStr for FaultKind {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(seconds) = text.strip_prefix("slow-").and_then(|seconds| seconds.parse::<f64>().ok()) {
            let duration = Duration::try_from_secs_f64(seconds);
            return duration
                .map(Self::Slow)
                .map_err(|error| FaultError::Duration(format!("fault kind \"{text}\": {error}")));
        }
        let found = KINDS.iter().find(|(name, _)| *name == text && *name != "slow-N");
        found.map(|(_, kind)| *kind).ok_or_else(|| FaultError::Kind(text.to_owned()))
    }
}

/// Reads `OPERATION=KIND`, `OPERATION=KIND:COUNT` or `OPERATION=KIND:COUNT@SKIP`.
impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (operations, rest) = text.split_once('=').ok_or_else(|| FaultError::Form(text.to_owned()))?;
        let number = |digits: &str, name| {
            let error = || FaultError::Number { fault: text.to_owned(), name, value: digits.to_owned() };
            digits.parse::<u64>().map_err(|_| error())
        };
        let (rest, skip) = match rest.split_once('@') {
            Some((rest, digits)) => (rest, number(digits, "skip")?),
            None => (rest, 0),
        };
        let (kind, count) = match rest.split_once(':') {
            Some((kind, digits)) => (kind, Some(number(digits, "count")?)),
            None => (rest, None),
        };
        let fault = Self::new(operations, kind.parse()?)?.after(skip);
        Ok(Self { count, ..fault })
    }
}

impl fmt::Display for FaultError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form(fault) => write!(formatter, "fault \"{fault}\" {FORM}"),
            Self::Number { fault, name, value } => write!(
                formatter,
                "fault \"{fault}\": {name} \"{value}\" must be a whole number; a fault {FORM}"
            ),
            Self::Kind(kind) => {
                let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
                let names = names.join(", ");
                write!(formatter, "unknown fault kind \"{kind}\"; known kinds are {names} (N in seconds)")
            }
            Self::Duration(message) => formatter.write_str(message),
            Self::Operations(error) => error.fmt(formatter),
            Self::NotApplicable(kind, operations) => {
                write!(formatter, "{kind} does not apply to {operations}")
            }
        }
    }
}

impl Error for FaultError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_from_text() {
        let check = |text: &str, expected: Fault| assert_eq!(text.parse(), Ok(expected), "{text}");
        let fault = |operations: &str, kind| Fault::new(operations, kind).unwrap();
        check("GetInsight=throttle:3", fault("xray:GetInsight", FaultKind::Throttle).times(3));
        check("xray:GetInsight=throttle:3", fault("GetInsight", FaultKind::Throttle).times(3));
        check("PutItem=reset", fault("PutItem", FaultKind::Reset));
        check("*=slow-2:1", fault("*", FaultKind::Slow(Duration::from_secs(2))).times(1));
        check("xray:*=empty-page:2@1", fault("xray:*", FaultKind::EmptyPage).times(2).after(1));
        check("BatchWriteItem=unprocessed@4", fault("BatchWriteItem", FaultKind::Unprocessed).after(4));
    }

    #[test]
    fn an_invalid_fault_is_refused_with_the_valid_forms() {
        let check = |text: &str, expected: &str| {
            let error = text.parse::<Fault>().unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check("GetInsight", "must be OPERATION=KIND, OPERATION=KIND:COUNT");
        check("GetInsight=thrott:3", "unknown fault kind \"thrott\"; known kinds are throttle, error500,");
        check("GetInsight=throttle:many", "count \"many\" must be a whole number");
        check("GetInsight=slow-N:1", "unknown fault kind");
        check("GetInsight=slow--1:1", "negative");
        check("GetInsigt=throttle:3", "unknown operation \"GetInsigt\"; near matches are xray:GetInsight");
        check(
            "xrai:GetInsight=throttle:3",
            "unknown operation \"xrai:GetInsight\"; near matches are xray:GetInsight",
        );
        check("cloudtrail:GetInsight=throttle", "unknown operation \"cloudtrail:GetInsight\"");
        check(
            "xrai:*=throttle:3",
            "unknown operation \"xrai:*\"; known are *, SERVICE:*, and xray:GetGroups, ",
        );
        check("GetInsight=unprocessed:3", "unprocessed does not apply to xray:GetInsight");
        check("GetInsight=empty-page", "empty-page does not apply to xray:GetInsight");
        check("PutItem=repeat-token", "repeat-token does not apply to dynamodb:PutItem");
        check("AssumeRole=wrong-type", "wrong-type does not apply to sts:AssumeRole");
    }

    #[test]
    fn kinds_are_displayed_in_the_form_in_which_they_are_read() {
        for (name, kind) in KINDS {
            let text = kind.to_string();
            assert_eq!(text.parse::<FaultKind>(), Ok(*kind), "{name}");
        }
    }
}
