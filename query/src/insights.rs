//! Insights and snapshots from the indexes: open ones, those that overlap a span, those about an entity, and all items under one key.
//! It filters by time only.

use crate::error::Error;
use crate::query::{Question, Sort};
use crate::reader::{AFTER_INSTANT, Reader};
use crate::span::Span;
use crate::whole::key_of;
use insights_shared::key;
use insights_shared::record::{Kind, Source, Stored};
use insights_shared::store::schema::{BY_ENTITY, ENDED, OPEN};
use insights_shared::time::DAY_SECONDS;
use insights_sources::{insight_kinds, view};
use std::collections::BTreeMap;

impl Reader {
    /// The insights of `source` that are open now.
    pub async fn open_insights(&self, source: Source) -> Result<Vec<Stored>, Error> {
        self.ask(open_insights(source)).await
    }

    /// The open insights of `kinds` that overlap `span`.
    pub async fn open_among(&self, kinds: &[Kind], span: Span) -> Result<Vec<Stored>, Error> {
        let is_asked_for =
            |source: &Source| kinds.iter().any(|kind| kind.is_insight() && kind.source == *source);
        let questions = insights_sources::all().filter(is_asked_for).map(open_insights);
        let mut found = self.ask_all(questions.collect()).await?;
        found.retain(|insight| span.holds(insight) && is_one_of(insight, kinds));
        Ok(found)
    }

    /// The records of `kinds` that overlap `span`, in no particular order: open insights, insights that ended after its
    /// start (also after its end), and snapshots of its days. Kinds that the index `ended` does not contain are left out.
    pub async fn overlapping(&self, kinds: &[Kind], span: Span) -> Result<Vec<Stored>, Error> {
        // Open ones first: an insight that closes between the queries is then found twice, not missed.
        let mut found = self.open_among(kinds, span).await?;
        let mut questions = Vec::new();
        for kind in kinds.iter().filter(|kind| kind.is_in_ended) {
            let (until, sort) = if kind.is_insight() {
                // An insight that ended after the span may have started within it.
                (self.now().max(span.until), Sort::From(span.since.to_string()))
            } else {
                // The key of a snapshot is the start of its day.
                let first = span.since.floor(DAY_SECONDS).to_string();
                (span.until, Sort::Between(first, format!("{}{AFTER_INSTANT}", span.until)))
            };
            for month in (Span { until, ..span }).months() {
                questions.push(Question {
                    index: Some(ENDED),
                    partition: ("ended_pk", format!("{}#{month}", kind.as_str())),
                    sort: Some(("ended_sk", sort.clone())),
                    ..Question::default()
                });
            }
        }
        found.extend(self.ask_all(questions).await?);
        found.retain(|record| span.holds(record) && is_one_of(record, kinds));
        Ok(without_doubles(found))
    }

    /// Everything about `entity` that overlaps `span`: insights, and snapshots of every kind.
    ///
    /// The index finds records that began within the span. Insights that began earlier are found among all insights of the span, which
    /// is cheaper than reading everything that was ever stored about the entity.
    pub async fn about(&self, entity: &str, span: Span) -> Result<Vec<Stored>, Error> {
        let partition = ("entity_pk", key::join(["entity", entity]));
        let from = span.since.floor(DAY_SECONDS).to_string();
        let sort = Some(("entity_sk", Sort::Between(from, format!("{}{AFTER_INSTANT}", span.until))));
        let question = Question { index: Some(BY_ENTITY), partition, sort, ..Question::default() };
        let mut found = self.ask(question).await?;
        let insights = self.overlapping(&insight_kinds().collect::<Vec<_>>(), span).await?;
        found.extend(insights.into_iter().filter(|insight| insight.text("entity") == Some(entity)));
        found.retain(|record| span.holds(record));
        Ok(without_doubles(found))
    }

    /// Every record about `entity` that is in the index, of any time: insights, and snapshots of every kind, without their details.
    pub async fn all_about(&self, entity: &str) -> Result<Vec<Stored>, Error> {
        let partition = ("entity_pk", key::join(["entity", entity]));
        self.ask(Question { index: Some(BY_ENTITY), partition, ..Question::default() }).await
    }

    /// The other insights of the same kind with the same id, about the same entity of the same account and region, without their
    /// details.
    pub async fn with_same_id(&self, insight: &Stored) -> Result<Vec<Stored>, Error> {
        let Some(entity) = insight.text("entity") else { return Ok(Vec::new()) };
        let mut found = self.all_about(entity).await?;
        // Entities are not unique.
        let is_same = |other: &Stored, name| other.text(name) == insight.text(name);
        let names = ["kind", "account_id", "region", "entity", "id"];
        found.retain(|other| names.iter().all(|name| is_same(other, name)) && !is_same(other, "pk"));
        Ok(found)
    }

    /// The complete items under the partition key `pk`, in the order of the sort keys.
    pub async fn partition(&self, pk: &str) -> Result<Vec<Stored>, Error> {
        self.ask(Question { partition: ("pk", pk.to_owned()), ..Question::default() }).await
    }
}

/// The query for the open insights of `source`.
fn open_insights(source: Source) -> Question {
    let partition = ("open_pk", source.as_str().to_owned());
    Question { index: Some(OPEN), partition, ..Question::default() }
}

/// The sort keys of further items that are compared for an insight.
pub(crate) fn correlation_items(insight: &Stored) -> &'static [&'static str] {
    view::of_record(insight).map_or(&[], |view| view.correlation_items)
}

fn is_one_of(record: &Stored, kinds: &[Kind]) -> bool {
    record.text("kind").is_some_and(|text| kinds.iter().any(|kind| kind.as_str() == text))
}

/// Removes duplicates: the last one found remains. The result is in the order of the keys.
fn without_doubles(records: Vec<Stored>) -> Vec<Stored> {
    let found: BTreeMap<_, _> =
        records.into_iter().filter_map(|record| Some((key_of(&record)?, record))).collect();
    found.into_values().collect()
}
