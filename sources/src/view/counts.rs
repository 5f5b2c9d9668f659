//! Daily counts: the data of each day, and the values of a snapshot in display order. Measures and their labels come from the
//! descriptor of the kind.

use super::{Column, Value, counted};
use insights_records::descriptor::{Kind, Measure};
use insights_records::record::{Severity, Stored};

/// The daily counts of one subject.
#[derive(Clone, Debug, PartialEq)]
pub struct Counts {
    /// The kind of the snapshots.
    pub kind: Kind,
    /// The heading: what was counted.
    pub title: String,
    /// Its id; `None` if the title identifies it.
    pub id: Option<String>,
    /// The account and region; `None` if they are shown elsewhere.
    pub place: Option<String>,
    /// The days, oldest first.
    pub days: Vec<Day>,
}

/// One day of counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Day {
    /// The UTC day, as `YYYY-MM-DD`.
    pub day: String,
    /// The data of the day.
    pub given: Given,
}

/// The data of a day.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// Counts: the snapshot, including `detail`.
    Counts(Stored),
    /// A run requested the counts on this day, and the service returned none.
    Nothing,
    /// No known run requested the counts. Runs are stored for 30 days, so older days have no other information.
    NotCollected,
}

impl Given {
    /// The value in JSON and CSV.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Counts(_) => "counts",
            Self::Nothing => "no_data_yet",
            Self::NotCollected => "not_collected",
        }
    }

    /// The reason why a day has no counts, for people; `None` if it has counts.
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Counts(_) => None,
            Self::Nothing => Some("no data yet"),
            Self::NotCollected => Some("not collected"),
        }
    }

    /// The snapshot; `None` if the day has no counts.
    pub fn snapshot(&self) -> Option<&Stored> {
        if let Self::Counts(snapshot) = self { Some(snapshot) } else { None }
    }
}

/// The meaning of a measure in a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The number that does not comply.
    NonCompliant,
    /// The number that complies.
    Compliant,
    /// The number that was not evaluated.
    Inconclusive,
    /// A number that is neither good nor bad.
    Plain,
}

impl Counts {
    /// The newest day with counts.
    pub fn newest(&self) -> Option<(&str, &Stored)> {
        self.days.iter().rev().find_map(|day| Some((day.day.as_str(), day.given.snapshot()?)))
    }
}

/// The measures of a stacked chart, which are parts of one whole; empty if the kind has none.
pub fn stacked(kind: Kind) -> Vec<(Role, &'static Measure)> {
    let Some(names) = kind.compliance else {
        return kind.measures.first().map(|measure| (Role::Plain, measure)).into_iter().collect();
    };
    let roles = [
        (Role::NonCompliant, names.noncompliant),
        (Role::Compliant, names.compliant),
        (Role::Inconclusive, names.inconclusive),
    ];
    roles.into_iter().filter_map(|(role, name)| Some((role, kind.measure(name)?))).collect()
}

/// The columns of [`values`].
pub fn columns(kind: Kind) -> Vec<Column> {
    let column = |measure: &Measure| Column::number(capitalized(measure.label));
    match stacked(kind).as_slice() {
        [(_, noncompliant), (_, compliant), (_, inconclusive)] => {
            vec![column(noncompliant), column(compliant), Column::number("Share"), column(inconclusive)]
        }
        _ => kind.measures.iter().map(column).collect(),
    }
}

/// The measures of a snapshot. For compliance, also the non-compliant share.
pub fn values(kind: Kind, snapshot: &Stored) -> Vec<Value> {
    let value = |measure: &Measure| match counted(snapshot, measure.name) {
        Some(number) if is_lower_bound(kind, snapshot) => Value::AtLeast(number),
        Some(number) => Value::Count(number),
        None => Value::None,
    };
    match stacked(kind).as_slice() {
        [(_, noncompliant), (_, compliant), (_, inconclusive)] => {
            let part = counted(snapshot, noncompliant.name).unwrap_or_default();
            let whole = part.saturating_add(counted(snapshot, compliant.name).unwrap_or_default());
            vec![value(noncompliant), value(compliant), Value::Share { part, whole }, value(inconclusive)]
        }
        _ => kind.measures.iter().map(value).collect(),
    }
}

/// The severity of a snapshot.
pub fn severity(snapshot: &Stored) -> Value {
    snapshot.text("severity").and_then(Severity::parse).map_or(Value::None, Value::Severity)
}

/// Whether the service may have returned only a part of the values.
fn is_lower_bound(kind: Kind, snapshot: &Stored) -> bool {
    kind.limit.is_some_and(|(name, limit)| counted(snapshot, name).is_some_and(|number| number >= limit))
}

/// `text` with its first letter in upper case.
pub fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    first + letters.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auditmanager;
    use insights_records::descriptor::{KindDescriptor, Shape};
    use insights_records::value::Value as Json;

    static FINDINGS: KindDescriptor = KindDescriptor {
        measures: &[
            Measure { name: "findings", label: "findings" },
            Measure { name: "groups", label: "values" },
        ],
        limit: Some(("groups", 100)),
        ..KindDescriptor::plain("test.findings", "insight", auditmanager::SOURCE, Shape::Snapshot)
    };

    fn snapshot(measures: &str) -> Stored {
        let Json::Map(map) = Json::from_json(&format!(r#"{{"measures":{measures}}}"#)).unwrap() else {
            panic!("not an object")
        };
        Stored(map)
    }

    #[test]
    fn compliance_is_shown_as_a_share_without_what_is_inconclusive() {
        let kind = auditmanager::ASSESSMENT;
        let names: Vec<String> = columns(kind).into_iter().map(|column| column.name).collect();
        assert_eq!(names, ["Non-compliant evidence", "Compliant evidence", "Share", "Inconclusive evidence"]);
        assert_eq!(
            values(kind, &snapshot(r#"{"compliant":60,"noncompliant":20,"inconclusive":5}"#)),
            [Value::Count(20), Value::Count(60), Value::Share { part: 20, whole: 80 }, Value::Count(5)]
        );
        assert_eq!(values(kind, &snapshot("{}"))[3], Value::None, "an absent number is not zero");
    }

    #[test]
    fn other_counts_have_the_measures_of_their_kind_and_are_lower_bounds_at_its_limit() {
        let kind = Kind(&FINDINGS);
        let names: Vec<String> = columns(kind).into_iter().map(|column| column.name).collect();
        assert_eq!(names, ["Findings", "Values"]);
        assert_eq!(stacked(kind), [(Role::Plain, &FINDINGS.measures[0])]);
        assert_eq!(
            values(kind, &snapshot(r#"{"findings":250,"groups":99}"#)),
            [Value::Count(250), Value::Count(99)]
        );
        assert_eq!(
            values(kind, &snapshot(r#"{"findings":250,"groups":100}"#)),
            [Value::AtLeast(250), Value::AtLeast(100)]
        );
    }
}
