//! Finds the partition key of an insight or snapshot by its id or the beginning of its id. It builds keys from the known
//! accounts and regions, and queries the indexes. It never scans.

use crate::counts::{Scope, part_kinds, uncataloged_kinds};
use crate::error::Error;
use crate::format::parse_key;
use crate::periods::is_period;
use crate::query::AT_ONCE;
use crate::reader::Reader;
use crate::span::Span;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use insights_shared::key::Key;
use insights_shared::record::{Stored, partition};
use insights_shared::time::{DAY_SECONDS, Timestamp};
use insights_sources::{insight_kinds, kind_of};
use std::collections::{BTreeMap, BTreeSet};

/// Insights of this number of days are searched first.
pub(crate) const RECENT_DAYS: i64 = 30;
/// Insights of this number of days are searched if there is no match: the default retention.
pub(crate) const REACH_DAYS: i64 = 400;
/// Controls of this number of days are searched; each day has hundreds.
pub(crate) const CONTROL_DAYS: i64 = 7;
/// The minimum length of the beginning of an id.
const LEAST_CHARACTERS: usize = 6;

/// The tag of a partition: the first 8 hex digits of SHA-256 over its key and the sort key of an insight. Listings show it in place of
/// an id that several records have.
pub fn tag(pk: &str) -> String {
    Key::new(pk, "insight").tag().to_string()
}

/// Whether the id of a record is its own. Other ids are shared: by the periods of a check, by the counts of all accounts, by control
/// domains and controls, which are counted in several assessments.
pub fn is_known_by_id(record: &Stored) -> bool {
    kind_of(record).is_none_or(|kind| {
        let is_whole_account = record.text("entity") == Some(kind.label);
        if kind.is_snapshot() { kind.is_in_ended && !is_whole_account } else { !kind.is_period }
    })
}

/// A record that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    pk: String,
    id: String,
    title: String,
    /// What it has in common with the other periods of the same check; `None` if it is not a period.
    check: Option<[String; 4]>,
    started_at: Option<Timestamp>,
}

/// What is searched for: an id, the beginning of an id, or a tag.
#[derive(Clone, Copy, Debug)]
struct Wanted<'a> {
    text: &'a str,
}

impl Wanted<'_> {
    /// The records that are meant: those with exactly this id or tag if there are any, otherwise those whose id begins with it. Short
    /// beginnings are not searched for.
    fn among(self, found: impl IntoIterator<Item = Found>) -> BTreeMap<String, Found> {
        let is_whole = |found: &Found| {
            found.id == self.text || distinct_part(&found.id) == self.text || tag(&found.pk) == self.text
        };
        let is_meant = |found: &Found| begins_with(&found.id, self.text) || is_whole(found);
        let all: BTreeMap<String, Found> =
            found.into_iter().filter(is_meant).map(|found| (found.pk.clone(), found)).collect();
        if all.values().any(is_whole) {
            return all.into_iter().filter(|(_, found)| is_whole(found)).collect();
        }
        if self.is_short() { BTreeMap::new() } else { all }
    }

    fn is_short(self) -> bool {
        self.text.chars().count() < LEAST_CHARACTERS
    }
}

impl Reader {
    /// The partition key for `text`: `text` itself if it is a key, otherwise that of the only record whose id is `text` or begins with
    /// it. Hidden characters may be encoded as in listings and suggested commands. Of several periods of one check the newest is
    /// found. The [`tag`] of a record finds it too.
    pub async fn find(&self, text: &str) -> Result<String, Error> {
        let text = text.trim();
        let meant = parse_key(text);
        if text.contains('#') {
            return Ok(meant);
        }
        // The id itself may contain an encoded character.
        match self.find_id(text).await {
            Err(_) if meant != text => self.find_id(&meant).await,
            found => found,
        }
    }

    async fn find_id(&self, text: &str) -> Result<String, Error> {
        let wanted = Wanted { text };
        let mut found = self.insights_by_id(wanted).await?;
        if found.is_empty() {
            found = self.scopes_by_id(wanted).await?;
        }
        if found.is_empty() {
            found = self.controls_by_id(wanted).await?;
        }
        if found.is_empty() && !wanted.is_short() {
            found = self.old_by_id(wanted).await?;
        }
        one_of(wanted, found)
    }

    /// Recent insights, and insights of any age with exactly this id in a known place.
    async fn insights_by_id(&self, wanted: Wanted<'_>) -> Result<BTreeMap<String, Found>, Error> {
        let exact = async {
            let mut keys = Vec::new();
            for place in self.all_places().await? {
                for source in insights_sources::all().filter(|source| !source.is_counted_by_day()) {
                    let pk = partition(source, &place.account_id, &place.region, [wanted.text]);
                    keys.push(Key::new(pk, "insight"));
                }
            }
            Ok(self.items(&keys).await?.into_values().collect::<Vec<_>>())
        };
        let recent = async {
            let span = Span::last(RECENT_DAYS * DAY_SECONDS, self.now());
            self.overlapping(&insight_kinds().collect::<Vec<_>>(), span).await
        };
        let (exact, recent) = futures_util::try_join!(exact, recent)?;
        Ok(wanted.among(exact.iter().chain(&recent).filter_map(Found::of)))
    }

    /// Accounts, assessments, control domains, and recent snapshots that the catalog does not list.
    async fn scopes_by_id(&self, wanted: Wanted<'_>) -> Result<BTreeMap<String, Found>, Error> {
        let span = Span::last(RECENT_DAYS * DAY_SECONDS, self.now());
        let (mut scopes, uncataloged) =
            futures_util::try_join!(self.scopes(), self.uncataloged_scopes(span))?;
        scopes.extend(uncataloged);
        let mut found: Vec<Found> = scopes.into_iter().map(Found::of_scope).collect();
        // The entity of a scope without a catalog row is its id.
        let span = Span::last(REACH_DAYS * DAY_SECONDS, self.now());
        for kind in uncataloged_kinds() {
            found.extend(self.snapshots_about(wanted.text, kind, span).await?.iter().filter_map(Found::of));
        }
        Ok(wanted.among(found))
    }

    /// Controls. The catalog does not list them, only their scopes.
    async fn controls_by_id(&self, wanted: Wanted<'_>) -> Result<BTreeMap<String, Found>, Error> {
        let span = Span::last(CONTROL_DAYS * DAY_SECONDS, self.now());
        let entities: BTreeSet<String> = self.scopes().await?.into_iter().map(|scope| scope.entity).collect();
        let kinds = part_kinds().collect::<Vec<_>>();
        let pairs = entities.iter().flat_map(|entity| kinds.iter().map(move |kind| (entity, *kind)));
        let asked = pairs.map(|(entity, kind)| self.snapshots_about(entity, kind, span));
        let controls: Vec<Vec<Stored>> = stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
        Ok(wanted.among(controls.iter().flatten().filter_map(Found::of)))
    }

    /// Older insights, and older snapshots that the catalog does not list.
    async fn old_by_id(&self, wanted: Wanted<'_>) -> Result<BTreeMap<String, Found>, Error> {
        let span = Span::last(REACH_DAYS * DAY_SECONDS, self.now());
        let insights = self.overlapping(&insight_kinds().collect::<Vec<_>>(), span).await?;
        let scopes = self.uncataloged_scopes(span).await?;
        let insights: Vec<Found> = insights.iter().filter_map(Found::of).collect();
        Ok(wanted.among(insights.into_iter().chain(scopes.into_iter().map(Found::of_scope))))
    }
}

/// The only record, or the newest of several periods of one check.
fn one_of(wanted: Wanted<'_>, found: BTreeMap<String, Found>) -> Result<String, Error> {
    let text = wanted.text;
    let check = found.values().next().and_then(|found| found.check.clone());
    let is_one_check = check.is_some() && found.values().all(|found| found.check == check);
    let newest = found.values().max_by_key(|found| found.started_at).map(|found| found.pk.clone());
    match newest {
        None if wanted.is_short() => Err(Error::ShortId { id: text.to_owned(), least: LEAST_CHARACTERS }),
        None => Err(Error::UnknownId { id: text.to_owned(), days: REACH_DAYS, control_days: CONTROL_DAYS }),
        Some(pk) if found.len() == 1 || is_one_check => Ok(pk),
        Some(_) => {
            let matches = found.into_values().map(|found| (found.pk, found.title)).collect();
            Err(Error::AmbiguousId { id: text.to_owned(), matches })
        }
    }
}

impl Found {
    fn of(record: &Stored) -> Option<Self> {
        let text = |name: &str| record.text(name).unwrap_or_default().to_owned();
        Some(Self {
            pk: record.text("pk")?.to_owned(),
            id: text("id"),
            title: text("title"),
            check: is_period(record).then(|| ["account_id", "region", "entity", "id"].map(text)),
            started_at: record.timestamp("started_at"),
        })
    }

    fn of_scope(scope: Scope) -> Self {
        let id = scope.id().to_owned();
        Self { pk: scope.pk, id, title: scope.title, check: None, started_at: None }
    }
}

/// The part of an id that identifies it among similar ids: for an ARN the part after the last slash, otherwise the whole id.
pub fn distinct_part(id: &str) -> &str {
    if id.starts_with("arn:") { id.rsplit('/').next().unwrap_or(id) } else { id }
}

/// Whether an id, or its distinct part, begins with `text`.
fn begins_with(id: &str, text: &str) -> bool {
    id.starts_with(text) || distinct_part(id).starts_with(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_is_found_by_its_beginning_and_by_its_last_part() {
        let arn = "arn:aws:securityhub:eu-west-1:123456789012:insight/123456789012/custom/a1b2c3d4-5678";
        for (id, text, expected) in [
            (arn, "arn:aws:securityhub:eu", true),
            (arn, "a1b2c3", true),
            (arn, "custom", false),
            (arn, "b2c3", false),
            ("7c4ee9a1/3f5b", "3f5b", false),
            ("7c4ee9a1-3f5b", "7c4ee9", true),
        ] {
            assert_eq!(begins_with(id, text), expected, "{text}");
        }
    }
}
