//! What to do when the table does not answer: no such table, one of another schema, no permission. Only here are tables listed, to
//! find the name that was meant, and described, to find what is different.

use super::Reader;
use crate::exit::Failure;
use crate::output::command::CommandLine;
use crate::output::near::nearest;
use crate::output::words::plain;
use insights_shared::issue::{CLOCK_SKEWED, CONNECTION, CallError, TIMEOUT};
use insights_shared::store::schema::difference;

impl Reader {
    /// The failure that `error` is, with what to do about it.
    pub async fn trouble(&self, error: &CallError) -> Failure {
        let CallError { operation, code, message, .. } = error;
        let failure = Failure::Failed(format!("asking table {}: {operation}: {code}: {message}", self.table));
        match code.as_str() {
            "ResourceNotFoundException" => self.no_such_table(message).await,
            // What a table without our keys or indexes answers.
            "ValidationException" => self.another_schema().await.unwrap_or(failure),
            "AccessDeniedException" | "AccessDenied" => {
                let needed = match *operation {
                    "Query" | "BatchGetItem" => {
                        "dynamodb:Query and dynamodb:BatchGetItem on the table and on its indexes".to_owned()
                    }
                    _ => format!("dynamodb:{operation} on the table"),
                };
                failure.detail(format!("these credentials need {needed}"))
            }
            CLOCK_SKEWED => failure.detail("correct this machine's clock: AWS does not accept its time"),
            "ExpiredTokenException" | "ExpiredToken" => {
                failure.detail("the credentials have expired: sign in again")
            }
            "UnrecognizedClientException" | "InvalidClientTokenId" | "InvalidSignatureException" => {
                failure.detail("AWS does not know these credentials: check AWS_PROFILE and AWS_ACCESS_KEY_ID")
            }
            CONNECTION | TIMEOUT => {
                failure.detail("check AWS_REGION, AWS_ENDPOINT_URL_DYNAMODB and the network connection")
            }
            _ => failure,
        }
    }

    async fn no_such_table(&self, message: &str) -> Failure {
        let table = &self.table;
        // An index that is missing has the same code, and its own message.
        if message.contains("index")
            && let Some(failure) = self.another_schema().await
        {
            return failure;
        }
        let listed = self.client.list_tables().send().await;
        // Whoever may query a table need not be allowed to list them; then there is no more to say.
        let names = listed.ok().and_then(|tables| tables.table_names).unwrap_or_default();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        if let Some(name) = nearest(table, names.iter().copied()) {
            return Failure::usage(format!("no table {table}: did you mean --table {}?", plain(name)));
        }
        if names.is_empty() {
            let failure = Failure::usage(format!(
                "no table {table}: create it with `insights table create`, or give another name by --table or TABLE_NAME"
            ));
            return failure.hint(&self.command(&["table", "create"]));
        }
        Failure::usage(format!("no table {table}; the tables are {}", plain(&names.join(", "))))
    }

    /// How the table is different from ours; `None` if it is not, or may not be looked at.
    async fn another_schema(&self) -> Option<Failure> {
        let answer = self.client.describe_table().table_name(&self.table).send().await.ok()?;
        let rule = difference(answer.table.as_ref()?)?;
        let table = &self.table;
        let failure = Failure::usage(format!("table {table}: not a table of insights: {rule}"));
        let free = format!("{table}-insights");
        let create = CommandLine::insights(&["table", "create"]).option("--table", &free);
        Some(failure.hint(&match &self.location.local {
            Some(file) => create.file("--local", file),
            None => create,
        }))
    }
}
