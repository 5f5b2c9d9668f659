//! Ctrl-C and SIGTERM, for commands that stop in an orderly way.

use crate::exit::Failure;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Handles signals from its creation on. Before, the operating system terminates the process.
#[derive(Debug)]
pub struct Interrupt {
    #[cfg(unix)]
    interrupt: Signal,
    #[cfg(unix)]
    terminate: Signal,
}

#[cfg(unix)]
impl Interrupt {
    /// Listens for Ctrl-C and SIGTERM.
    pub fn listen() -> Result<Self, Failure> {
        let failed = |error| Failure::of("listening for signals", error);
        let interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let terminate = signal(SignalKind::terminate()).map_err(failed)?;
        Ok(Self { interrupt, terminate })
    }

    /// Waits for the next signal.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl Interrupt {
    /// Listens for Ctrl-C.
    #[expect(clippy::unnecessary_wraps, reason = "it can fail on other systems")]
    pub fn listen() -> Result<Self, Failure> {
        Ok(Self {})
    }

    /// Waits for the next signal.
    pub async fn next(&mut self) {
        // Without a console there is no Ctrl-C and nothing else to wait for.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
