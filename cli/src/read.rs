//! The read side: what there is in the table, asked for by `Query` alone. It never scans, and it interprets nothing; what
//! has expired it leaves out, since the table takes its time to delete.

use crate::exit::Failure;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use insights_shared::issue::CallError;
use insights_shared::key;
use insights_shared::record::{Kind, Source, Stored, partition, target_partition};
use insights_shared::store::schema::{BY_DAY, BY_ENTITY, OPEN};
use insights_shared::time::{DAY_SECONDS, Timestamp};
use insights_shared::value::from_attributes;
use std::collections::HashMap;

/// Queries under way at once.
const AT_ONCE: usize = 8;
/// What a count of a chunk's points needs of it.
const CHUNK_ATTRIBUTES: &str = "pk, sk, expires_at, period, covered_from, covered_until, timestamps";

/// The table, to be asked.
#[derive(Clone, Debug)]
pub struct Reader {
    client: Client,
    table: String,
    now: Timestamp,
}

/// A target that was collected from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The account.
    pub account_id: String,
    /// The region.
    pub region: String,
}

/// One question.
#[derive(Clone, Debug, Default)]
struct Question {
    index: Option<&'static str>,
    partition: (&'static str, String),
    /// A sort key and what it begins with.
    begins_with: Option<(&'static str, String)>,
    /// A sort key and what it is at least.
    from: Option<(&'static str, String)>,
    attributes: Option<&'static str>,
}

impl Reader {
    /// Asks `table` by `client`; what has expired at `now` counts as absent.
    pub fn new(client: Client, table: &str, now: Timestamp) -> Self {
        Self { client, table: table.to_owned(), now }
    }

    /// The insights of `source` that are open now.
    pub async fn open_insights(&self, source: Source) -> Result<Vec<Stored>, Failure> {
        let partition = ("open_pk", source.as_str().to_owned());
        self.ask(Question { index: Some(OPEN), partition, ..Question::default() }).await
    }

    /// The records of `kinds` that lie on the UTC days from `since`'s to that of now.
    pub async fn on_days_since(&self, kinds: &[Kind], since: Timestamp) -> Result<Vec<Stored>, Failure> {
        let mut questions = Vec::new();
        let mut day = since.floor(DAY_SECONDS);
        while day <= self.now {
            for kind in kinds {
                let partition = ("day_pk", format!("{}#{}", kind.as_str(), day.day()));
                questions.push(Question { index: Some(BY_DAY), partition, ..Question::default() });
            }
            day = day.plus_seconds(DAY_SECONDS);
        }
        let answers = questions.into_iter().map(|question| self.ask(question));
        let answers: Vec<Vec<Stored>> = stream::iter(answers).buffered(AT_ONCE).try_collect().await?;
        Ok(answers.into_iter().flatten().collect())
    }

    /// Everything about `entity` that began at `since` or later.
    pub async fn about(&self, entity: &str, since: Timestamp) -> Result<Vec<Stored>, Failure> {
        let partition = ("entity_pk", key::join(["entity", entity]));
        let from = Some(("entity_sk", since.to_string()));
        self.ask(Question { index: Some(BY_ENTITY), partition, from, ..Question::default() }).await
    }

    /// The accounts and regions that `source` was collected from.
    pub async fn places(&self, source: Source) -> Result<Vec<Place>, Failure> {
        let partition = ("entity_pk", key::join(["run", source.as_str()]));
        let states = self.ask(Question { index: Some(BY_ENTITY), partition, ..Question::default() }).await?;
        let place = |state: &Stored| {
            let (account_id, region) =
                (state.text("account_id")?.to_owned(), state.text("region")?.to_owned());
            Some(Place { account_id, region })
        };
        Ok(states.iter().filter_map(place).collect())
    }

    /// The metric series that are known of `place`.
    pub async fn series(&self, place: &Place) -> Result<Vec<Stored>, Failure> {
        let catalog = target_partition("catalog", Source::Cloudtrail, &place.account_id, &place.region);
        let begins_with = Some(("sk", "series#".to_owned()));
        self.ask(Question { partition: ("pk", catalog), begins_with, ..Question::default() }).await
    }

    /// The chunks of `series`, a row that [`Self::series`] gave, with their timestamps and without their values.
    pub async fn chunks(&self, place: &Place, series: &Stored) -> Result<Vec<Stored>, Failure> {
        let Some(name) = series.text("sk").and_then(|sk| sk.strip_prefix("series#")) else {
            return Ok(Vec::new());
        };
        // The row's name is made of the parts of the metric's key, encoded already.
        let target = partition(Source::Cloudtrail, &place.account_id, &place.region, []);
        let question = Question {
            partition: ("pk", format!("{target}#{name}")),
            begins_with: Some(("sk", "metric#".to_owned())),
            attributes: Some(CHUNK_ATTRIBUTES),
            ..Question::default()
        };
        self.ask(question).await
    }

    async fn ask(&self, question: Question) -> Result<Vec<Stored>, Failure> {
        let mut found = Vec::new();
        let mut start: Option<HashMap<String, AttributeValue>> = None;
        loop {
            let (name, value) = &question.partition;
            let mut condition = "#pk = :pk".to_owned();
            let mut query = self
                .client
                .query()
                .table_name(&self.table)
                .set_index_name(question.index.map(str::to_owned))
                .expression_attribute_names("#pk", *name)
                .expression_attribute_values(":pk", AttributeValue::S(value.clone()))
                .set_projection_expression(question.attributes.map(str::to_owned))
                .set_exclusive_start_key(start.take());
            if let Some((name, prefix)) = &question.begins_with {
                condition.push_str(" AND begins_with(#sk, :prefix)");
                query = query
                    .expression_attribute_names("#sk", *name)
                    .expression_attribute_values(":prefix", AttributeValue::S(prefix.clone()));
            } else if let Some((name, from)) = &question.from {
                condition.push_str(" AND #sk >= :from");
                query = query
                    .expression_attribute_names("#sk", *name)
                    .expression_attribute_values(":from", AttributeValue::S(from.clone()));
            }
            let answer = query.key_condition_expression(condition).send().await;
            let answer = answer.map_err(|error| self.failed(&CallError::from_sdk("Query", &error)))?;
            for item in answer.items() {
                let stored =
                    Stored(from_attributes(item).map_err(|reason| Failure::of("reading an item", reason))?);
                if !stored.is_expired(self.now) {
                    found.push(stored);
                }
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(found);
            }
        }
    }

    fn failed(&self, error: &CallError) -> Failure {
        Failure::of(
            format!("asking table {}: {}", self.table, error.operation),
            format!("{}: {}", error.code, error.message),
        )
    }
}
