//! Incidents of the table. Which insights form an incident, and its id, do not depend on what was asked for: insights that began
//! earlier are read too.

use super::{Incident, REACH, incidents, tag_in_id, worth_reading};
use crate::error::Error;
use crate::find::{REACH_DAYS, RECENT_DAYS, tag};
use crate::importance::Importance;
use crate::incident::Occurrence;
use crate::insights::correlation_items;
use crate::periods::{began, newest_periods, root};
use crate::reader::Reader;
use crate::span::Span;
use crate::whole::key_of;
use insights_shared::key::Key;
use insights_shared::record::{Kind, Stored};
use insights_shared::time::DAY_SECONDS;
use insights_sources::insight_kinds;
use std::collections::BTreeMap;

/// How long before an insight the insights are read that may be the lead of its incident, in seconds. An insight can only join within
/// [`REACH`] of a lead, but which insights are leads depends on those before them.
const MARGIN: i64 = DAY_SECONDS;

impl Reader {
    /// The incidents that `insights` form. At most `most` insights that may be correlated are read completely, the most important
    /// first; the others are compared by their envelopes. Of several periods of one failure the newest is a member.
    pub async fn incidents(&self, insights: Vec<Stored>, most: usize) -> Result<Vec<Incident>, Error> {
        let insights = newest_periods(self.with_failures(insights, None).await?);
        let mut compared = worth_reading(&insights);
        compared.sort_by_key(|insight| Importance::of(insight));
        compared.truncate(most);
        let mut keys: Vec<Key> = Vec::new();
        for insight in compared {
            let Some(key) = key_of(insight) else { continue };
            keys.extend(correlation_items(insight).iter().map(|sk| Key::new(key.pk.clone(), *sk)));
            keys.push(key);
        }
        let mut found = self.items(&keys).await?;
        let occurrence = |insight: Stored| {
            let key = key_of(&insight)?;
            let keys = correlation_items(&insight).iter().map(|sk| Key::new(key.pk.clone(), *sk));
            let items: Vec<Stored> = keys.filter_map(|key| found.remove(&key)).collect();
            let mut whole = [found.remove(&key).unwrap_or_else(|| insight.clone())];
            crate::periods::copy_marks(std::slice::from_ref(&insight), &mut whole);
            let [whole] = whole;
            Occurrence::new(whole, &items.iter().collect::<Vec<_>>())
        };
        Ok(incidents(insights.into_iter().filter_map(occurrence).collect()))
    }

    /// The incidents that overlap `span`, in the order in which they began, those of a single insight included.
    pub async fn incidents_within(&self, span: Span) -> Result<Vec<Incident>, Error> {
        let mut since = span.since.plus_seconds(-MARGIN);
        let mut insights = self.insights_within(Span { since, ..span }).await?;
        // An insight that began earlier may belong to an incident whose other insights have ended.
        let earliest = insights.iter().filter_map(|insight| insight.timestamp("started_at")).min();
        if let Some(earliest) = earliest.filter(|earliest| *earliest < since) {
            let oldest = self.now().plus_seconds(-REACH_DAYS * DAY_SECONDS);
            since = since.min(earliest.plus_seconds(-MARGIN).max(oldest));
            insights = self.insights_within(Span { since, ..span }).await?;
        }
        let insights = self.with_failures(insights, Some(since)).await?;
        let mut found = self.incidents(insights, usize::MAX).await?;
        found.retain(|incident| span.overlaps(incident.started_at(), incident.ended_at()));
        Ok(found)
    }

    /// The incident of an insight; `None` if `insight` is not an insight.
    pub async fn incident_of(&self, insight: &Stored) -> Result<Option<Incident>, Error> {
        let marked = self.with_failures(vec![insight.clone()], None).await?;
        let Some((started_at, root)) =
            marked.first().and_then(|one| Some((began(one)?, root(one).to_owned())))
        else {
            return Ok(None);
        };
        // Other insights of the incident can begin this much later than the first.
        let until = started_at.plus_seconds(2 * REACH / 1_000);
        let span = Span { since: started_at.plus_seconds(-MARGIN), until };
        let mut near = self.with_failures(self.insights_within(span).await?, Some(span.since)).await?;
        near.retain(|other| began(other).is_some_and(|other| other >= span.since));
        let found = self.incidents(near, usize::MAX).await?;
        Ok(found.into_iter().find(|incident| incident.holds(&root)))
    }

    /// The incident with this id, or with a member of this tag. `None` if `id` has not the form of such an id.
    pub async fn incident(&self, id: &str) -> Result<Option<Incident>, Error> {
        let Some(wanted) = tag_in_id(id) else { return Ok(None) };
        for days in [RECENT_DAYS, REACH_DAYS] {
            let insights = self.insights_within(Span::last(days * DAY_SECONDS, self.now())).await?;
            let has_tag = |insight: &&Stored| insight.text("pk").is_some_and(|pk| tag(pk) == wanted);
            let mut found: BTreeMap<String, Incident> = BTreeMap::new();
            for insight in insights.iter().filter(has_tag) {
                if let Some(incident) = self.incident_of(insight).await? {
                    found.insert(incident.id(), incident);
                }
            }
            if found.len() > 1 {
                let matches = found.into_values().map(|incident| (incident.id(), incident.sentence()));
                return Err(Error::AmbiguousId { id: id.to_owned(), matches: matches.collect() });
            }
            if let Some(incident) = found.into_values().next() {
                return Ok(Some(incident));
            }
        }
        Err(Error::UnknownId { id: id.to_owned(), days: REACH_DAYS, control_days: crate::find::CONTROL_DAYS })
    }

    async fn insights_within(&self, span: Span) -> Result<Vec<Stored>, Error> {
        self.overlapping(&insight_kinds().collect::<Vec<Kind>>(), span).await
    }
}
