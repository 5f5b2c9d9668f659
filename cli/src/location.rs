//! Opens the table: an embedded database in a file, or DynamoDB according to the AWS configuration. It does not depend on the
//! content of the table.

use crate::args::shared::TableOptions;
use crate::aws::limits::CallLimits;
use crate::embedded::EmbeddedTable;
use crate::embedded::file::{Purpose, is_of_another_kind};
use crate::exit::Failure;
use crate::session::Session;
use crate::{aws, output};
use insights_query::Reader;
use insights_query::format::so_many;
use std::path::Path;

/// An open table, which must be closed at the end.
pub struct Opened {
    /// The reader of the table.
    pub reader: Reader,
    embedded: Option<EmbeddedTable>,
}

impl Opened {
    /// Opens the table of `location` for a command that only reads.
    pub async fn open(location: &TableOptions, session: &Session) -> Result<Self, Failure> {
        Self::open_for(Purpose::Read, location, session).await
    }

    /// Opens the table of `location`.
    pub async fn open_for(
        purpose: Purpose,
        location: &TableOptions,
        session: &Session,
    ) -> Result<Self, Failure> {
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

    /// Opens the table of `location`, runs `question`, and closes the table even after a failure.
    pub async fn ask<T>(
        location: &TableOptions,
        session: &Session,
        question: impl AsyncFnOnce(&Reader) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let opened = Self::open(location, session).await?;
        let answer = question(&opened.reader).await;
        opened.close().await;
        answer
    }

    /// Prints a warning about skipped items and closes the table.
    pub async fn close(self) {
        let number = self.reader.passed_over();
        if number > 0 {
            let items = so_many(number, "item was", "items were");
            output::say(&format!(
                "warning: {items} skipped because a newer version of this program wrote them: update insights"
            ));
        }
        if let Some(embedded) = self.embedded {
            embedded.close().await;
        }
    }
}

/// DynamoDB's rule for table names, checked before any call.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html>
pub fn check_name(table: &str) -> Result<(), Failure> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    if (3..=255).contains(&table.len()) && table.bytes().all(allowed) {
        return Ok(());
    }
    let rule = "must be 3 to 255 letters, digits, dots, hyphens or underscores";
    Err(Failure::usage(format!("table name \"{table}\" {rule}")))
}

/// Checks that the file is a database. The library would create a missing file, so a typing error would look like an
/// empty table.
pub fn check_file(file: &Path) -> Result<(), Failure> {
    let given = format!("--local {}", file.display());
    let inside = file.join("table.db");
    let problem = if file.is_file() {
        if !is_of_another_kind(file).map_err(|error| Failure::of(&given, error))? {
            return Ok(());
        }
        "the file is not a table"
    } else if inside.is_file() {
        return Err(Failure::usage(format!("{given}: this is a folder; use --local {}", inside.display())));
    } else if file.exists() {
        "this is not a file"
    } else {
        "file not found"
    };
    Err(Failure::usage(format!(
        "{given}: {problem}; `insights demo` creates insights-demo/table.db, `insights table create --local FILE` \
         creates an empty table"
    )))
}
