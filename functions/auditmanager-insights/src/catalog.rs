//! The scope rows of the catalog: which account, assessments and domains have snapshots, and their titles. A row is written
//! when its scope is first seen, and again only if its title changes.
//!
//! This module does not know what is counted in a scope.

use insights_shared::completeness::Completeness;
use insights_shared::issue::{CallError, Stage};
use insights_shared::record::{Record, partition};
use insights_shared::store::catalog::catalog_row;
use insights_shared::target_run::TargetRun;
use insights_sources::auditmanager;
use std::collections::HashMap;

/// The prefix of the sort keys of scopes.
const PREFIX: &str = "scope#";

/// The stored scopes.
#[derive(Debug)]
pub struct Catalog<'a> {
    run: &'a TargetRun,
    /// Titles by sort key; `None` for a row that a newer version of this program wrote, which is not changed. If the rows
    /// could not be read, no row is written.
    titles: Option<HashMap<String, Option<String>>>,
}

/// The results of the scope rows of several snapshots.
#[must_use = "a watermark must not move past missing data"]
pub struct Noted {
    /// Whether the row of each snapshot exists now, in the order of the snapshots. A snapshot without a scope needs no row.
    pub rows: Vec<Completeness>,
    /// Whether all rows that are needed exist.
    pub completeness: Completeness,
}

impl<'a> Catalog<'a> {
    /// Reads all scopes in one query: a hundred rows cost as much as five single reads.
    pub async fn read(run: &'a TargetRun) -> (Self, Completeness) {
        let target = &run.target;
        let rows = run.store.catalog(auditmanager::SOURCE, &target.account_id, &target.region, PREFIX).await;
        let mut completeness = Completeness::Complete;
        let titles = match rows {
            Ok(rows) => {
                let row = |row: &insights_shared::record::Stored| {
                    let title = row.text("title").unwrap_or_default().to_owned();
                    Some((row.text("sk")?.to_owned(), (!row.is_newer_schema()).then_some(title)))
                };
                Some(rows.iter().filter_map(row).collect())
            }
            Err(error) => {
                completeness &= run.report.call_failed(Stage::Write, "catalog", &error);
                None
            }
        };
        (Self { run, titles }, completeness)
    }

    /// Writes the rows of the snapshots' scopes, except those that exist with the same title.
    pub async fn note(&self, snapshots: &[Option<Scope>]) -> Noted {
        let Some(titles) = &self.titles else {
            let rows: Vec<_> = snapshots.iter().map(|scope| Completeness::of(scope.is_none())).collect();
            return Noted { completeness: rows.iter().copied().collect(), rows };
        };
        let report = &self.run.report;
        let mut completeness = Completeness::Complete;
        let is_known = |scope: &Scope| {
            titles
                .get(&scope.sk)
                .is_some_and(|known| known.as_ref().is_none_or(|known| *known == scope.title))
        };
        for scope in snapshots.iter().flatten().filter(|scope| titles.get(&scope.sk) == Some(&None)) {
            // The row exists, with the title that the newer version wrote.
            completeness &= report.call_failed(Stage::Write, &scope.sk, &CallError::newer_schema("PutItem"));
        }
        let mut rows = vec![Completeness::Complete; snapshots.len()];
        let places = rows.iter_mut().zip(snapshots);
        let missing: Vec<(&mut Completeness, &Scope)> = places
            .filter_map(|(place, scope)| Some((place, scope.as_ref().filter(|scope| !is_known(scope))?)))
            .collect();
        let items = missing.iter().map(|(_, scope)| {
            let mut row = catalog_row(auditmanager::SOURCE, &self.run.target, scope.sk.as_str());
            row.insert("title".into(), scope.title.as_str().into());
            (row, !titles.contains_key(&scope.sk))
        });
        let put = self.run.store.put_catalog_rows(items.collect()).await;
        for ((place, scope), put) in missing.into_iter().zip(put) {
            if let Err(error) = put {
                *place = report.call_failed(Stage::Write, &scope.sk, &error);
                completeness &= *place;
            }
        }
        Noted { rows, completeness }
    }
}

/// A catalog row of a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// `scope#`, followed by the part of the snapshot's partition key after the region.
    pub sk: String,
    /// The snapshot's title.
    pub title: String,
}

impl Scope {
    /// The scope of a snapshot. Controls, and snapshots that will be rejected, have none.
    pub fn of(record: &Record) -> Option<Self> {
        let is_scope = record.kind.is_snapshot() && record.kind != auditmanager::CONTROL;
        if !is_scope || record.updated_at.is_none() || record.id.as_deref().is_none_or(str::is_empty) {
            return None;
        }
        let target = partition(auditmanager::SOURCE, &record.account_id, &record.region, []);
        let scope = record.key.pk.strip_prefix(&target)?.strip_prefix('#')?;
        Some(Self { sk: format!("{PREFIX}{scope}"), title: record.title.clone()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_shared::key::Key;
    use insights_shared::record::Kind;
    use insights_sources::xray;

    const PK: &str = "auditmanager#123456789012#eu-west-1#assessment#11111111-2222-3333-4444-555555555555";

    fn record(kind: Kind, pk: &str) -> Record {
        let now = "2023-11-15T07:00:00Z".parse().unwrap();
        let mut record = Record::new(kind, Key::new(pk, "2023-11-15"), "123456789012", "eu-west-1", now);
        record.id = Some("x".to_owned());
        record.title = Some("SOC 2".to_owned());
        record.updated_at = Some(now);
        record
    }

    #[test]
    fn a_scope_has_the_part_of_the_snapshot_key_after_the_region() {
        let domain = format!("{PK}#domain#a %2325");
        for (kind, pk, expected) in [
            (auditmanager::ACCOUNT, "auditmanager#123456789012#eu-west-1#account", Some("scope#account")),
            (auditmanager::ASSESSMENT, PK, Some("scope#assessment#11111111-2222-3333-4444-555555555555")),
            (
                auditmanager::DOMAIN,
                domain.as_str(),
                Some("scope#assessment#11111111-2222-3333-4444-555555555555#domain#a %2325"),
            ),
            (auditmanager::CONTROL, PK, None),
            (xray::INSIGHT, "xray#123456789012#eu-west-1#x", None),
        ] {
            let scope = Scope::of(&record(kind, pk));
            assert_eq!(scope.as_ref().map(|scope| scope.sk.as_str()), expected, "{pk}");
            assert!(scope.is_none_or(|scope| scope.title == "SOC 2"));
        }
    }

    #[test]
    fn a_rejected_record_has_no_scope() {
        let mut without_id = record(auditmanager::DOMAIN, PK);
        without_id.id = None;
        assert_eq!(Scope::of(&without_id), None);
        let mut without_day = record(auditmanager::DOMAIN, PK);
        without_day.updated_at = None;
        assert_eq!(Scope::of(&without_day), None);
    }
}
