//! How Audit Manager's counts are shown. Its documentation links to the start page of the console alone.

use super::{MEASURES, SOURCE};
use crate::view::console::{Link, home};
use crate::view::{CorrelationKeys, Judgement, Subject, View, counted};
use insights_records::record::Stored;

/// How Audit Manager's counts are shown.
pub static VIEW: View = View {
    source: SOURCE,
    needs_partition: false,
    // It has no insights, which begin and end.
    related: |_| Vec::new(),
    sections: |_, _| Vec::new(),
    judgement,
    subject: |record| Subject {
        what: "non-compliant evidence".to_owned(),
        relation: "in",
        place: record.text("title").map(str::to_owned),
        unusual: None,
    },
    correlation_items: &[],
    correlation: |_, _| CorrelationKeys::default(),
    // An assessment is known by its name.
    lane: |record| record.text("title").unwrap_or_default(),
    link: |record| Some(Link { shows: "Audit Manager", url: home(record, "auditmanager")? }),
    // It has no metric series.
    unavailable: |_, _| "it is not available".to_owned(),
};

fn judgement(record: &Stored) -> Option<Judgement> {
    let part = counted(record, MEASURES.noncompliant)?;
    let whole = part.saturating_add(counted(record, MEASURES.compliant)?);
    let apart = counted(record, MEASURES.inconclusive).filter(|number| *number > 0);
    let apart = apart.map(|number| (number, "inconclusive"));
    Some(Judgement::Share { part, whole: Some(whole), what: "non-compliant", apart })
}
