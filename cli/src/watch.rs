//! Asks a question again and again until Ctrl-C, and prints each answer.

use crate::args::shared::TableOptions;
use crate::exit::{Exit, Failure};
use crate::interrupt::Interrupt;
use crate::location::Opened;
use crate::output::print;
use crate::session::Session;
use insights_query::Reader;
use std::time::Duration;

/// The time between two questions.
const PAUSE: Duration = Duration::from_secs(30);

/// Asks `question` of the table, each time as of the current time. A failure ends the command.
pub async fn run(
    location: &TableOptions,
    session: &Session,
    mut question: impl AsyncFnMut(&Reader) -> Result<String, Failure>,
) -> Result<Exit, Failure> {
    let mut interrupt = Interrupt::listen()?;
    let opened = Opened::open(location, session).await?;
    let ended = async {
        loop {
            print(&question(&opened.reader.as_of(session.clock.now())).await?)?;
            tokio::select! {
                () = interrupt.next() => return Ok(Exit::Done),
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }
    .await;
    opened.close().await;
    ended
}
