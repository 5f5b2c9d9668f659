//! The table that `collect` writes to. A missing file is created; a dry run needs no table.

use super::account::Account;
use crate::args::shared::TableOptions;
use crate::embedded::EmbeddedTable;
use crate::exit::Failure;
use crate::location::check_file;
use crate::output::say;
use crate::session::Session;
use crate::table::create_in;
use aws_sdk_dynamodb::Client;
use insights_query::{Error, Place, Reader};
use std::path::Path;

/// The file of a local table.
#[derive(Clone, Copy, Debug)]
pub enum Local<'a> {
    /// The table is in DynamoDB.
    No,
    /// The file exists.
    File(&'a Path),
    /// The file does not exist.
    Missing(&'a Path),
}

impl<'a> Local<'a> {
    /// The file of `--local`, if it is given. An existing file must be a table.
    pub fn of(location: &'a TableOptions) -> Result<Self, Failure> {
        let Some(file) = &location.local else { return Ok(Self::No) };
        if !file.exists() && !file.is_symlink() {
            return Ok(Self::Missing(file));
        }
        check_file(file)?;
        Ok(Self::File(file))
    }
}

/// Opens the embedded table; `None` if the table is in DynamoDB.
pub async fn open(
    local: Local<'_>,
    table: &str,
    is_dry_run: bool,
    account: &Account,
    session: &Session,
) -> Result<Option<EmbeddedTable>, Failure> {
    Ok(match local {
        Local::File(file) if is_dry_run => Some(EmbeddedTable::open_to_read(file).await?),
        Local::File(file) => Some(EmbeddedTable::open_to_write(file).await?),
        Local::Missing(file) if is_dry_run => {
            say(&format!("{} does not exist, so everything counts as new", file.display()));
            Some(empty_table(table).await?)
        }
        Local::Missing(file) => {
            let embedded = EmbeddedTable::open_to_write(file).await?;
            create_in(&embedded.client(), table).await?;
            say(&format!("created table {table} in {}", file.display()));
            Some(embedded)
        }
        Local::No if is_dry_run && is_missing(account, table, session).await => {
            say(&format!("table {table} does not exist, so everything counts as new"));
            Some(empty_table(table).await?)
        }
        Local::No => None,
    })
}

/// An empty table in memory, for a dry run without a table.
async fn empty_table(table: &str) -> Result<EmbeddedTable, Failure> {
    let embedded = EmbeddedTable::in_memory()?;
    create_in(&embedded.client(), table).await?;
    Ok(embedded)
}

/// Whether DynamoDB has no table with this name. Other errors are reported when the table is read.
async fn is_missing(account: &Account, table: &str, session: &Session) -> bool {
    let reader = Reader::new(Client::new(&account.asking), table, session.clock.now());
    let here = Place { account_id: account.id.clone(), region: account.region.clone() };
    let Some(source) = insights_sources::all().next() else { return false };
    matches!(reader.last_runs(source, &here, 1).await, Err(Error::NoSuchTable { .. }))
}
