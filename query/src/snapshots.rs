//! Snapshots of any kind, by entity. Insights have separate modules.

use crate::error::Error;
use crate::query::{Question, Sort};
use crate::reader::{AFTER_INSTANT, Reader};
use crate::span::Span;
use insights_shared::key;
use insights_shared::record::{Kind, Stored};
use insights_shared::store::schema::BY_ENTITY;
use insights_shared::time::DAY_SECONDS;

impl Reader {
    /// The snapshots of `kind` about `entity` on the days of `span`, oldest first, without `detail`.
    pub async fn snapshots_about(&self, entity: &str, kind: Kind, span: Span) -> Result<Vec<Stored>, Error> {
        let partition = ("entity_pk", key::join(["entity", entity]));
        let from = span.since.floor(DAY_SECONDS).to_string();
        let sort = Some(("entity_sk", Sort::Between(from, format!("{}{AFTER_INSTANT}", span.until))));
        let mut found =
            self.ask(Question { index: Some(BY_ENTITY), partition, sort, ..Question::default() }).await?;
        found.retain(|record| record.text("kind") == Some(kind.as_str()));
        Ok(found)
    }
}
