//! Where the table is: an embedded database in a file, or the DynamoDB that the AWS configuration leads to. It opens one
//! for reading and knows nothing of what is in it.

use crate::args::shared::Where;
use crate::aws::limits::CallLimits;
use crate::embedded::EmbeddedTable;
use crate::embedded::file::{Purpose, is_of_another_kind};
use crate::exit::Failure;
use crate::session::Session;
use crate::{aws, output};
use insights_query::Reader;
use insights_query::format::so_many;
use std::path::Path;

/// An open table. Close it at the end.
pub struct Opened {
    /// Asks the table.
    pub reader: Reader,
    embedded: Option<EmbeddedTable>,
}

impl Opened {
    /// Opens the table that `location` names, for a command that only reads.
    pub async fn open(location: &Where, session: &Session) -> Result<Self, Failure> {
        Self::open_for(Purpose::Read, location, session).await
    }

    /// Opens the table that `location` names.
    pub async fn open_for(purpose: Purpose, location: &Where, session: &Session) -> Result<Self, Failure> {
        let table = session.table_name(location.table.as_deref());
        check_name(&table)?;
        let now = session.clock.now();
        let Some(file) = &location.local else {
            let reader = Reader::new(aws::dynamodb(CallLimits::INTERACTIVE, session).await?, &table, now);
            return Ok(Self { reader, embedded: None });
        };
        check_file(file)?;
        let embedded = match purpose {
            Purpose::Read => EmbeddedTable::open_to_read(file).await?,
            Purpose::Write => EmbeddedTable::open_to_write(file).await?,
        };
        let reader = Reader::new(embedded.client(), &table, now);
        Ok(Self { reader, embedded: Some(embedded) })
    }

    /// Asks `question` of the table that `location` names, and closes it, whatever came of that.
    pub async fn ask<T>(
        location: &Where,
        session: &Session,
        question: impl AsyncFnOnce(&Reader) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let opened = Self::open(location, session).await?;
        let answer = question(&opened.reader).await;
        opened.close().await;
        answer
    }

    /// Says what was passed over, and lets the table go.
    pub async fn close(self) {
        let number = self.reader.passed_over();
        if number > 0 {
            let items = so_many(number, "item was", "items were");
            output::say(&format!(
                "warning: {items} passed over, written by a newer version of this program: update insights"
            ));
        }
        if let Some(embedded) = self.embedded {
            embedded.close().await;
        }
    }
}

/// DynamoDB's own rule, told before anybody is asked.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html>
pub fn check_name(table: &str) -> Result<(), Failure> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    if (3..=255).contains(&table.len()) && table.bytes().all(allowed) {
        return Ok(());
    }
    let rule = "must be 3 to 255 letters, digits, dots, hyphens or underscores";
    Err(Failure::usage(format!("table name \"{table}\" {rule}")))
}

/// A database that is not there would be made, and be empty: a slip in a name must not look like "nothing is wrong".
pub fn check_file(file: &Path) -> Result<(), Failure> {
    let given = format!("--local {}", file.display());
    let inside = file.join("table.db");
    let trouble = if file.is_file() {
        if !is_of_another_kind(file).map_err(|error| Failure::of(&given, error))? {
            return Ok(());
        }
        "it is not a table but a file of another kind"
    } else if inside.is_file() {
        return Err(Failure::usage(format!("{given}: it is a folder: give --local {}", inside.display())));
    } else if file.exists() {
        "it is no file"
    } else {
        "there is no such file"
    };
    Err(Failure::usage(format!(
        "{given}: {trouble}; `insights demo` makes one as insights-demo/table.db, `insights table create --local FILE` \
         an empty one"
    )))
}
