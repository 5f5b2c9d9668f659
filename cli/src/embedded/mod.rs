//! An embedded table: a DynamoDB in this process, kept in one file, to which the official SDK is connected without a socket,
//! so that no other process and no page of a browser can reach it. It knows nothing of keys and records.

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
    /// The file that was opened for writing.
    written: Option<PathBuf>,
}

impl EmbeddedTable {
    /// Opens the database in `file` for a command that only reads.
    pub async fn open_to_read(file: &Path) -> Result<Self, Failure> {
        Self::open(file, Purpose::Read).await
    }

    /// Opens the database in `file` for a command that writes. A file that does not exist is created.
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
                // A file that an older version of the library wrote has to be brought up to date, which needs a copy.
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
            Database::memory().map_err(|error| Failure::of("making a database in memory", error))?;
        Ok(Self { slot: Slot::new(database), written: None })
    }

    /// The database itself, for the simulator, which serves it. `None` once it is closed.
    pub fn database(&self) -> Option<Database> {
        self.slot.get()
    }

    /// A client of this database, whatever the environment says about AWS.
    pub fn client(&self) -> Client {
        client::client(self.slot.clone())
    }

    /// Closes the database: clients get no more answers. After writing, everything is in the file itself, and its `-wal` file
    /// is empty or gone.
    pub async fn close(self) {
        let database = self.slot.take();
        let written = self.written;
        let closed = blocking(move || {
            // The last connection to a file writes it to disk as it closes.
            drop(database);
            written.map_or(Ok(()), |file| maintenance::checkpoint(&file))
        });
        if let Err(failure) = closed.await {
            let Failure::Failed(message) = failure else { return };
            output::say(&format!("warning: {message}"));
        }
    }
}

/// How many images the change stream in the file holds of what `erasure` selects.
pub async fn traces(file: &Path, erasure: Erasure) -> Result<usize, Failure> {
    let file = file.to_owned();
    blocking(move || maintenance::traces(&file, &erasure)).await
}

/// Deletes what the file still holds of deleted items: the images of its change stream, whose number it returns, and free pages.
pub async fn erase(file: &Path, erasure: Erasure) -> Result<usize, Failure> {
    let file = file.to_owned();
    blocking(move || maintenance::erase(&file, &erasure)).await
}

/// Runs what waits for a disk in a thread that may wait.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Failure::of("working on the database", error))?
}
