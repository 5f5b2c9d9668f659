//! Reads the data of a page from the table. The indexes contain the envelopes of all insights; complete items, events, graphs and
//! series are read only for the most important ones, so that a page of five thousand insights takes a second.

use super::facets;
use super::filter::{Filter, SEARCHED};
use super::model::{Insight, Known, Model};
use super::recurrence::{self, Recurrences};
use super::search;
use crate::command::Location;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use insights_query::ack::ACK;
use insights_query::counts::{Day, Given, Scope, ScopeDays};
use insights_query::health::{Condition, Health, Target, survey};
use insights_query::importance::Importance;
use insights_query::incident::{self, Incident};
use insights_query::periods::copy_marks;
use insights_query::readiness::Cluster;
use insights_query::{Detail, Error, Margin, Reader, Span};
use insights_shared::key::Key;
use insights_shared::record::{Kind, Source, Stored};
use insights_shared::time::{DAY_SECONDS, Timestamp};
use insights_sources::{insight_kinds, kind_of};
use jiff::tz::TimeZone;
use std::cmp::Reverse;

/// The maximum number of complete insights that are read for incidents. The others are compared by their envelopes.
const MOST_COMPARED: usize = 400;
/// The number of insights that are read concurrently.
const AT_ONCE: usize = 16;
/// The minimum number of days of counts.
const LEAST_DAYS: i64 = 30;
/// The last days are shown even if nothing was collected.
const LAST_DAYS: usize = 14;
/// The time beside an incident on its page, in seconds.
const BESIDE: i64 = 1_800;
/// The part of a metric series that is shown around an insight.
const MARGIN: Margin = Margin { least: 3 * 3_600, most: 24 * 3_600, longest: 7 * DAY_SECONDS };

/// The request for a page.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// Which insights.
    pub filter: &'a Filter,
    /// The period.
    pub span: Span,
    /// The number of insights with details.
    pub most_details: usize,
    /// The name of the table.
    pub table: String,
    /// The time zone of the page.
    pub zone: TimeZone,
    /// The options by which commands name the table.
    pub location: Location,
}

/// The page of everything.
pub async fn whole(reader: &Reader, wanted: Wanted<'_>) -> Result<Model, Error> {
    let (filter, span) = (wanted.filter, wanted.span);
    let insights = async {
        let counted = recurrence::span(span);
        let wide = Span { since: span.since.min(counted.since), ..span };
        let mut all = all(reader, wide).await?;
        let recurrences = Recurrences::of(&all, counted);
        all.retain(|insight| span.holds(insight));
        let mut all = search::with_details(reader, filter, all).await?;
        let (known, facets) = (Known::of(&all), facets::of(&all, filter));
        let mut listed: Vec<Stored> = all.iter().filter(|insight| filter.holds(insight)).cloned().collect();
        for insight in all.iter_mut().chain(&mut listed) {
            insight.0.remove(SEARCHED);
        }
        let incidents = incidents(reader, &all);
        let detailed = detailed(reader, listed, wanted.most_details, span.until);
        let (incidents, detailed) = futures_util::try_join!(incidents, detailed)?;
        Ok(((known, recurrences, facets), incidents, detailed))
    };
    // Counts and clusters stay visible whatever source is listed.
    let places = filter.places();
    let (((known, recurrences, facets), incidents, insights), counts, targets, clusters) = futures_util::try_join!(
        insights,
        counts(reader, &places, span),
        survey(reader, None),
        clusters(reader, &places)
    )?;
    let without_detail = insights.iter().filter(|insight| insight.detail.is_none()).count();
    let (open, closed) = in_order(insights, |insight| &insight.record);
    Ok(Model {
        table: wanted.table,
        now: reader.now(),
        span,
        zone: wanted.zone,
        filter: filter.clone(),
        open,
        closed,
        known,
        recurrences,
        facets,
        incidents,
        counts,
        health: health(&targets, &Filter::default()),
        selected_health: health(&targets, filter),
        location: wanted.location,
        targets,
        clusters,
        without_detail,
        passed_over: reader.passed_over(),
    })
}

/// The health of the targets that `filter` selects.
fn health(targets: &[Target], filter: &Filter) -> Health {
    let is_asked_for = |target: &&Target| filter.selects(&target.place);
    let asked = targets.iter().filter(is_asked_for);
    let conditions: Vec<(Source, Condition)> =
        asked.map(|target| (target.source, target.classification.condition)).collect();
    let sources = insights_sources::all().filter(|source| !source.is_counted_by_day());
    let sources = sources.filter(|source| filter.selects_source(*source));
    Health::of(&sources.collect::<Vec<_>>(), &conditions)
}

/// The EKS clusters that `filter` selects.
async fn clusters(reader: &Reader, filter: &Filter) -> Result<Vec<Cluster>, Error> {
    let mut clusters = reader.clusters().await?;
    clusters.retain(|cluster| {
        filter.selects(&cluster.place) && filter.selection.selects_entity(&cluster.row.name)
    });
    Ok(clusters)
}

/// The envelopes of all insights that overlap `span`, as they are stored.
pub async fn stored(reader: &Reader, span: Span) -> Result<Vec<Stored>, Error> {
    reader.overlapping(&insight_kinds().collect::<Vec<_>>(), span).await
}

/// The envelopes of all insights that overlap `span`, as of its end.
async fn all(reader: &Reader, span: Span) -> Result<Vec<Stored>, Error> {
    let insights = reader.with_failures(stored(reader, span).await?, Some(span.since)).await?;
    let mut insights = reader.with_acks(insights).await?;
    for insight in &mut insights {
        reopen(insight, span.until);
    }
    Ok(insights)
}

/// Makes `insight` as it was at `until`: open if it ended later. Returns the later end. Its other attributes are those of today,
/// because the table keeps only the newest version of a record.
fn reopen(insight: &mut Stored, until: Timestamp) -> Option<Timestamp> {
    let ended_later = insight.timestamp("ended_at").filter(|ended| *ended > until)?;
    for name in ["ended_at", "status_reason"] {
        insight.0.remove(name);
    }
    insight.0.insert("status".into(), "open".into());
    Some(ended_later)
}

/// Open insights, acknowledged ones last, then the worst first, and ended ones, the newest first.
pub fn in_order<T>(insights: Vec<T>, record: impl Fn(&T) -> &Stored) -> (Vec<T>, Vec<T>) {
    let (mut open, mut closed): (Vec<T>, Vec<T>) =
        insights.into_iter().partition(|insight| record(insight).text("status") == Some("open"));
    open.sort_by_key(|insight| Importance::of(record(insight)));
    closed.sort_by_key(|insight| Reverse(record(insight).timestamp("ended_at")));
    (open, closed)
}

/// The page of one insight with its incident. `None` if the insight does not exist.
pub async fn single(
    reader: &Reader,
    pk: &str,
    table: String,
    zone: TimeZone,
    location: Location,
) -> Result<Option<Model>, Error> {
    let key = Key::new(pk, "insight");
    let Some(record) = reader.items(&[key]).await?.into_values().next() else { return Ok(None) };
    let (Some(began), true) = (record.timestamp("started_at"), is_insight(&record)) else { return Ok(None) };
    let around = incident::REACH / 1_000;
    let ended = record.timestamp("ended_at").unwrap_or(reader.now());
    let span = Span {
        since: began.plus_seconds(-around),
        until: ended.max(began.plus_seconds(around)).min(reader.now()),
    };
    let near = Span { since: span.since, until: began.plus_seconds(around).min(reader.now()) };
    let neighbours = stored(reader, near).await?;
    let mut incidents = incidents(reader, &neighbours).await?;
    incidents.retain(|incident| incident.holds(pk));
    let marked = reader.with_acks(reader.with_failures(vec![record], None).await?).await?;
    let mut insights = detailed(reader, marked, 1, reader.now()).await?;
    // The page lists only the insight itself.
    let is_open = insights.iter().any(Insight::is_open);
    let (open, closed) =
        if is_open { (insights, Vec::new()) } else { (Vec::new(), std::mem::take(&mut insights)) };
    Ok(Some(Model {
        table,
        now: reader.now(),
        span,
        zone,
        filter: Filter::default(),
        open,
        closed,
        known: Known::default(),
        recurrences: Recurrences::default(),
        facets: Vec::new(),
        incidents,
        counts: Vec::new(),
        targets: Vec::new(),
        clusters: Vec::new(),
        health: Health::Known,
        selected_health: Health::Known,
        location,
        without_detail: 0,
        passed_over: reader.passed_over(),
    }))
}

/// The page of one incident with all of its insights; `None` if there is no incident with this id.
pub async fn incident(
    reader: &Reader,
    id: &str,
    table: String,
    zone: TimeZone,
    location: Location,
) -> Result<Option<Model>, Error> {
    let incident = match reader.incident(id).await {
        Ok(Some(incident)) => incident,
        Ok(None) | Err(Error::UnknownId { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let now = reader.now();
    let span = Span {
        since: incident.started_at().plus_seconds(-BESIDE),
        until: incident.ended_at().unwrap_or(now).plus_seconds(BESIDE).min(now),
    };
    let members = incident.members().iter().map(|member| member.occurrence.insight.clone());
    let members = reader.with_acks(members.collect()).await?;
    let (known, most) = (Known::of(&members), members.len());
    let insights = detailed(reader, members, most, now).await?;
    let (open, closed) = in_order(insights, |insight| &insight.record);
    Ok(Some(Model {
        table,
        now,
        span,
        zone,
        filter: Filter::default(),
        open,
        closed,
        known,
        recurrences: Recurrences::default(),
        facets: Vec::new(),
        incidents: vec![incident],
        counts: Vec::new(),
        targets: Vec::new(),
        clusters: Vec::new(),
        health: Health::Known,
        selected_health: Health::Known,
        location,
        without_detail: 0,
        passed_over: reader.passed_over(),
    }))
}

fn is_insight(record: &Stored) -> bool {
    kind_of(record).is_some_and(Kind::is_insight)
}

/// The incidents, the worst first.
pub async fn incidents(reader: &Reader, insights: &[Stored]) -> Result<Vec<Incident>, Error> {
    let mut incidents = reader.incidents(insights.to_vec(), MOST_COMPARED).await?;
    incident::worst_first(&mut incidents);
    Ok(incidents)
}

/// The insights as of `until`; the `most` most important ones have details.
async fn detailed(
    reader: &Reader,
    mut insights: Vec<Stored>,
    most: usize,
    until: Timestamp,
) -> Result<Vec<Insight>, Error> {
    insights.sort_by_key(Importance::of);
    let rest = insights.split_off(most.min(insights.len()));
    let known = reader.known_series(&insights).await?;
    let marked = insights.clone();
    let details = insights.into_iter().map(|insight| reader.detail(insight, &known, MARGIN));
    let details: Vec<(Stored, Detail)> = stream::iter(details).buffered(AT_ONCE).try_collect().await?;
    let detailed = details.into_iter().map(|(mut record, detail)| {
        let ended_later = reopen(&mut record, until);
        copy_acks(&marked, &mut record);
        copy_marks(&marked, std::slice::from_mut(&mut record));
        Insight { record, ended_later, detail: Some(detail) }
    });
    let rest = rest.into_iter().map(|record| Insight { record, ended_later: None, detail: None });
    Ok(detailed.chain(rest).collect())
}

/// Copies the acknowledgement of an insight to the same insight with details.
fn copy_acks(marked: &[Stored], record: &mut Stored) {
    let same = marked.iter().find(|other| other.text("pk") == record.text("pk"));
    if let Some(ack) = same.and_then(|other| other.0.get(ACK)) {
        record.0.insert(ACK.into(), ack.clone());
    }
}

/// The counts by day of every scope that is not a part of another, with its controls.
pub async fn counts(reader: &Reader, filter: &Filter, span: Span) -> Result<Vec<ScopeDays>, Error> {
    let least = span.until.plus_seconds(-LEAST_DAYS * DAY_SECONDS);
    let span = Span { since: span.since.min(least), ..span };
    let is_asked_for = |scope: &Scope| {
        !scope.is_part()
            && filter.selects_source(scope.kind.source)
            && filter.selects(&scope.place)
            && filter.selection.selects_entity(&scope.entity)
    };
    let mut scopes = reader.scopes().await?;
    scopes.extend(reader.uncataloged_scopes(span).await?);
    scopes.retain(is_asked_for);
    let mut counts = reader.scope_days(scopes, span, true).await?;
    for scope in &mut counts {
        scope.days = begun(std::mem::take(&mut scope.days));
    }
    Ok(counts)
}

/// The days from the first known one on, and always the last ones: days before the first run are not shown as missing.
fn begun(mut days: Vec<Day>) -> Vec<Day> {
    let last = days.len().saturating_sub(LAST_DAYS);
    let first = days.iter().position(|day| day.given != Given::NotCollected).unwrap_or(last);
    days.drain(..first.min(last));
    days
}
