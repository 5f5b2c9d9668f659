//! Which controls got worse between two days. No I/O.
//!
//! A control got worse if it has more non-compliant evidence than before. A control that had no counts on the earlier day counts as
//! new. Controls without counts on the later day are not compared.

use insights_shared::record::{Stored, partition};
use insights_sources::view::counted;
use insights_sources::{kind_of, source_of};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A control that got worse.
#[derive(Clone, Debug, PartialEq)]
pub struct Worse {
    /// Its counts on the later day.
    pub control: Stored,
    /// Its non-compliant evidence on the earlier day; `None` without counts.
    pub before: Option<i64>,
    /// Its non-compliant evidence on the later day.
    pub after: i64,
}

impl Worse {
    /// How much non-compliant evidence was added.
    pub fn added(&self) -> i64 {
        self.after - self.before.unwrap_or_default()
    }

    /// The counts of the later day with `noncompliant_before` (absent without counts) and `noncompliant_added`.
    pub fn to_record(&self) -> Stored {
        let mut record = self.control.0.clone();
        let before = self.before.map(|before| ("noncompliant_before".into(), before.into()));
        record.extend(before.into_iter().chain([("noncompliant_added".into(), self.added().into())]));
        Stored(record)
    }
}

/// The controls of `after` that got worse since `before`, most added evidence first.
pub fn worse(before: &[Stored], after: Vec<Stored>) -> Vec<Worse> {
    let noncompliant = |control: &Stored| counted(control, kind_of(control)?.compliance?.noncompliant);
    let earlier: BTreeMap<&str, i64> =
        before.iter().filter_map(|control| Some((control.text("pk")?, noncompliant(control)?))).collect();
    let change = |control: Stored| {
        let after = noncompliant(&control)?;
        let before = earlier.get(control.text("pk")?).copied();
        Some(Worse { control, before, after }).filter(|change| change.added() > 0)
    };
    let mut changes: Vec<Worse> = after.into_iter().filter_map(change).collect();
    changes.sort_by_key(|change| {
        let text = |name: &str| change.control.text(name).unwrap_or_default().to_owned();
        (Reverse(change.added()), text("title"), text("pk"))
    });
    changes
}

/// The control domain of a control: the partition key of its domain.
pub fn domain_of(control: &Stored) -> Option<String> {
    let pk = control.text("pk")?;
    let target = partition(source_of(control)?, control.text("account_id")?, control.text("region")?, []);
    let (domain, _) = pk.strip_prefix(&target)?.rsplit_once("#control#")?;
    Some(format!("{target}{domain}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use insights_shared::value::Value;

    fn control(id: &str, noncompliant: Option<i64>) -> Stored {
        let measures = noncompliant.map_or_else(String::new, |number| format!(r#""noncompliant":{number}"#));
        let json = format!(
            r#"{{"pk":"auditmanager#123456789012#eu-west-1#domain#d#control#{id}","kind":"auditmanager.control",
                "source":"auditmanager","account_id":"123456789012","region":"eu-west-1","title":"{id}",
                "measures":{{{measures}}}}}"#
        );
        let Value::Map(map) = Value::from_json(&json).unwrap() else { panic!("not an object") };
        Stored(map)
    }

    #[test]
    fn controls_with_more_noncompliant_evidence_got_worse() {
        let before = [
            control("same", Some(3)),
            control("worse", Some(1)),
            control("better", Some(5)),
            control("gone", Some(1)),
        ];
        let after = vec![
            control("same", Some(3)),
            control("worse", Some(4)),
            control("better", Some(2)),
            control("new", Some(1)),
            control("new and fine", Some(0)),
            control("unknown", None),
        ];
        let found = worse(&before, after);
        let short: Vec<(&str, Option<i64>, i64)> =
            found.iter().map(|one| (one.control.text("title").unwrap(), one.before, one.after)).collect();
        assert_eq!(short, [("worse", Some(1), 4), ("new", None, 1)]);
        let record = found[0].to_record();
        assert_eq!(
            (record.integer("noncompliant_before"), record.integer("noncompliant_added")),
            (Some(1), Some(3))
        );
        assert_eq!(
            domain_of(&found[0].control).as_deref(),
            Some("auditmanager#123456789012#eu-west-1#domain#d")
        );
    }
}
