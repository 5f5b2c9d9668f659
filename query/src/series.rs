//! The metric series and trails of every source with series: the catalog, and the points of a series in a time span. `line`
//! combines points of several periods into one line.

use crate::error::Error;
use crate::line::{Line, LineParts, PERIODS};
use crate::query::{AT_ONCE, Question, Sort};
use crate::reader::Reader;
use crate::span::Span;
use crate::targets::Place;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use insights_shared::catalog::{CatalogRow, TRAIL_ROWS, Unavailable, trail_arn};
use insights_shared::record::{Source, Stored};
use insights_shared::series::{SERIES_ROWS, SeriesKey};
use insights_sources::{Shape, source_of};
use std::collections::BTreeMap;

/// The sources that have metric series.
pub fn sources() -> impl Iterator<Item = Source> {
    insights_sources::all().filter(|source| source.has_shape(Shape::Series))
}

/// The `state` of each target that has metric series.
pub type States = BTreeMap<(Source, Place), Stored>;

/// One metric series.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The source that has it.
    pub source: Source,
    /// Its account and region.
    pub place: Place,
    /// Its key within this account and region.
    pub key: SeriesKey,
    /// The partition of its chunks.
    pub pk: String,
    /// Its `catalog` row.
    pub row: CatalogRow,
}

impl Series {
    fn of(row: Stored) -> Option<Self> {
        let place = Place::of(&row)?;
        let source = source_of(&row)?;
        let key = SeriesKey::from_row(&row)?;
        let pk = key.partition(source, &place.account_id, &place.region);
        Some(Self { source, place, key, pk, row: CatalogRow::from_stored(row) })
    }

    /// The reason if its points are not available.
    pub fn unavailable(&self) -> Option<&Unavailable> {
        self.row.unavailable.as_ref()
    }
}

/// A trail whose data events are collected.
#[derive(Clone, Debug, PartialEq)]
pub struct Trail {
    /// The source that collects it.
    pub source: Source,
    /// Its account and region.
    pub place: Place,
    /// Its ARN.
    pub arn: String,
    /// Its `catalog` row.
    pub row: CatalogRow,
}

impl Trail {
    fn of(row: Stored) -> Option<Self> {
        let (source, place, arn) = (source_of(&row)?, Place::of(&row)?, trail_arn(&row)?.to_owned());
        Some(Self { source, place, arn, row: CatalogRow::from_stored(row) })
    }

    /// The reason if its data is not available.
    pub fn unavailable(&self) -> Option<&Unavailable> {
        self.row.unavailable.as_ref()
    }
}

impl Reader {
    /// The trails in `place` whose data events are collected.
    pub async fn trails(&self, place: &Place) -> Result<Vec<Trail>, Error> {
        Ok(self.catalog(place, TRAIL_ROWS).await?.into_iter().filter_map(Trail::of).collect())
    }

    /// The catalog rows of `place` whose sort keys begin with `prefix`.
    async fn catalog(&self, place: &Place, prefix: &str) -> Result<Vec<Stored>, Error> {
        let question = |source| {
            let sort = Some(("sk", Sort::BeginsWith(prefix.to_owned())));
            Question { partition: ("pk", place.catalog(source)), sort, ..Question::default() }
        };
        self.ask_all(sources().map(question).collect()).await
    }

    /// The metric series in the catalog of `place`.
    pub async fn series(&self, place: &Place) -> Result<Vec<Series>, Error> {
        Ok(self.catalog(place, SERIES_ROWS).await?.into_iter().filter_map(Series::of).collect())
    }

    /// The `state` of each target that has metric series.
    pub async fn series_states(&self) -> Result<States, Error> {
        let mut states = States::new();
        for source in sources() {
            let found = self.states(source).await?;
            states.extend(found.into_iter().map(|(place, state)| ((source, place), state)));
        }
        Ok(states)
    }

    /// The chunks of `series` that overlap `span`, of one period or of all periods, including all attributes.
    pub async fn chunks(
        &self,
        series: &Series,
        span: Span,
        period: Option<i64>,
    ) -> Result<Vec<Stored>, Error> {
        let periods =
            PERIODS.into_iter().filter(|(seconds, _)| period.is_none_or(|period| period == *seconds));
        let questions = periods.map(|(seconds, chunk)| {
            let low = format!("metric#{seconds}#{}", span.since.floor(chunk));
            let high = format!("metric#{seconds}#{}", span.until);
            let partition = ("pk", series.pk.clone());
            Question { partition, sort: Some(("sk", Sort::Between(low, high))), ..Question::default() }
        });
        self.ask_all(questions.collect()).await
    }

    /// The line of `series` within `span`, of one period or of the finest one that covers each time. The `state` of its
    /// target determines the end of open spans and the start of the retention.
    pub async fn line(
        &self,
        series: &Series,
        states: &States,
        span: Span,
        period: Option<i64>,
    ) -> Result<Line, Error> {
        let chunks = self.chunks(series, span, period).await?;
        let state = states.get(&(series.source, series.place.clone()));
        Ok(Line::assemble(
            &LineParts { row: &series.row, state, chunks: &chunks, now: self.now() },
            span,
            period,
        ))
    }

    /// The lines of many series, in their order, several requested concurrently.
    pub async fn lines(
        &self,
        all: Vec<Series>,
        states: &States,
        span: Span,
        period: Option<i64>,
    ) -> Result<Vec<(Series, Line)>, Error> {
        let lines = all.into_iter().map(|series| async move {
            let line = self.line(&series, states, span, period).await?;
            Ok((series, line))
        });
        stream::iter(lines).buffered(AT_ONCE).try_collect().await
    }
}
