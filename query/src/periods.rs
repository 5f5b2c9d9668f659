//! When the failure began of which an insight is one period, for kinds whose insights are periods (`is_period` of the descriptor).
//!
//! Readers show the start of the failure and not of the record. It is added to a record in two attributes that the table does not
//! have: [`FAILING_SINCE`] and [`FIRST_PERIOD`].

use crate::error::Error;
use crate::query::{Question, Sort};
use crate::reader::Reader;
use insights_shared::key;
use insights_shared::record::Stored;
use insights_shared::store::schema::BY_ENTITY;
use insights_shared::time::Timestamp;
use insights_sources::kind_of;
use insights_sources::view::periods::first;
use std::collections::BTreeMap;

/// The start of the failure, RFC 3339. Every insight that is a period has it after [`Reader::with_failures`].
pub const FAILING_SINCE: &str = "failing_since";
/// The partition key of the first period of the failure.
pub const FIRST_PERIOD: &str = "first_period";

/// Whether a record is one period of a longer failure.
pub fn is_period(record: &Stored) -> bool {
    kind_of(record).is_some_and(|kind| kind.is_period)
}

/// When an insight began, or the failure that it is a period of.
pub fn began(record: &Stored) -> Option<Timestamp> {
    record.timestamp(FAILING_SINCE).or_else(|| record.timestamp("started_at"))
}

/// The partition key of an insight, or of the first period of its failure.
pub fn root(record: &Stored) -> &str {
    record.text(FIRST_PERIOD).or_else(|| record.text("pk")).unwrap_or_default()
}

/// Copies the attributes of [`Reader::with_failures`] to the same records in another form.
pub fn copy_marks(from: &[Stored], to: &mut [Stored]) {
    let marked: BTreeMap<Option<&str>, &Stored> = from
        .iter()
        .filter(|record| record.text(FIRST_PERIOD).is_some())
        .map(|record| (record.text("pk"), record))
        .collect();
    for record in to.iter_mut().filter(|record| is_period(record)) {
        let Some(source) = marked.get(&record.text("pk")) else { continue };
        let marks =
            [FAILING_SINCE, FIRST_PERIOD].map(|name| Some((name.into(), source.0.get(name)?.clone())));
        record.0.extend(marks.into_iter().flatten());
    }
}

impl Reader {
    /// The same records, in the same order. Those that are periods say when their failure began.
    ///
    /// `all_since` is a time after whose start every period is among `records`; periods that began before it need one query for each
    /// entity.
    pub async fn with_failures(
        &self,
        mut records: Vec<Stored>,
        all_since: Option<Timestamp>,
    ) -> Result<Vec<Stored>, Error> {
        let is_unmarked = |record: &&Stored| is_period(record) && record.text(FIRST_PERIOD).is_none();
        let known: Vec<Stored> = records.iter().filter(|record| is_period(record)).cloned().collect();
        // The last time for which an earlier period may be missing, by entity.
        let mut missing: BTreeMap<&str, Timestamp> = BTreeMap::new();
        for record in known.iter().filter(is_unmarked) {
            let (Some(entity), Some(start)) =
                (record.text("entity"), first(record, &known).timestamp("started_at"))
            else {
                continue;
            };
            if all_since.is_none_or(|since| start < since) {
                let latest = missing.entry(entity).or_insert(start);
                *latest = (*latest).max(start);
            }
        }
        let questions = missing.into_iter().map(|(entity, before)| Question {
            index: Some(BY_ENTITY),
            partition: ("entity_pk", key::join(["entity", entity])),
            sort: Some(("entity_sk", Sort::Before(before.to_string()))),
            ..Question::default()
        });
        let earlier = self.ask_all(questions.collect()).await?;
        for record in records.iter_mut().filter(|record| is_unmarked(&&**record)) {
            let first = first(record, known.iter().chain(&earlier));
            let (since, pk) = (first.0.get("started_at").cloned(), first.0.get("pk").cloned());
            record.0.extend(since.map(|since| (FAILING_SINCE.into(), since)));
            record.0.extend(pk.map(|pk| (FIRST_PERIOD.into(), pk)));
        }
        Ok(records)
    }
}

/// The newest period of each failure, and every other insight. The older periods have the same root.
pub(crate) fn newest_periods(mut records: Vec<Stored>) -> Vec<Stored> {
    let mut newest: BTreeMap<String, Option<Timestamp>> = BTreeMap::new();
    for record in records.iter().filter(|record| is_period(record)) {
        let start = newest.entry(root(record).to_owned()).or_default();
        *start = (*start).max(record.timestamp("started_at"));
    }
    records.retain(|record| {
        !is_period(record)
            || newest.get(root(record)).is_some_and(|start| *start == record.timestamp("started_at"))
    });
    records
}
