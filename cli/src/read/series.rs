//! CloudTrail's metric series and trails: which there are, and the points of one within a span. How points of several periods become
//! one line is `line`'s.

use super::Reader;
use super::line::{Line, LineParts, PERIODS};
use super::query::{AT_ONCE, Question, Sort};
use super::span::Span;
use super::targets::Place;
use crate::exit::Failure;
use cloudtrail_insights::event::Half;
use cloudtrail_insights::lasting::Unavailable;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use insights_shared::record::{Source, Stored, partition};
use insights_shared::value::Value;
use std::collections::BTreeMap;

/// One metric series.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Where it was collected.
    pub place: Place,
    /// The service that was called, such as `ec2.amazonaws.com`.
    pub event_source: String,
    /// The operation that was called.
    pub event_name: String,
    /// `ApiCallRateInsight` or `ApiErrorRateInsight`.
    pub insight_type: String,
    /// Which error, for errors.
    pub error_code: Option<String>,
    /// The ARN of the trail, for data events.
    pub trail: Option<String>,
    /// The partition of its chunks.
    pub pk: String,
    /// Its `catalog` row.
    pub row: Stored,
    /// Why no points of it can be had, where none can.
    pub unavailable: Option<Unavailable>,
}

impl Series {
    fn of(row: Stored) -> Option<Self> {
        let place = Place::of(&row)?;
        let detail = row.0.get("detail")?;
        let text = |name: &str| detail.at(&[name]).and_then(Value::as_str).map(str::to_owned);
        // The row's name is made of the parts of the chunks' key, encoded already.
        let parts = row.text("sk")?.strip_prefix("series#")?;
        let target = partition(Source::Cloudtrail, &place.account_id, &place.region, []);
        Some(Self {
            event_source: text("event_source")?,
            event_name: text("event_name")?,
            insight_type: text("insight_type")?,
            error_code: text("error_code"),
            trail: text("trail_arn"),
            pk: format!("{target}#{parts}"),
            place,
            unavailable: row.0.get("unavailable").and_then(Unavailable::from_value),
            row,
        })
    }

    /// Whether `insight`, whole, is about this series.
    pub fn is_behind(&self, insight: &Stored) -> bool {
        let named = |half: &str| {
            let half = Half::from_stored(insight.0.get("detail")?.at(&[half])?)?;
            let named = half.series();
            let same = (&named.event_source, &named.event_name, &named.insight_type)
                == (&self.event_source, &self.event_name, &self.insight_type);
            Some(same && named.error_code == self.error_code && named.trail == self.trail)
        };
        Place::of(insight).as_ref() == Some(&self.place)
            && ["end", "start"].into_iter().find_map(named) == Some(true)
    }

    /// What is measured, in the words of a person: `RunInstances calls`, `GetObject AccessDenied errors`.
    pub fn title(&self) -> String {
        let name = if self.event_name.is_empty() { "unnamed" } else { &self.event_name };
        match &self.error_code {
            Some(code) => format!("{name} {code} errors"),
            None => format!("{name} calls"),
        }
    }
}

/// A trail whose data events are collected.
#[derive(Clone, Debug, PartialEq)]
pub struct Trail {
    /// Where it was collected.
    pub place: Place,
    /// Its ARN.
    pub arn: String,
    /// Its `catalog` row.
    pub row: Stored,
    /// Why nothing of it is returned, if so.
    pub unavailable: Option<Unavailable>,
}

impl Trail {
    fn of(row: Stored) -> Option<Self> {
        Some(Self {
            place: Place::of(&row)?,
            arn: row.0.get("detail")?.at(&["trail_arn"])?.as_str()?.to_owned(),
            unavailable: row.0.get("unavailable").and_then(Unavailable::from_value),
            row,
        })
    }
}

impl Reader {
    /// The trails of `place` whose data events are collected.
    pub async fn trails(&self, place: &Place) -> Result<Vec<Trail>, Failure> {
        Ok(self.catalog(place, "trail#").await?.into_iter().filter_map(Trail::of).collect())
    }

    /// The rows of the catalog of `place` whose names begin with `prefix`.
    async fn catalog(&self, place: &Place, prefix: &str) -> Result<Vec<Stored>, Failure> {
        let sort = Some(("sk", Sort::BeginsWith(prefix.to_owned())));
        let partition = ("pk", place.catalog(Source::Cloudtrail));
        self.ask(Question { partition, sort, ..Question::default() }).await
    }

    /// The metric series that are known of `place`.
    pub async fn series(&self, place: &Place) -> Result<Vec<Series>, Failure> {
        Ok(self.catalog(place, "series#").await?.into_iter().filter_map(Series::of).collect())
    }

    /// The chunks of `series` that touch `span`, of one period or of all, whole.
    pub async fn chunks(
        &self,
        series: &Series,
        span: Span,
        period: Option<i64>,
    ) -> Result<Vec<Stored>, Failure> {
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

    /// The line of `series` within `span`, of one period or of the finest that covers each time. `state` is that of the
    /// target: it says how far open ends of the coverage reach, and how far back anything is known.
    pub async fn line(
        &self,
        series: &Series,
        state: Option<&Stored>,
        span: Span,
        period: Option<i64>,
    ) -> Result<Line, Failure> {
        let chunks = self.chunks(series, span, period).await?;
        Ok(Line::assemble(
            &LineParts { row: &series.row, state, chunks: &chunks, now: self.now },
            span,
            period,
        ))
    }

    /// The lines of many series, in their order, several asked for at once.
    pub async fn lines(
        &self,
        all: Vec<Series>,
        states: &BTreeMap<Place, Stored>,
        span: Span,
        period: Option<i64>,
    ) -> Result<Vec<(Series, Line)>, Failure> {
        let lines = all.into_iter().map(|series| async move {
            let line = self.line(&series, states.get(&series.place), span, period).await?;
            Ok((series, line))
        });
        stream::iter(lines).buffered(AT_ONCE).try_collect().await
    }
}
