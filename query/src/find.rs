//! Finds the partition key of an insight or snapshot by its id or the beginning of its id. It builds keys from the known
//! accounts and regions, and queries the indexes. It never scans.

use crate::counts::{part_kinds, uncataloged_kinds};
use crate::error::Error;
use crate::format::parse_key;
use crate::reader::Reader;
use crate::span::Span;
use insights_shared::key::Key;
use insights_shared::record::{Stored, partition};
use insights_shared::time::DAY_SECONDS;
use insights_sources::insight_kinds;
use std::collections::{BTreeMap, BTreeSet};

/// The number of days for which insights are searched: the default retention.
const REACH_DAYS: i64 = 400;
/// The number of days for which controls are searched. Each day has hundreds of them.
const CONTROL_DAYS: i64 = 7;
/// The minimum length of the beginning of an id.
const LEAST_CHARACTERS: usize = 6;

impl Reader {
    /// The partition key for `text`: `text` itself if it is a key, otherwise that of the only record whose id is `text` or begins with
    /// it. Hidden characters may be encoded as in listings and suggested commands.
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
        let mut found = self.by_id(text).await?;
        if found.is_empty() {
            if text.chars().count() < LEAST_CHARACTERS {
                return Err(Error::ShortId { id: text.to_owned(), least: LEAST_CHARACTERS });
            }
            found = self.by_beginning(text).await?;
        }
        if found.is_empty() {
            found = self.controls_by_beginning(text).await?;
        }
        let mut keys = found.keys();
        match (keys.next(), keys.next()) {
            (None, _) => {
                Err(Error::UnknownId { id: text.to_owned(), days: REACH_DAYS, control_days: CONTROL_DAYS })
            }
            (Some(pk), None) => Ok(pk.clone()),
            _ => Err(Error::AmbiguousId { id: text.to_owned(), matches: found.into_iter().collect() }),
        }
    }

    /// Records with exactly this id in all known accounts and regions: keys and titles.
    async fn by_id(&self, id: &str) -> Result<BTreeMap<String, String>, Error> {
        let mut keys = Vec::new();
        for place in self.all_places().await? {
            for source in insights_sources::all().filter(|source| !source.is_counted_by_day()) {
                let pk = partition(source, &place.account_id, &place.region, [id]);
                keys.push(Key::new(pk, "insight"));
            }
        }
        let mut found: BTreeMap<String, String> =
            self.items(&keys).await?.values().filter_map(titled).collect();
        let scopes = self.scopes().await?.into_iter().filter(|scope| scope.id() == id);
        found.extend(scopes.map(|scope| (scope.pk, scope.title)));
        // For a scope without a catalog row, the entity is the id.
        let span = Span::last(REACH_DAYS * DAY_SECONDS, self.now());
        for kind in uncataloged_kinds() {
            found.extend(self.snapshots_about(id, kind, span).await?.iter().filter_map(titled));
        }
        Ok(found)
    }

    /// Records whose id begins with `text`.
    async fn by_beginning(&self, text: &str) -> Result<BTreeMap<String, String>, Error> {
        let span = Span::last(REACH_DAYS * DAY_SECONDS, self.now());
        let insights = self.overlapping(&insight_kinds().collect::<Vec<_>>(), span).await?;
        let begins = |insight: &&Stored| insight.text("id").is_some_and(|id| begins_with(id, text));
        let mut found: BTreeMap<String, String> = insights.iter().filter(begins).filter_map(titled).collect();
        let mut scopes = self.scopes().await?;
        scopes.extend(self.uncataloged_scopes(span).await?);
        let scopes = scopes.into_iter().filter(|scope| begins_with(scope.id(), text));
        found.extend(scopes.map(|scope| (scope.pk, scope.title)));
        Ok(found)
    }

    /// Controls whose id begins with `text`. The catalog lists only their scopes, not the controls.
    async fn controls_by_beginning(&self, text: &str) -> Result<BTreeMap<String, String>, Error> {
        let span = Span::last(CONTROL_DAYS * DAY_SECONDS, self.now());
        let entities: BTreeSet<String> = self.scopes().await?.into_iter().map(|scope| scope.entity).collect();
        let mut found = BTreeMap::new();
        for entity in entities {
            for kind in part_kinds() {
                let controls = self.snapshots_about(&entity, kind, span).await?;
                let begins = |control: &&Stored| control.text("id").is_some_and(|id| begins_with(id, text));
                found.extend(controls.iter().filter(begins).filter_map(titled));
            }
        }
        Ok(found)
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

fn titled(record: &Stored) -> Option<(String, String)> {
    Some((record.text("pk")?.to_owned(), record.text("title").unwrap_or_default().to_owned()))
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
