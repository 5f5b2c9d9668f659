//! Errors of reading the table. An error has typed members for programs. Its text is one line without a full stop.

use insights_shared::issue::{CLOCK_SKEWED, CONNECTION, CallError, TIMEOUT};
use std::fmt;

/// Why the table could not be read.
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
        /// The existing tables, if the credentials may list them.
        others: Vec<String>,
    },
    /// The table does not have the keys and indexes that this crate reads.
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
        /// The number of unprocessed keys.
        keys: usize,
        /// The number of requests.
        tries: u32,
    },
    /// A request or an item could not be built or read.
    Invalid {
        /// The operation that failed.
        attempt: &'static str,
        /// The reason.
        reason: String,
    },
    /// No record has an id that begins with this text.
    UnknownId {
        /// The given id.
        id: String,
        /// The number of days for which insights were searched.
        days: i64,
        /// The number of days for which controls were searched.
        control_days: i64,
    },
    /// The beginning of an id is too short for a search.
    ShortId {
        /// The given id.
        id: String,
        /// The minimum number of characters.
        least: usize,
    },
    /// Several records have an id that begins with this text.
    AmbiguousId {
        /// The given id.
        id: String,
        /// Their partition keys and titles.
        matches: Vec<(String, String)>,
    },
}

impl Error {
    /// A possible remedy, as one line without a full stop: a missing permission, or a setting to check.
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
