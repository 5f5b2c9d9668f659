//! Checks the logs of functions in every test: they must not contain secrets. The secrets of tests are recognizable.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use insights_shared::log::subscriber;
use std::io;
use std::sync::{Mutex, Once, PoisonError};
use tracing::level_filters::LevelFilter;

/// The secret access key of all functions in tests.
pub const SECRET_KEY: &str = "LabSecret/0123456789012345678901234567890";
/// The `REDACT_KEY` of functions that redact.
pub const REDACT_KEY: &str = "0123456789abcdef0123456789abcdef";
/// The external id of the roles that have one.
pub const EXTERNAL_ID: &str = "sesame";
/// Texts that no log may contain: keys, credentials of the simulated STS, the prefix of its session tokens
/// (`{"account":` in Base64), the prefix of a signature.
const SECRETS: [&str; 6] =
    [SECRET_KEY, REDACT_KEY, EXTERNAL_ID, "SimulatedSecret/", "eyJhY2NvdW50Ijoi", "AWS4-HMAC-SHA256"];

/// Lines of this process's log that contain a secret.
static FOUND: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The access key id for `name`.
pub(crate) fn access_key(name: &str) -> String {
    format!("AKIA{}", name.to_uppercase().replace('-', ""))
}

/// The credentials for `name`.
pub(crate) fn credentials(name: &str) -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(Credentials::new(access_key(name), SECRET_KEY, None, None, "test"))
}

/// Reads the logs of the functions in this process from now on, at the most detailed level.
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // A test binary may have a subscriber of its own; then it reads for itself.
        let subscriber = subscriber(insights_sources::all(), LevelFilter::TRACE, true, || Reader);
        let _ = tracing::subscriber::set_global_default(subscriber);
    });
}

/// Panics if the log of this process contains a secret.
pub(crate) fn check() {
    let found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(found.is_empty(), "secrets in the log:\n{}", found.join(""));
}

/// Panics if the output of a process contains a secret.
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

/// Reads one record at a time, as the subscriber writes them.
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
