//! Opens a database file. A command that only reads must not change the file, and must work in a read-only folder. The
//! database library updates a file and sets WAL mode when it opens it. `plan` therefore chooses how to open a file,
//! from facts about the file.

use crate::exit::Failure;
use dynoxide::storage_backend::sql_builders::{GET_SCHEMA_VERSION, SCHEMA_VERSION};
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use std::ffi::OsString;
use std::fmt::Write;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The first bytes of every database. <https://www.sqlite.org/fileformat.html#magic_header_string>
const MAGIC: &[u8] = b"SQLite format 3\0";
/// The position of the read version in the header, and the value for WAL mode.
/// <https://www.sqlite.org/fileformat.html#file_format_version_numbers>
const READ_VERSION: usize = 19;
const WAL: u8 = 2;

/// Whether a command only reads the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The command only reads.
    Read,
    /// The command writes.
    Write,
}

/// The content of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// An empty or missing file.
    Nothing,
    /// A database without tables.
    EmptyDatabase,
    /// Our tables.
    Tables {
        /// Whether it is in WAL mode.
        wal: bool,
        /// Whether this version of the library wrote it.
        current: bool,
    },
    /// A database of another program.
    OtherDatabase,
    /// Not a database.
    Other,
}

/// The facts that determine how a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its content.
    pub content: Content,
    /// Whether a `-wal` or `-journal` file has changes that are not in the file yet.
    pub has_pending_changes: bool,
    /// Whether the file and its folder are writable.
    pub can_write: bool,
}

/// How to open a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Use an empty database in memory: there is nothing to read.
    Empty,
    /// Open it together with other processes, which can write at the same time.
    Shared,
    /// Open it together with other processes, but without permission to write: changes of a process that was killed
    /// stay in the `-wal` file.
    SharedReadOnly,
    /// Open it as immutable: no locks, and no files beside it.
    Immutable,
    /// Read a copy in memory, because opening it would change it.
    Copy,
    /// Open it for writing.
    Write,
}

/// The reason why a file is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// It is not a database.
    Other,
    /// It is a database of another program.
    OtherDatabase,
    /// It can only be read together with its `-wal` file, which needs a writable folder.
    PendingChanges,
    /// It is not writable.
    ReadOnly,
}

/// Chooses how to open a file for this purpose.
pub fn plan(facts: Facts, purpose: Purpose) -> Result<Plan, Obstacle> {
    let Facts { content, has_pending_changes, can_write } = facts;
    match (content, purpose) {
        (Content::Other, _) => Err(Obstacle::Other),
        (Content::OtherDatabase, _) => Err(Obstacle::OtherDatabase),
        (_, Purpose::Write) if !can_write => Err(Obstacle::ReadOnly),
        (_, Purpose::Write) => Ok(Plan::Write),
        (_, Purpose::Read) if !can_write && has_pending_changes => Err(Obstacle::PendingChanges),
        (Content::Tables { .. }, Purpose::Read) if !can_write => Ok(Plan::Immutable),
        (Content::Nothing | Content::EmptyDatabase, Purpose::Read) if !has_pending_changes => Ok(Plan::Empty),
        (_, Purpose::Read) if has_pending_changes => Ok(Plan::SharedReadOnly),
        (Content::Tables { wal: true, current: true }, Purpose::Read) => Ok(Plan::Shared),
        (_, Purpose::Read) => Ok(Plan::Copy),
    }
}

/// How a file is opened, with the URI for the library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Open {
    /// An empty database in memory.
    Empty,
    /// The file at this URI.
    At(String),
    /// The file at this URI, as immutable.
    Unchanging(String),
    /// An in-memory copy of the file at this URI.
    Copy(String),
}

/// Inspects `file` and returns how to open it.
pub fn inspect(file: &Path, purpose: Purpose) -> Result<Open, Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::of(format!("opening the database {}", file.display()), error)
    };
    let facts = facts(file).map_err(|error| failed(&error))?;
    let plan = plan(facts, purpose).map_err(|obstacle| refused(file, obstacle))?;
    let address = |query: &str| uri(file, query).map_err(|error| failed(&error));
    Ok(match plan {
        Plan::Empty => Open::Empty,
        Plan::Shared => Open::At(address("mode=rw")?),
        Plan::SharedReadOnly => Open::At(address("mode=ro")?),
        Plan::Immutable => Open::Unchanging(address("immutable=1")?),
        Plan::Copy => Open::Copy(address("immutable=1")?),
        Plan::Write => Open::At(address("mode=rwc")?),
    })
}

fn refused(file: &Path, obstacle: Obstacle) -> Failure {
    let name = file.display();
    match obstacle {
        Obstacle::Other => Failure::usage(format!("{name} is not a table")),
        Obstacle::OtherDatabase => {
            Failure::usage(format!("{name} is not a table but a database of another program"))
        }
        Obstacle::PendingChanges => Failure::Failed(format!(
            "{name} cannot be read: its folder is read-only, and {name}-wal has changes that are not in the file yet; end the \
             program that writes to it, or run any command on it in a writable folder"
        )),
        Obstacle::ReadOnly => {
            Failure::Failed(format!("{name} cannot be written: the file or its folder is read-only"))
        }
    }
}

/// Whether `file` is not a database. A missing or empty file counts as a database without tables.
pub fn is_of_another_kind(file: &Path) -> std::io::Result<bool> {
    let header = header(file)?;
    Ok(!header.is_empty() && !header.starts_with(MAGIC))
}

/// Whether `file` is a database.
pub fn is_database(file: &Path) -> std::io::Result<bool> {
    Ok(header(file)?.starts_with(MAGIC))
}

/// The first bytes of `file`; empty if it does not exist.
fn header(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut header = Vec::new();
    if file.is_file() {
        File::open(file)?.take(READ_VERSION as u64 + 1).read_to_end(&mut header)?;
    }
    Ok(header)
}

/// What decides how `file` is opened.
fn facts(file: &Path) -> std::io::Result<Facts> {
    let length = |file: PathBuf| file.metadata().map_or(0, |metadata| metadata.len());
    let has_pending_changes = ["-wal", "-journal"].iter().any(|suffix| length(beside(file, suffix)) > 0);
    Ok(Facts {
        content: content(file, has_pending_changes)?,
        has_pending_changes,
        can_write: can_write(file)?,
    })
}

fn content(file: &Path, has_pending_changes: bool) -> std::io::Result<Content> {
    let header = header(file)?;
    if header.is_empty() {
        return Ok(Content::Nothing);
    }
    if !header.starts_with(MAGIC) {
        return Ok(Content::Other);
    }
    let wal = header.get(READ_VERSION) == Some(&WAL);
    // The file alone is not reliable if there are changes beside it. Damaged files are reported by the library.
    let ours = Tables::Of(Some(SCHEMA_VERSION));
    let tables = if has_pending_changes { ours } else { tables(file).unwrap_or(ours) };
    Ok(match tables {
        Tables::None => Content::EmptyDatabase,
        Tables::Other => Content::OtherDatabase,
        Tables::Of(version) => Content::Tables { wal, current: version == Some(SCHEMA_VERSION) },
    })
}

/// The owner of the tables in a database.
#[derive(Clone, Copy)]
enum Tables {
    /// No tables.
    None,
    /// Tables of another program.
    Other,
    /// Our tables in this version of the library's schema.
    Of(Option<u32>),
}

/// The tables of `file`. It is opened as immutable, so that no other file is created.
fn tables(file: &Path) -> rusqlite::Result<Tables> {
    let uri = uri(file, "immutable=1").map_err(|_| rusqlite::Error::InvalidPath(file.to_owned()))?;
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(uri, flags)?;
    let count = |condition: &str| {
        let query = format!("SELECT count(*) FROM sqlite_master WHERE {condition}");
        connection.query_row(&query, [], |row| row.get::<_, i64>(0))
    };
    if count("true")? == 0 {
        return Ok(Tables::None);
    }
    if count("type = 'table' AND name IN ('_tables', '_config', '_stream_records')")? < 3 {
        return Ok(Tables::Other);
    }
    let version: Option<String> =
        connection.query_row(GET_SCHEMA_VERSION, [], |row| row.get(0)).optional()?;
    Ok(Tables::Of(version.and_then(|version| version.parse().ok())))
}

/// The path of `file` with `suffix` appended, which is how SQLite names the files beside a database.
pub(super) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(suffix);
    PathBuf::from(name)
}

/// The URI by which SQLite opens `file`. <https://www.sqlite.org/uri.html>
pub(super) fn uri(file: &Path, query: &str) -> std::io::Result<String> {
    let path = std::path::absolute(file)?;
    let mut uri = "file:".to_owned();
    #[cfg(windows)]
    let bytes = format!("/{}", path.to_string_lossy().replace('\\', "/")).into_bytes();
    #[cfg(not(windows))]
    let bytes = path.as_os_str().as_encoded_bytes();
    for byte in bytes.iter().copied() {
        if byte.is_ascii_alphanumeric() || b"/-._~:".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    Ok(format!("{uri}?{query}"))
}

/// Whether this process may write or create `file` and other files beside it, according to the operating system. A
/// read-only mount denies this to all users.
#[cfg(unix)]
fn can_write(file: &Path) -> std::io::Result<bool> {
    use nix::errno::Errno;
    use nix::fcntl::{AT_FDCWD, AtFlags};
    use nix::unistd::{AccessFlags, faccessat};
    let may = |path: &Path, access| match faccessat(AT_FDCWD, path, access, AtFlags::AT_EACCESS) {
        Ok(()) => Ok(true),
        Err(Errno::EACCES | Errno::EROFS | Errno::EPERM) => Ok(false),
        Err(error) => Err(std::io::Error::from(error)),
    };
    let path = std::path::absolute(file)?;
    let folder = path.parent().unwrap_or(&path);
    // A missing folder is reported when the file is opened.
    if !folder.is_dir() {
        return Ok(true);
    }
    Ok(may(folder, AccessFlags::W_OK | AccessFlags::X_OK)?
        && (!path.exists() || may(&path, AccessFlags::W_OK)?))
}

/// Whether the file is not marked as read-only.
#[cfg(not(unix))]
fn can_write(file: &Path) -> std::io::Result<bool> {
    Ok(!file.exists() || !file.metadata()?.permissions().readonly())
}

#[cfg(test)]
mod tests;
