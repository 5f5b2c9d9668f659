//! Maintenance of a database file beyond the table's operations: moving changes from the `-wal` file into the file, and
//! erasing traces of deleted items. This file knows the internal tables of the database library.

use super::file::{Open, Purpose, beside, inspect, uri};
use crate::exit::Failure;
use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// How long to wait for other processes that use the file.
const PATIENCE: Duration = Duration::from_secs(5);

/// The items whose traces are erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Only this account.
    pub account: String,
    /// Only this source.
    pub source: Option<String>,
    /// Only this region.
    pub region: Option<String>,
}

/// Moves all changes into `file` and empties its `-wal` file.
pub(super) fn checkpoint(file: &Path) -> Result<(), Failure> {
    if beside(file, "-wal").metadata().map_or(0, |wal| wal.len()) == 0 {
        return Ok(());
    }
    let what = format!("writing {}", file.display());
    let connection = open(file).map_err(|error| Failure::of(&what, error))?;
    if empty_wal(&connection).map_err(|error| Failure::of(&what, error))? {
        return Ok(());
    }
    let wal = beside(file, "-wal");
    Err(Failure::of(
        what,
        format!("another program is using it, so some changes are still in {}", wal.display()),
    ))
}

/// Deletes the records of the change stream that `erasure` selects, and rewrites `file` without its free pages, which
/// still contain deleted items. Returns the number of deleted records.
pub(super) fn erase(file: &Path, erasure: &Erasure) -> Result<usize, Failure> {
    let what = format!("erasing traces in {}", file.display());
    let failed = |error: rusqlite::Error| Failure::of(&what, error);
    let mut connection = open(file).map_err(failed)?;
    let stream_records = delete_stream_records(&mut connection, erasure).map_err(failed)?;
    connection.execute_batch("VACUUM").map_err(failed)?;
    if !empty_wal(&connection).map_err(failed)? {
        return Err(Failure::of(
            what,
            "another program is using it: end that program and run the command again, because traces of deleted items still \
             exist",
        ));
    }
    Ok(stream_records)
}

/// The number of records of the change stream that `erasure` selects. It changes nothing and works while the table is
/// open.
pub(super) fn traces(file: &Path, erasure: &Erasure) -> Result<usize, Failure> {
    let (Open::At(uri) | Open::Unchanging(uri) | Open::Copy(uri)) = inspect(file, Purpose::Read)? else {
        return Ok(0);
    };
    let failed = |error: rusqlite::Error| {
        Failure::of(format!("reading the change stream in {}", file.display()), error)
    };
    let connection = connect(&uri).map_err(failed)?;
    Ok(selected(&connection, erasure).map_err(failed)?.len())
}

fn open(file: &Path) -> rusqlite::Result<Connection> {
    let uri = uri(file, "mode=rw").map_err(|_| rusqlite::Error::InvalidPath(file.to_owned()))?;
    connect(&uri)
}

/// Opens the database at `uri`, which includes the mode.
fn connect(uri: &str) -> rusqlite::Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(uri, flags)?;
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
}

/// Moves the content of the `-wal` file into the file. Returns whether the `-wal` file is empty now.
fn empty_wal(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| Ok(row.get::<_, i64>(0)? == 0))
}

/// Deletes records of the change stream.
fn delete_stream_records(connection: &mut Connection, erasure: &Erasure) -> rusqlite::Result<usize> {
    // Deleted content is overwritten at once, in case the process ends before the file is rewritten.
    connection.pragma_update(None, "secure_delete", "ON")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let forgotten = selected(&transaction, erasure)?;
    {
        let mut statement = transaction.prepare("DELETE FROM _stream_records WHERE id = ?1")?;
        for id in &forgotten {
            statement.execute(params![id])?;
        }
    }
    transaction.commit()?;
    Ok(forgotten.len())
}

/// The ids of the selected records of the change stream.
fn selected(connection: &Connection, erasure: &Erasure) -> rusqlite::Result<Vec<i64>> {
    let mut statement =
        connection.prepare("SELECT id, keys_json, new_image, old_image FROM _stream_records")?;
    let mut rows = statement.query([])?;
    let mut selected = Vec::new();
    while let Some(row) = rows.next()? {
        let images: [Option<String>; 3] = [row.get(1)?, row.get(2)?, row.get(3)?];
        if images.iter().flatten().any(|image| erasure.selects(image)) {
            selected.push(row.get::<_, i64>(0)?);
        }
    }
    Ok(selected)
}

impl Erasure {
    /// Whether an item or key is selected. `image` is DynamoDB JSON.
    fn selects(&self, image: &str) -> bool {
        // An unreadable image could belong to the account, so it is selected.
        let Ok(image) = serde_json::from_str::<Value>(image) else { return image.contains(&self.account) };
        let text = |name: &str| image.get(name)?.get("S")?.as_str();
        // A key without attributes is identified by its parts: every key has source, account and region.
        let key: Vec<&str> = text("pk").unwrap_or_default().split('#').collect();
        let is = |name: &str, wanted: &str| {
            text(name).map_or_else(|| key.contains(&wanted), |value| value == wanted)
        };
        is("account_id", &self.account)
            && self.source.as_deref().is_none_or(|source| is("source", source))
            && self.region.as_deref().is_none_or(|region| is("region", region))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_images_and_keys_of_the_account_are_selected() {
        let of = |account: &str, source: Option<&str>, region: Option<&str>| Erasure {
            account: account.to_owned(),
            source: source.map(str::to_owned),
            region: region.map(str::to_owned),
        };
        let all = of("111122223333", None, None);
        let narrow = of("111122223333", Some("xray"), Some("eu-west-1"));
        for (image, selected, narrowly) in [
            (r#"{"pk":{"S":"xray#111122223333#eu-west-1#i"},"sk":{"S":"insight"}}"#, true, true),
            (r#"{"pk":{"S":"run#xray#111122223333#eu-west-1"},"sk":{"S":"state"}}"#, true, true),
            (r#"{"pk":{"S":"catalog#cloudtrail#111122223333#eu-west-1"},"sk":{"S":"x"}}"#, true, false),
            (r#"{"pk":{"S":"xray#111122223333#us-east-1#i"},"sk":{"S":"insight"}}"#, true, false),
            (r#"{"pk":{"S":"xray#123456789012#eu-west-1#i"},"sk":{"S":"insight"}}"#, false, false),
            // The attributes of an item decide, not its key or detail.
            (
                r#"{"pk":{"S":"cloudtrail#123456789012#eu-west-1#111122223333"},"account_id":{"S":"123456789012"}}"#,
                false,
                false,
            ),
            (
                r#"{"pk":{"S":"odd"},"account_id":{"S":"111122223333"},"source":{"S":"xray"},"region":{"S":"eu-west-1"}}"#,
                true,
                true,
            ),
            (r#"{"pk":{"S":"odd"},"account_id":{"S":"111122223333"}}"#, true, false),
            (r#"{"pk":{"S":"odd"}}"#, false, false),
            ("not JSON about 111122223333", true, true),
            ("not JSON", false, false),
        ] {
            assert_eq!(all.selects(image), selected, "{image}");
            assert_eq!(narrow.selects(image), narrowly, "{image}");
        }
    }
}
