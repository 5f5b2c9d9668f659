//! What to do when the table does not answer: no such table, no credentials, no permission. Only here are tables listed,
//! to find the name that was meant.

use super::Reader;
use crate::exit::Failure;
use crate::output::near::nearest;
use insights_shared::issue::{CONNECTION, CallError, TIMEOUT};

impl Reader {
    /// The failure that `error` is, with what to do about it.
    pub async fn trouble(&self, error: &CallError) -> Failure {
        let CallError { operation, code, message, .. } = error;
        let table = &self.table;
        let what = format!("asking table {table}: {operation}: {code}: {message}");
        match code.as_str() {
            "ResourceNotFoundException" => Failure::usage(self.no_such_table(message).await),
            "AccessDeniedException" | "AccessDenied" => {
                let needed = match *operation {
                    "Query" | "BatchGetItem" => {
                        "dynamodb:Query and dynamodb:BatchGetItem on the table and on its indexes".to_owned()
                    }
                    _ => format!("dynamodb:{operation} on the table"),
                };
                Failure::Failed(format!("{what}\n  these credentials need {needed}"))
            }
            "ExpiredTokenException" | "ExpiredToken" | "RequestExpired" => {
                Failure::Failed(format!("{what}\n  the credentials have expired: sign in again"))
            }
            "UnrecognizedClientException" | "InvalidClientTokenId" | "InvalidSignatureException" => {
                Failure::Failed(format!(
                    "{what}\n  AWS does not know these credentials: check AWS_PROFILE and AWS_ACCESS_KEY_ID"
                ))
            }
            CONNECTION if is_about_credentials(message) => Failure::usage(format!(
                "no AWS credentials: set AWS_PROFILE to a profile that has some, or sign in; for a table in a file give --local FILE ({message})"
            )),
            CONNECTION | TIMEOUT => Failure::Failed(format!(
                "{what}\n  check AWS_REGION, AWS_ENDPOINT_URL_DYNAMODB and the way to it"
            )),
            _ => Failure::Failed(what),
        }
    }

    async fn no_such_table(&self, message: &str) -> String {
        let table = &self.table;
        let listed = self.client.list_tables().send().await;
        // Whoever may query a table need not be allowed to list them; then there is no more to say.
        let names = listed.ok().and_then(|tables| tables.table_names).unwrap_or_default();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let found = if let Some(name) = nearest(table, names.iter().copied()) {
            format!(": did you mean --table {name}?")
        } else if names.is_empty() {
            ": make it by `insights table create`, or name it by --table or TABLE_NAME".to_owned()
        } else {
            format!(": there are {}", names.join(", "))
        };
        // An index that is missing has the same code, and its own message.
        if message.contains("index") {
            return format!("table {table} is not as `insights table create` makes it: {message}");
        }
        format!("no table {table}{found}")
    }
}

/// Whether a failed dispatch failed for want of credentials: the SDK says so in words alone.
fn is_about_credentials(message: &str) -> bool {
    message.contains("credential")
}
