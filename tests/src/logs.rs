//! What functions log, read in every test: nothing that has to stay secret may be in it. The secrets of tests are such that
//! they are known wherever they turn up.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use insights_shared::log::subscriber;
use std::io;
use std::sync::{Mutex, Once, PoisonError};
use tracing::level_filters::LevelFilter;

/// The secret access key of every function in a test.
pub const SECRET_KEY: &str = "LabSecret/0123456789012345678901234567890";
/// The `REDACT_KEY` of functions that redact.
pub const REDACT_KEY: &str = "0123456789abcdef0123456789abcdef";
/// The external id of the roles that have one.
pub const EXTERNAL_ID: &str = "sesame";
/// What must be in no log: keys; those that the simulated STS gives; how its session tokens begin (`{"account":` in Base64);
/// a signature's beginning.
const SECRETS: [&str; 6] =
    [SECRET_KEY, REDACT_KEY, EXTERNAL_ID, "SimulatedSecret/", "eyJhY2NvdW50Ijoi", "AWS4-HMAC-SHA256"];

/// Lines of this process's log that hold a secret.
static FOUND: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The id of the access key of what is called `name`.
pub(crate) fn access_key(name: &str) -> String {
    format!("AKIA{}", name.to_uppercase().replace('-', ""))
}

/// Credentials of what is called `name`.
pub(crate) fn credentials(name: &str) -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(Credentials::new(access_key(name), SECRET_KEY, None, None, "test"))
}

/// Reads what the functions of this process log from now on, at the most detailed level.
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // A test binary may have a subscriber of its own; then it reads for itself.
        let subscriber = subscriber(insights_sources::all(), LevelFilter::TRACE, true, || Reader);
        let _ = tracing::subscriber::set_global_default(subscriber);
    });
}

/// Panics if anything that was logged in this process so far holds a secret.
pub(crate) fn check() {
    let found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(found.is_empty(), "secrets in the log:\n{}", found.join(""));
}

/// Panics if a process wrote a secret.
///
/// # Panics
///
/// If there is one in `text`.
pub fn assert_no_secret(text: &str) {
    let lines: Vec<&str> = text.lines().filter(|line| secret_in(line).is_some()).collect();
    assert!(lines.is_empty(), "secrets in the log:\n{}", lines.join("\n"));
}

fn secret_in(text: &str) -> Option<&'static str> {
    SECRETS.into_iter().find(|secret| text.contains(secret))
}

/// Takes one record at a time, as the subscriber writes them.
struct Reader;

impl io::Write for Reader {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = String::from_utf8_lossy(bytes);
        if secret_in(&line).is_some() {
            FOUND.lock().unwrap_or_else(PoisonError::into_inner).push(line.into_owned());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
