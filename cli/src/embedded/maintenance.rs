//! What is done to a database file itself, past the table's operations: changes are moved from its `-wal` file into it, and
//! what is left of deleted items is erased. It knows the database library's own tables.

use super::file::{Open, Purpose, beside, inspect, uri};
use crate::exit::Failure;
use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// How long another process's use of the file is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whose traces are erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Of this account.
    pub account: String,
    /// Of this source.
    pub source: Option<String>,
    /// Of this region.
    pub region: Option<String>,
}

/// Moves every change into `file` itself, and empties its `-wal` file.
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

/// Deletes the images of the change stream that `erasure` selects, and rewrites `file` without its free pages, on which
/// deleted items would stay legible; how many images there were.
pub(super) fn erase(file: &Path, erasure: &Erasure) -> Result<usize, Failure> {
    let what = format!("erasing traces in {}", file.display());
    let failed = |error: rusqlite::Error| Failure::of(&what, error);
    let mut connection = open(file).map_err(failed)?;
    let stream_records = forget(&mut connection, erasure).map_err(failed)?;
    connection.execute_batch("VACUUM").map_err(failed)?;
    if !empty_wal(&connection).map_err(failed)? {
        return Err(Failure::of(
            what,
            "another program is using it: end that program, and run the same again, since traces of deleted items are still \
             there",
        ));
    }
    Ok(stream_records)
}

/// How many images of the change stream `erasure` selects. It changes nothing, and works while the table is open.
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

/// The database at `uri`, which says whether it may be written.
fn connect(uri: &str) -> rusqlite::Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(uri, flags)?;
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
}

/// Moves the contents of the `-wal` file into the file; whether the `-wal` file is empty now.
fn empty_wal(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| Ok(row.get::<_, i64>(0)? == 0))
}

/// Deletes records of the change stream.
fn forget(connection: &mut Connection, erasure: &Erasure) -> rusqlite::Result<usize> {
    // What is deleted is overwritten at once, in case that the process ends before the file is rewritten.
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

/// The ids of the records of the change stream that `erasure` selects.
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
    /// Whether an item, or its key alone, is one of those that are deleted. `image` is DynamoDB's JSON.
    fn selects(&self, image: &str) -> bool {
        // What cannot be read cannot be shown to be somebody else's.
        let Ok(image) = serde_json::from_str::<Value>(image) else { return image.contains(&self.account) };
        let text = |name: &str| image.get(name)?.get("S")?.as_str();
        // Of a key alone, the parts are what tells: every key has its source, its account and its region.
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
    fn images_and_keys_of_the_account_are_selected_and_no_others() {
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
            // An item says itself whose it is, whatever its key and its detail mention.
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
