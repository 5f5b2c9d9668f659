//! Classifies failed requests: a missing table, a table with another schema, or any other failure. This is the only module
//! that lists tables (to suggest a name) and describes them (to find the difference).

use crate::error::Error;
use crate::reader::Reader;
use insights_shared::issue::CallError;
use insights_shared::store::schema::difference;

impl Reader {
    /// The error for a failed request to the table, including requests that the caller sent with [`Reader::client`].
    pub async fn call_error(&self, call: CallError) -> Error {
        let other_schema = match call.code.as_str() {
            // A table with other keys or indexes returns this error.
            "ValidationException" => self.other_schema().await,
            // A missing index has the same code as a missing table, but another message.
            "ResourceNotFoundException" if call.message.contains("index") => self.other_schema().await,
            _ => None,
        };
        if let Some(error) = other_schema {
            return error;
        }
        let table = self.table().to_owned();
        if call.code == "ResourceNotFoundException" {
            let listed = self.client().list_tables().send().await;
            // The credentials may allow queries but not ListTables.
            let others = listed.ok().and_then(|tables| tables.table_names).unwrap_or_default();
            return Error::NoSuchTable { table, others };
        }
        Error::Call { table, call }
    }

    /// The difference from the expected schema; `None` if there is none, or if DescribeTable is not allowed.
    async fn other_schema(&self) -> Option<Error> {
        let answer = self.client().describe_table().table_name(self.table()).send().await.ok()?;
        let difference = difference(answer.table.as_ref()?)?;
        Some(Error::OtherSchema { table: self.table().to_owned(), difference })
    }
}
