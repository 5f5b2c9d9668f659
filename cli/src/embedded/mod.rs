//! An embedded table: DynamoDB in this process with one file. The official SDK is connected without a socket, so other
//! processes and web pages cannot reach it. It does not depend on the content of the table.

mod client;
pub mod file;
mod maintenance;

use crate::exit::Failure;
use crate::output;
use aws_sdk_dynamodb::Client;
use client::Slot;
use dynoxide::Database;
use file::{Open, Purpose};
pub use maintenance::Erasure;
use std::path::{Path, PathBuf};

/// An open embedded database.
#[derive(Debug)]
pub struct EmbeddedTable {
    slot: Slot,
    /// The file, if it was opened for writing.
    written: Option<PathBuf>,
}

impl EmbeddedTable {
    /// Opens the database in `file` for a command that only reads.
    pub async fn open_to_read(file: &Path) -> Result<Self, Failure> {
        Self::open(file, Purpose::Read).await
    }

    /// Opens the database in `file` for a command that writes. A missing file is created.
    pub async fn open_to_write(file: &Path) -> Result<Self, Failure> {
        Self::open(file, Purpose::Write).await
    }

    async fn open(file: &Path, purpose: Purpose) -> Result<Self, Failure> {
        let path = file.to_owned();
        let database = blocking(move || {
            let what = format!("opening the database {}", path.display());
            let database = match file::inspect(&path, purpose)? {
                Open::Empty => Database::memory(),
                Open::At(uri) => Database::new(&uri),
                Open::Copy(uri) => Database::memory().and_then(|copy| copy.restore_from(&uri).map(|()| copy)),
                // A file of an older version of the library must be upgraded, which needs a copy.
                Open::Unchanging(uri) => Database::new(&uri)
                    .or_else(|_| Database::memory().and_then(|copy| copy.restore_from(&uri).map(|()| copy))),
            };
            database.map_err(|error| Failure::of(what, error))
        });
        let written = (purpose == Purpose::Write).then(|| file.to_owned());
        Ok(Self { slot: Slot::new(database.await?), written })
    }

    /// An empty database in memory.
    pub fn in_memory() -> Result<Self, Failure> {
        let database =
            Database::memory().map_err(|error| Failure::of("creating a database in memory", error))?;
        Ok(Self { slot: Slot::new(database), written: None })
    }

    /// The database, which the simulator serves. `None` after it was closed.
    pub fn database(&self) -> Option<Database> {
        self.slot.get()
    }

    /// A client of this database, independent of the AWS environment.
    pub fn client(&self) -> Client {
        client::client(self.slot.clone())
    }

    /// Closes the database. Later calls of clients fail. After writing, all changes are in the file, and its `-wal`
    /// file is empty or deleted.
    pub async fn close(self) {
        let database = self.slot.take();
        let written = self.written;
        let closed = blocking(move || {
            // SQLite writes all changes when the last connection closes.
            drop(database);
            written.map_or(Ok(()), |file| maintenance::checkpoint(&file))
        });
        if let Err(failure) = closed.await {
            let Failure::Failed(message) = failure else { return };
            output::say(&format!("warning: {message}"));
        }
    }
}

/// The number of records of the change stream in `file` that `erasure` selects.
pub async fn traces(file: &Path, erasure: Erasure) -> Result<usize, Failure> {
    let file = file.to_owned();
    blocking(move || maintenance::traces(&file, &erasure)).await
}

/// Erases deleted items from the file: records of the change stream, whose number it returns, and free pages.
pub async fn erase(file: &Path, erasure: Erasure) -> Result<usize, Failure> {
    let file = file.to_owned();
    blocking(move || maintenance::erase(&file, &erasure)).await
}

/// Runs blocking work on another thread.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Failure::of("accessing the database", error))?
}
