//! `insights table create`: creates the table with indexes and time to live, in an embedded database or in DynamoDB.

use crate::args::TableCreateArguments;
use crate::aws::limits::CallLimits;
use crate::embedded::EmbeddedTable;
use crate::exit::{Exit, Failure};
use crate::location::check_name;
use crate::session::Session;
use crate::{aws, output};
use aws_sdk_dynamodb::Client;
use insights_shared::store::schema::{CreateError, Made, create_table};

/// Runs the command.
pub async fn create(arguments: &TableCreateArguments, session: &Session) -> Result<Exit, Failure> {
    let table = session.table_name(arguments.table.as_deref());
    check_name(&table)?;
    let made = match &arguments.local {
        Some(file) => {
            let embedded = EmbeddedTable::open_to_write(file).await?;
            let made = create_in(&embedded.client(), &table).await;
            embedded.close().await;
            made?
        }
        None => create_in(&aws::dynamodb(CallLimits::CREATE_TABLE, session).await?, &table).await?,
    };
    let place = arguments.local.as_ref().map_or(String::new(), |file| format!(" in {}", file.display()));
    output::say(&if made.is_new {
        format!("created table {table}{place}")
    } else if made.switched_on.is_empty() {
        format!("table {table}{place} already exists; nothing was changed")
    } else {
        format!("table {table}{place} already exists; enabled: {}", made.switched_on.join(", "))
    });
    Ok(Exit::Done)
}

/// Creates `table` with `client`, unless it exists. Returns what was done.
pub async fn create_in(client: &Client, table: &str) -> Result<Made, Failure> {
    create_table(client, table).await.map_err(|error| match error {
        CreateError::Call(_) => Failure::of(format!("creating table {table}"), error),
        CreateError::OtherSchema(_) => Failure::usage(format!("table {table}: {error}")),
    })
}
