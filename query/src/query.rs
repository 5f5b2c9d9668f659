//! A single query: one partition of the table or of an index, and a range of sort keys. It reads all pages and never scans.
//! It does not interpret attributes.

use crate::error::Error;
use crate::reader::Reader;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use insights_shared::issue::CallError;
use insights_shared::page::Pages;
use insights_shared::record::Stored;
use std::collections::HashMap;
use std::hash::BuildHasher;

/// The number of concurrent queries.
pub(super) const AT_ONCE: usize = 16;

/// The last key of a page as a token. Equal keys have equal tokens.
pub fn page_token<S: BuildHasher>(key: &HashMap<String, AttributeValue, S>) -> String {
    let mut parts: Vec<String> = key.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    parts.sort_unstable();
    parts.join(" ")
}

/// One query.
#[derive(Clone, Debug, Default)]
pub(super) struct Question {
    /// The index; `None` for the table.
    pub index: Option<&'static str>,
    /// The attribute and the value of the partition key.
    pub partition: (&'static str, String),
    /// The attribute and condition of the sort key.
    pub sort: Option<(&'static str, Sort)>,
    /// The requested attributes; empty for all.
    pub attributes: &'static [&'static str],
    /// Whether items are sorted by descending sort key.
    pub newest_first: bool,
    /// The maximum number of items.
    pub limit: Option<usize>,
}

/// A condition on the sort key.
#[derive(Clone, Debug)]
pub(super) enum Sort {
    /// The sort key begins with this text.
    BeginsWith(String),
    /// The sort key is less than this text.
    Before(String),
    /// The sort key is at least this text.
    From(String),
    /// The sort key is between these texts, inclusive.
    Between(String, String),
}

/// The attributes that every query needs to check expiry and version.
const ALWAYS: [&str; 4] = ["pk", "sk", "expires_at", "schema_version"];

impl Reader {
    /// The results of all `questions`, in their order, several queried concurrently.
    pub(super) async fn ask_all(&self, questions: Vec<Question>) -> Result<Vec<Stored>, Error> {
        let answers = questions.into_iter().map(|question| self.ask(question));
        let answers: Vec<Vec<Stored>> = stream::iter(answers).buffered(AT_ONCE).try_collect().await?;
        Ok(answers.into_iter().flatten().collect())
    }

    /// The result of `question`: all pages, without expired items and items of a newer version.
    pub(super) async fn ask(&self, question: Question) -> Result<Vec<Stored>, Error> {
        let mut found = Vec::new();
        let mut start: Option<HashMap<String, AttributeValue>> = None;
        let mut pages = Pages::new("Query").unlimited();
        while pages.next().is_some() {
            let answer = self.query(&question).set_exclusive_start_key(start.take()).send().await;
            let answer = match answer {
                Ok(answer) => answer,
                Err(error) => return Err(self.call_error(CallError::from_sdk("Query", &error)).await),
            };
            for item in answer.items.unwrap_or_default() {
                found.extend(self.keep(item)?);
            }
            if let Some(limit) = question.limit.filter(|limit| *limit <= found.len()) {
                found.truncate(limit);
                return Ok(found);
            }
            start = answer.last_evaluated_key;
            if let Err(error) = pages.turn(start.as_ref().map(page_token).as_deref()) {
                return Err(self.call_error(error).await);
            }
        }
        Ok(found)
    }

    fn query(&self, question: &Question) -> QueryFluentBuilder {
        let text = |value: &String| AttributeValue::S(value.clone());
        let (name, value) = &question.partition;
        let mut condition = "#pk = :pk".to_owned();
        let mut query = self
            .client()
            .query()
            .table_name(self.table())
            .set_index_name(question.index.map(str::to_owned))
            .expression_attribute_names("#pk", *name)
            .expression_attribute_values(":pk", text(value))
            .scan_index_forward(!question.newest_first);
        if let Some((name, sort)) = &question.sort {
            let (further, values) = match sort {
                Sort::BeginsWith(prefix) => (" AND begins_with(#sk, :low)", [Some(prefix), None]),
                Sort::Before(end) => (" AND #sk < :low", [Some(end), None]),
                Sort::From(start) => (" AND #sk >= :low", [Some(start), None]),
                Sort::Between(low, high) => (" AND #sk BETWEEN :low AND :high", [Some(low), Some(high)]),
            };
            condition.push_str(further);
            query = query.expression_attribute_names("#sk", *name);
            for (name, value) in [":low", ":high"].into_iter().zip(values) {
                if let Some(value) = value {
                    query = query.expression_attribute_values(name, text(value));
                }
            }
        }
        if !question.attributes.is_empty() {
            let mut projection = Vec::new();
            for (index, name) in ALWAYS.iter().chain(question.attributes).enumerate() {
                // Some attribute names are reserved words of DynamoDB.
                query = query.expression_attribute_names(format!("#n{index}"), *name);
                projection.push(format!("#n{index}"));
            }
            query = query.projection_expression(projection.join(", "));
        }
        // Expired and newer items are removed afterwards, so one page may not be enough.
        let limit = question.limit.and_then(|limit| i32::try_from(limit.saturating_add(1)).ok());
        query.key_condition_expression(condition).set_limit(limit)
    }
}
