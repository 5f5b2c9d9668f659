//! What can go wrong when the table is read. An error has its parts, so that a program can act on them; its text is one line,
//! without a full stop.

use insights_shared::issue::{CLOCK_SKEWED, CONNECTION, CallError, TIMEOUT};
use std::fmt;

/// Why a question to the table has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A request to DynamoDB failed.
    Call {
        /// The table.
        table: String,
        /// The operation, the code and the message.
        call: CallError,
    },
    /// There is no such table.
    NoSuchTable {
        /// The name that was given.
        table: String,
        /// The tables that there are, as far as these credentials may list them.
        others: Vec<String>,
    },
    /// The table has other keys or indexes than the ones that this crate reads.
    OtherSchema {
        /// The table.
        table: String,
        /// What is different, such as `it has no index open`.
        difference: String,
    },
    /// `BatchGetItem` kept returning unprocessed keys.
    Unprocessed {
        /// The table.
        table: String,
        /// How many keys were left.
        keys: usize,
        /// How many requests were sent for them.
        tries: u32,
    },
    /// A request or an item could not be built or read.
    Invalid {
        /// What was attempted.
        attempt: &'static str,
        /// Why it failed.
        reason: String,
    },
    /// No record has an id that begins with this.
    UnknownId {
        /// What was given.
        id: String,
        /// How many days back insights were searched.
        days: i64,
        /// How many days back controls were searched.
        control_days: i64,
    },
    /// The beginning of an id is too short to look for.
    ShortId {
        /// What was given.
        id: String,
        /// How many characters an id needs.
        least: usize,
    },
    /// Several records have an id that begins with this.
    AmbiguousId {
        /// What was given.
        id: String,
        /// Their partition keys and titles, by key.
        matches: Vec<(String, String)>,
    },
}

impl Error {
    /// What could resolve it, as one line without a full stop: a permission that is missing, a setting to check.
    pub fn advice(&self) -> Option<String> {
        let Self::Call { call, .. } = self else { return None };
        Some(match call.code.as_str() {
            "AccessDeniedException" | "AccessDenied" => {
                let needed = match call.operation {
                    "Query" | "BatchGetItem" => {
                        "dynamodb:Query and dynamodb:BatchGetItem on the table and on its indexes".to_owned()
                    }
                    operation => format!("dynamodb:{operation} on the table"),
                };
                format!("these credentials need {needed}")
            }
            CLOCK_SKEWED => "correct this machine's clock: AWS does not accept its time".to_owned(),
            "ExpiredTokenException" | "ExpiredToken" => {
                "the credentials have expired: sign in again".to_owned()
            }
            "UnrecognizedClientException" | "InvalidClientTokenId" | "InvalidSignatureException" => {
                "AWS does not know these credentials: check AWS_PROFILE and AWS_ACCESS_KEY_ID".to_owned()
            }
            CONNECTION | TIMEOUT => {
                "check AWS_REGION, AWS_ENDPOINT_URL_DYNAMODB and the network connection".to_owned()
            }
            _ => return None,
        })
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call { table, call } => write!(formatter, "asking table {table}: {call}"),
            Self::NoSuchTable { table, .. } => write!(formatter, "no table {table}"),
            Self::OtherSchema { table, difference } => {
                write!(formatter, "table {table}: not a table of insights: {difference}")
            }
            Self::Unprocessed { table, keys, tries } => write!(
                formatter,
                "asking table {table}: BatchGetItem: {keys} items were not processed in {tries} tries"
            ),
            Self::Invalid { attempt, reason } => write!(formatter, "{attempt}: {reason}"),
            Self::UnknownId { id, days, control_days } => write!(
                formatter,
                "unknown id \"{id}\": records older than {days} days, and controls older than {control_days}, need a whole key"
            ),
            Self::ShortId { id, least } => write!(
                formatter,
                "unknown id \"{id}\": an id needs {least} characters or more, or give a whole key"
            ),
            Self::AmbiguousId { id, matches } => {
                write!(formatter, "\"{id}\" is ambiguous; {} ids match", matches.len())
            }
        }
    }
}
