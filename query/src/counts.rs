//! Counts by day: which scopes there are, and what each day has. It distinguishes a day without a run from one on which the
//! service returned no counts; neither is zero.

use crate::error::Error;
use crate::query::{Question, Sort};
use crate::reader::Reader;
use crate::span::Span;
use crate::targets::Place;
use insights_shared::record::{Kind, Source, Stored, partition};
use insights_shared::time::{DAY_SECONDS, Timestamp};
use insights_sources::auditmanager;
use std::collections::{BTreeMap, BTreeSet};

/// The source that counts by day.
pub const SOURCE: Source = auditmanager::SOURCE;
/// The counts of a control domain.
pub const DOMAIN: Kind = auditmanager::DOMAIN;
/// The counts of a control.
pub const CONTROL: Kind = auditmanager::CONTROL;
/// The `entity` of an account's own counts.
pub const ACCOUNT: &str = "account";

/// How deep a scope is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The whole account.
    Account,
    /// One assessment.
    Assessment,
    /// A control domain, of the account or of an assessment.
    Domain,
}

/// Something that counts are given of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope {
    /// How deep it is.
    pub level: Level,
    /// Where it was collected.
    pub place: Place,
    /// `account`, or the assessment's id: the `entity` of its snapshots.
    pub entity: String,
    /// Its name.
    pub title: String,
    /// The partition of its snapshots.
    pub pk: String,
}

/// One day of a scope.
#[derive(Clone, Debug, PartialEq)]
pub struct Day {
    /// The UTC day, as `YYYY-MM-DD`.
    pub day: String,
    /// What it gave.
    pub given: Given,
}

/// What a day gave.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// Counts: the snapshot, whole.
    Counts(Stored),
    /// The service was asked on that day, and has no counts of it so far.
    Nothing,
    /// No run is known that asked. Runs are known for 30 days; what an older day had is stored, or was never collected.
    NotCollected,
}

impl Scope {
    fn of(row: &Stored) -> Option<Self> {
        let place = Place::of(row)?;
        let name = row.text("sk")?.strip_prefix("scope#")?;
        let parts: Vec<&str> = name.split('#').collect();
        let (level, entity) = match parts.as_slice() {
            ["account"] => (Level::Account, ACCOUNT),
            ["domain", _] => (Level::Domain, ACCOUNT),
            // An assessment's id is a UUID, which no key encodes.
            ["assessment", id] => (Level::Assessment, *id),
            ["assessment", id, "domain", _] => (Level::Domain, *id),
            _ => return None,
        };
        let target = partition(SOURCE, &place.account_id, &place.region, []);
        let title = row.text("title").unwrap_or_default().to_owned();
        Some(Self { level, entity: entity.to_owned(), title, pk: format!("{target}#{name}"), place })
    }

    /// The `id` of its snapshots, as far as a key tells: a domain's may be encoded there.
    pub fn id(&self) -> &str {
        match self.level {
            Level::Domain => self.pk.rsplit('#').next().unwrap_or_default(),
            Level::Account | Level::Assessment => &self.entity,
        }
    }
}

impl Reader {
    /// The scopes that counts were ever given of, of all places: accounts, assessments, control domains.
    pub async fn scopes(&self) -> Result<Vec<Scope>, Error> {
        let mut questions = Vec::new();
        for place in self.places(SOURCE).await? {
            let partition = ("pk", place.catalog(SOURCE));
            let sort = Some(("sk", Sort::BeginsWith("scope#".to_owned())));
            questions.push(Question { partition, sort, ..Question::default() });
        }
        let mut scopes: Vec<Scope> = self.ask_all(questions).await?.iter().filter_map(Scope::of).collect();
        scopes.sort();
        Ok(scopes)
    }

    /// The snapshots under `pk` of the days of `span`, whole, oldest first.
    pub async fn snapshots(&self, pk: &str, span: Span) -> Result<Vec<Stored>, Error> {
        let sort = Some(("sk", Sort::Between(span.since.day(), span.until.day())));
        self.ask(Question { partition: ("pk", pk.to_owned()), sort, ..Question::default() }).await
    }

    /// The days of `span` of `scope`, oldest first, each with what it gave.
    pub async fn days(&self, scope: &Scope, span: Span) -> Result<Vec<Day>, Error> {
        let snapshots = self.snapshots(&scope.pk, span).await?;
        // A day counts as asked about whenever on it the run began.
        let whole = Span { since: span.since.floor(DAY_SECONDS), ..span };
        let runs = self.runs(SOURCE, &scope.place, whole).await?;
        Ok(days(snapshots, &runs, span))
    }

    /// The controls of a scope on the newest of `days` that has counts, and that day.
    pub async fn newest_controls(
        &self,
        scope: &Scope,
        days: &[Day],
    ) -> Result<Option<(Timestamp, Vec<Stored>)>, Error> {
        let newest = days.iter().rev().find(|day| matches!(day.given, Given::Counts(_)));
        let day = newest.and_then(|day| format!("{}T00:00:00Z", day.day).parse::<Timestamp>().ok());
        let Some(day) = day else { return Ok(None) };
        let span = Span { since: day, until: day.plus_seconds(DAY_SECONDS - 1) };
        let mut controls = self.snapshots_about(&scope.entity, CONTROL, span).await?;
        // Every account has an entity of the same name.
        controls.retain(|control| Place::of(control).as_ref() == Some(&scope.place));
        Ok(Some((day, controls)))
    }
}

/// Puts snapshots and runs of one scope under the days of `span`.
pub fn days(snapshots: Vec<Stored>, runs: &[Stored], span: Span) -> Vec<Day> {
    let mut by_day: BTreeMap<String, Stored> = snapshots
        .into_iter()
        .filter_map(|snapshot| Some((snapshot.text("sk")?.to_owned(), snapshot)))
        .collect();
    // A run that failed learned nothing.
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

#[cfg(test)]
mod tests {
    use super::*;
    use insights_shared::value::Value;

    fn stored(json: &str) -> Stored {
        let Value::Map(map) = Value::from_json(json).unwrap() else { panic!("not an object: {json}") };
        Stored(map)
    }

    #[test]
    fn a_day_has_counts_or_was_asked_or_was_not_collected() {
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
        let check = |sk: &str, expected: Option<(Level, &str)>| {
            let row = stored(&format!(
                r#"{{"sk":"{sk}","account_id":"123456789012","region":"eu-west-1","title":"SOC 2"}}"#
            ));
            let scope = Scope::of(&row);
            assert_eq!(scope.as_ref().map(|scope| (scope.level, scope.entity.as_str())), expected, "{sk}");
            if let Some(scope) = scope {
                let pk = sk.replacen("scope", "auditmanager#123456789012#eu-west-1", 1);
                assert_eq!((scope.pk, scope.title.as_str()), (pk, "SOC 2"));
            }
        };
        let id = "11111111-2222-3333-4444-555555555555";
        check("scope#account", Some((Level::Account, "account")));
        check(&format!("scope#assessment#{id}"), Some((Level::Assessment, id)));
        check("scope#domain#arn:aws:controlcatalog:::domain/x", Some((Level::Domain, "account")));
        check(&format!("scope#assessment#{id}#domain#IAM %231"), Some((Level::Domain, id)));
        check("scope#something#else", None);
        check("trail#account", None);
    }
}
