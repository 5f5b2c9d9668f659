//! Daily counts of every source with snapshots: the scopes, and what is known about each day. A day that was not collected
//! and a day without counts in the service are different, and neither is zero.

use crate::error::Error;
use crate::query::{AT_ONCE, Question, Sort};
use crate::reader::Reader;
use crate::span::Span;
use crate::targets::Place;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use insights_shared::record::{Kind, Severity, Stored, partition};
use insights_shared::time::{DAY_SECONDS, Timestamp};
use insights_sources::kind_of;
use insights_sources::view::counts::Counts;
pub use insights_sources::view::counts::{Day, Given};
use insights_sources::view::{Judgement, judgement};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// The prefix of the sort keys of scope rows.
const SCOPE_ROWS: &str = "scope#";

/// The subject of daily counts: an account, an assessment, a control domain, or a Security Hub insight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The kind of its snapshots.
    pub kind: Kind,
    /// The account and region.
    pub place: Place,
    /// The `entity` of its snapshots.
    pub entity: String,
    /// Its name.
    pub title: String,
    /// The partition of its snapshots.
    pub pk: String,
}

/// A scope with its daily counts.
#[derive(Clone, Debug, PartialEq)]
pub struct ScopeDays {
    /// The scope.
    pub scope: Scope,
    /// Its days, oldest first.
    pub days: Vec<Day>,
    /// Its smallest parts on its newest day, if requested: the controls of an assessment.
    pub parts: Vec<Stored>,
}

impl Scope {
    fn from_row(row: &Stored) -> Option<Self> {
        let place = Place::of(row)?;
        let name = row.text("sk")?.strip_prefix(SCOPE_ROWS)?;
        let parts: Vec<&str> = name.split('#').collect();
        let mut kinds = insights_sources::source_of(row)?.kinds.iter().copied();
        let (kind, entity) = kinds.find_map(|kind| Some((kind, kind.scope?(&parts)?)))?;
        let pk = format!("{}#{name}", partition(kind.source, &place.account_id, &place.region, []));
        let title = row.text("title").unwrap_or_default().to_owned();
        Some(Self { kind, entity: entity.to_owned(), title, pk, place })
    }

    fn from_snapshot(snapshot: &Stored) -> Option<Self> {
        let text = |name| snapshot.text(name).map(str::to_owned);
        Some(Self {
            kind: kind_of(snapshot)?,
            place: Place::of(snapshot)?,
            entity: text("entity")?,
            title: text("title").unwrap_or_default(),
            pk: text("pk")?,
        })
    }

    /// Whether it is a part of another scope, and therefore not in the index `ended`: a control domain.
    pub fn is_part(&self) -> bool {
        !self.kind.is_in_ended
    }

    /// The level in CSV: the last name in its partition key, for example `assessment` or `domain`.
    pub fn level(&self) -> &str {
        let mut parts = self.pk.split('#').skip(3);
        let (mut level, mut is_name) = ("", true);
        for part in parts.by_ref() {
            if is_name {
                level = part;
            }
            is_name = !is_name;
        }
        level
    }

    /// The `id` of its snapshots. The id of a part may be encoded as in the key.
    pub fn id(&self) -> &str {
        if self.is_part() { self.pk.rsplit('#').next().unwrap_or_default() } else { &self.entity }
    }

    /// Whether the entity is the same in every account, so that it does not identify the scope.
    pub fn is_whole_account(&self) -> bool {
        self.entity == self.kind.label
    }

    /// The sort key of scopes: source and kind in the order of the descriptors, then account, region and entity.
    fn order(&self) -> impl Ord + use<'_> {
        let position = insights_sources::kinds().position(|kind| kind == self.kind);
        (position, &self.place, &self.entity, &self.title, &self.pk)
    }
}

impl ScopeDays {
    /// The newest day with counts, and its snapshot.
    pub fn newest(&self) -> Option<(&str, &Stored)> {
        self.days.iter().rev().find_map(|day| Some((day.day.as_str(), day.given.snapshot()?)))
    }

    /// The daily counts as a part of a view. `place` is the account and region, if they are to be shown.
    pub fn counts(&self, place: Option<String>) -> Counts {
        let Scope { kind, entity, title, .. } = &self.scope;
        let id = (!self.scope.is_whole_account() && title != entity).then(|| entity.clone());
        let title = if title.is_empty() { entity.clone() } else { title.clone() };
        Counts { kind: *kind, title, id, place, days: self.days.clone() }
    }

    /// A record for each day: the snapshot, or a record without measures whose member `given` states why there are no counts.
    pub fn records(&self) -> impl Iterator<Item = Stored> + '_ {
        self.days.iter().map(|day| match &day.given {
            Given::Counts(snapshot) => snapshot.clone(),
            without => self.without_counts(&day.day, without),
        })
    }

    fn without_counts(&self, day: &str, given: &Given) -> Stored {
        let Scope { kind, place, entity, title, pk } = &self.scope;
        let members = [
            ("pk", pk.as_str()),
            ("sk", day),
            ("kind", kind.as_str()),
            ("source", kind.source.as_str()),
            ("account_id", &place.account_id),
            ("region", &place.region),
            ("title", title),
            ("entity", entity),
            ("started_at", &format!("{day}T00:00:00.000Z")),
            ("given", given.as_str()),
        ];
        Stored(members.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl Reader {
    /// The scopes in the catalog, in all accounts and regions: accounts, assessments, control domains.
    pub async fn scopes(&self) -> Result<Vec<Scope>, Error> {
        let mut questions = Vec::new();
        for source in insights_sources::all() {
            if source.kinds.iter().all(|kind| kind.scope.is_none()) {
                continue;
            }
            for place in self.places(source).await? {
                let partition = ("pk", place.catalog(source));
                let sort = Some(("sk", Sort::BeginsWith(SCOPE_ROWS.to_owned())));
                questions.push(Question { partition, sort, ..Question::default() });
            }
        }
        let rows = self.ask_all(questions).await?;
        let mut scopes: Vec<Scope> = rows.iter().filter_map(Scope::from_row).collect();
        scopes.sort_by(|left, right| left.order().cmp(&right.order()));
        Ok(scopes)
    }

    /// The scopes with counts in `span` whose kinds the catalog does not list: Security Hub insights. The title is that of
    /// the newest day.
    pub async fn uncataloged_scopes(&self, span: Span) -> Result<Vec<Scope>, Error> {
        let mut snapshots = self.overlapping(&uncataloged_kinds().collect::<Vec<_>>(), span).await?;
        snapshots.sort_by_key(|snapshot| snapshot.timestamp("started_at"));
        let scopes = snapshots.iter().filter_map(Scope::from_snapshot);
        let newest: BTreeMap<String, Scope> = scopes.map(|scope| (scope.pk.clone(), scope)).collect();
        let mut scopes: Vec<Scope> = newest.into_values().collect();
        scopes.sort_by(|left, right| left.order().cmp(&right.order()));
        Ok(scopes)
    }

    /// The snapshots under `pk` on the days of `span`, including `detail`, oldest first.
    pub async fn snapshots(&self, pk: &str, span: Span) -> Result<Vec<Stored>, Error> {
        let sort = Some(("sk", Sort::Between(span.since.day(), span.until.day())));
        self.ask(Question { partition: ("pk", pk.to_owned()), sort, ..Question::default() }).await
    }

    /// The days of `span` for `scope`, oldest first.
    pub async fn days(&self, scope: &Scope, span: Span) -> Result<Vec<Day>, Error> {
        let snapshots = self.snapshots(&scope.pk, span).await?;
        // The run may have begun before the first instant of the span, on the same day.
        let whole = Span { since: span.since.floor(DAY_SECONDS), ..span };
        let runs = self.runs(scope.kind.source, &scope.place, whole).await?;
        Ok(days(snapshots, &runs, span))
    }

    /// The days of `span` for `scopes`, several requested concurrently. `with_parts` also requests the controls of accounts
    /// and assessments.
    pub async fn scope_days(
        &self,
        scopes: Vec<Scope>,
        span: Span,
        with_parts: bool,
    ) -> Result<Vec<ScopeDays>, Error> {
        let scopes = scopes.into_iter().map(|scope| async move {
            let days = self.days(&scope, span).await?;
            let has_parts = with_parts && !scope.is_part();
            let parts = if has_parts { self.newest_parts(&scope, &days).await? } else { Vec::new() };
            Ok(ScopeDays { scope, days, parts })
        });
        stream::iter(scopes).buffered(AT_ONCE).try_collect().await
    }

    /// The smallest parts of a scope (its controls) on the newest of `days` with counts.
    pub async fn newest_parts(&self, scope: &Scope, days: &[Day]) -> Result<Vec<Stored>, Error> {
        let newest = days.iter().rev().find(|day| day.given.snapshot().is_some());
        let day = newest.and_then(|day| format!("{}T00:00:00Z", day.day).parse::<Timestamp>().ok());
        let Some(day) = day else { return Ok(Vec::new()) };
        self.parts_on(scope, day).await
    }

    /// The smallest parts of a scope on the UTC day that begins at `day`: its controls.
    pub async fn parts_on(&self, scope: &Scope, day: Timestamp) -> Result<Vec<Stored>, Error> {
        let span = Span { since: day, until: day.plus_seconds(DAY_SECONDS - 1) };
        let mut parts = Vec::new();
        for kind in part_kinds().filter(|kind| kind.source == scope.kind.source) {
            parts.extend(self.snapshots_about(&scope.entity, kind, span).await?);
        }
        // The entity `account` exists in every account.
        parts.retain(|part| Place::of(part).as_ref() == Some(&scope.place));
        Ok(parts)
    }
}

/// The kinds of snapshots that are listed by day and not in the catalog.
pub(crate) fn uncataloged_kinds() -> impl Iterator<Item = Kind> {
    insights_sources::kinds().filter(|kind| kind.is_snapshot() && kind.is_in_ended && kind.scope.is_none())
}

/// The kinds of snapshots that can only be found by their entity: controls.
pub(crate) fn part_kinds() -> impl Iterator<Item = Kind> {
    insights_sources::kinds().filter(|kind| kind.is_snapshot() && !kind.is_in_ended && kind.scope.is_none())
}

/// Assigns snapshots and runs of one scope to the days of `span`.
pub fn days(snapshots: Vec<Stored>, runs: &[Stored], span: Span) -> Vec<Day> {
    let mut by_day: BTreeMap<String, Stored> = snapshots
        .into_iter()
        .filter_map(|snapshot| Some((snapshot.text("sk")?.to_owned(), snapshot)))
        .collect();
    // A failed run received no answer.
    let asked =
        runs.iter().filter(|run| matches!(run.text("status"), Some("ok" | "partial" | "not_enabled")));
    let asked: BTreeSet<String> = asked.filter_map(|run| Some(run.timestamp("started_at")?.day())).collect();
    let day = |day: String| {
        let given = match by_day.remove(&day) {
            Some(snapshot) => Given::Counts(snapshot),
            None if asked.contains(&day) => Given::Nothing,
            None => Given::NotCollected,
        };
        Day { day, given }
    };
    span.days().into_iter().map(day).collect()
}

/// The sort key of snapshots, worst first: severity, then the non-compliant share (in thousandths), then the non-compliant
/// number, then the title.
pub fn badness(snapshot: &Stored) -> impl Ord + use<> {
    let severity = snapshot.text("severity").and_then(Severity::parse);
    let (part, whole) = match judgement(snapshot) {
        Some(Judgement::Share { part, whole, .. }) => (part, whole.unwrap_or_default()),
        _ => (0, 0),
    };
    let share = part.saturating_mul(1_000).checked_div(whole).unwrap_or_default();
    let title = snapshot.text("title").unwrap_or_default().to_owned();
    (Reverse(severity), Reverse(share), Reverse(part), title)
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_shared::value::Value;
    use insights_sources::auditmanager;

    fn stored(json: &str) -> Stored {
        let Value::Map(map) = Value::from_json(json).unwrap() else { panic!("not an object: {json}") };
        Stored(map)
    }

    #[test]
    fn a_day_has_counts_or_no_data_or_was_not_collected() {
        let snapshot = stored(r#"{"sk":"2026-03-01","measures":{"compliant":0,"noncompliant":0}}"#);
        let run =
            |time: &str, status: &str| stored(&format!(r#"{{"started_at":"{time}","status":"{status}"}}"#));
        let runs = [
            run("2026-03-01T06:00:00.000Z", "ok"),
            run("2026-03-02T06:00:00.000Z", "partial"),
            run("2026-03-03T06:00:00.000Z", "failed"),
            run("2026-03-05T06:00:00.000Z", "not_enabled"),
        ];
        let span = Span {
            since: "2026-02-28T10:00:00Z".parse().unwrap(),
            until: "2026-03-05T10:00:00Z".parse().unwrap(),
        };
        let found: Vec<(String, Given)> = days(vec![snapshot.clone()], &runs, span)
            .into_iter()
            .map(|Day { day, given }| (day, given))
            .collect();
        let expected = [
            ("2026-02-28", Given::NotCollected),
            ("2026-03-01", Given::Counts(snapshot)),
            ("2026-03-02", Given::Nothing),
            ("2026-03-03", Given::NotCollected),
            ("2026-03-04", Given::NotCollected),
            ("2026-03-05", Given::Nothing),
        ];
        assert_eq!(found, expected.map(|(day, given)| (day.to_owned(), given)));
    }

    #[test]
    fn scopes_are_read_from_the_names_of_their_rows() {
        let check = |sk: &str, expected: Option<(Kind, &str, &str)>| {
            let row = stored(&format!(
                r#"{{"sk":"{sk}","source":"auditmanager","account_id":"123456789012","region":"eu-west-1","title":"SOC 2"}}"#
            ));
            let scope = Scope::from_row(&row);
            let found = scope.as_ref().map(|scope| (scope.kind, scope.entity.as_str(), scope.level()));
            assert_eq!(found, expected, "{sk}");
            if let Some(scope) = scope {
                let pk = sk.replacen("scope", "auditmanager#123456789012#eu-west-1", 1);
                assert_eq!((scope.pk, scope.title.as_str()), (pk, "SOC 2"));
            }
        };
        let id = "11111111-2222-3333-4444-555555555555";
        check("scope#account", Some((auditmanager::ACCOUNT, "account", "account")));
        check(&format!("scope#assessment#{id}"), Some((auditmanager::ASSESSMENT, id, "assessment")));
        let domain = auditmanager::DOMAIN;
        check("scope#domain#arn:aws:controlcatalog:::domain/x", Some((domain, "account", "domain")));
        check(&format!("scope#assessment#{id}#domain#IAM %231"), Some((domain, id, "domain")));
        check("scope#something#else", None);
        check("trail#account", None);
    }

    #[test]
    fn the_worst_counts_have_the_highest_severity_and_then_the_greatest_share() {
        let snapshot = |severity: &str, compliant: i64, noncompliant: i64| {
            stored(&format!(
                r#"{{"source":"auditmanager","severity":"{severity}","measures":{{"compliant":{compliant},"noncompliant":{noncompliant}}}}}"#
            ))
        };
        let mut all = [
            snapshot("low", 90, 9),
            snapshot("high", 90, 30),
            snapshot("high", 900, 310),
            snapshot("high", 90, 40),
        ];
        all.sort_by_key(badness);
        let order: Vec<Option<i64>> =
            all.iter().map(|one| crate::format::counted(one, "noncompliant")).collect();
        assert_eq!(order, [Some(40), Some(310), Some(30), Some(9)]);
    }
}
