//! What a failed request means: a table that does not exist, one of another schema, or the failure itself. Only here are tables
//! listed, to find the name that was meant, and described, to find what is different.

use crate::error::Error;
use crate::reader::Reader;
use insights_shared::issue::CallError;
use insights_shared::store::schema::difference;

impl Reader {
    /// The error that a failed request to the table is, also one that the caller sent by [`Reader::client`].
    pub async fn call_error(&self, call: CallError) -> Error {
        let other_schema = match call.code.as_str() {
            // What a table without our keys or indexes answers.
            "ValidationException" => self.other_schema().await,
            // An index that is missing has the same code as a table that is missing, and its own message.
            "ResourceNotFoundException" if call.message.contains("index") => self.other_schema().await,
            _ => None,
        };
        if let Some(error) = other_schema {
            return error;
        }
        let table = self.table().to_owned();
        if call.code == "ResourceNotFoundException" {
            let listed = self.client().list_tables().send().await;
            // Whoever may query a table need not be allowed to list them.
            let others = listed.ok().and_then(|tables| tables.table_names).unwrap_or_default();
            return Error::NoSuchTable { table, others };
        }
        Error::Call { table, call }
    }

    /// How the table is different from ours; `None` if it is not, or may not be described.
    async fn other_schema(&self) -> Option<Error> {
        let answer = self.client().describe_table().table_name(self.table()).send().await.ok()?;
        let difference = difference(answer.table.as_ref()?)?;
        Some(Error::OtherSchema { table: self.table().to_owned(), difference })
    }
}
