//! Insights with all data that their views need: further items of their partition, and metric series.

use crate::error::Error;
use crate::line::Line;
use crate::reader::Reader;
use crate::series::{Series, States};
use crate::span::Span;
use crate::targets::Place;
use insights_shared::record::Stored;
use insights_shared::time::Timestamp;
use insights_sources::view::{self, Related, Section};
use insights_sources::{Shape, source_of};
use std::collections::BTreeSet;

/// The data of an insight other than its common attributes.
#[derive(Clone, Debug, Default)]
pub struct Detail {
    /// The complete items under its partition key that its view needs, including the insight itself.
    pub items: Vec<Stored>,
    /// The other insights with its id, without `detail`.
    pub same_id: Vec<Stored>,
    /// The collected metric series for its time.
    pub series: Vec<(Series, Line)>,
}

impl Detail {
    /// The sections of its view.
    pub fn sections(&self, insight: &Stored) -> Vec<Section> {
        let Some(view) = view::of_record(insight) else { return Vec::new() };
        if self.same_id.is_empty() {
            return (view.sections)(insight, &self.items);
        }
        (view.sections)(insight, &[self.items.as_slice(), &self.same_id].concat())
    }

    /// The earliest time that is shown.
    pub fn oldest(&self) -> Option<Timestamp> {
        let items = self.items.iter().filter_map(|item| item.timestamp("started_at"));
        items.chain(self.series.iter().map(|(_, line)| line.span.since)).min()
    }
}

/// The time before and after an insight for which a metric series is shown, in seconds. It is the duration of the insight,
/// within these limits.
#[derive(Clone, Copy, Debug)]
pub struct Margin {
    /// The minimum.
    pub least: i64,
    /// The maximum.
    pub most: i64,
    /// The maximum length of the whole time. Of a longer time, only the end is shown.
    pub longest: i64,
}

impl Margin {
    /// The time around `insight`, as of `now`.
    pub fn around(self, insight: &Stored, now: Timestamp) -> Option<Span> {
        let started_at = insight.timestamp("started_at")?;
        let ended_at = insight.timestamp("ended_at").unwrap_or(now);
        let margin = (ended_at.millis_since(started_at) / 1_000).clamp(self.least, self.most);
        let until = ended_at.plus_seconds(margin).min(now).max(ended_at);
        let since = started_at.plus_seconds(-margin).max(until.plus_seconds(self.longest.saturating_neg()));
        Some(Span { since, until })
    }
}

/// The metric series of the accounts and regions of insights.
#[derive(Clone, Debug, Default)]
pub struct KnownSeries {
    series: Vec<Series>,
    states: States,
}

impl Reader {
    /// The metric series of the accounts and regions of `insights`, for the sources that have series.
    pub async fn known_series<'a>(
        &self,
        insights: impl IntoIterator<Item = &'a Stored>,
    ) -> Result<KnownSeries, Error> {
        let has_series =
            |insight: &&Stored| source_of(insight).is_some_and(|source| source.has_shape(Shape::Series));
        let places: BTreeSet<Place> = insights.into_iter().filter(has_series).filter_map(Place::of).collect();
        if places.is_empty() {
            return Ok(KnownSeries::default());
        }
        let mut series = Vec::new();
        for place in &places {
            series.extend(self.series(place).await?);
        }
        Ok(KnownSeries { series, states: self.series_states().await? })
    }

    /// Reads the complete insight of `envelope`, and the data that its view needs.
    pub async fn detail(
        &self,
        envelope: Stored,
        known: &KnownSeries,
        margin: Margin,
    ) -> Result<(Stored, Detail), Error> {
        let needs_partition = view::of_record(&envelope).is_some_and(|view| view.needs_partition);
        let items = if needs_partition {
            self.partition(envelope.text("pk").unwrap_or_default()).await?
        } else {
            self.whole(std::slice::from_ref(&envelope)).await?
        };
        let insight = items.iter().find(|item| item.text("sk") == envelope.text("sk"));
        let insight = insight.cloned().unwrap_or(envelope);
        let detail = self.detail_of(&insight, items, known, margin).await?;
        Ok((insight, detail))
    }

    /// Like [`Reader::detail`], for an insight whose items have already been read.
    pub async fn detail_of(
        &self,
        insight: &Stored,
        items: Vec<Stored>,
        known: &KnownSeries,
        margin: Margin,
    ) -> Result<Detail, Error> {
        let related = view::of_record(insight).map_or_else(Vec::new, |view| (view.related)(insight));
        let mut detail = Detail { items, ..Detail::default() };
        let (place, span) = (Place::of(insight), margin.around(insight, self.now()));
        let (Some(place), Some(span)) = (place, span) else { return Ok(detail) };
        for related in related {
            match related {
                Related::Series(key) => {
                    let is_it = |series: &&Series| series.place == place && series.key == key;
                    if let Some(series) = known.series.iter().find(is_it) {
                        let line = self.line(series, &known.states, span, None).await?;
                        detail.series.push((series.clone(), line));
                    }
                }
                Related::SameId => detail.same_id = self.with_same_id(insight).await?,
            }
        }
        Ok(detail)
    }
}
