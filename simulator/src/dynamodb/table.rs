//! The table behind DynamoDB's operations.

use super::database;
use dynoxide::Database;
use hyper::body::Bytes;
use std::fmt;

/// The implementation of DynamoDB's operations.
pub(crate) enum Table {
    /// An embedded database, called in a thread that may block.
    Embedded(Database),
    /// A function, called in the caller's thread.
    Function(Box<TableFunction>),
}

/// Answers an operation's name and body with a status and a body.
pub(crate) type TableFunction = dyn Fn(&str, &[u8]) -> (u16, String) + Send + Sync;

impl fmt::Debug for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Embedded(_) => "Embedded",
            Self::Function(_) => "Function",
        })
    }
}

impl Table {
    /// The status and the body of the answer to `operation` with this body. An error means that the database's thread ended
    /// without an answer.
    pub(crate) async fn answer(&self, operation: &str, body: Bytes) -> Result<(u16, String), String> {
        match self {
            Self::Function(answer) => Ok(answer(operation, &body)),
            Self::Embedded(database) => {
                let (database, operation) = (database.clone(), operation.to_owned());
                let answer = move || database::answer(&database, &operation, &body);
                tokio::task::spawn_blocking(answer).await.map_err(|error| error.to_string())
            }
        }
    }
}
