//! Faults on request: what goes wrong, on which operation, how often. This file says what there is and reads it from
//! text; `refusal` words the errors, `distortion` spoils answers, and the server does what concerns the connection.

use crate::operation::{self, DYNAMODB, Operation, Service};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

pub(crate) mod distortion;
pub(crate) mod queue;
pub(crate) mod refusal;

/// One kind of failure on one operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// The operation's name, `*` for every one, or `xray:*` for every one of a service.
    pub operation: String,
    /// What goes wrong.
    pub kind: FaultKind,
    /// How many calls it befalls; `None` is all of them.
    pub count: Option<u64>,
    /// How many calls pass before.
    pub skip: u64,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FaultKind {
    /// The service's own throttling error.
    Throttle,
    /// The service's own internal error.
    Error500,
    /// A 503 with a page of HTML, as a load balancer gives it.
    Html503,
    /// The connection is reset without an answer; nothing was done.
    Reset,
    /// The call is done, and the connection is reset before the answer.
    LostAnswer,
    /// No answer, ever.
    Hang,
    /// An answer after this time.
    Slow(Duration),
    /// A body that ends in its middle.
    Truncate,
    /// The caller may not do this.
    Denied,
    /// The credentials have expired.
    Expired,
    /// The signature's time is too far from the service's.
    ClockSkew,
    /// A member of the answer has another type than the model says.
    WrongType,
    /// Lists of the answer hold a null.
    NullInList,
    /// Enumerations of the answer hold a value that no model knows.
    UnknownEnum,
    /// Records of the answer lack their optional members.
    MissingMembers,
    /// The answer's token is the one that came with the call.
    RepeatToken,
    /// An empty page with a token for the one that it should have been.
    EmptyPage,
    /// Half of a batch is left unprocessed.
    Unprocessed,
}

/// How each kind is written, in the order in which messages list them; `slow` takes its seconds in place of `N`.
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

impl Fault {
    /// `kind` on every call of `operation`.
    pub fn new(operation: impl Into<String>, kind: FaultKind) -> Self {
        Self { operation: operation.into(), kind, count: None, skip: 0 }
    }

    /// The same on `count` calls only.
    #[must_use]
    pub fn times(self, count: u64) -> Self {
        Self { count: Some(count), ..self }
    }

    /// The same after `skip` calls have passed.
    #[must_use]
    pub fn after(self, skip: u64) -> Self {
        Self { skip, ..self }
    }

    /// Whether the fault is meant for, and can befall, operation `name` of `service`.
    pub(crate) fn befalls(&self, service: Service, name: &str) -> bool {
        let meant = match self.operation.split_once(':') {
            Some((its_service, its_name)) => {
                its_service == service.name() && (its_name == "*" || its_name == name)
            }
            None => self.operation == "*" || self.operation == name,
        };
        meant && self.kind.can_befall(service, name)
    }
}

impl FaultKind {
    /// Whether this kind means anything for operation `name` of `service`.
    fn can_befall(self, service: Service, name: &str) -> bool {
        let ours = !matches!(service, Service::Sts | Service::DynamoDb);
        match self {
            Self::RepeatToken | Self::EmptyPage if service == Service::DynamoDb => {
                matches!(name, "Query" | "Scan")
            }
            Self::RepeatToken | Self::EmptyPage => {
                operation::find(service, name).is_some_and(|operation| operation.pages.is_some())
            }
            Self::WrongType | Self::NullInList => service != Service::Sts,
            Self::UnknownEnum | Self::MissingMembers => ours,
            Self::Unprocessed => matches!(name, "BatchGetItem" | "BatchWriteItem"),
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
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(seconds) = text.strip_prefix("slow-").and_then(|seconds| seconds.parse::<f64>().ok()) {
            return Duration::try_from_secs_f64(seconds)
                .map(Self::Slow)
                .map_err(|error| format!("fault kind \"{text}\": {error}"));
        }
        let found = KINDS.iter().find(|(name, _)| *name == text && *name != "slow-N");
        found.map(|(_, kind)| *kind).ok_or_else(|| {
            let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
            format!("unknown fault kind \"{text}\"; known kinds are {} (N in seconds)", names.join(", "))
        })
    }
}

/// Reads `OPERATION=KIND`, `OPERATION=KIND:COUNT` or `OPERATION=KIND:COUNT@SKIP`.
impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let shape = "must be OPERATION=KIND, OPERATION=KIND:COUNT or OPERATION=KIND:COUNT@SKIP";
        let (operation, rest) = text.split_once('=').ok_or_else(|| format!("fault \"{text}\" {shape}"))?;
        let number = |digits: &str, what: &str| {
            digits.parse::<u64>().map_err(|_| {
                format!("fault \"{text}\": {what} \"{digits}\" must be a whole number; a fault {shape}")
            })
        };
        let (rest, skip) = match rest.split_once('@') {
            Some((rest, digits)) => (rest, number(digits, "skip")?),
            None => (rest, 0),
        };
        let (kind, count) = match rest.split_once(':') {
            Some((kind, digits)) => (kind, Some(number(digits, "count")?)),
            None => (rest, None),
        };
        let kind = kind.parse::<FaultKind>()?;
        let fault = Self { operation: operation.to_owned(), kind, count, skip };
        let known: Vec<(Service, &str)> = operation::all()
            .map(|operation: &Operation| (operation.service, operation.name))
            .chain(DYNAMODB.iter().map(|name| (Service::DynamoDb, *name)))
            .collect();
        let meant = |(service, name): &&(Service, &str)| {
            let named = Self { kind: FaultKind::Throttle, ..fault.clone() };
            named.befalls(*service, name)
        };
        if !known.iter().any(|pair| meant(&pair)) {
            let names: Vec<&str> = known.iter().map(|(_, name)| *name).collect();
            return Err(format!(
                "unknown operation \"{operation}\" in fault \"{text}\"; known are *, a service's such as xray:*, and {}",
                names.join(", ")
            ));
        }
        if !known.iter().any(|(service, name)| fault.befalls(*service, name)) {
            return Err(format!("fault \"{text}\": {kind} cannot befall {operation}"));
        }
        Ok(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_from_text() {
        let check = |text: &str, expected: Fault| assert_eq!(text.parse(), Ok(expected), "{text}");
        check("GetInsight=throttle:3", Fault::new("GetInsight", FaultKind::Throttle).times(3));
        check("PutItem=reset", Fault::new("PutItem", FaultKind::Reset));
        check("*=slow-2:1", Fault::new("*", FaultKind::Slow(Duration::from_secs(2))).times(1));
        check("xray:*=empty-page:2@1", Fault::new("xray:*", FaultKind::EmptyPage).times(2).after(1));
        check("BatchWriteItem=unprocessed@4", Fault::new("BatchWriteItem", FaultKind::Unprocessed).after(4));
    }

    #[test]
    fn a_wrong_fault_says_what_would_be_right() {
        let check = |text: &str, expected: &str| {
            let error = text.parse::<Fault>().unwrap_err();
            assert!(error.contains(expected), "{error}");
        };
        check("GetInsight", "must be OPERATION=KIND, OPERATION=KIND:COUNT");
        check("GetInsight=thrott:3", "unknown fault kind \"thrott\"; known kinds are throttle, error500,");
        check("GetInsight=throttle:many", "count \"many\" must be a whole number");
        check("GetInsight=slow-N:1", "unknown fault kind");
        check("GetInsight=slow--1:1", "negative");
        check("GetInsigt=throttle:3", "unknown operation \"GetInsigt\"");
        check("GetInsight=unprocessed:3", "unprocessed cannot befall GetInsight");
        check("GetInsight=empty-page", "empty-page cannot befall GetInsight");
        check("PutItem=repeat-token", "repeat-token cannot befall PutItem");
        check("AssumeRole=wrong-type", "wrong-type cannot befall AssumeRole");
    }

    #[test]
    fn kinds_are_shown_as_they_are_read() {
        for (name, kind) in KINDS {
            let text = kind.to_string();
            assert_eq!(text.parse::<FaultKind>(), Ok(*kind), "{name}");
        }
    }
}
