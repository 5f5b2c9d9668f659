//! An embedded table: a DynamoDB in this process, kept in one file, that the official SDK talks to over a loopback port.
//! It knows nothing of keys and records.

use crate::exit::Failure;
use crate::http;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use dynoxide::Database;
use std::fs::File;
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// What every database begins with. <https://www.sqlite.org/fileformat.html#magic_header_string>
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Whether `file` is of another kind. One that is not there, or empty, is a database in which nothing was made yet; of what is
/// no file at all the library speaks.
pub fn is_of_another_kind(file: &Path) -> std::io::Result<bool> {
    let beginning = beginning(file)?;
    Ok(!beginning.is_empty() && beginning != MAGIC)
}

/// Whether something may be stored in `file`.
pub fn is_database(file: &Path) -> std::io::Result<bool> {
    Ok(beginning(file)? == MAGIC)
}

/// What `file` begins with: nothing if it is not there.
fn beginning(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut beginning = Vec::new();
    if file.is_file() {
        File::open(file)?.take(MAGIC.len() as u64).read_to_end(&mut beginning)?;
    }
    Ok(beginning)
}

/// A running embedded database. It stops to serve when it is closed or dropped.
pub struct EmbeddedTable {
    database: Database,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl EmbeddedTable {
    /// Opens the database in `file`, which is created if it is not there.
    pub async fn open(file: &Path) -> Result<Self, Failure> {
        let what = format!("opening the database {}", file.display());
        // The library's own words for such a file are of encryption, which nobody asked for.
        if is_of_another_kind(file).map_err(|error| Failure::of(&what, error))? {
            return Err(Failure::usage(format!(
                "{} is no table, but a file of another kind",
                file.display()
            )));
        }
        let path = file.to_str().ok_or_else(|| Failure::of(&what, "its path is not Unicode"))?;
        let database = Database::new(path).map_err(|error| Failure::of(&what, error))?;
        Self::serve(database).await
    }

    /// An empty database in memory.
    pub async fn in_memory() -> Result<Self, Failure> {
        let database =
            Database::memory().map_err(|error| Failure::of("making a database in memory", error))?;
        Self::serve(database).await
    }

    async fn serve(database: Database) -> Result<Self, Failure> {
        let failed = |error| Failure::of("listening on the loopback interface", error);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let handle = database.clone();
        let server = tokio::spawn(async move {
            let shutdown = async move {
                // A dropped sender means the same as a sent word.
                let _ = stopped.await;
            };
            if let Err(error) = dynoxide::server::serve_with_shutdown(listener, handle, shutdown).await {
                tracing::error!(error, "the embedded database stopped");
            }
        });
        Ok(Self { database, address, stop, server })
    }

    /// The database itself, for somebody who serves it too.
    pub fn database(&self) -> Database {
        self.database.clone()
    }

    /// A client of this database, whatever the environment says of AWS.
    pub fn client(&self) -> Client {
        let configuration = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::from_static("eu-west-1"))
            .endpoint_url(format!("http://{}", self.address))
            .credentials_provider(Credentials::new("local", "local", None, None, "embedded"))
            .http_client(http::local())
            .build();
        Client::from_conf(configuration)
    }

    /// Stops to serve, once what is under way has been answered, so that everything is in the file.
    pub async fn close(self) {
        // The other end is gone only if the server is, and then there is nothing to wait for.
        let _ = self.stop.send(());
        let _ = self.server.await;
    }
}
