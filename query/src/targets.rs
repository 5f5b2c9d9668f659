//! Targets: the accounts and regions that are collected, their states and their last runs.

use crate::error::Error;
use crate::query::{Question, Sort};
use crate::reader::Reader;
use crate::span::Span;
use insights_shared::key::{self, Key};
use insights_shared::record::{Source, Stored, target_partition};
use insights_shared::store::schema::BY_ENTITY;
use std::collections::{BTreeMap, BTreeSet};

/// Sorts after every run of a target: runs begin with a year.
const AFTER_RUNS: &str = "state";

/// An account and a region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The account.
    pub account_id: String,
    /// The region.
    pub region: String,
}

impl Place {
    /// The place that a record was collected from.
    pub fn of(record: &Stored) -> Option<Self> {
        Some(Self {
            account_id: record.text("account_id")?.to_owned(),
            region: record.text("region")?.to_owned(),
        })
    }

    /// The partition of this place's `run` and `state` records of `source`.
    pub fn runs(&self, source: Source) -> String {
        target_partition("run", source, &self.account_id, &self.region)
    }

    pub(super) fn catalog(&self, source: Source) -> String {
        target_partition("catalog", source, &self.account_id, &self.region)
    }
}

/// The query for the states of `source` in the index.
fn places_of(source: Source) -> Question {
    let partition = ("entity_pk", key::join(["run", source.as_str()]));
    Question { index: Some(BY_ENTITY), partition, ..Question::default() }
}

impl Reader {
    /// The accounts and regions that `source` was collected from by scheduled runs, in order.
    pub async fn places(&self, source: Source) -> Result<Vec<Place>, Error> {
        let states = self.ask(places_of(source)).await?;
        Ok(states.iter().filter_map(Place::of).collect())
    }

    /// The accounts and regions of all sources, in order.
    pub async fn all_places(&self) -> Result<BTreeSet<Place>, Error> {
        let states = self.ask_all(insights_sources::all().map(places_of).collect()).await?;
        Ok(states.iter().filter_map(Place::of).collect())
    }

    /// The `state` of each target of `source`.
    pub async fn states(&self, source: Source) -> Result<BTreeMap<Place, Stored>, Error> {
        let places = self.places(source).await?;
        let keys: Vec<Key> = places.iter().map(|place| Key::new(place.runs(source), "state")).collect();
        let found = self.items(&keys).await?;
        Ok(found.into_values().filter_map(|state| Some((Place::of(&state)?, state))).collect())
    }

    /// The newest runs of a target, at most `most`, newest first.
    pub async fn last_runs(&self, source: Source, place: &Place, most: usize) -> Result<Vec<Stored>, Error> {
        let question = Question {
            partition: ("pk", place.runs(source)),
            sort: Some(("sk", Sort::Before(AFTER_RUNS.to_owned()))),
            newest_first: true,
            limit: Some(most),
            ..Question::default()
        };
        self.ask(question).await
    }

    /// The runs of a target that began within `span`, oldest first, without their issues.
    pub async fn runs(&self, source: Source, place: &Place, span: Span) -> Result<Vec<Stored>, Error> {
        let (low, high) = (span.since.to_string(), format!("{}{}", span.until, crate::reader::AFTER_INSTANT));
        let question = Question {
            partition: ("pk", place.runs(source)),
            sort: Some(("sk", Sort::Between(low, high))),
            attributes: &["started_at", "ended_at", "status", "trigger"],
            ..Question::default()
        };
        self.ask(question).await
    }
}
